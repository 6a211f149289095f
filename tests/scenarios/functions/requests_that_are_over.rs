//! `start` on an event that comes late or once more, when its stack is in a later operation. The stack's
//! status may be the same as in the request's own.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::response_url::Condition;
use tokio::time::advance;

use super::handle::with_handle;
use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::{STACK, World};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn new_release() -> Value {
    with(properties(), &json!({"TaskDefinition": "migrate:2"}))
}

impl World {
    /// The Update of an operation that begins now, from the properties `old`.
    pub(super) fn update_begins(&self, old: &Value, new: &Value) -> Value {
        self.operation_begins();
        let mut event = self.sent_now("Update", new);
        event["OldResourceProperties"] = old.clone();
        event
    }

    /// CloudFormation refuses the request, and what runs is no more than before.
    async fn is_over(&self, event: &Value, runs: usize) {
        assert_eq!(self.start(event).await.unwrap(), StartOutcome::Answered);
        let executions = self.aws.sfn().executions();
        assert_eq!(executions.len(), runs, "{executions:?}");
        assert!(executions.iter().all(|execution| execution.ended.is_none()));
        let reply = self.last_reply();
        assert_eq!(reply["Status"], "FAILED");
        let reason = reply["Reason"].as_str().unwrap();
        assert!(
            reason.starts_with("EcsTask.Interrupted: the request came when its stack")
                && reason.ends_with("Nothing was run."),
            "{reason}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_was_skipped_and_comes_again_in_the_next_update_runs_nothing() {
    let world = World::new();
    let rollback = world.rollback_of(&new_release());
    world.skipped(&rollback).await;
    advance(MINUTE).await;
    let next = world.update_begins(&properties(), &new_release());
    world.start(&next).await.unwrap();
    advance(MINUTE).await;
    world.is_over(&rollback, 1).await;
    assert_eq!(
        world.execution_input()["task"]["taskDefinition"],
        "migrate:2"
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_update_runs_nothing_in_the_next_one() {
    let world = World::new();
    let late = world.update_begins(&properties(), &new_release());
    advance(MINUTE).await;
    world.stack_turns("UPDATE_ROLLBACK_IN_PROGRESS");
    world.stack_turns("UPDATE_ROLLBACK_COMPLETE");
    let next = world.update_begins(&properties(), &new_release());
    world.start(&next).await.unwrap();
    advance(Duration::from_secs(5)).await;
    world.is_over(&late, 1).await;
}

/// It would be taken for the rollback's own Update.
#[tokio::test(start_paused = true)]
async fn a_late_update_is_not_the_rollback_of_itself() {
    for status in [
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    ] {
        let world = World::new();
        let handle = world.urls.handle(STACK, "Handle");
        let late = world.update_begins(&properties(), &with_handle(&handle));
        advance(Duration::from_secs(15)).await;
        world.stack_turns("UPDATE_ROLLBACK_IN_PROGRESS");
        world.stack_turns(status);
        world.is_over(&world.in_stack(status, late), 0).await;
        assert_eq!(handle.condition(), Condition::Waiting);

        let world = World::new();
        let runs = with(new_release(), &json!({"RunOnRollback": "true"}));
        let late = world.update_begins(&properties(), &runs);
        advance(Duration::from_secs(15)).await;
        world.stack_turns("UPDATE_ROLLBACK_IN_PROGRESS");
        world.stack_turns(status);
        world.is_over(&world.in_stack(status, late), 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_comes_again_in_its_rollback_is_left_to_its_execution() {
    let world = World::new();
    let update = world.update_begins(&properties(), &new_release());
    let first = world.start(&update).await.unwrap();
    advance(MINUTE).await;
    world.stack_turns("UPDATE_ROLLBACK_IN_PROGRESS");
    let again = world.in_stack("UPDATE_ROLLBACK_IN_PROGRESS", update.clone());
    assert_eq!(world.start(&again).await.unwrap(), first);
    assert_eq!(first, StartOutcome::Execution(identity(&update).name));
    world.assert_no_answer();
    let executions = world.aws.sfn().executions();
    assert!(executions[0].ended.is_none(), "{executions:?}");
}

/// The clean-up belongs to the operation, and the signature of a request tells whole seconds.
#[tokio::test(start_paused = true)]
async fn a_late_request_of_the_newest_operation_is_not_over() {
    let world = World::new();
    world.rollback_of(&new_release());
    advance(MINUTE).await;
    let late = world.update_begins(&properties(), &new_release());
    advance(MINUTE).await;
    world.start(&late).await.unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 1);

    let world = World::new();
    let rollback = world.rollback_of(&new_release());
    advance(MINUTE).await;
    let status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS";
    world.stack_turns(status);
    let reason = world.skipped(&world.in_stack(status, rollback)).await;
    assert!(reason.contains("rolling back"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn events_of_the_stack_that_cannot_be_read_are_left_to_the_next_delivery_and_then_not_needed()
{
    let trouble = |world: &World, fault: Fault| {
        let service = Service::CloudFormation;
        world.inject(service, "DescribeStackEvents", Span::Forever, fault)
    };
    for fault in [Fault::Throttle, Fault::Delay(Duration::from_secs(9))] {
        let world = World::new();
        let rollback = world.rollback_of(&new_release());
        for _ in 0..2_001 {
            world.stack_turns("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
        }
        trouble(&world, fault);
        let error = world.start(&rollback).await.unwrap_err().to_string();
        assert!(error.contains("DescribeStackEvents"), "{error}");
        world.assert_no_answer();
        advance(3 * MINUTE).await;
        world.skipped(&rollback).await;
    }
    // A new event in an update needs no look.
    let world = World::new();
    let update = world.update_begins(&properties(), &new_release());
    let unread = trouble(&world, Fault::Throttle);
    world.start(&update).await.unwrap();
    assert_eq!(unread.struck(), 0);
    assert_eq!(world.aws.sfn().executions().len(), 1);
}
