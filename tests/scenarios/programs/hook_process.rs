//! The real `custom-resource` as the function `hook`, with Lambda's Runtime API and the stand-ins at
//! the other end of its sockets.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::Served;
use stand_ins::sfn::ExecutionEnd;

use crate::worlds::deployments::{command, hook_event};
use crate::worlds::functions::World;
use crate::worlds::program::{Program, listen};
use crate::worlds::runtime_api::RuntimeApi;

const INVOCATION: Duration = Duration::from_secs(60);

/// One invocation: what it returned, and the program that did.
async fn invoke(world: &World, served: &Served, event: Value) -> (Value, Program) {
    let mut api = RuntimeApi::with_event(event, INVOCATION).await;
    let child = Command::new(env!("CARGO_BIN_EXE_custom-resource"))
        .env_clear()
        .env("_HANDLER", "hook")
        .env("AWS_LAMBDA_RUNTIME_API", api.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", "hook")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/hook")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "1")
        .env("AWS_REGION", stand_ins::REGION)
        .env("AWS_ENDPOINT_URL", served.url())
        .env("AWS_ACCESS_KEY_ID", "hook")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("STATE_MACHINE_ARN", &world.state_machine)
        .env("WORKERS", "Lambda")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let function = Program::of(child);
    let returned = api.returned().await;
    assert!(returned.is_success, "{returned:?}");
    (returned.body, function)
}

#[tokio::test]
async fn the_program_starts_a_run_follows_it_and_says_in_one_line_why_it_failed() {
    let world = World::new();
    let served = listen(&world.aws).await;
    let mut event = hook_event(&world.revision(), &command());
    event["hookDetails"]["Overrides"]["ContainerOverrides"][0]["Environment"] =
        json!([{"Name": "PASSWORD", "Value": "hunter2"}]);
    let (reply, function) = invoke(&world, &served, event.clone()).await;
    assert_eq!(reply["hookStatus"], "IN_PROGRESS");
    assert_eq!(reply["callBackDelay"], 5);
    assert!(function.logged("hunter2").is_empty());
    let input = world.execution_input();
    assert_eq!(input["workers"], "Lambda");
    assert_eq!(input["deployment"]["stage"], "PRE_SCALE_UP");

    let arn = reply["hookDetails"]["ExecutionArn"].as_str().unwrap();
    let end = ExecutionEnd::Failed {
        error: "EcsTask.Failed".to_owned(),
        cause: "Container 'migrate' exited with code 1.\nlast line".to_owned(),
    };
    world.aws.sfn().end_execution(arn, end);
    for (name, value) in reply["hookDetails"].as_object().unwrap() {
        event["hookDetails"][name] = value.clone();
    }
    let (reply, function) = invoke(&world, &served, event).await;
    assert_eq!(reply, json!({"hookStatus": "FAILED"}));
    let line: Value = serde_json::from_str(&function.logs("HookFailed").await).unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(
        message.starts_with("todobackend: EcsTask.Failed: Container 'migrate' exited with code 1."),
        "{message}"
    );
    assert!(function.logged("hunter2").is_empty());
}

/// Also where it was meant for another function: an exception would roll a deployment back.
#[tokio::test]
async fn an_event_of_any_other_kind_is_replied_to() {
    let world = World::new();
    let served = listen(&world.aws).await;
    let (reply, function) = invoke(&world, &served, json!({"RequestType": "Create"})).await;
    assert_eq!(reply, json!({"hookStatus": "FAILED"}));
    let line = function.logs("HookFailed").await;
    assert!(
        line.contains("the event names no targetServiceRevisionArn"),
        "{line}"
    );
}
