//! `start` on the rollback of an update, when its event or another request comes again, when it cannot see
//! what is to be rolled back, and when a failure does not matter.

use std::time::Duration;

use ecs_task_runner::clock::after;
use ecs_task_runner::functions::StartOutcome;
use jiff::Timestamp;
use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use tokio::time::advance;

use super::rollback_runs::{failed, failing, input, succeeded};
use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::World;

const MINUTE: Duration = Duration::from_secs(60);

/// CloudFormation sends another request when a person continues the rollback.
#[tokio::test(start_paused = true)]
async fn a_rollback_that_failed_is_tried_again_and_one_that_succeeded_is_not() {
    let world = World::new();
    world.fails(&failing(), Some(succeeded())).await;
    world.start(&world.rollback_of(&failing())).await.unwrap();
    advance(MINUTE).await;
    let first = world.later_executions()[0].clone();
    let end = failed("EcsTask.Failed", "exited with code 1");
    world.aws.sfn().end_execution(&first.arn, end);

    let continued = world.rollback_of(&failing());
    world.start(&continued).await.unwrap();
    world.start(&continued).await.unwrap();
    let executions = world.later_executions();
    assert_eq!(executions.len(), 2, "{executions:?}");
    let (first, second) = (input(&executions[0]), input(&executions[1]));
    assert_eq!(
        first["rollbackOf"]["execution"],
        second["rollbackOf"]["execution"]
    );
    assert_ne!(first["task"]["clientToken"], second["task"]["clientToken"]);
    let waits_for: Vec<_> = second["earlierRuns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["startedBy"])
        .collect();
    assert!(waits_for.contains(&&first["task"]["startedBy"]), "{second}");

    advance(MINUTE).await;
    // Its reply was lost.
    let arn = &executions[1].arn;
    let entered = json!({"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "RespondSuccess", "input": "{}"}});
    world.aws.sfn().history_event(arn, entered);
    let end = failed("CustomResource.AnswerNotSent", "");
    world.aws.sfn().end_execution(arn, end);
    world.start(&world.rollback_of(&failing())).await.unwrap();
    assert_eq!(world.later_executions().len(), 2);
    let answer = world.last_reply();
    assert_eq!(answer["Status"], "SUCCESS");
    let skipped = answer["Data"]["Skipped"].as_str().unwrap();
    assert!(
        skipped.contains("has rolled the update back before"),
        "{skipped}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_earlier_try_that_still_runs_is_stopped_before_the_next() {
    let world = World::new();
    world.fails(&failing(), Some(succeeded())).await;
    world.start(&world.rollback_of(&failing())).await.unwrap();
    advance(MINUTE).await;
    world.start(&world.rollback_of(&failing())).await.unwrap();
    let executions = world.later_executions();
    assert_eq!(executions.len(), 2);
    assert!(executions[0].ended.is_some() && executions[1].ended.is_none());
    let runs = input(&executions[1])["earlierRuns"].to_string();
    assert!(runs.contains(&executions[0].name), "{runs}");
}

/// A late delivery finds the execution of the first, which has another name than the request would give.
#[tokio::test(start_paused = true)]
async fn a_late_delivery_of_the_rollback_leaves_it_to_its_execution() {
    let world = World::new();
    world.fails(&failing(), Some(succeeded())).await;
    let rollback = world.rollback_of(&failing());
    advance(Duration::from_secs(1)).await;
    let first = world.start(&rollback).await.unwrap();
    advance(2 * MINUTE).await;
    assert_eq!(world.start(&rollback).await.unwrap(), first);
    world.assert_no_answer();
    assert!(world.later_executions()[0].ended.is_none());
}

/// A guess could leave the database ahead of the code, or roll back what was never done.
#[tokio::test(start_paused = true)]
async fn without_the_evidence_the_rollback_fails_once_its_event_comes_no_more() {
    for (service, operation) in [
        (Service::Sfn, "ListExecutions"),
        (Service::Sfn, "DescribeExecution"),
        (Service::CloudFormation, "DescribeStackEvents"),
        (Service::CloudFormation, "DescribeStacks"),
    ] {
        let world = World::new();
        world.fails(&failing(), Some(succeeded())).await;
        let rollback = world.rollback_of(&failing());
        world.inject(service, operation, Span::Forever, Fault::Throttle);
        assert!(world.start(&rollback).await.is_err(), "{operation}");
        world.assert_no_answer();
        advance(3 * MINUTE).await;
        assert_eq!(
            world.start(&rollback).await.unwrap(),
            StartOutcome::Answered,
            "{operation}"
        );
        assert!(world.later_executions().is_empty());
        let answer = world.answer();
        assert_eq!(answer["Status"], "FAILED", "{operation}");
        let reason = answer["Reason"].as_str().unwrap();
        assert!(reason.contains(operation), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_ignored_is_answered_success_with_its_reason() {
    let ignoring = with(failing(), &json!({"RollbackFailure": "ignore"}));
    let world = World::new();
    world.fails(&ignoring, Some(succeeded())).await;
    let rollback = world.rollback_of(&ignoring);
    world.start(&rollback).await.unwrap();
    let execution = world.later_executions()[0].clone();
    let state = with(
        input(&execution),
        &json!({"error": {"Error": "EcsTask.Failed", "Cause": format!("exited with code 1{}", "\nlog".repeat(2_000))}}),
    );
    let event = json!({"status": "FAILED", "state": state});
    world.respond(&event).await.unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "SUCCESS");
    let skipped = answer["Data"]["Skipped"].as_str().unwrap();
    assert!(
        skipped.starts_with("RollbackFailure is ignore, and the rollback failed: EcsTask.Failed"),
        "{skipped}"
    );
    // Of the update itself every failure counts.
    let update = world.sent_now("Update", &with(ignoring.clone(), &json!({"Count": "many"})));
    let mut update = world.in_stack("UPDATE_IN_PROGRESS", update);
    update["OldResourceProperties"] = ignoring;
    world.start(&update).await.unwrap();
    assert_eq!(world.last_reply()["Status"], "FAILED");
}

/// The same serves a rollback that runs the old task again.
#[tokio::test(start_paused = true)]
async fn the_old_task_waits_for_the_run_that_is_rolled_back() {
    let runs_on_rollback = with(properties(), &json!({"RunOnRollback": "true"}));
    let failed = with(
        properties(),
        &json!({"TaskDefinition": "migrate:2", "RollbackFailure": "ignore"}),
    );
    let world = World::new();
    let update = world.fails(&failed, None).await;
    let mut rollback = world.rollback_of(&failed);
    rollback["ResourceProperties"] = runs_on_rollback.clone();
    // The first delivery stops the run and cannot start the next.
    let cut = world.inject(
        Service::Sfn,
        "StartExecution",
        Span::Forever,
        Fault::Throttle,
    );
    assert!(world.start(&rollback).await.is_err());
    cut.lift();
    advance(Duration::from_secs(2)).await;
    world.start(&rollback).await.unwrap();
    let executions = world.later_executions();
    assert_eq!(executions[0].name, identity(&rollback).name);
    let input = input(&executions[0]);
    assert_eq!(input["task"]["taskDefinition"], "migrate");
    assert_eq!(input["request"]["IgnoresFailure"], true);
    assert_eq!(
        input["earlierRuns"][0]["startedBy"],
        *identity(&update).name
    );
    assert_eq!(input["earlierRuns"][0]["taskDefinition"], "migrate:2");
}

/// A worker that has not heard of the stop may launch for a while, and the rollback waits. That time is
/// not the run's own.
#[tokio::test(start_paused = true)]
async fn a_rollback_with_a_short_timeout_has_it_whole_after_the_run_before() {
    let old = with(
        properties(),
        &json!({"RunOnRollback": "true", "Timeout": "60"}),
    );
    let taken = json!({"type": "ActivityStarted", "activityStartedEventDetails": {}});
    for (failed, end, set_by, earliest) in [
        (
            with(failing(), &json!({"Timeout": "60"})),
            None,
            "Timeout of 60 s and the 205 s in which an earlier run stops",
            265,
        ),
        (
            properties(),
            None,
            "Timeout of 60 s and the 205 s in which an earlier run stops",
            265,
        ),
        (
            with(failing(), &json!({"Timeout": "60"})),
            Some(succeeded()),
            "Timeout of 60 s",
            60,
        ),
        (properties(), Some(succeeded()), "Timeout of 60 s", 60),
    ] {
        let world = World::new();
        let update = world.fails(&failed, None).await;
        let arn = world.aws.sfn().execution(&identity(&update).name).arn;
        world.aws.sfn().history_event(&arn, taken.clone());
        if let Some(end) = end {
            world.aws.sfn().end_execution(&arn, end);
        }
        let mut rollback = world.rollback_of(&failed);
        rollback["ResourceProperties"] = old.clone();
        let now = world.clock.now();
        world.start(&rollback).await.unwrap();
        let input = input(&world.later_executions()[0]);
        assert_eq!(input["task"]["deadlineSetBy"], set_by);
        let deadline: Timestamp = input["task"]["deadline"].as_str().unwrap().parse().unwrap();
        assert!(
            deadline >= after(now, Duration::from_secs(earliest)),
            "{input}"
        );
        // The time until the runs before have stopped is over before the deadline by the whole `Timeout`.
        if let Some(until) = input["earlierRuns"][0]["mayLaunchUntil"].as_str() {
            let until: Timestamp = until.parse().unwrap();
            assert!(after(until, MINUTE) < deadline, "{input}");
        }
    }
}

/// The first delivery saw the update's run as it still went on. The second sees that no worker had it.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_delivery_started_answers_even_if_the_evidence_has_changed() {
    let world = World::new();
    let update = world.fails(&failing(), None).await;
    let taken =
        json!({"type": "ActivityStarted", "activityStartedEventDetails": {"workerName": "w"}});
    let arn = world.aws.sfn().execution(&identity(&update).name).arn;
    world.aws.sfn().history_event(&arn, taken);
    let rollback = world.rollback_of(&failing());
    advance(Duration::from_secs(1)).await;
    let first = world.start(&rollback).await.unwrap();
    for (service, operation) in [
        (Service::CloudFormation, "DescribeStackEvents"),
        (Service::CloudFormation, "DescribeStacks"),
    ] {
        advance(2 * MINUTE).await;
        let cut = world.inject(service, operation, Span::Forever, Fault::Throttle);
        assert_eq!(world.start(&rollback).await.unwrap(), first, "{operation}");
        cut.lift();
    }
    world.assert_no_answer();
    assert_eq!(world.later_executions().len(), 1);
}
