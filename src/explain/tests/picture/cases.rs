//! Every kind of history, with the rows of its picture.

use serde_json::json;

use super::super::histories::History;
use super::super::{caught_error, claimed, failed_run};
use crate::execution::status::ExecutionStatus;

/// A history, how its execution ended or goes on, and the rows of its picture.
pub(super) type Case = (
    &'static str,
    ExecutionStatus,
    fn(&mut History),
    &'static [&'static str],
);

pub(super) const CASES: &[Case] = &[
    (
        "Create",
        ExecutionStatus::Succeeded,
        |history| {
            let task = "arn:aws:ecs:eu-west-1:123456789012:task/production/4f1c";
            let output = json!({"TaskArn": task, "TaskArns": task, "ExitCode": "0",
                "StartedAt": "2026-11-23T06:00:31.2Z", "StoppedAt": "2026-11-23T06:02:12.1Z"});
            claimed(history)
                .timed_out(64_900, "States.HeartbeatTimeout")
                .scheduled(65_900)
                .claimed(66_800, "i-0def")
                .succeeded(132_600)
                .entered(132_700, "RespondSuccess", &json!({"output": output}))
                .invoked(133_000, "Succeeded")
                .ended(133_100, "Succeeded", "", "");
        },
        &[
            "execution | execution 0-100 | succeeded | took 2 min 13 s",
            "attempt 1 | worker i-0abc | waiting 0-1 | held 1-49 | [change] | lost: no heartbeat any more | waited 1.2 s, held for 1 min 4 s",
            "attempt 2 | worker i-0def | waiting 49-50 | held 50-100 | [success] | reported success | waited 0.9 s, held for 1 min 6 s",
            "ECS task | 4f1c | starting 1-23 | running 23-99 | [containers-end] | exit code 0, ran for 1 min 41 s | started, 30 s after the claim",
            "reply | replying 100-100 | [success] | SUCCESS to CloudFormation | 0.4 s after the report",
        ],
    ),
    (
        "Update",
        ExecutionStatus::Failed,
        |history| {
            let leftovers = json!({"running": 1, "executions": 0});
            failed_run(history)
                .entered(42_100, "StopTasks", &json!({"error": caught_error()}))
                .entered(
                    72_750,
                    "RespondFailure",
                    &json!({"error": caught_error(), "leftovers": leftovers}),
                )
                .function_failed(73_000, "AccessDenied", "no")
                .invoked(75_800, "Succeeded")
                .ended(76_000, "Failed", "EcsTask.Failed", "");
        },
        &[
            "execution | execution 0-100 | failed | took 1 min 16 s",
            "attempt 1 | worker i-0abc | waiting 0-2 | held 2-55 | [failure] | reported EcsTask.Failed | waited 1.2 s, held for 41 s",
            "leftover tasks | stopping 55-96 | [failure] | still stopping: 1 | took 31 s",
            "reply | replying 96-100 | [failure] | [failure] | FAILED to CloudFormation | 34 s after the report",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Running,
        |history| {
            claimed(history)
                .failed(600_000, "Worker.HandedOver", "")
                .scheduled(601_000);
        },
        &[
            "execution | execution 0-100 | runs | 30 min 0 s so far",
            "attempt 1 | worker i-0abc | waiting 0-0 | held 0-33 | [change] | handed over: shut down | waited 1.2 s, held for 9 min 59 s",
            "attempt 2 | waiting 33-100 | under way | waited 19 min 59 s",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Running,
        |history| {
            _ = claimed(history);
        },
        &[
            "execution | execution 0-100 | runs | 30 min 0 s so far",
            "attempt 1 | worker i-0abc | waiting 0-0 | held 0-100 | under way | waited 1.2 s, held for 29 min 59 s",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Succeeded,
        |history| {
            let output = json!({"TaskArn": "a/1", "TaskArns": "a/1,a/2,a/3", "ExitCode": "3",
                "StartedAt": "2026-11-23T06:01:31.2Z", "StoppedAt": "2026-11-23T06:20:12.1Z"});
            history
                .given(200)
                .work(60_300, "TimedOut", "States.Timeout")
                .given(61_200)
                .work(61_300, "SubmitFailed", "Lambda.TooManyRequestsException")
                .given(62_300)
                .work(902_300, "Failed", "Worker.HandedOver")
                .given(903_300)
                .work(1_213_000, "Succeeded", "")
                .entered(1_213_050, "RespondSuccess", &json!({"output": output}))
                .invoked(1_213_400, "Succeeded")
                .ended(1_213_500, "Succeeded", "", "");
        },
        &[
            "execution | execution 0-100 | succeeded | took 20 min 14 s",
            "attempt 1 | function work | waiting 0-5 | [change] | no function was free, or it ended | waited 1 min 0 s",
            "attempt 2 | function work | waiting 5-6 | [failure] | not scheduled: Lambda.TooManyReques… | waited 0.1 s",
            "attempt 3 | function work | either 5-74 | [change] | handed over: time was up | took 14 min 0 s",
            "attempt 4 | function work | either 74-100 | [success] | reported success | took 5 min 10 s",
            "3 ECS tasks | 1 | starting 5-8 | running 8-100 | [containers-end] | exit code 3, ran for 18 min 41 s | started, 29 s after it was given",
            "reply | replying 100-100 | [success] | SUCCESS to CloudFormation | 0.4 s after the report",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Succeeded,
        |history| {
            history
                .emulated(200, "Scheduled", None)
                .emulated(3_400, "Failed", Some("States.Timeout"))
                .emulated(3_500, "Scheduled", None)
                .emulated(9_000, "Succeeded", None)
                .entered(9_000, "RespondSuccess", &json!({"output": {}}))
                .invoked(9_200, "Succeeded")
                .ended(9_300, "Succeeded", "", "");
        },
        &[
            "execution | execution 0-100 | succeeded | took 9.3 s",
            "attempt 1 | either 2-37 | [change] | lost: timed out | took 3.2 s",
            "attempt 2 | either 38-97 | [success] | reported success | took 5.5 s",
            "reply | replying 97-99 | [success] | SUCCESS to CloudFormation | 0.2 s after the report",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Aborted,
        |history| {
            claimed(history).ended(6_000, "Aborted", "Mine", "enough");
        },
        &[
            "execution | execution 0-100 | [failure] | aborted | took 6.0 s",
            "attempt 1 | worker i-0abc | waiting 3-23 | held 23-100 | the execution ended | waited 1.2 s, held for 4.6 s",
        ],
    ),
    (
        "Create",
        ExecutionStatus::TimedOut,
        |history| {
            history.scheduled(200).ended(3_600_000, "TimedOut", "", "");
        },
        &[
            "execution | execution 0-100 | [failure] | timed out | took 1 h 0 min",
            "attempt 1 | waiting 0-100 | the execution ended | waited 1 h 0 min",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Failed,
        |history| {
            failed_run(history)
                .ended(43_000, "Failed", "EcsTask.Failed", "")
                .redriven(137_000)
                .scheduled(138_000)
                .claimed(139_000, "i-0def")
                .failed(150_000, "EcsTask.Failed", "")
                .ended(160_000, "Failed", "Mine", "");
        },
        &[
            "execution | execution 0-100 | [failure] | [change] | [failure] | failed | took 2 min 40 s",
            "attempt 1 | worker i-0abc | waiting 0-1 | held 1-26 | [failure] | reported EcsTask.Failed | waited 1.2 s, held for 41 s",
            "attempt 2 | worker i-0def | waiting 86-87 | held 87-94 | [failure] | reported EcsTask.Failed | waited 1.0 s, held for 11 s",
        ],
    ),
    (
        "Delete",
        ExecutionStatus::Succeeded,
        |history| {
            history
                .entered(100, "StopTasks", &json!({}))
                .entered(
                    7_000,
                    "RespondSuccess",
                    &json!({"leftovers": {"running": 0, "executions": 1}}),
                )
                .invoked(7_200, "Succeeded")
                .ended(7_300, "Succeeded", "", "");
        },
        &[
            "execution | execution 0-100 | succeeded | took 7.3 s",
            "leftover tasks | stopping 0-96 | [success] | none were left; runs stopped: 1 | took 7.0 s",
            "reply | replying 96-99 | [success] | SUCCESS to CloudFormation | 7.2 s after the request",
        ],
    ),
    (
        "Delete",
        ExecutionStatus::Failed,
        |history| {
            history
                .entered(
                    300,
                    "RespondSuccess",
                    &json!({"stopError": {"Error": "AccessDenied", "Cause": "no"}}),
                )
                .function_failed(400, "States.Runtime", "no")
                .ended(500, "Failed", "States.Runtime", "");
        },
        &[
            "execution | execution 0-100 | [failure] | failed | took 0.5 s",
            "leftover tasks | stopping 0-60 | [failure] | unknown: AccessDenied | took 0.3 s",
            "reply | replying 60-80 | [failure] | not delivered: States.Runtime | took 0.1 s",
        ],
    ),
    (
        "Update",
        ExecutionStatus::Running,
        |history| {
            history
                .entered(90_000, "EarlierRunsEnded", &json!({}))
                .scheduled(90_100)
                .claimed(90_200, "i-0abc");
        },
        &[
            "execution | execution 0-100 | runs | 30 min 0 s so far",
            "earlier runs | waiting 0-5 | [success] | their tasks have stopped | waited 1 min 30 s",
            "attempt 1 | worker i-0abc | waiting 5-5 | held 5-100 | under way | waited 0.1 s, held for 28 min 30 s",
        ],
    ),
    (
        "Update",
        ExecutionStatus::Failed,
        |history| {
            history
                .entered(90_000, "EarlierRunsGoOn", &json!({}))
                .entered(90_100, "RespondFailure", &json!({"error": caught_error()}))
                .invoked(90_200, "Succeeded")
                .ended(90_300, "Failed", "EcsTask.Failed", "");
        },
        &[
            "execution | execution 0-100 | failed | took 1 min 30 s",
            "earlier runs | waiting 0-100 | [failure] | not seen to stop: nothing is started | waited 1 min 30 s",
            "reply | replying 100-100 | [failure] | FAILED to CloudFormation | 1 min 30 s after the request",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Succeeded,
        |history| {
            history
                .name_handle()
                .entered(100, "RespondStarted", &json!({}))
                .invoked(300, "Succeeded")
                .scheduled(400)
                .claimed(500, "i-0abc")
                .succeeded(7_200_000)
                .entered(7_200_100, "RespondSuccess", &json!({"output": {}}))
                .invoked(7_200_400, "Succeeded")
                .ended(7_200_500, "Succeeded", "", "");
        },
        &[
            "execution | execution 0-100 | succeeded | took 2 h 0 min",
            "attempt 1 | worker i-0abc | waiting 0-0 | held 0-100 | [success] | reported success | waited 0.1 s, held for 2 h 0 min",
            "reply | replying 0-0 | replying 100-100 | [success] | [success] | SUCCESS to the wait condition | 0.4 s after the report",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Failed,
        |history| {
            let event = "ScheduleFailed";
            history
                .work(200, event, "States.Runtime")
                .ended(300, "Failed", "States.Runtime", "");
        },
        &[
            "execution | execution 0-100 | [failure] | failed | took 0.3 s",
            "attempt | [failure] | not scheduled: States.Runtime",
        ],
    ),
    (
        "Create",
        ExecutionStatus::Running,
        |_| (),
        &["execution | execution 0-100 | runs | 30 min 0 s so far"],
    ),
];
