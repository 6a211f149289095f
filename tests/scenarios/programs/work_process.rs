//! The real `custom-resource` as the function `work`, with Lambda's Runtime API and the stand-ins at
//! the other end of its sockets.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ecs_task_runner::activity::HANDED_OVER;
use serde_json::{Value, json};
use stand_ins::Served;
use stand_ins::ecs::Script;
use stand_ins::sfn::Schedule;
use template_roles::WORKER;

use crate::worlds::program::{PATIENCE, Program, listen};
use crate::worlds::runtime_api::RuntimeApi;
use crate::worlds::worker::{World, failure, success, within};

const LOG_STREAM: &str = "2026/11/27/[$LATEST]0123456789abcdef0123456789abcdef";
const INVOCATION: Duration = Duration::from_secs(900);
/// Names the program whose cold start is measured; by default it is that of the tests.
const CUSTOM_RESOURCE: &str = "CUSTOM_RESOURCE";

/// An instance of the function.
fn instance(program: PathBuf, served: &Served, api: &RuntimeApi) -> Program {
    let child = Command::new(program)
        .env_clear()
        .env("_HANDLER", "work")
        .env("AWS_LAMBDA_RUNTIME_API", api.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", "work")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/work")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", LOG_STREAM)
        .env("AWS_REGION", stand_ins::REGION)
        .env("AWS_ENDPOINT_URL", served.url())
        .env("AWS_ACCESS_KEY_ID", WORKER)
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Program::of(child)
}

fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_custom-resource").into()
}

#[tokio::test]
async fn the_program_works_for_an_event_and_logs_neither_token_nor_values() {
    let world = World::new();
    let served = listen(&world.aws).await;
    world.script(Script::exits(0));
    let mut task = world.task();
    task["overrides"] = json!({"containerOverrides": [{"name": "migrate", "environment": [{"name": "PASSWORD", "value": "hunter2"}]}]});
    let scheduled = world.schedule(&task);
    let event = world.next_event().await;
    let token = event["taskToken"].as_str().unwrap().to_owned();
    let mut api = RuntimeApi::with_event(event, INVOCATION).await;
    let function = instance(program(), &served, &api);
    assert!(api.returned().await.is_success);
    success(within(PATIENCE, scheduled.outcome()).await);
    assert_eq!(world.launched(), 1);
    assert!(!function.logged("waiting for the task to end").is_empty());
    for secret in [token.as_str(), "hunter2"] {
        assert!(function.logged(secret).is_empty(), "{secret}");
    }
}

#[tokio::test]
async fn the_program_hands_over_by_lambdas_own_deadline() {
    let world = World::new();
    let served = listen(&world.aws).await;
    world.script(Script::runs_forever());
    let input = json!({"heartbeatSeconds": 60, "task": world.task()});
    let scheduled = world
        .aws
        .sfn()
        .schedule(&world.activity, &input, Schedule::once());
    let event = world.next_event().await;
    let mut api = RuntimeApi::with_event(event, Duration::from_secs(65)).await;
    let _function = instance(program(), &served, &api);
    assert!(api.returned().await.is_success);
    let (error, cause) = failure(within(PATIENCE, scheduled.outcome()).await);
    assert_eq!(error, HANDED_OVER);
    assert!(cause.contains(&format!("'work/{LOG_STREAM}'")), "{cause}");
}

#[tokio::test]
async fn an_event_without_a_token_is_reported_to_lambda_and_is_one_line_of_the_log() {
    let world = World::new();
    let served = listen(&world.aws).await;
    let event = json!({"task": {"password": "hunter2"}});
    let mut api = RuntimeApi::with_event(event, INVOCATION).await;
    let function = instance(program(), &served, &api);
    let returned = api.returned().await;
    assert!(!returned.is_success);
    assert_eq!(returned.body["errorType"], "CustomResource.WorkFailed");
    let line = function.logs("ERROR").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line.to_string().contains("taskToken"), "{line}");
    assert_eq!(function.logged("ERROR").len(), 1);
    assert!(function.logged("hunter2").is_empty());
}

/// Prints the figures of `tests/load.md`, with a program that was built for release:
/// `cargo build --release --bin custom-resource && CUSTOM_RESOURCE=target/release/custom-resource
/// cargo test --test scenarios figures_of_a_cold_start -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "prints figures"]
async fn figures_of_a_cold_start() {
    const STARTS: usize = 20;
    let program = std::env::var(CUSTOM_RESOURCE).map_or_else(|_| program(), PathBuf::from);
    let (mut times, mut peak) = (Vec::new(), 0);
    for _ in 0..STARTS {
        let world = World::new();
        let served = listen(&world.aws).await;
        world.script(Script::exits(0).running(Duration::from_secs(2)));
        let scheduled = world.schedule(&world.task());
        let event = world.next_event().await;
        let api = RuntimeApi::with_event(event, INVOCATION).await;
        let start = Instant::now();
        let function = instance(program.clone(), &served, &api);
        within(PATIENCE, world.aws.calls().arrived("RunTask", 1)).await;
        times.push(start.elapsed());
        success(within(PATIENCE, scheduled.outcome()).await);
        peak = peak.max(function.peak_memory());
    }
    times.sort_unstable();
    println!(
        "from the program's start to RunTask: median {:?}, slowest of {STARTS} {:?}; peak memory {:.1} MiB",
        times[STARTS / 2],
        times[STARTS - 1],
        f64::from(u32::try_from(peak / 1024).unwrap()) / 1024.0
    );
}
