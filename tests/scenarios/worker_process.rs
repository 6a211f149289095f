//! The worker as people run it: a process, signals, exit codes, logs, real sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{EventKind, Schedule, Scheduled};
use stand_ins::{Call, Service};
use tokio::time::{Instant, sleep};

use crate::program::{Ended, Program, command, listen};
use crate::world::{FAMILY, World, success};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Polls are held for this long instead of a minute, so that a shutdown is not waited for so long.
const POLL: Duration = Duration::from_secs(2);
const SECOND: Duration = Duration::from_secs(1);

fn world() -> World {
    let world = World::new();
    world.aws.sfn().set_poll_time(POLL);
    world
}

/// Schedules a run whose worker is given up after `heartbeat` seconds.
fn schedule(world: &World, heartbeat: u64) -> Scheduled {
    let mut task = world.task();
    task["deadline"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_mins(10)).to_string());
    task["overrides"]["containerOverrides"] =
        json!([{"name": "migrate", "environment": [{"name": "PASSWORD", "value": "hunter2-hunter2"}]}]);
    let input =
        json!({"execution": "arn:aws:states:us-east-1:123456789012:execution:ecs-task:x", "heartbeatSeconds": heartbeat, "task": task});
    world.aws.sfn().schedule(&world.activity, &input, Schedule::retrying().heartbeat(Duration::from_secs(heartbeat)))
}

fn launched_once(world: &World) {
    assert_eq!(world.aws.ecs().tasks().len(), 1, "the task was launched more than once");
}

#[tokio::test]
async fn a_run_succeeds_and_the_log_tells_it_as_json_without_secrets() {
    let world = world();
    let served = listen(&world).await;
    let worker = Program::worker(&world, &served, "worker-1");
    let scheduled = schedule(&world, 60);
    success(scheduled.outcome().await);
    worker.signal("TERM");
    let ended = worker.ended(PATIENCE).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let succeeded = lines.iter().find(|line| line["message"] == "the run succeeded").unwrap();
    let spans = succeeded["spans"].to_string();
    for part in ["execution:ecs-task:x", "\"logical_id\":\"MigrateTask\"", &world.aws.ecs().tasks()[0].arn] {
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
    let served = listen(&world).await;
    let mut command = command(Some(&served.url()), &["worker", "--activity-arn", &world.activity]);
    let mut child = command.env("RUST_LOG", "trace").spawn().unwrap();
    let scheduled = schedule(&world, 60);
    success(scheduled.outcome().await);
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
async fn a_terminated_worker_hands_over_and_the_next_one_adopts_the_task() {
    let world = world();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(4 * SECOND));
    let served = listen(&world).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled = schedule(&world, 60);
    scheduled.started(1).await;
    world.aws.calls().ended("RunTask", 1).await;
    first.signal("TERM");
    let _second = Program::worker(&world, &served, "second");
    let ended = first.ended(PATIENCE).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    success(scheduled.outcome().await);
    launched_once(&world);
    assert!(world.aws.ecs().tasks()[0].stop_requested.is_none());
}

#[tokio::test]
async fn a_killed_worker_is_followed_by_one_that_adopts_the_task() {
    let world = world();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(6 * SECOND));
    let served = listen(&world).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled = schedule(&world, 2);
    world.aws.calls().ended("RunTask", 1).await;
    first.signal("KILL");
    let _second = Program::worker(&world, &served, "second");
    success(scheduled.outcome().await);
    assert!(scheduled.events().iter().any(|event| event.kind == EventKind::HeartbeatTimedOut));
    launched_once(&world);
}

#[tokio::test]
async fn a_frozen_worker_lets_go_when_it_wakes_up() {
    let world = world();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(8 * SECOND));
    let served = listen(&world).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled = schedule(&world, 2);
    world.aws.calls().ended("RunTask", 1).await;
    first.signal("STOP");
    let _second = Program::worker(&world, &served, "second");
    scheduled.started(2).await;
    first.signal("CONT");
    success(scheduled.outcome().await);
    launched_once(&world);
    first.signal("TERM");
    let ended = first.ended(PATIENCE).await;
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stdout.contains("let go of the task"), "{}", ended.stdout);
}

