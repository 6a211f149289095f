//! `start` on the rollback of an update whose properties have `RollbackOverrides`.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::ResourceEvent;
use stand_ins::sfn::{ExecutionEnd, ExecutionView};
use tokio::time::advance;

use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::{STACK, World};

const MINUTE: Duration = Duration::from_secs(60);

/// The properties of the update that fails.
pub(super) fn failing() -> Value {
    with(
        properties(),
        &json!({
            "TaskDefinition": "migrate:2",
            "Timeout": "600",
            "Overrides": {"ContainerOverrides": [{"Name": "migrate", "Command": ["migrate"]}]},
            "RollbackOverrides": {"ContainerOverrides": [{"Name": "migrate", "Command": ["migrate", "todo", "0001"]}]},
        }),
    )
}

impl World {
    /// An operation of the stack begins.
    pub(super) fn operation_begins(&self) {
        self.stack_turns("UPDATE_IN_PROGRESS");
    }

    /// The stack records more events of a resource than are read.
    pub(super) fn has_too_many_events(&self) {
        let event = ResourceEvent {
            logical_id: "Another",
            resource_type: "AWS::SNS::Topic",
            status: "UPDATE_COMPLETE",
            reason: "",
        };
        for _ in 0..2_001 {
            let at = "2026-11-27T12:00:00.000Z";
            self.aws.cloudformation().event(STACK, at, event);
        }
    }

    /// The update of a release whose run ends so, or does not end.
    pub(super) async fn fails(&self, properties: &Value, end: Option<ExecutionEnd>) -> Value {
        self.operation_begins();
        let update = self.sent_now("Update", properties);
        self.start(&update).await.unwrap();
        advance(MINUTE).await;
        if let Some(end) = end {
            let execution = self.aws.sfn().execution(&identity(&update).name);
            self.aws.sfn().end_execution(&execution.arn, end);
        }
        update
    }

    /// The Update with which CloudFormation rolls back one with the properties `failed`.
    pub(super) fn rollback_of(&self, failed: &Value) -> Value {
        self.stack_turns("UPDATE_ROLLBACK_IN_PROGRESS");
        let mut event = self.sent_now("Update", &properties());
        event["OldResourceProperties"] = failed.clone();
        self.in_stack("UPDATE_ROLLBACK_IN_PROGRESS", event)
    }

    /// The executions but the first.
    pub(super) fn later_executions(&self) -> Vec<ExecutionView> {
        self.aws.sfn().executions().split_off(1)
    }

    pub(super) fn last_reply(&self) -> Value {
        let puts = self.urls.puts();
        serde_json::from_slice(&puts.last().unwrap().body).unwrap()
    }
}

pub(super) fn input(execution: &ExecutionView) -> Value {
    serde_json::from_str(&execution.input).unwrap()
}

pub(super) fn failed(error: &str, cause: &str) -> ExecutionEnd {
    ExecutionEnd::Failed {
        error: error.to_owned(),
        cause: cause.to_owned(),
    }
}

pub(super) fn succeeded() -> ExecutionEnd {
    ExecutionEnd::Succeeded(json!({}))
}

#[tokio::test(start_paused = true)]
async fn the_task_of_the_update_that_failed_runs_once_more_with_the_rollback_s_overrides() {
    let world = World::sealing();
    let update = world.fails(&failing(), Some(succeeded())).await;
    let rollback = world.rollback_of(&failing());
    let started = world.start(&rollback).await.unwrap();
    let execution = &world.later_executions()[0];
    assert_eq!(started, StartOutcome::Execution(execution.name.clone()));
    world.assert_no_answer();
    let input = input(execution);
    let name = identity(&update).name;
    assert_eq!(input["task"]["taskDefinition"], "migrate:2");
    assert_eq!(
        input["task"]["overrides"]["containerOverrides"][0]["command"],
        json!(["migrate", "todo", "0001"])
    );
    assert_eq!(input["task"]["startedBy"], *execution.name);
    assert_eq!(input["task"]["deadlineSetBy"], "Timeout of 600 s");
    assert_eq!(
        input["rollbackOf"],
        json!({"execution": name, "request": identity(&rollback).name})
    );
    assert_eq!(input["request"]["RequestType"], "Update");
    assert_eq!(
        input["earlierRuns"],
        json!([{"startedBy": name, "cluster": "todobackend", "taskDefinition": "migrate:2"}])
    );
}

