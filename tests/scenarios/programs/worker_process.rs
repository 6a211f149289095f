//! The worker as people run it: a process, its exit codes, its log, real sockets.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{Outcome, Schedule, Scheduled};
use stand_ins::{Call, Service};

use crate::worlds::program::{PATIENCE, Program, command, listen};
use crate::worlds::worker::{World, success, within};

/// Polls are held for this long instead of a minute, so that a shutdown is not waited for so long.
const POLL: Duration = Duration::from_secs(2);
pub const SECOND: Duration = Duration::from_secs(1);

pub fn world() -> World {
    let world = World::new();
    world.aws.sfn().set_poll_time(POLL);
    world
}

/// Schedules a run whose worker is given up after `heartbeat` seconds.
pub fn schedule(world: &World, heartbeat: u64) -> Scheduled {
    let mut task = world.task();
    task["deadline"] =
        json!((jiff::Timestamp::now() + jiff::SignedDuration::from_mins(10)).to_string());
    task["overrides"]["containerOverrides"] = json!([{"name": "migrate", "environment": [{"name": "PASSWORD", "value": "hunter2-hunter2"}]}]);
    let input = json!({"execution": "arn:aws:states:us-east-1:123456789012:execution:ecs-task:x", "heartbeatSeconds": heartbeat, "task": task});
    world.aws.sfn().schedule(
        &world.activity,
        &input,
        Schedule::retrying().heartbeat(Duration::from_secs(heartbeat)),
    )
}

pub async fn outcome(scheduled: &Scheduled) -> Outcome {
    within(PATIENCE, scheduled.outcome()).await
}

pub fn launched_once(world: &World) {
    assert_eq!(
        world.aws.ecs().tasks().len(),
        1,
        "the task was launched more than once"
    );
}

#[tokio::test]
async fn a_run_succeeds_and_the_log_tells_it_as_json_without_secrets() {
    let world = world();
    let served = listen(&world.aws).await;
    let worker = Program::worker(&world, &served, "worker-1");
    let scheduled = schedule(&world, 60);
    success(outcome(&scheduled).await);
    worker.signal(Signal::SIGTERM);
    let ended = worker.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let lines: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let succeeded = lines
        .iter()
        .find(|line| line["message"] == "the run succeeded")
        .unwrap();
    let spans = succeeded["spans"].to_string();
    for part in [
        "execution:ecs-task:x",
        "\"logical_id\":\"MigrateTask\"",
        &world.aws.ecs().tasks()[0].arn,
    ] {
        assert!(spans.contains(part), "{part} is not in {spans}");
    }
    assert!(!ended.stdout.contains("hunter2"));
    for token in scheduled.tokens() {
        assert!(!ended.stdout.contains(&token));
    }
}

#[tokio::test]
async fn even_the_most_talkative_log_shows_no_token_and_no_environment_value() {
    let world = world();
    let served = listen(&world.aws).await;
    let mut command = command(
        Some(&served.url()),
        &["worker", "--activity-arn", &world.activity],
    );
    let mut child = command.env("RUST_LOG", "trace").spawn().unwrap();
    let scheduled = schedule(&world, 60);
    success(outcome(&scheduled).await);
    child.kill().unwrap();
    let log = child.wait_with_output().unwrap().stdout;
    let log = String::from_utf8(log).unwrap();
    assert!(log.contains("the run succeeded"));
    assert!(!log.contains("hunter2"));
    for token in scheduled.tokens() {
        assert!(!log.contains(&token));
    }
}

#[tokio::test]
async fn an_idle_worker_says_at_ctrl_c_what_it_waits_for_and_how_long() {
    let world = world();
    let served = listen(&world.aws).await;
    let worker = Program::worker(&world, &served, "worker-1");
    within(PATIENCE, world.aws.calls().arrived("GetActivityTask", 2)).await;
    worker.signal(Signal::SIGINT);
    let line = worker
        .logs("shutting down, in at most 75 s: waiting for polls in flight")
        .await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["polls"], &line["tasks"]), (&json!(2), &json!(0)));
    let ended = worker.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(
        ended
            .stdout
            .contains("received SIGINT; a second signal ends the worker at once")
    );
}

#[tokio::test]
async fn a_second_signal_ends_the_worker_at_once() {
    let world = World::new();
    let served = listen(&world.aws).await;
    let worker = Program::worker(&world, &served, "worker-1");
    within(PATIENCE, world.aws.calls().arrived("GetActivityTask", 1)).await;
    worker.signal(Signal::SIGTERM);
    // Two signals at once are one.
    worker
        .logs("received SIGTERM; a second signal ends the worker at once")
        .await;
    worker.signal(Signal::SIGTERM);
    // Its polls would have been waited for, and it would have ended with 0.
    assert_eq!(worker.ended().await.status.code(), Some(128 + 15));
}

#[tokio::test]
async fn connections_cut_over_real_sockets_launch_one_task() {
    for fault in [
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::Refuse,
        Fault::Duplicate,
    ] {
        let world = world();
        let served = listen(&world.aws).await;
        world.inject(Service::Ecs, "RunTask", Span::Next(2), fault.clone());
        world.inject(
            Service::Sfn,
            "SendTaskSuccess",
            Span::Next(1),
            fault.clone(),
        );
        let _worker = Program::worker(&world, &served, "worker-1");
        success(outcome(&schedule(&world, 60)).await);
        launched_once(&world);
    }
}

#[tokio::test]
async fn the_service_knows_the_worker_by_its_name() {
    let world = world();
    let served = listen(&world.aws).await;
    let _worker = Program::worker(&world, &served, "worker-7");
    within(PATIENCE, world.aws.calls().arrived("GetActivityTask", 1)).await;
    let polls: Vec<Call> = world.aws.calls().of("GetActivityTask");
    assert_eq!(polls[0].body["workerName"], "worker-7");
}

#[tokio::test]
async fn what_keeps_a_worker_from_starting_is_said_in_a_sentence() {
    let world = world();
    let served = listen(&world.aws).await;
    let url = served.url();
    let missing = "arn:aws:states:us-east-1:123456789012:activity:nobody-made-it";
    for (endpoint, arguments, code, says) in [
        (
            None,
            vec!["worker", "--activity-arn", world.activity.as_str()],
            1,
            vec!["no AWS credentials were found"],
        ),
        (
            Some(url.as_str()),
            vec!["worker", "--activity-arn", missing],
            1,
            vec!["there is no activity", missing],
        ),
        (
            Some(url.as_str()),
            vec!["worker", "--max-tasks", "0", "--pollers", "none"],
            64,
            vec!["--activity-arn", "--max-tasks", "--pollers"],
        ),
        (
            Some(url.as_str()),
            vec!["worker", "--no-such-flag"],
            64,
            vec!["--no-such-flag"],
        ),
        (Some(url.as_str()), vec!["wroker"], 64, vec!["wroker"]),
    ] {
        let output = tokio::task::spawn_blocking({
            let mut command = command(endpoint, &arguments);
            if endpoint.is_some() {
                // A worker's role would not be told whether somebody else's activity exists.
                command.env("AWS_ACCESS_KEY_ID", "ANYBODY");
            }
            move || command.output().unwrap()
        });
        let output = output.await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        for part in says {
            assert!(
                stderr.contains(part),
                "{arguments:?}: {part:?} is not in {stderr:?}"
            );
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}