#[tokio::test]
async fn a_second_signal_ends_the_worker_at_once() {
    let world = World::new();
    let served = listen(&world).await;
    let worker = Program::worker(&world, &served, "worker-1");
    world.aws.calls().arrived("GetActivityTask", 1).await;
    worker.signal("TERM");
    sleep(SECOND / 2).await;
    let start = Instant::now();
    worker.signal("TERM");
    let ended = worker.ended(PATIENCE).await;
    assert_eq!(ended.status.code(), Some(128 + 15));
    assert!(start.elapsed() < 5 * SECOND);
}

#[tokio::test]
async fn a_task_fetched_by_a_poll_in_flight_at_shutdown_is_not_lost() {
    let world = World::new();
    let served = listen(&world).await;
    let first = Program::worker(&world, &served, "first");
    world.aws.calls().arrived("GetActivityTask", 2).await;
    first.signal("TERM");
    sleep(SECOND / 2).await;
    let scheduled = schedule(&world, 60);
    scheduled.started(1).await;
    let _second = Program::worker(&world, &served, "second");
    success(scheduled.outcome().await);
    launched_once(&world);
}

#[tokio::test]
async fn connections_cut_over_real_sockets_launch_one_task() {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::Refuse, Fault::Duplicate] {
        let world = world();
        let served = listen(&world).await;
        world.aws.faults().inject(Service::Ecs, "RunTask", Span::Next(2), fault.clone());
        world.aws.faults().inject(Service::Sfn, "SendTaskSuccess", Span::Next(1), fault.clone());
        let _worker = Program::worker(&world, &served, "worker-1");
        success(schedule(&world, 60).outcome().await);
        launched_once(&world);
    }
}

#[tokio::test]
async fn the_service_knows_the_worker_by_its_name() {
    let world = world();
    let served = listen(&world).await;
    let _worker = Program::worker(&world, &served, "worker-7");
    world.aws.calls().arrived("GetActivityTask", 1).await;
    let polls: Vec<Call> = world.aws.calls().of("GetActivityTask");
    assert_eq!(polls[0].body["workerName"], "worker-7");
}

