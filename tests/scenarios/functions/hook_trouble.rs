//! `hook` when something is wrong: with its configuration, with AWS, or with the function itself. It
//! replies in every case, within seconds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use ecs_task_runner::clock::Clock;
use ecs_task_runner::execution::input::Workers;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::log_capture::{capture_log, logged};
use tokio::time::{Instant, sleep};

use crate::worlds::deployments::{HookRuns, PRE_SCALE_UP, command, hook_event};
use crate::worlds::functions::World;
use crate::worlds::task_runner::TaskRunner;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The message of the one line that says why the hook failed.
fn reason(log: &str) -> String {
    let mut lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["incident"] == "HookFailed");
    let line = lines.next().unwrap_or_else(|| panic!("no reason in {log}"));
    assert!(lines.next().is_none(), "{log}");
    line["message"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn details_that_cannot_be_run_fail_at_once_with_every_problem_and_without_secrets() {
    for (details, says) in [
        (
            json!({"Overides": {}, "Timeout": "soon"}),
            &[
                "todobackend: EcsTask.InvalidRequest: ",
                "Overides",
                "Timeout",
            ][..],
        ),
        (json!("{hunter2"), &["HookDetails is text that is no JSON"]),
        (json!(null), &["neither Overrides nor TaskDefinition"]),
    ] {
        capture_log();
        let world = World::new();
        let event = hook_event(&world.revision(), &details);
        assert_eq!(
            world.call_hook(&event).await,
            json!({"hookStatus": "FAILED"})
        );
        assert!(world.aws.sfn().executions().is_empty());
        let log = logged();
        let reason = reason(&log);
        for part in says {
            assert!(reason.contains(part), "{part:?} in {reason}");
        }
        assert!(reason.contains("Nothing was run."), "{reason}");
        assert!(!log.contains("hunter2"), "{log}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_the_function_is_called_with_it_replies() {
    let world = World::new();
    for event in [
        json!(null),
        json!({}),
        json!([]),
        json!("x"),
        json!({"executionDetails": []}),
        json!({"executionDetails": {"targetServiceRevisionArn": 1}}),
        json!({"hookDetails": {"FirstCall": {}}}),
    ] {
        assert_eq!(
            world.call_hook(&event).await,
            json!({"hookStatus": "FAILED"}),
            "{event}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_of_aws_that_passes_costs_the_deployment_nothing() {
    for (service, operation) in [
        (Service::Ecs, "DescribeServiceRevisions"),
        (Service::Ecs, "DescribeServiceDeployments"),
        (Service::Sfn, "StartExecution"),
        (Service::Sfn, "DescribeExecution"),
    ] {
        for fault in [
            Fault::InternalError,
            Fault::Throttle,
            Fault::CutAfter,
            Fault::Delay(MINUTE),
            Fault::Duplicate,
        ] {
            let task_runner = TaskRunner::new(Workers::Fleet, 10);
            let world = &task_runner.world;
            let _worker = task_runner.worker();
            let runs = HookRuns::default();
            world.aws.faults().inject_for(
                "hook",
                service,
                operation,
                Span::FromFirst(2 * MINUTE),
                fault.clone(),
            );
            let deployment =
                task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command()));
            assert_eq!(
                deployment.end().await,
                "SUCCESSFUL",
                "{operation} {fault:?}"
            );
            assert_eq!(
                world.aws.sfn().executions().len(),
                1,
                "{operation} {fault:?}"
            );
            assert_eq!(world.aws.ecs().tasks().len(), 1, "{operation} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_aws_does_not_answer_is_replied_to_within_half_a_minute() {
    let world = World::new();
    world.inject(
        Service::Ecs,
        "DescribeServiceRevisions",
        Span::Forever,
        Fault::Delay(10 * MINUTE),
    );
    let event = hook_event(&world.revision(), &command());
    let began = Instant::now();
    let reply = world.call_hook(&event).await;
    assert_eq!(reply["hookStatus"], "IN_PROGRESS");
    assert!(began.elapsed() < 30 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn trouble_that_does_not_pass_fails_the_hook_when_its_own_time_is_over() {
    capture_log();
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    world.inject(
        Service::Sfn,
        "StartExecution",
        Span::Forever,
        Fault::Throttle,
    );
    let runs = HookRuns::default();
    let mut details = command();
    details["Timeout"] = json!(600);
    let began = Instant::now();
    let deployment = task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, details));
    assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL");
    let took = began.elapsed();
    assert!((10 * MINUTE..12 * MINUTE).contains(&took), "{took:?}");
    let reason = reason(&logged());
    assert!(reason.starts_with("todobackend: EcsTask.NotStarted: the run could not be started within its time: states:StartExecution"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_missing_is_named_at_once() {
    for (service, operation, action) in [
        (
            Service::Ecs,
            "DescribeServiceRevisions",
            "ecs:DescribeServiceRevisions",
        ),
        (Service::Sfn, "StartExecution", "states:StartExecution"),
        (
            Service::Sfn,
            "DescribeExecution",
            "states:DescribeExecution",
        ),
    ] {
        capture_log();
        let world = World::new();
        world.inject(service, operation, Span::Forever, Fault::AccessDenied);
        let event = hook_event(&world.revision(), &command());
        let mut reply = world.call_hook(&event).await;
        if reply["hookStatus"] == "IN_PROGRESS" {
            let next = hook_event(&world.revision(), &reply["hookDetails"]);
            reply = world.call_hook(&next).await;
        }
        assert_eq!(reply, json!({"hookStatus": "FAILED"}));
        let reason = reason(&logged());
        assert!(
            reason.starts_with("todobackend: EcsTask.AccessDenied: ") && reason.contains(action),
            "{reason}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_defect_of_the_function_is_tried_again_until_the_hook_s_time_is_over() {
    let world = World::new();
    // It gives the time once, and panics when it is asked again.
    let broken = |seconds| {
        let asked = AtomicUsize::new(0);
        Clock::from_fn(move || {
            assert_eq!(
                asked.fetch_add(1, Ordering::Relaxed),
                0,
                "the clock is broken"
            );
            UNIX_EPOCH + Duration::from_secs(seconds)
        })
    };
    let mut details = command();
    details["Timeout"] = json!(60);
    let mut event = hook_event(&world.revision(), &details);
    let first = world.hook_with(broken(1_800_000_000)).reply(&event).await;
    let first = serde_json::to_value(first).unwrap();
    assert_eq!(first["hookStatus"], "IN_PROGRESS");
    event["hookDetails"]["FirstCall"] = first["hookDetails"]["FirstCall"].clone();
    for (seconds, status) in [(1_800_000_030, "IN_PROGRESS"), (1_800_000_061, "FAILED")] {
        let reply = world.hook_with(broken(seconds)).reply(&event).await;
        assert_eq!(serde_json::to_value(reply).unwrap()["hookStatus"], status);
    }
}

/// The task's deadline passes, and the worker says so. Should nobody end the execution, the hook still
/// comes to an end.
#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_fails_the_hook() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::runs_forever());
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let mut details = command();
    details["Timeout"] = json!(120);
    capture_log();
    let deployment =
        task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, details.clone()));
    assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL");
    let log = logged();
    let failed = reason(&log);
    assert!(
        failed.starts_with("todobackend: EcsTask.DeadlineExceeded: "),
        "{failed}"
    );

    // Nobody plays this execution.
    let world = World::new();
    let mut event = hook_event(&world.revision(), &details);
    let began = Instant::now();
    capture_log();
    loop {
        let reply = world.call_hook(&event).await;
        if reply["hookStatus"] == "FAILED" {
            break;
        }
        for (name, value) in reply["hookDetails"].as_object().unwrap() {
            event["hookDetails"][name] = value.clone();
        }
        sleep(Duration::from_secs(
            reply["callBackDelay"].as_u64().unwrap(),
        ))
        .await;
    }
    assert!(began.elapsed() < 10 * MINUTE, "{:?}", began.elapsed());
    let failed = reason(&logged());
    assert!(
        failed.contains("how the run ended could not be seen within its time"),
        "{failed}"
    );
}
