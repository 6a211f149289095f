//! `start` on a rollback beside a run whose end goes to a wait condition. Such a run may be older than the
//! update, which was refused beside it.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use tokio::time::advance;

use super::handle::with_handle;
use super::rollback_runs::failing;
use crate::worlds::events::{properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{STACK, World};

const MINUTE: Duration = Duration::from_secs(60);

/// A release whose run goes on, the next update, which is refused, and the rollback of that.
async fn rolled_back(world: &World, changes: &Value, failed: &Value) -> (String, Value) {
    world.operation_begins();
    let old = with(with_handle(&world.urls.handle(STACK, "Old")), changes);
    let create = world.sent_now("Create", &old);
    let earlier = Execution::of_event(world, &create).await;
    earlier.taken();
    advance(MINUTE).await;
    world.stack_turns("CREATE_COMPLETE");
    advance(MINUTE).await;
    world.operation_begins();
    let mut update = world.sent_now("Update", failed);
    update["OldResourceProperties"] = old.clone();
    assert_eq!(world.start(&update).await.unwrap(), StartOutcome::Answered);
    assert_eq!(world.last_reply()["Status"], "FAILED");
    advance(MINUTE).await;
    let mut rollback = world.rollback_of(failed);
    rollback["ResourceProperties"] = old;
    (earlier.name.clone(), rollback)
}

#[tokio::test(start_paused = true)]
async fn the_rollback_of_a_refused_update_lets_the_run_of_before_go_on() {
    for failed in [None, Some(failing())] {
        let world = World::new();
        let new = with_handle(&world.urls.handle(STACK, "New"));
        let failed = failed.unwrap_or(new);
        let (_, rollback) = rolled_back(&world, &json!({}), &failed).await;
        world.start(&rollback).await.unwrap();
        let executions = world.aws.sfn().executions();
        assert_eq!(executions.len(), 1);
        assert!(executions[0].ended.is_none(), "{executions:?}");
        let reply = world.last_reply();
        assert_eq!(reply["Status"], "SUCCESS");
        assert_ne!(reply["Data"]["Skipped"], "");
    }
}

#[tokio::test(start_paused = true)]
async fn the_old_task_does_not_run_beside_the_run_of_before() {
    let world = World::new();
    let new = with_handle(&world.urls.handle(STACK, "New"));
    let runs = json!({"RunOnRollback": "true"});
    let (name, rollback) = rolled_back(&world, &runs, &new).await;
    world.start(&rollback).await.unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 1);
    let reply = world.last_reply();
    assert_eq!(reply["Status"], "FAILED");
    let reason = reply["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with(&format!(
            "EcsTask.NotStarted: execution {name}, a run of this resource from before the update"
        )) && reason.contains("Continue the rollback once it has ended"),
        "{reason}"
    );
}

/// Of which operation a run is can only be seen in the stack's events.
#[tokio::test(start_paused = true)]
async fn a_run_of_which_the_operation_cannot_be_seen_is_left_to_the_next_delivery() {
    let world = World::new();
    let new = with_handle(&world.urls.handle(STACK, "New"));
    let (_, rollback) = rolled_back(&world, &json!({}), &new).await;
    let cut = world.inject(
        Service::CloudFormation,
        "DescribeStackEvents",
        Span::Forever,
        Fault::Throttle,
    );
    world.start(&rollback).await.unwrap_err();
    cut.lift();
    advance(MINUTE).await;
    world.start(&rollback).await.unwrap();
    assert!(world.aws.sfn().executions()[0].ended.is_none());
    assert_eq!(world.last_reply()["Status"], "SUCCESS");
}

/// Its condition failed, or was too late.
#[tokio::test(start_paused = true)]
async fn the_run_of_the_update_that_is_rolled_back_is_stopped() {
    let world = World::new();
    let new = with_handle(&world.urls.handle(STACK, "New"));
    world.operation_begins();
    let mut update = world.sent_now("Update", &new);
    update["OldResourceProperties"] = properties();
    Execution::of_event(&world, &update).await.taken();
    advance(MINUTE).await;
    let rollback = world.rollback_of(&new);
    world.start(&rollback).await.unwrap();
    let executions = world.aws.sfn().executions();
    assert!(executions[0].ended.is_some(), "{executions:?}");
    assert_eq!(world.last_reply()["Status"], "SUCCESS");
}

/// It may be from before the update.
#[tokio::test(start_paused = true)]
async fn a_run_of_which_the_operation_is_too_long_ago_goes_on_and_nothing_runs_beside_it() {
    for (runs, status) in [("true", "FAILED"), ("false", "SUCCESS")] {
        let world = World::new();
        let new = with_handle(&world.urls.handle(STACK, "New"));
        let runs = json!({"RunOnRollback": runs});
        let (name, rollback) = rolled_back(&world, &runs, &new).await;
        world.has_too_many_events();
        world.start(&rollback).await.unwrap();
        let executions = world.aws.sfn().executions();
        assert_eq!(executions.len(), 1);
        assert!(executions[0].ended.is_none(), "{executions:?}");
        let reply = world.last_reply();
        assert_eq!(reply["Status"], status);
        if status == "FAILED" {
            let reason = reply["Reason"].as_str().unwrap();
            assert!(
                reason.starts_with(&format!("EcsTask.NotStarted: execution {name}, "))
                    && reason.contains("too many events"),
                "{reason}"
            );
        }
    }
}