#[tokio::test]
async fn what_keeps_a_worker_from_starting_is_said_in_a_sentence() {
    let world = world();
    let served = listen(&world).await;
    let url = served.url();
    let missing = "arn:aws:states:us-east-1:123456789012:activity:nobody-made-it";
    for (endpoint, arguments, code, says) in [
        (None, vec!["worker", "--activity-arn", world.activity.as_str()], 1, vec!["no AWS credentials were found"]),
        (Some(url.as_str()), vec!["worker", "--activity-arn", missing], 1, vec!["there is no activity", missing]),
        (
            Some(url.as_str()),
            vec!["worker", "--max-tasks", "0", "--pollers", "none"],
            64,
            vec!["--activity-arn", "--max-tasks", "--pollers"],
        ),
        (Some(url.as_str()), vec!["worker", "--no-such-flag"], 64, vec!["--no-such-flag"]),
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
            assert!(stderr.contains(part), "{arguments:?}: {part:?} is not in {stderr:?}");
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[tokio::test]
async fn systemd_is_told_of_readiness_life_and_end() {
    let world = world();
    let served = listen(&world).await;
    let directory = std::env::temp_dir().join(format!("ecs-task-runner-notify-{}", std::process::id()));
    // One of an earlier run with this process id may be there.
    let _ = std::fs::remove_file(&directory);
    let socket = tokio::net::UnixDatagram::bind(&directory).unwrap();
    let told = async || {
        let mut buffer = [0; 1_024];
        let length = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer)).await.unwrap().unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let unhealthy = world.aws.faults().inject(Service::Sfn, "GetActivityTask", Span::Forever, Fault::InternalError);
    let mut command = command(Some(&served.url()), &["worker", "--activity-arn", &world.activity]);
    let child = command.env("NOTIFY_SOCKET", &directory).env("WATCHDOG_USEC", "500000").spawn().unwrap();
    let worker = Program::of(child);
    let mut buffer = [0; 1_024];
    let early = tokio::time::timeout(SECOND, socket.recv(&mut buffer)).await;
    assert!(early.is_err(), "readiness was told before a poll succeeded");
    unhealthy.lift();
    assert!(told().await.contains("READY=1"));
    assert!(told().await.contains("WATCHDOG=1"));
    assert!(told().await.contains("WATCHDOG=1"));
    worker.signal("TERM");
    let mut last = told().await;
    while !last.contains("STOPPING=1") {
        last = told().await;
    }
    assert!(last.contains("EXTEND_TIMEOUT_USEC="), "{last}");
    assert_eq!(worker.ended(PATIENCE).await.status.code(), Some(0));
    std::fs::remove_file(&directory).unwrap();
}

#[tokio::test]
async fn a_probe_is_answered_with_the_signs_of_life() {
    let world = world();
    let served = listen(&world).await;
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut command = command(Some(&served.url()), &["worker", "--activity-arn", &world.activity, "--health-addr", &address]);
    let _worker = Program::of(command.spawn().unwrap());
    world.aws.calls().ended("GetActivityTask", 1).await;
    // The worker learns of the poll's end a moment after the stand-in.
    let mut signs = Value::Null;
    for _ in 0..600 {
        let (status, body) = request(&address, "GET");
        assert_eq!(status, "200 OK");
        signs = serde_json::from_str(&body).unwrap();
        if signs["ready"] == true {
            break;
        }
        sleep(SECOND / 20).await;
    }
    assert_eq!((&signs["healthy"], &signs["ready"], &signs["tasksInHand"]), (&json!(true), &json!(true), &json!(0)));
    assert!(signs["lastPollSecondsAgo"].as_u64().unwrap() <= 5);
    assert_eq!(request(&address, "POST").0, "405 Method Not Allowed");

    let asked = health(&address).await;
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
    assert_eq!(serde_json::from_str::<Value>(&asked.stdout).unwrap()["healthy"], true);
}

#[tokio::test]
async fn the_health_command_fails_when_the_worker_is_not_well_or_not_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let unwell = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n{\"healthy\":false,\"lateHeartbeats\":2}";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        // Closing with the request unread would take the answer back.
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1_024]).await.unwrap();
    };
    let (asked, ()) = tokio::join!(health(&address), unwell);
    assert_eq!(asked.status.code(), Some(1));
    assert!(asked.stderr.contains("is not well") && asked.stderr.contains(r#""lateHeartbeats":2"#), "{asked:?}");

    drop(listener);
    let asked = health(&address).await;
    assert_eq!(asked.status.code(), Some(1));
    assert!(asked.stderr.contains(&format!("no worker answers at {address}")), "{asked:?}");
}

async fn health(address: &str) -> Ended {
    Program::of(command(None, &["health", "--health-addr", address]).spawn().unwrap()).ended(PATIENCE).await
}

/// Answers status and body.
fn request(address: &str, method: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{method} / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
    (status.to_owned(), body.to_owned())
}

/// The bound is the contract: two seconds, and the polls in flight.
#[tokio::test]
async fn two_hundred_tasks_are_handed_over_within_two_seconds_and_the_polls_in_flight() {
    const TASKS: usize = 200;
    let world = world();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(20 * SECOND));
    let served = listen(&world).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled: Vec<_> = (0..TASKS)
        .map(|number| {
            let mut task = world.task();
            task["deadline"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_mins(10)).to_string());
            task["clientToken"] = json!(format!("token-of-{number}"));
            task["startedBy"] = json!(format!("Migrate{number}-1a2b3c4d-create-0123456789ab"));
            let input = json!({"heartbeatSeconds": 60, "task": task});
            world.aws.sfn().schedule(&world.activity, &input, Schedule::retrying().heartbeat(60 * SECOND))
        })
        .collect();
    while world.aws.ecs().tasks().len() < TASKS {
        sleep(SECOND / 10).await;
    }
    let second = Program::worker(&world, &served, "second");
    world.aws.calls().arrived("GetActivityTask", 1).await;
    let start = Instant::now();
    first.signal("TERM");
    let ended = first.ended(PATIENCE).await;
    let taken = start.elapsed();
    assert_eq!(ended.status.code(), Some(0));
    assert!(taken <= 2 * SECOND + POLL + SECOND, "the worker was gone after {taken:?}");
    for one in scheduled {
        success(one.outcome().await);
    }
    assert_eq!(world.aws.ecs().tasks().len(), TASKS, "a task was launched again");
    drop(second);
}
