//! The real `custom-resource` as the function `respond`, with Lambda's Runtime API at the other end of its
//! sockets.

use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::worlds::program::Program;
use crate::worlds::runtime_api::RuntimeApi;

/// CloudWatch Logs takes a line for metrics only if nothing but the JSON object stands in it
/// (`CloudWatch_Embedded_Metric_Format_Specification`).
#[tokio::test]
async fn the_line_of_metrics_is_a_json_object_by_itself_whatever_the_log_filter_says() {
    let event = json!({"status": "FAILED", "nobodyWaits": true, "execution": "arn:aws:states:eu-west-1:123456789012:execution:ecs-task-runner:release-42",
        "started": "2026-11-23T06:00:00.000Z", "state": {"error": {"Error": "EcsTask.Failed", "Cause": "hunter2"}}});
    for (namespace, expected) in [(Some("ecs-task-runner/tests"), 1), (Some(""), 0), (None, 0)] {
        let mut api = RuntimeApi::with_event(event.clone(), Duration::from_secs(60)).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_custom-resource"));
        command
            .env_clear()
            .env("_HANDLER", "respond")
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", "respond")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/respond")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "respond")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("RUST_LOG", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(namespace) = namespace {
            command.env("METRICS_NAMESPACE", namespace);
        }
        let function = Program::of(command.spawn().unwrap());
        let returned = api.returned().await;
        assert!(returned.is_success, "{returned:?}");
        if expected > 0 {
            let line: Value = serde_json::from_str(&function.logs("_aws").await).unwrap();
            assert_eq!(line["Error"], "EcsTask.Failed");
            assert_eq!(line["execution"], event["execution"]);
        }
        function.signal(Signal::SIGKILL);
        let lines = function.ended().await.stdout;
        assert_eq!(lines.lines().count(), expected, "{lines}");
        assert!(!lines.contains("hunter2"), "{lines}");
    }
}
