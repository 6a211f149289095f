//! In front of another Step Functions endpoint that makes the task tokens of functions and keeps no
//! clocks for them.

use std::time::Duration;

use aws_sdk_sfn::error::ProvideErrorMetadata;
use serde_json::json;
use stand_ins::sfn::{Outcome, Schedule, Scheduled};
use tokio::time::{Instant, timeout};

use super::front::{LONG, Setup};

/// The definition's 60 s in the front's scale.
const HEARTBEAT: Duration = Duration::from_millis(600);

/// A state that has called a function and waits.
fn callback(setup: &Setup) -> (String, Scheduled) {
    let sfn = setup.behind.sfn();
    let machine = sfn.state_machine("run");
    let execution = machine.replace(":stateMachine:", ":execution:") + ":a";
    sfn.callback(&execution, Schedule::once())
}

async fn heartbeat(setup: &Setup, token: &str) -> Result<(), String> {
    let sent = setup.client.send_task_heartbeat().task_token(token).send();
    match sent.await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.code().unwrap_or_default().to_owned()),
    }
}

#[tokio::test]
async fn a_functions_heartbeats_and_answer_are_taken_behind() {
    let setup = Setup::new().await;
    let (token, scheduled) = callback(&setup);
    heartbeat(&setup, &token).await.unwrap();
    let answered = setup.client.send_task_success();
    let answered = answered.task_token(&token).output("1").send().await;
    answered.unwrap();
    assert_eq!(
        timeout(LONG, scheduled.outcome()).await.unwrap(),
        Outcome::Succeeded(json!(1))
    );
    assert_eq!(
        heartbeat(&setup, &token).await,
        Err("TaskTimedOut".to_owned())
    );
}

#[tokio::test]
async fn a_functions_missed_heartbeat_is_reported_behind_and_an_answer_ends_its_clock() {
    let setup = Setup::new().await;
    let (answered, _) = callback(&setup);
    heartbeat(&setup, &answered).await.unwrap();
    let failed = setup.client.send_task_failure();
    let failed = failed.task_token(&answered).error("E").cause("C").send();
    failed.await.unwrap();

    let (missed, scheduled) = callback(&setup);
    let begun = Instant::now();
    heartbeat(&setup, &missed).await.unwrap();
    let outcome = timeout(LONG, scheduled.outcome()).await.unwrap();
    assert!(
        matches!(&outcome, Outcome::Failed { error, .. } if error == "States.HeartbeatTimeout"),
        "{outcome:?}"
    );
    assert!(begun.elapsed() >= HEARTBEAT);
    // The clock of the token that was answered would have ended before.
    let reported = setup.behind.calls().of("SendTaskFailure");
    let errors: Vec<_> = reported.iter().map(|call| &call.body["error"]).collect();
    assert_eq!(errors, ["E", "States.HeartbeatTimeout"]);
}
