//! `start` on an Update that takes an update back, and on the one that is taken back.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{advance, sleep};

use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::{STACK, World};

#[tokio::test(start_paused = true)]
async fn an_update_of_a_stack_that_rolls_back_runs_only_if_asked_to() {
    let world = World::new();
    let event = |set: &Value| {
        world.in_stack(
            "UPDATE_ROLLBACK_IN_PROGRESS",
            world.event("Update", &with(properties(), set)),
        )
    };
    let reason = world.skipped(&event(&json!({}))).await;
    assert!(reason.contains("rolling back"), "{reason}");
    world
        .start(&event(&json!({"RunOnRollback": "true"})))
        .await
        .unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 1);
}

/// CloudFormation sends a request while its stack is in progress. In an idle stack the event may be that
/// of a rollback which has been answered: its properties are those of the old task.
#[tokio::test(start_paused = true)]
async fn an_update_runs_nothing_in_a_stack_that_is_idle() {
    let world = World::new();
    let rollback = world.in_stack(
        "UPDATE_ROLLBACK_IN_PROGRESS",
        world.event("Update", &properties()),
    );
    world.skipped(&rollback).await;
    for status in ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"] {
        world.in_stack(status, rollback.clone());
        let error = world.start(&rollback).await.unwrap_err().to_string();
        assert!(error.contains("delivered again"), "{error}");
    }
    assert_eq!(world.urls.puts().len(), 1);
    advance(Duration::from_secs(60)).await;
    world.start(&rollback).await.unwrap();
    assert!(world.aws.sfn().executions().is_empty());

    // An event that does not say when it was sent is not known to come again.
    let world = World::new();
    let mut undated = world.in_stack("UPDATE_COMPLETE", world.event("Update", &properties()));
    let url = undated["ResponseURL"].as_str().unwrap();
    undated["ResponseURL"] = url.replace("X-Amz-Date", "X-Date").into();
    world.start(&undated).await.unwrap();
    let reason = world.reason();
    assert!(reason.contains("Nothing was run"), "{reason}");
}

/// CloudFormation's description of the stack may lag behind.
#[tokio::test(start_paused = true)]
async fn an_update_whose_stack_still_looks_idle_runs_with_its_next_delivery() {
    let world = World::new();
    let update = world.in_stack("CREATE_COMPLETE", world.event("Update", &properties()));
    assert!(world.start(&update).await.is_err());
    world.in_stack("UPDATE_IN_PROGRESS", update.clone());
    advance(Duration::from_secs(60)).await;
    world.start(&update).await.unwrap();
    assert_eq!(world.execution_input()["task"]["taskDefinition"], "migrate");
    world.assert_no_answer();
}

/// With a short `ServiceTimeout` there is no next delivery in time.
#[tokio::test(start_paused = true)]
async fn an_update_whose_stack_still_looks_idle_and_that_comes_no_more_is_looked_at_for_a_while() {
    let hurried = with(properties(), &json!({"ServiceTimeout": "300"}));
    for (lag, runs) in [(7, 1), (60, 0)] {
        let world = World::new();
        let update = world.in_stack("CREATE_COMPLETE", world.event("Update", &hurried));
        let (started, ()) = tokio::join!(world.start(&update), async {
            sleep(Duration::from_secs(lag)).await;
            world
                .aws
                .cloudformation()
                .stack(STACK, "UPDATE_IN_PROGRESS");
        });
        started.unwrap();
        assert_eq!(world.aws.sfn().executions().len(), runs);
    }
}

