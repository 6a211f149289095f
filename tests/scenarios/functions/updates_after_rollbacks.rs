//! `start` on the Update after a rollback that ran nothing. The run that the rollback has stopped may have
//! containers that are stopping, and a worker that does not know it yet.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::advance;

use super::handle::with_handle;
use super::rollback_runs::{input, succeeded};
use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::{STACK, World};

const MINUTE: Duration = Duration::from_secs(60);

fn release(number: u32) -> Value {
    let task = format!("migrate:{number}");
    with(
        properties(),
        &json!({"TaskDefinition": task, "Timeout": "60"}),
    )
}

fn aborted() -> ExecutionEnd {
    ExecutionEnd::Aborted {
        error: None,
        cause: None,
    }
}

/// The stack is rolled back, and the next update begins so long after.
async fn next_update(world: &World, pause: Duration, properties: &Value) -> Value {
    world.start(&world.rollback_of(&release(2))).await.unwrap();
    assert_eq!(world.last_reply()["Status"], "SUCCESS");
    world.stack_turns("UPDATE_ROLLBACK_COMPLETE");
    advance(pause).await;
    world.operation_begins();
    let mut update = world.sent_now("Update", properties);
    update["OldResourceProperties"] = release(1);
    update
}

#[tokio::test(start_paused = true)]
async fn the_next_update_waits_for_the_run_that_was_just_stopped() {
    let run = "Timeout of 60 s and the 205 s in which an earlier run stops";
    for (pause, waits, set_by) in [
        (20, true, run),
        (100, true, "Timeout of 60 s"),
        (200, false, "Timeout of 60 s"),
    ] {
        let world = World::new();
        let first = world.fails(&release(2), None).await;
        let pause = Duration::from_secs(pause);
        let next = next_update(&world, pause, &release(3)).await;
        world.start(&next).await.unwrap();
        let input = input(&world.later_executions()[0]);
        assert_eq!(input["task"]["deadlineSetBy"], set_by, "{pause:?}");
        let runs = &input["earlierRuns"];
        if waits {
            assert_eq!(runs[0]["startedBy"], *identity(&first).name);
            assert_eq!(runs[0]["taskDefinition"], "migrate:2");
        } else {
            assert!(runs.is_null(), "{runs}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_update_with_a_handle_has_its_time_after_that_of_the_stop() {
    let world = World::new();
    world.fails(&release(2), None).await;
    let handle = world.urls.handle(STACK, "Handle");
    let properties = with(with_handle(&handle), &json!({"Timeout": "600"}));
    let next = next_update(&world, Duration::from_secs(20), &properties).await;
    world.start(&next).await.unwrap();
    let input = input(&world.later_executions()[0]);
    assert!(input["earlierRuns"][0].is_object(), "{input}");
    let deadline: jiff::Timestamp = input["task"]["deadline"].as_str().unwrap().parse().unwrap();
    let left = deadline.duration_since(world.clock.now());
    assert_eq!(left.as_secs().div_euclid(5), 161, "{input}");
}

/// It lists the executions that run and those that were stopped, and describes none.
#[tokio::test(start_paused = true)]
async fn an_update_after_a_run_that_ended_by_itself_waits_for_nothing() {
    let world = World::new();
    world.fails(&release(1), Some(succeeded())).await;
    world.stack_turns("UPDATE_COMPLETE");
    world.operation_begins();
    let described = world.aws.calls().count("DescribeExecution").arrived;
    let listed = world.aws.calls().count("ListExecutions").arrived;
    let update = world.sent_now("Update", &release(2));
    world.start(&update).await.unwrap();
    assert!(input(&world.later_executions()[0])["earlierRuns"].is_null());
    let calls = world.aws.calls();
    assert_eq!(calls.count("DescribeExecution").arrived, described);
    assert_eq!(calls.count("ListExecutions").arrived, listed + 2);
}

#[tokio::test(start_paused = true)]
async fn the_next_update_does_not_run_beside_a_run_that_could_not_be_stopped() {
    let world = World::new();
    let first = world.fails(&release(2), None).await;
    let denied = Fault::AccessDenied;
    world.inject(Service::Sfn, "StopExecution", Span::Forever, denied);
    let next = next_update(&world, MINUTE, &release(3)).await;
    let error = world.start(&next).await.unwrap_err().to_string();
    assert!(error.contains("no reply of it"), "{error}");
    advance(4 * MINUTE).await;
    assert_eq!(world.start(&next).await.unwrap(), StartOutcome::Answered);
    assert!(world.later_executions().is_empty());
    let reply = world.last_reply();
    assert_eq!(reply["Status"], "FAILED");
    let reason = reply["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with("EcsTask.NotStarted: whether an earlier run of this resource goes on")
            && reason.contains(&*identity(&first).name)
            && reason.ends_with("Nothing was run."),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn calls_that_take_too_long_leave_the_update_to_the_next_delivery() {
    let world = World::new();
    for number in 0..5 {
        let update = world.sent_now("Update", &with(release(2), &json!({"Triggers": [number]})));
        world.start(&update).await.unwrap();
        let arn = world.aws.sfn().execution(&identity(&update).name).arn;
        world.aws.sfn().end_execution(&arn, aborted());
    }
    advance(MINUTE).await;
    let update = world.sent_now("Update", &release(3));
    let slow = ["ListExecutions", "DescribeExecution"].map(|operation| {
        let fault = Fault::Delay(Duration::from_secs(9));
        world.inject(Service::Sfn, operation, Span::Forever, fault)
    });
    let error = world.start(&update).await.unwrap_err().to_string();
    assert!(error.contains("within 40 s"), "{error}");
    world.assert_no_answer();
    for slow in slow {
        slow.lift();
    }
    world.start(&update).await.unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 6);
}
