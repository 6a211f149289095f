//! `start` when `StartExecution` takes seconds: CloudFormation may have given the request up meanwhile.

use std::time::Duration;

use serde_json::Value;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::sleep;

use super::handle::with_handle;
use super::requests_that_are_over::new_release;
use crate::worlds::events::properties;
use crate::worlds::functions::{STACK, World};

const SLOW: Duration = Duration::from_secs(9);

impl World {
    /// The stack goes on to this status.
    fn stack_goes_on_to(&self, status: &str) {
        self.stack_turns(status);
        self.aws.cloudformation().stack(STACK, status);
    }

    /// Hands `start` an event, and has `StartExecution` take effect late. Before that comes what `meanwhile`
    /// does. Gives the cause with which the execution was stopped.
    async fn started_slowly(&self, event: &Value, meanwhile: impl FnOnce()) -> Option<String> {
        let late = Fault::Delay(SLOW);
        self.inject(Service::Sfn, "StartExecution", Span::Nth(1), late);
        let moves_on = async {
            sleep(SLOW / 2).await;
            meanwhile();
        };
        let (started, ()) = tokio::join!(self.start(event), moves_on);
        started.unwrap();
        self.assert_no_answer();
        let executions = self.aws.sfn().executions();
        let [execution] = executions.as_slice() else {
            panic!("{executions:?}");
        };
        match &execution.ended {
            None => None,
            Some((_, ExecutionEnd::Aborted { error, cause })) => {
                assert_eq!(error.as_deref(), Some("EcsTask.Interrupted"));
                cause.clone()
            }
            Some(end) => panic!("{end:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_begins_after_its_update_was_given_up_is_stopped() {
    for statuses in [
        &["UPDATE_ROLLBACK_IN_PROGRESS"][..],
        &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"],
        &[
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE",
            "UPDATE_IN_PROGRESS",
        ],
        &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"],
    ] {
        let world = World::new();
        let update = world.update_begins(&properties(), &new_release());
        let cause = world
            .started_slowly(&update, || {
                for status in statuses {
                    world.stack_goes_on_to(status);
                }
            })
            .await
            .unwrap();
        assert!(
            cause.starts_with("CloudFormation no longer waits for the request (")
                && cause.ends_with("): its stack has gone on to another operation."),
            "{statuses:?}: {cause}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn so_is_one_of_a_creation_that_is_rolled_back_or_a_stack_that_is_deleted() {
    for status in ["ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"] {
        let world = World::new();
        let create = world.sent_now("Create", &properties());
        world.stack_goes_on_to("CREATE_IN_PROGRESS");
        let cause = world
            .started_slowly(&create, || world.stack_goes_on_to(status))
            .await
            .unwrap();
        assert!(
            cause.starts_with("CloudFormation no longer waits for the request ("),
            "{status}: {cause}"
        );
    }
}

/// The resource is new in an update, whose rollback is over when its event comes.
#[tokio::test(start_paused = true)]
async fn so_is_one_of_a_creation_whose_event_lambda_held_back() {
    let world = World::new();
    world.operation_begins();
    let create = world.sent_now("Create", &properties());
    sleep(Duration::from_secs(15)).await;
    for status in ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"] {
        world.stack_goes_on_to(status);
    }
    let cause = world.started_slowly(&create, || ()).await;
    assert!(cause.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_while_cloudformation_waits_and_where_that_cannot_be_seen() {
    let world = World::new();
    let update = world.update_begins(&properties(), &new_release());
    assert_eq!(world.started_slowly(&update, || ()).await, None);

    // The status is outdated: no other operation has begun.
    let world = World::new();
    let update = world.update_begins(&properties(), &new_release());
    let idle = || world.stack_goes_on_to("UPDATE_COMPLETE");
    assert_eq!(world.started_slowly(&update, idle).await, None);

    // The condition that waits for the run may be in another stack.
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let update = world.update_begins(&properties(), &with_handle(&handle));
    let next = || {
        for status in ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"] {
            world.stack_goes_on_to(status);
        }
    };
    assert_eq!(world.started_slowly(&update, next).await, None);

    for (operation, fault) in [
        ("DescribeStacks", Fault::AccessDenied),
        ("DescribeStacks", Fault::Delay(Duration::from_secs(600))),
        ("DescribeStackEvents", Fault::AccessDenied),
    ] {
        let world = World::new();
        let update = world.update_begins(&properties(), &new_release());
        let cause = world
            .started_slowly(&update, || {
                world.stack_goes_on_to("UPDATE_ROLLBACK_IN_PROGRESS");
                world.inject(
                    Service::CloudFormation,
                    operation,
                    Span::Forever,
                    fault.clone(),
                );
            })
            .await;
        assert_eq!(cause, None, "{operation} {fault:?}");
    }
}
