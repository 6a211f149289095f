//! Events that were given up: one for each kind in the queue.

use serde_json::{Value, json};

use super::page::Section;
use super::rehearsal::{Rehearsal, SHORT, Waiting};
use crate::deployment::account::eventually;

/// Of the execution that ended, `rescue` was not informed.
pub async fn of_start_and_of_rescue(rehearsal: &mut Rehearsal, ended: Waiting) {
    let machine = &rehearsal.account.task_runner.state_machine_arn;
    let execution = &ended.execution;
    let end = json!({"detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": execution, "stateMachineArn": machine, "status": "ABORTED"}});
    break_start(rehearsal).await;
    let lost = rehearsal.create("lost", SHORT).await;
    let event = lost_event(rehearsal, "Create").await;
    for body in [event, end, json!({"detail-type": "Scheduled Event"})] {
        give_up(rehearsal, &body).await;
    }

    let mut none = Section::of("There is no execution");
    rehearsal.run(&none.next()).await;
    none.ends();
    let find = {
        let mut section = Section::of("The execution");
        section.next();
        section.next()
    };
    assert_eq!(rehearsal.run(&find).await, "no execution");

    let mut section = Section::of("DeadLettersAlarm");
    let (reads, lists, logs) = (section.next(), section.next(), section.next());
    let (replays, counts) = (section.next(), section.next());
    section.ends();
    assert_eq!(rehearsal.run(&reads).await, "messages: 3");
    let shown = rehearsal.run(&lists).await;
    for part in [
        "\"Create\"",
        ":stack/lost/",
        execution,
        "Scheduled Event",
        "the program ended",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    rehearsal.run(&logs).await;

    // Whoever replays before the cause is fixed loses nothing.
    let replayed = rehearsal.run(&replays).await;
    assert!(replayed.contains(".json failed again: "), "{replayed}");
    let left = rehearsal.run("ls message-*.json | wc -l\n").await;
    assert_eq!(left.trim(), "1");
    // The stack whose execution had ended has its reply. It is rolled back with a Delete, which is
    // lost as well.
    let event = lost_event(rehearsal, "Delete").await;
    give_up(rehearsal, &event).await;

    fix_start(rehearsal).await;
    rehearsal.run(&replays).await;
    rehearsal.is_complete(lost).await;
    assert_eq!(rehearsal.run(&reads).await, "messages: 1");
    rehearsal.run(&replays).await;
    rehearsal.is_sent_failed(ended.operation, "lost").await;
    assert_eq!(rehearsal.run(&reads).await, "messages: 0");
    let counted = rehearsal.run(&counts).await;
    assert_eq!(counted.matches(r#": "0""#).count(), 2, "{counted}");
}

/// A release of `start` whose program ends without a word. It keeps each event in a line of the file
/// `lost.json`.
async fn break_start(rehearsal: &mut Rehearsal) {
    let program = format!(
        "#!/bin/sh\nevent=$(curl --silent \"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next\")\necho \"$event\" >> {}\nexit 1\n",
        rehearsal.directory.file("lost.json").display()
    );
    let bootstrap = rehearsal.directory.file("bootstrap");
    std::fs::write(&bootstrap, program).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&bootstrap, mode).unwrap();
    let zip = rehearsal.directory.file("broken.zip");
    let (bootstrap, zip) = (bootstrap.display(), zip.display());
    rehearsal
        .run(&format!(
            "python3 -m zipfile -c {zip} {bootstrap}\naws lambda update-function-code --function-name \"$(id StartFunction)\" --zip-file fileb://{zip} > code.json\n"
        ))
        .await;
}

async fn fix_start(rehearsal: &mut Rehearsal) {
    rehearsal
        .aws("lambda update-function-code --function-name \"$(id StartFunction)\" --s3-bucket artifacts --s3-key custom-resource.zip > code.json")
        .await;
}

/// The event of this request that the broken program was given.
async fn lost_event(rehearsal: &Rehearsal, request_type: &str) -> Value {
    let file = rehearsal.directory.file("lost.json");
    eventually(async || {
        let lines = std::fs::read_to_string(&file).unwrap_or_default();
        let mut events = lines
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        events.find(|event: &Value| event["RequestType"] == request_type)
    })
    .await
}

/// Puts an event into the dead-letter queue as Lambda does: the event as it was, and why in attributes
/// (Lambda guide, dead-letter queues).
async fn give_up(rehearsal: &mut Rehearsal, event: &Value) {
    let body = rehearsal.directory.file("body.json");
    std::fs::write(&body, event.to_string()).unwrap();
    let attributes = json!({
        "RequestID": {"DataType": "String", "StringValue": "c0ffee"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "the program ended"},
    });
    rehearsal
        .aws(&format!(
            "sqs send-message --queue-url \"$(id DeadLetters)\" --message-body file://{} --message-attributes '{attributes}' > sent.json",
            body.display()
        ))
        .await;
}
