//! Several tasks, and tasks that were left running.

use serde_json::json;

use super::histories::History;
use super::{caught_error, claimed, failed_run};
use crate::execution::status::ExecutionStatus;

#[test]
fn several_tasks_are_counted_and_leftovers_told() {
    let mut history = History::of("Create");
    failed_run(&mut history)
        .entered(42_100, "StopTasks", &json!({"error": caught_error()}))
        .entered(
            43_000,
            "TasksStillRunning",
            &json!({"leftovers": {"running": 3, "executions": 0}}),
        )
        .entered(
            48_000,
            "StopTasks",
            &json!({"error": caught_error(), "leftovers": {"running": 3}}),
        )
        .entered(
            49_000,
            "TasksStillRunning",
            &json!({"leftovers": {"running": 1, "executions": 0}}),
        )
        .entered(
            49_000,
            "RespondFailure",
            &json!({"error": caught_error(), "leftovers": {"running": 1}}),
        )
        .invoked(49_500, "Succeeded")
        .ended(49_600, "Failed", "EcsTask.Failed", "");
    let text = history.explain(ExecutionStatus::Failed).to_string();
    assert!(
        text.contains("leftover tasks told to stop: 3, still stopping: 1\n"),
        "{text}"
    );
    assert!(
        text.contains("  1 task of this run was not seen to stop, though ECS was asked to stop it"),
        "{text}"
    );

    let output = json!({"TaskArn": "a/1", "TaskArns": "a/1,a/2,a/3", "ExitCode": "0",
        "StartedAt": "2026-11-23T06:00:31Z", "StoppedAt": "2026-11-23T06:00:35Z"});
    let mut history = History::of("Create");
    claimed(&mut history).succeeded(36_000).entered(
        36_000,
        "RespondSuccess",
        &json!({"output": output}),
    );
    let text = history.explain(ExecutionStatus::Running).to_string();
    assert!(
        text.contains("first of 3 ECS tasks started, 1, 30 s after the claim"),
        "{text}"
    );
    assert!(
        text.contains("last of 3 ECS tasks ended, the first with exit code 0; they ran for 4.0 s"),
        "{text}"
    );
}

#[test]
fn a_delete_tells_what_it_stopped() {
    let mut history = History::of("Delete");
    history
        .entered(100, "StopTasks", &json!({}))
        .invoked(100, "Succeeded")
        .entered(
            900,
            "TasksStillRunning",
            &json!({"leftovers": {"running": 1, "executions": 1}}),
        )
        .entered(
            6_000,
            "StopTasks",
            &json!({"leftovers": {"running": 1, "executions": 1}}),
        )
        .entered(
            7_000,
            "RespondSuccess",
            &json!({"leftovers": {"running": 0, "executions": 1}}),
        )
        .invoked(7_200, "Succeeded")
        .ended(7_300, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    let text = explanation.to_string();
    assert!(text.starts_with("Delete of MigrateTask"), "{text}");
    assert!(
        text.contains("leftover tasks stopped: 1; earlier executions stopped: 1\n"),
        "{text}"
    );
    assert!(
        text.contains("replied SUCCESS to CloudFormation, 7.2 s after the request\n"),
        "{text}"
    );
    assert!(text.ends_with("nothing of the resource runs any more. CloudFormation was sent SUCCESS, 7.2 s after its request.\n"), "{text}");
}

#[test]
fn a_delete_that_could_not_look_for_tasks_does_not_claim_that_none_run() {
    let mut history = History::of("Delete");
    history
        .entered(100, "StopTasks", &json!({}))
        .function_failed(200, "AccessDenied", "no")
        .entered(
            300,
            "RespondSuccess",
            &json!({"stopError": {"Error": "AccessDenied", "Cause": "no"}}),
        )
        .invoked(400, "Succeeded")
        .ended(500, "Succeeded", "", "");
    let text = history.explain(ExecutionStatus::Succeeded).to_string();
    assert!(
        text.contains("leftover tasks could not be looked for: AccessDenied\n"),
        "{text}"
    );
    assert!(!text.contains("nothing of the resource runs"), "{text}");
}
