//! A run with the handle of a wait condition whose execution is stopped: `rescue` reports its end to the
//! condition, and its beginning to CloudFormation while that still waits.

use std::time::Duration;

use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::response_url::Condition;
use tokio::time::advance;

use super::handle::{answers, create};
use super::rescue::aborted;
use crate::worlds::functions::{STACK, World};

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_is_the_conditions_failure_and_the_resource_is_complete() {
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    execution.taken();
    let rescued = world.rescue(&execution.ends(aborted())).await.unwrap();
    assert_eq!(rescued, Rescued::Answered);
    let Condition::Failed(signal) = handle.condition() else {
        panic!("{:?}", handle.condition());
    };
    assert!(
        signal
            .reason
            .starts_with("EcsTask.Interrupted: The execution was stopped"),
        "{}",
        signal.reason
    );
    // It may have been stopped before it had answered.
    let answers = answers(&world, &handle);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["Status"], "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_after_hours_is_still_reported_by_rescue() {
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    execution.taken();
    advance(Duration::from_hours(6)).await;
    let rescued = world.rescue(&execution.ends(aborted())).await.unwrap();
    assert_eq!(rescued, Rescued::Answered);
    assert!(matches!(handle.condition(), Condition::Failed(_)));
    // The response URL takes nothing any more.
    assert!(answers(&world, &handle).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_report_that_was_begun_is_delivered_to_the_condition() {
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    execution
        .entered("RespondSuccess", &json!({"output": {"ExitCode": "0"}}))
        .invoked("Scheduled")
        .invoked("Failed");
    world.rescue(&execution.ends(aborted())).await.unwrap();
    assert!(matches!(handle.condition(), Condition::Complete(_)));
}

#[tokio::test(start_paused = true)]
async fn the_answer_at_the_beginning_is_not_taken_for_that_at_the_end() {
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    execution.returned("RespondStarted", &json!({})).taken();
    let rescued = world.rescue(&execution.ends(aborted())).await.unwrap();
    assert_eq!(rescued, Rescued::Answered);
    assert!(matches!(handle.condition(), Condition::Failed(_)));
}
