//! Executions that ended without a reply, and of whose end nobody was informed.

use super::page::Section;
use super::rehearsal::{Rehearsal, Waiting};

/// Waits, and then has its execution stopped with the cause "lost". The rule that informs `rescue` of
/// it must be disabled.
pub async fn without_one(rehearsal: &mut Rehearsal, application: &str) -> Waiting {
    let waiting = rehearsal.waits(application).await;
    rehearsal
        .aws(&format!(
            "stepfunctions stop-execution --execution-arn {} --cause lost",
            waiting.execution
        ))
        .await;
    waiting
}

pub async fn of_rescue(rehearsal: &mut Rehearsal, waiting: Waiting) {
    rehearsal.turn_to(&waiting).await;
    let mut section = Section::of("The execution has ended");
    let said = rehearsal.run(&section.next()).await;
    assert!(said.ends_with("\"Answered\""), "{said}");
    section.ends();
    rehearsal.is_sent_failed(waiting.operation, "lost").await;
}

pub async fn by_hand(rehearsal: &mut Rehearsal, waiting: Waiting) {
    rehearsal.turn_to(&waiting).await;
    let mut section = Section::of("The functions cannot run at all");
    rehearsal.run(&section.next()).await;
    section.ends();
    rehearsal
        .is_sent_failed(waiting.operation, "replied by hand")
        .await;
    let left = rehearsal
        .run("ls url sealed reply.json curl.conf input.json 2> /dev/null\n")
        .await;
    assert_eq!(left, "", "files with secrets are left");
}
