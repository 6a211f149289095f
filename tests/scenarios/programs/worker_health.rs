//! What systemd, probes and the log are told of a worker's health.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::Schedule;
use tokio::time::sleep;

use super::worker_process::{SECOND, world};
use crate::worlds::program::{Ended, PATIENCE, Program, command, listen};
use crate::worlds::worker::within;

#[tokio::test]
async fn systemd_is_told_of_readiness_life_and_end() {
    let world = world();
    let served = listen(&world.aws).await;
    let directory =
        std::env::temp_dir().join(format!("ecs-task-runner-notify-{}", std::process::id()));
    // One of an earlier run with this process id may be there.
    let _ = std::fs::remove_file(&directory);
    let socket = tokio::net::UnixDatagram::bind(&directory).unwrap();
    let told = async || {
        let mut buffer = [0; 1_024];
        let length = within(PATIENCE, socket.recv(&mut buffer)).await.unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let unhealthy = world.inject(
        Service::Sfn,
        "GetActivityTask",
        Span::Forever,
        Fault::InternalError,
    );
    let mut command = command(
        Some(&served.url()),
        &["worker", "--activity-arn", &world.activity],
    );
    let child = command
        .env("NOTIFY_SOCKET", &directory)
        .env("WATCHDOG_USEC", "500000")
        .spawn()
        .unwrap();
    let worker = Program::of(child);
    // By then both pollers have waited several times over.
    within(PATIENCE, world.aws.calls().ended("GetActivityTask", 10)).await;
    let mut buffer = [0; 1_024];
    assert!(
        socket.try_recv(&mut buffer).is_err(),
        "readiness was told before a poll succeeded"
    );
    unhealthy.lift();
    assert!(told().await.contains("READY=1"));
    assert!(told().await.contains("WATCHDOG=1"));
    assert!(told().await.contains("WATCHDOG=1"));
    worker.signal(Signal::SIGTERM);
    let last = within(PATIENCE, async {
        loop {
            let last = told().await;
            if last.contains("STOPPING=1") {
                return last;
            }
        }
    });
    let last = last.await;
    let drain = last
        .lines()
        .find_map(|line| line.strip_prefix("EXTEND_TIMEOUT_USEC="))
        .unwrap_or_else(|| panic!("{last}"));
    // A poll in flight is waited for.
    assert!(drain.parse::<u64>().unwrap() >= 65_000_000, "{last}");
    assert_eq!(worker.ended().await.status.code(), Some(0));
    std::fs::remove_file(&directory).unwrap();
}

/// Starts a worker that answers probes, and tells its address.
async fn probed(endpoint: &str, activity: &str) -> (Program, String) {
    let mut command = command(
        Some(endpoint),
        &[
            "worker",
            "--activity-arn",
            activity,
            "--health-addr",
            "127.0.0.1:0",
        ],
    );
    let worker = Program::of(command.spawn().unwrap());
    let line: Value = serde_json::from_str(&worker.logs("answering health probes").await).unwrap();
    let address = line["address"].as_str().unwrap().to_owned();
    (worker, address)
}

/// Probes until the answer is as wanted.
async fn probe_until(address: &str, is_wanted: impl Fn(&str, &Value) -> bool) -> Value {
    let probing = async {
        loop {
            let (status, body) = request(address, "GET");
            let signs = serde_json::from_str(&body).unwrap();
            if is_wanted(&status, &signs) {
                return signs;
            }
            sleep(SECOND / 20).await;
        }
    };
    within(PATIENCE, probing).await
}

#[tokio::test]
async fn a_probe_is_answered_with_the_signs_of_life() {
    let world = world();
    let served = listen(&world.aws).await;
    let (_worker, address) = probed(&served.url(), &world.activity).await;
    let signs = probe_until(&address, |status, signs| {
        assert_eq!(status, "200 OK");
        signs["ready"] == true
    });
    let signs = signs.await;
    assert_eq!(
        (&signs["healthy"], &signs["tasksInHand"]),
        (&json!(true), &json!(0))
    );
    assert!(signs["lastPollSecondsAgo"].is_u64());
    assert_eq!(request(&address, "POST").0, "405 Method Not Allowed");

    let asked = health(&address).await;
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
    assert_eq!(
        serde_json::from_str::<Value>(&asked.stdout).unwrap()["healthy"],
        true
    );
}

#[tokio::test]
async fn a_probe_is_answered_with_503_while_heartbeats_are_late() {
    let world = world();
    let served = listen(&world.aws).await;
    let (_worker, address) = probed(&served.url(), &world.activity).await;
    let trouble = world.inject(
        Service::Sfn,
        "SendTaskHeartbeat",
        Span::Forever,
        Fault::InternalError,
    );
    // The task is given up and scheduled again and again, so that one probe or another is made while
    // a heartbeat is late.
    let heartbeat = 3 * SECOND;
    let input = json!({"heartbeatSeconds": heartbeat.as_secs(), "task": {"deadline": "2999-01-01T00:00:00Z", "cluster": "c", "taskDefinition": "migrate", "count": 1, "startedBy": "x", "clientToken": "y"}});
    world
        .aws
        .ecs()
        .script("migrate", stand_ins::ecs::Script::runs_forever());
    let _scheduled = world.aws.sfn().schedule(
        &world.activity,
        &input,
        Schedule::retrying().heartbeat(heartbeat),
    );
    let signs = probe_until(&address, |status, _| status == "503 Service Unavailable").await;
    assert_eq!(
        (
            &signs["healthy"],
            &signs["lateHeartbeats"],
            &signs["tasksInHand"]
        ),
        (&json!(false), &json!(1), &json!(1))
    );
    trouble.lift();
    let signs = probe_until(&address, |status, signs| {
        status == "200 OK" && signs["lastHeartbeatSecondsAgo"].is_u64()
    })
    .await;
    assert_eq!(
        (&signs["healthy"], &signs["lateHeartbeats"]),
        (&json!(true), &json!(0))
    );
}

#[tokio::test]
async fn polls_that_fail_are_logged_once_for_each_change() {
    let world = world();
    let served = listen(&world.aws).await;
    let faults = world.aws.faults();
    let first = faults.inject(
        Service::Sfn,
        "GetActivityTask",
        Span::Forever,
        Fault::InternalError,
    );
    let worker = Program::worker(&world, &served, "worker-1");
    let fails_often =
        async |times| within(PATIENCE, world.aws.calls().ended("GetActivityTask", times)).await;
    fails_often(6).await;
    first.lift();
    let second = faults.inject(
        Service::Sfn,
        "GetActivityTask",
        Span::Forever,
        Fault::Throttle,
    );
    // A poll that was under way may still have met the first fault.
    fails_often(14).await;
    second.lift();
    worker.logs("polling works again").await;
    worker.signal(Signal::SIGTERM);
    let log = worker.ended().await.stdout;
    let said = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(
        (said("polling fails"), said("polling works again")),
        (2, 1),
        "{log}"
    );
}

#[tokio::test]
async fn the_health_command_fails_when_the_worker_is_not_well_or_not_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let unwell = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        // The whole request: closing while some of it is unread would take the answer back.
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let read = tokio::io::AsyncReadExt::read_buf(&mut stream, &mut request);
            assert_ne!(read.await.unwrap(), 0, "the command sent half a request");
        }
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n{\"healthy\":false,\"lateHeartbeats\":2}";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
            .await
            .unwrap();
    };
    let (asked, ()) = tokio::join!(health(&address), unwell);
    assert_eq!(asked.status.code(), Some(1));
    assert!(
        asked.stderr.contains("is not well") && asked.stderr.contains(r#""lateHeartbeats":2"#),
        "{asked:?}"
    );

    drop(listener);
    let asked = health(&address).await;
    assert_eq!(asked.status.code(), Some(1));
    assert!(
        asked
            .stderr
            .contains(&format!("no worker answers at {address}")),
        "{asked:?}"
    );
}

async fn health(address: &str) -> Ended {
    Program::of(
        command(None, &["health", "--health-addr", address])
            .spawn()
            .unwrap(),
    )
    .ended()
    .await
}

/// Answers status and body.
fn request(address: &str, method: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head
        .lines()
        .next()
        .unwrap()
        .strip_prefix("HTTP/1.1 ")
        .unwrap();
    (status.to_owned(), body.to_owned())
}
