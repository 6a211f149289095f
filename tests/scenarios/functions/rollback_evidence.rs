//! `start` on the rollback of an update with `RollbackOverrides`: which run is that of the update, and what
//! shows nothing of it.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use tokio::time::advance;

use super::rollback_runs::{failed, failing, input, succeeded};
use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::{LOGICAL_ID, World};

const MINUTE: Duration = Duration::from_secs(60);

fn taken() -> Value {
    json!({"type": "ActivityStarted", "activityStartedEventDetails": {"workerName": "w"}})
}

/// The last delivery of the rollback is refused. The Reason of that.
async fn refused(world: &World, rollback: &Value, runs: usize) -> String {
    advance(4 * MINUTE).await;
    let started = world.start(rollback).await.unwrap();
    assert_eq!(started, StartOutcome::Answered);
    assert_eq!(world.aws.sfn().executions().len(), runs);
    let reply = world.last_reply();
    assert_eq!(reply["Status"], "FAILED");
    let reason = reply["Reason"].as_str().unwrap();
    assert!(reason.ends_with("Nothing was run."), "{reason}");
    reason.to_owned()
}

/// CloudFormation brings the stack back to where it was before the first of the updates. The second one
/// had no request for this resource, or ran nothing.
#[tokio::test(start_paused = true)]
async fn the_run_of_an_update_that_failed_without_a_rollback_is_rolled_back_with_the_next() {
    for has_run in [false, true] {
        let world = World::new();
        let first = world.fails(&failing(), Some(succeeded())).await;
        world.stack_turns("UPDATE_FAILED");
        advance(MINUTE).await;
        let retried = with(failing(), &json!({"Triggers": ["again"]}));
        if has_run {
            let end = failed("EcsTask.NotStarted", "no capacity");
            world.fails(&retried, Some(end)).await;
        } else {
            world.operation_begins();
        }
        let before = world.aws.sfn().executions().len();
        world.start(&world.rollback_of(&retried)).await.unwrap();
        let executions = world.aws.sfn().executions();
        assert_eq!(executions.len(), before + 1, "{has_run}");
        let input = input(executions.last().unwrap());
        assert_eq!(input["rollbackOf"]["execution"], *identity(&first).name);
    }
}

/// The events show nothing of where the update began: too many have come since.
#[tokio::test(start_paused = true)]
async fn without_the_begin_of_the_update_only_a_run_of_its_own_task_counts() {
    for (has_own_run, runs) in [(true, 2), (false, 1)] {
        let world = World::new();
        world.fails(&failing(), Some(succeeded())).await;
        if !has_own_run {
            world.operation_begins();
        }
        world.has_too_many_events();
        let update = if has_own_run {
            failing()
        } else {
            with(failing(), &json!({"TaskDefinition": "migrate:3"}))
        };
        let rollback = world.rollback_of(&update);
        if has_own_run {
            world.start(&rollback).await.unwrap();
            assert_eq!(world.aws.sfn().executions().len(), runs);
        } else {
            world.start(&rollback).await.unwrap_err();
            let reason = refused(&world, &rollback, runs).await;
            assert!(
                reason.contains("do not reach back to where the update began"),
                "{reason}"
            );
        }
    }
}

/// The run of the update may be one of those that are not listed.
#[tokio::test(start_paused = true)]
async fn a_list_of_too_many_executions_shows_nothing() {
    let runs_on_rollback = with(properties(), &json!({"RunOnRollback": "true"}));
    let world = World::new();
    world.fails(&failing(), Some(succeeded())).await;
    world.aws.sfn().others_start(&world.state_machine, 20_001);
    for (failed, come_back) in [(failing(), properties()), (properties(), runs_on_rollback)] {
        let mut rollback = world.rollback_of(&failed);
        rollback["ResourceProperties"] = come_back;
        let reason = refused(&world, &rollback, 20_002).await;
        assert!(reason.contains("Too many executions"), "{reason}");
    }
}

/// `start` may take minutes with an event that was throttled or came again.
#[tokio::test(start_paused = true)]
async fn a_run_that_began_after_the_rollback_was_sent_is_the_update_s_all_the_same() {
    let world = World::new();
    world.operation_begins();
    let update = world.sent_now("Update", &failing());
    advance(Duration::from_secs(5)).await;
    let rollback = world.rollback_of(&failing());
    advance(Duration::from_secs(10)).await;
    let late = world.in_stack("UPDATE_IN_PROGRESS", update.clone());
    world.start(&late).await.unwrap();
    let arn = world.aws.sfn().executions()[0].arn.clone();
    world.aws.sfn().history_event(&arn, taken());
    let rollback = world.in_stack("UPDATE_ROLLBACK_IN_PROGRESS", rollback);
    world.start(&rollback).await.unwrap();
    let executions = world.aws.sfn().executions();
    assert_eq!(executions.len(), 2);
    assert!(executions[0].ended.is_some() && executions[1].ended.is_none());
    let input = input(&executions[1]);
    assert_eq!(input["rollbackOf"]["execution"], *identity(&update).name);
    assert_eq!(
        input["earlierRuns"][0]["startedBy"],
        *identity(&update).name
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_worker_that_took_the_run_over_does_not_show_that_nothing_ran() {
    for (workers, runs) in [(1, false), (2, true)] {
        let world = World::new();
        let update = world.fails(&failing(), None).await;
        let arn = world.aws.sfn().execution(&identity(&update).name).arn;
        for _ in 0..workers {
            world.aws.sfn().history_event(&arn, taken());
        }
        let end = failed("EcsTask.AccessDenied", "ecs:RunTask");
        world.aws.sfn().end_execution(&arn, end);
        world.start(&world.rollback_of(&failing())).await.unwrap();
        assert_eq!(world.later_executions().len(), usize::from(runs));
    }
}

/// Another release of the task runner may have run them.
#[tokio::test(start_paused = true)]
async fn unreadable_properties_of_an_update_fail_its_rollback_only_if_it_may_have_run() {
    let unreadable = with(failing(), &json!({"Count": "many"}));
    let world = World::new();
    world.start(&world.rollback_of(&unreadable)).await.unwrap();
    let reply = world.last_reply();
    assert_eq!(reply["Status"], "SUCCESS");
    let skipped = reply["Data"]["Skipped"].as_str().unwrap();
    assert!(skipped.contains("nothing to roll back"), "{skipped}");

    let world = World::new();
    let update = world.fails(&failing(), Some(succeeded())).await;
    world.start(&world.rollback_of(&unreadable)).await.unwrap();
    assert!(world.later_executions().is_empty());
    let reply = world.last_reply();
    assert_eq!(reply["Status"], "FAILED");
    let reason = reply["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with("EcsTask.InvalidRequest: execution")
            && reason.contains(&*identity(&update).name)
            && reason.contains("Count")
            && reason.ends_with("Nothing was run."),
        "{reason}"
    );
    assert!(identity(&update).name.starts_with(LOGICAL_ID));
}

/// What the events show then is of an earlier release.
#[tokio::test(start_paused = true)]
async fn events_that_do_not_show_the_rollback_yet_are_no_evidence() {
    let world = World::new();
    world.fails(&failing(), Some(succeeded())).await;
    let unseen = world.sent_now("Update", &properties());
    let mut rollback = world.in_stack("UPDATE_ROLLBACK_IN_PROGRESS", unseen);
    rollback["OldResourceProperties"] = failing();
    let error = world.start(&rollback).await.unwrap_err().to_string();
    assert!(error.contains("do not show the rollback"), "{error}");
    let reason = refused(&world, &rollback, 1).await;
    assert!(reason.contains("do not show the rollback"), "{reason}");
}
