//! The real `custom-resource` as each of the functions, asked for its version: `infra/deploy` sees by
//! it that the functions of a new release start.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use stand_ins::arn;

use crate::worlds::program::Program;
use crate::worlds::runtime_api::RuntimeApi;

const INVOCATION: Duration = Duration::from_secs(60);

fn function(handler: &str, runtime_api: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_custom-resource"));
    command
        .env_clear()
        .env("_HANDLER", handler)
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .env("AWS_LAMBDA_FUNCTION_NAME", handler)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "functions")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "1")
        .env("AWS_REGION", stand_ins::REGION)
        .env("AWS_ACCESS_KEY_ID", "function")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("STATE_MACHINE_ARN", arn("states", "stateMachine:ecs-task"))
        .env("CLAIM_TIMEOUT_SECONDS", "600")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn every_function_tells_its_version_when_it_is_asked() {
    for handler in [
        "start", "prepare", "hook", "work", "respond", "stop", "rescue",
    ] {
        let mut api = RuntimeApi::with_event(json!("version"), INVOCATION).await;
        let _function = Program::of(function(handler, api.address()).spawn().unwrap());
        let returned = api.returned().await;
        assert!(returned.is_success, "{handler}: {returned:?}");
        let version = returned.body.as_str().unwrap();
        assert!(
            version.starts_with(concat!(env!("CARGO_PKG_VERSION"), " (")),
            "{handler}: {version}"
        );
    }
}

#[tokio::test]
async fn an_event_that_a_function_cannot_read_is_reported_by_name() {
    let mut api = RuntimeApi::with_event(json!({"status": 1}), INVOCATION).await;
    let _function = Program::of(function("respond", api.address()).spawn().unwrap());
    let returned = api.returned().await;
    assert!(!returned.is_success, "{returned:?}");
    assert_eq!(
        returned.body["errorType"], "CustomResource.EventUnreadable",
        "{returned:?}"
    );
}