/// What decides is the execution of the update: whether a container may have been started.
#[tokio::test(start_paused = true)]
async fn nothing_runs_when_the_update_had_started_no_container() {
    let launched = "The task was launched, but its end cannot be watched: denied";
    let aborted = || ExecutionEnd::Aborted {
        error: None,
        cause: None,
    };
    for (end, count, runs) in [
        (Some(succeeded()), 1, true),
        (
            Some(failed("EcsTask.Failed", "exited with code 1")),
            1,
            true,
        ),
        (Some(failed("EcsTask.Interrupted", "Spot")), 1, true),
        (Some(failed("EcsTask.DeadlineExceeded", "")), 1, true),
        (Some(failed("EcsTask.AccessDenied", launched)), 1, true),
        (Some(failed("States.Runtime", "")), 1, true),
        (Some(failed("EcsTask.NotStarted", "no capacity")), 2, true),
        (Some(ExecutionEnd::TimedOut), 1, true),
        (None, 1, true),
        (Some(failed("EcsTask.NotStarted", "no capacity")), 1, false),
        (Some(failed("EcsTask.InvalidRequest", "no such")), 1, false),
        (
            Some(failed("EcsTask.AccessDenied", "ecs:RunTask")),
            1,
            false,
        ),
        (Some(aborted()), 1, false),
    ] {
        let world = World::new();
        let properties = with(failing(), &json!({"Count": count}));
        world.operation_begins();
        let update = world.sent_now("Update", &properties);
        world.start(&update).await.unwrap();
        let arn = world.aws.sfn().execution(&identity(&update).name).arn;
        let was_taken = !matches!(end, Some(ExecutionEnd::Aborted { .. }));
        world.aws.sfn().history_event(
            &arn,
            json!({"type": "ActivityScheduled", "activityScheduledEventDetails": {"resource": "a", "input": "{}"}}),
        );
        if was_taken {
            world.aws.sfn().history_event(
                &arn,
                json!({"type": "ActivityStarted", "activityStartedEventDetails": {"workerName": "w"}}),
            );
        }
        advance(MINUTE).await;
        if let Some(end) = end.clone() {
            world.aws.sfn().end_execution(&arn, end);
        }
        world.start(&world.rollback_of(&properties)).await.unwrap();
        assert_eq!(world.later_executions().len(), usize::from(runs), "{end:?}");
        if !runs {
            let answer = world.last_reply();
            assert_eq!(answer["Status"], "SUCCESS", "{end:?}");
            let skipped = answer["Data"]["Skipped"].as_str().unwrap();
            assert!(skipped.contains("nothing to roll back"), "{skipped}");
        }
    }
}

/// The update was skipped, refused or not reached. What ran is the run of an earlier release.
#[tokio::test(start_paused = true)]
async fn a_run_from_before_the_operation_is_not_rolled_back() {
    let world = World::new();
    world.fails(&failing(), Some(succeeded())).await;
    world.operation_begins();
    advance(MINUTE).await;
    world.start(&world.rollback_of(&failing())).await.unwrap();
    assert!(world.later_executions().is_empty());
    let answer = world.last_reply();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(
        answer["Data"]["Skipped"],
        "no execution of the update that failed was found, so there is nothing to roll back"
    );
}

#[tokio::test(start_paused = true)]
async fn the_properties_of_the_update_that_failed_decide_and_not_those_that_come_back() {
    for come_back in [
        json!({"RunOnUpdate": "false"}),
        json!({"Count": "many"}),
        json!({"RunOnRollback": "true"}),
    ] {
        let world = World::new();
        world.fails(&failing(), Some(succeeded())).await;
        let mut rollback = world.rollback_of(&failing());
        rollback["ResourceProperties"] = with(properties(), &come_back);
        world.start(&rollback).await.unwrap();
        let executions = world.later_executions();
        assert_eq!(executions.len(), 1, "{come_back}");
        assert_eq!(input(&executions[0])["task"]["taskDefinition"], "migrate:2");
    }
    // Those that come back say nothing of the update that failed.
    let world = World::new();
    world.fails(&properties(), Some(succeeded())).await;
    let mut rollback = world.rollback_of(&properties());
    rollback["ResourceProperties"] = failing();
    world.start(&rollback).await.unwrap();
    assert!(world.later_executions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_run_that_still_goes_on_is_stopped_and_waited_for() {
    let world = World::new();
    let update = world.fails(&failing(), None).await;
    let arn = world.aws.sfn().executions()[0].arn.clone();
    let started =
        json!({"type": "ActivityStarted", "activityStartedEventDetails": {"workerName": "w"}});
    world.aws.sfn().history_event(&arn, started);
    let rollback = world.rollback_of(&failing());
    for _ in 0..2 {
        world.start(&rollback).await.unwrap();
    }
    let executions = world.aws.sfn().executions();
    assert_eq!(executions.len(), 2, "{executions:?}");
    assert!(executions[0].ended.is_some() && executions[1].ended.is_none());
    let runs = &input(&executions[1])["earlierRuns"];
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
    assert_eq!(runs[0]["startedBy"], *identity(&update).name);
    assert!(runs[0]["mayLaunchUntil"].is_string(), "{runs}");
    world.assert_no_answer();
}
