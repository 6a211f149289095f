mod answers;
mod forms;
mod given;
mod histories;
mod hook;
mod leftovers;
mod picture;
mod random;
mod redriven;
mod running;
mod secrets;

use serde_json::json;

use super::*;
use histories::History;

/// Adds the events of most histories: the run is scheduled at once and claimed after 1.2 s.
fn claimed(history: &mut History) -> &mut History {
    history
        .entered(100, "RunTask", &json!({}))
        .scheduled(200)
        .claimed(1_400, "i-0abc")
}

/// Adds the events of a run whose container exits with code 1.
fn failed_run(history: &mut History) -> &mut History {
    claimed(history).failed(
        42_000,
        "EcsTask.Failed",
        "Container 'migrate' exited with code 1 (task 4f1c of migrate:7, cluster production).",
    )
}

/// The error of [`failed_run`] as the state machine's Catch puts it into the state.
fn caught_error() -> serde_json::Value {
    json!({"Error": "EcsTask.Failed", "Cause": "Container 'migrate' exited with code 1 (task 4f1c of migrate:7, cluster production)."})
}

#[test]
fn a_success_reads_from_the_request_to_the_answer() {
    let task = "arn:aws:ecs:eu-west-1:123456789012:task/production/4f1c";
    let output = json!({"TaskArn": task, "TaskArns": task, "ExitCode": "0",
        "StartedAt": "2026-11-23T06:00:31.2Z", "StoppedAt": "2026-11-23T06:02:12.1Z"});
    let mut history = History::of("Create");
    claimed(&mut history)
        .succeeded(132_600)
        .entered(132_700, "RespondSuccess", &json!({"output": output}))
        .invoked(132_700, "Scheduled")
        .invoked(133_000, "Succeeded")
        .entered(133_050, "Succeeded", &json!({}))
        .ended(133_100, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    assert_eq!(
        explanation.to_string(),
        "Create of MigrateTask (Custom::EcsTask) in stack todobackend
Execution  MigrateTask-1a2b3c4d-create-0123456789ab
Task       migrate:7 on cluster production
Time       2026-11-23 06:00:00 to 06:02:13 UTC, 2 min 13 s

06:00:00   +0 ms        requested by CloudFormation
06:00:00   +0.2 s       scheduled for a worker
06:00:01   +1.4 s       claimed by worker 'i-0abc' after 1.2 s
06:00:31   +31 s        ECS task 4f1c started, 30 s after the claim
06:02:12   +2 min 12 s  ECS task ended with exit code 0, ran for 1 min 41 s
06:02:12   +2 min 13 s  worker reported success, 2 min 11 s after the claim
06:02:13   +2 min 13 s  replied SUCCESS to CloudFormation, 0.4 s after the report

Succeeded. CloudFormation was sent SUCCESS, 2 min 13 s after its request.
"
    );
    assert_eq!(explanation.conclusion.result, RunResult::Succeeded);
}

#[test]
fn a_failure_ends_with_the_reason_and_what_to_do() {
    let mut history = History::of("Update");
    failed_run(&mut history)
        .entered(42_100, "StopTasks", &json!({"error": caught_error()}))
        .invoked(42_100, "Succeeded")
        .entered(
            42_700,
            "TasksStillRunning",
            &json!({"error": caught_error(), "leftovers": {"running": 0, "executions": 0}}),
        )
        .entered(
            42_750,
            "RespondFailure",
            &json!({"error": caught_error(), "leftovers": {"running": 0, "executions": 0}}),
        )
        .invoked(42_800, "Succeeded")
        .entered(43_000, "Failed", &json!({}))
        .ended(
            43_000,
            "Failed",
            "EcsTask.Failed",
            "Container 'migrate' exited with code 1",
        );
    let explanation = history.explain(ExecutionStatus::Failed);
    let text = explanation.to_string();
    assert!(
        text.ends_with(
            "06:00:42   +42 s        worker reported EcsTask.Failed, 41 s after the claim
06:00:42   +43 s        no tasks were left running
06:00:42   +43 s        replied FAILED to CloudFormation, 0.8 s after the report

Failed. CloudFormation was sent FAILED, 43 s after its request.
  EcsTask.Failed: Container 'migrate' exited with code 1 (task 4f1c of migrate:7, cluster production).
What to do: read the log lines.
"
        ),
        "{text}"
    );
    assert_eq!(explanation.conclusion.result, RunResult::Failed);
    assert_eq!(
        explanation.conclusion.error.as_deref(),
        Some("EcsTask.Failed")
    );
}

#[test]
fn a_run_that_changes_hands_tells_every_claim() {
    let mut history = History::of("Create");
    claimed(&mut history)
        .failed(13_000, "Worker.HandedOver", "shut down")
        .scheduled(14_000)
        .claimed(14_100, "i-0def")
        .timed_out(78_000, "States.HeartbeatTimeout")
        .scheduled(79_000)
        .claimed(79_500, "i-0fed")
        .timed_out(140_000, "States.Timeout")
        .scheduled(141_000)
        .claimed(142_000, "i-0bed")
        .timed_out(3_697_000, "States.Timeout")
        .scheduled(3_698_000)
        .claimed(3_699_000, "i-0bad")
        .succeeded(3_707_000)
        .entered(
            3_707_100,
            "RespondSuccess",
            &json!({"output": {"TaskArn": ""}}),
        )
        .invoked(3_707_200, "Succeeded")
        .ended(3_707_300, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    let told: Vec<_> = explanation
        .steps
        .iter()
        .map(|step| step.event.to_string())
        .collect();
    assert_eq!(
        told,
        [
            "requested by CloudFormation",
            "scheduled for a worker",
            "claimed by worker 'i-0abc' after 1.2 s",
            "handed over by its worker, which was shut down, 12 s after the claim",
            "scheduled for another worker, attempt 2",
            "claimed by worker 'i-0def' after 0.1 s",
            "taken from its worker, which sent no heartbeat any more, 1 min 4 s after the claim",
            "scheduled for another worker, attempt 3",
            "claimed by worker 'i-0fed' after 0.5 s",
            "taken from its worker, which sent no heartbeat any more, 1 min 1 s after the claim",
            "scheduled for another worker, attempt 4",
            "claimed by worker 'i-0bed' after 1.0 s",
            "taken from its worker, which did not end it within the state's TimeoutSeconds, 59 min 15 s after the claim",
            "scheduled for another worker, attempt 5",
            "claimed by worker 'i-0bad' after 1.0 s",
            "worker reported success, 8.0 s after the claim",
            "replied SUCCESS to CloudFormation, 0.2 s after the report",
        ]
    );
}

#[test]
fn an_emulators_history_reads_like_any_other_but_for_the_claim() {
    let mut history = History::of("Create");
    history
        .entered(100, "RunTask", &json!({}))
        .emulated(200, "Scheduled", None)
        .emulated(3_400, "Failed", Some("States.HeartbeatTimeout"))
        .emulated(3_500, "Scheduled", None)
        .emulated(3_600, "Failed", Some("States.Timeout"))
        .emulated(4_000, "Scheduled", None)
        .emulated(9_000, "Succeeded", None)
        .entered(9_000, "RespondSuccess", &json!({"output": {}}))
        .invoked(9_200, "Succeeded")
        .ended(9_300, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    let told: Vec<_> = explanation
        .steps
        .iter()
        .map(|step| step.event.to_string())
        .collect();
    assert_eq!(
        told,
        [
            "requested by CloudFormation",
            "scheduled for a worker",
            "taken from its worker, which sent no heartbeat any more, 3.2 s after it was scheduled",
            "scheduled for another worker, attempt 2",
            "taken from its worker, which timed out, with its heartbeat or with the whole run, 0.1 s after it was scheduled",
            "scheduled for another worker, attempt 3",
            "worker reported success, 5.0 s after it was scheduled",
            "replied SUCCESS to CloudFormation, 0.2 s after the report",
        ]
    );
}

#[test]
fn clocks_that_disagree_do_not_change_the_order() {
    for (started, stopped) in [
        ("2026-11-23T05:59:00Z", "2026-11-23T06:09:00Z"),
        ("2026-11-23T06:09:00Z", "2026-11-23T05:59:00Z"),
    ] {
        let mut history = History::of("Create");
        let output = json!({"TaskArn": "a/1", "TaskArns": "a/1", "ExitCode": "0", "StartedAt": started, "StoppedAt": stopped});
        claimed(&mut history).succeeded(36_000).entered(
            36_000,
            "RespondSuccess",
            &json!({"output": output}),
        );
        let told: Vec<_> = history
            .explain(ExecutionStatus::Running)
            .steps
            .iter()
            .map(|step| step.event.to_string())
            .collect();
        assert!(
            told.first().unwrap().starts_with("requested")
                && told.last().unwrap().starts_with("worker reported"),
            "{told:?}"
        );
        assert_eq!(told.len(), 6, "{told:?}");
    }
}
