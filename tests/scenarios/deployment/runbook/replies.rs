//! Executions that ended without a reply, and of whose end nobody was informed.

use super::page::Section;
use super::rehearsal::{LONG, Rehearsal};

/// The rule that informs `rescue` is disabled.
pub async fn of_rescue_and_by_hand(rehearsal: &mut Rehearsal) {
    let first = rehearsal.create("ended", LONG).await;
    rehearsal.has_execution(&first).await;
    stop_the_execution(rehearsal).await;
    let mut section = Section::of("The execution has ended");
    let said = rehearsal.run(&section.next()).await;
    assert!(said.ends_with("\"Answered\""), "{said}");
    section.ends();
    rehearsal.is_rolled_back(first, "lost").await;
    let again = rehearsal
        .run(&Section::of("The execution has ended").next())
        .await;
    assert!(
        again.ends_with("\"Nothing\"") || again.ends_with("\"Answered\""),
        "{again}"
    );

    let second = rehearsal.create("by-hand", LONG).await;
    rehearsal.has_execution(&second).await;
    stop_the_execution(rehearsal).await;
    let mut section = Section::of("The functions cannot run at all");
    rehearsal.run(&section.next()).await;
    section.ends();
    rehearsal.is_rolled_back(second, "replied by hand").await;
    let left = rehearsal
        .run("ls url sealed reply.json curl.conf input.json 2> /dev/null\n")
        .await;
    assert_eq!(left, "", "files with secrets are left");
}

/// Ends the execution, which then has not replied.
pub async fn stop_the_execution(rehearsal: &mut Rehearsal) {
    rehearsal
        .aws("stepfunctions stop-execution --execution-arn \"$execution\" --cause lost")
        .await;
}