/// The stack's status is the same for the update that was taken back and for the one that takes it
/// back. `start` tells them apart by the stack's events.
#[tokio::test(start_paused = true)]
async fn an_update_that_comes_when_it_was_taken_back_runs_nothing_beside_the_rollback() {
    let world = World::new();
    world
        .aws
        .cloudformation()
        .stack(STACK, "UPDATE_ROLLBACK_IN_PROGRESS");
    let runs_on_rollback = with(properties(), &json!({"RunOnRollback": "true"}));
    let stack = |mut event: Value| {
        event["StackId"] = world
            .aws
            .cloudformation()
            .stack(STACK, "UPDATE_ROLLBACK_IN_PROGRESS")
            .into();
        event
    };
    let update = stack(world.sent_now(
        "Update",
        &with(runs_on_rollback.clone(), &json!({"Triggers": ["new"]})),
    ));
    advance(Duration::from_secs(30)).await;
    world.stack_turns("UPDATE_ROLLBACK_IN_PROGRESS");
    let rollback = stack(world.sent_now("Update", &runs_on_rollback));
    assert!(matches!(
        world.start(&rollback).await.unwrap(),
        StartOutcome::Execution(_)
    ));
    advance(Duration::from_secs(30)).await;
    assert_eq!(world.start(&update).await.unwrap(), StartOutcome::Answered);
    assert_eq!(world.answer()["Status"], "FAILED");
    let executions = world.aws.sfn().executions();
    assert_eq!(
        executions
            .iter()
            .map(|one| (&*one.name, one.ended.is_none()))
            .collect::<Vec<_>>(),
        [(&*identity(&rollback).name, true)]
    );
}

/// `start` need not know what the stack does: the update runs nothing either way.
#[tokio::test(start_paused = true)]
async fn an_update_that_never_runs_does_not_wait_for_cloudformation() {
    let world = World::new();
    world.inject(
        Service::CloudFormation,
        "DescribeStacks",
        Span::Forever,
        Fault::Throttle,
    );
    assert_eq!(
        world
            .skipped(&world.event(
                "Update",
                &with(properties(), &json!({"RunOnUpdate": "false"}))
            ))
            .await,
        "RunOnUpdate is false"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_could_not_stop_the_run_it_takes_back_comes_again() {
    let world = World::new();
    let update = world.event("Update", &properties());
    world.start(&update).await.unwrap();
    advance(Duration::from_secs(60)).await;
    let rollback = world.in_stack(
        "UPDATE_ROLLBACK_IN_PROGRESS",
        world.sent_now("Update", &properties()),
    );
    let cut = world.inject(
        Service::Sfn,
        "StopExecution",
        Span::Forever,
        Fault::Throttle,
    );
    assert!(world.start(&rollback).await.is_err());
    world.assert_no_answer();
    cut.lift();
    assert_eq!(
        world.start(&rollback).await.unwrap(),
        StartOutcome::Answered
    );
    assert!(world.aws.sfn().executions()[0].ended.is_some());
}

/// CloudFormation takes an update back without waiting for the run that is part of it.
#[tokio::test(start_paused = true)]
async fn a_rollback_stops_the_run_of_the_update_that_it_takes_back() {
    for (set, runs_itself) in [(json!({}), false), (json!({"RunOnRollback": "true"}), true)] {
        let world = World::new();
        let update = world.event("Update", &with(properties(), &json!({"Triggers": ["new"]})));
        world.start(&update).await.unwrap();
        let mut other = world.event("Update", &properties());
        other["LogicalResourceId"] = "Another".into();
        world.start(&other).await.unwrap();
        advance(Duration::from_secs(60)).await;

        let rollback = world.in_stack(
            "UPDATE_ROLLBACK_IN_PROGRESS",
            world.sent_now("Update", &with(properties(), &set)),
        );
        for _ in 0..2 {
            world.start(&rollback).await.unwrap();
        }
        let executions = world.aws.sfn().executions();
        let still_runs = |event| {
            executions
                .iter()
                .any(|one| one.name == identity(event).name && one.ended.is_none())
        };
        assert!(!still_runs(&update) && still_runs(&other), "{executions:?}");
        assert_eq!(
            still_runs(&rollback),
            runs_itself,
            "not even when its event is delivered twice"
        );
        let stopped = executions
            .iter()
            .find(|one| one.name == identity(&update).name)
            .unwrap();
        let Some((
            _,
            ExecutionEnd::Aborted {
                cause: Some(cause), ..
            },
        )) = &stopped.ended
        else {
            panic!("{stopped:?}")
        };
        assert!(cause.contains("rolls the update back"), "{cause}");
    }
}
