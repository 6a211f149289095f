//! What the worker is compared with, as roles that this program takes in processes of their own:
//! the activity runtime with a handler that does nothing, a bare loop of the same SDK calls, and a
//! client without an SDK that shows what the stand-ins can serve.

use std::num::NonZeroU32;

use aws_config::BehaviorVersion;
use aws_sdk_sfn::config::StalledStreamProtectionConfig;
use aws_sdk_sfn::config::retry::{RetryConfig, RetryPartition};
use aws_smithy_http_client::{Builder, tls};
use ecs_task_runner::activity::{self, ActivityClient, Options};
use ecs_task_runner::aws::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The argument before a role's name.
pub(crate) const ROLE: &str = "--role";
pub(crate) const RUNTIME: &str = "activity runtime";
pub(crate) const BARE_LOOP: &str = "bare SDK loop";
pub(crate) const CEILING: &str = "stand-ins' ceiling";

/// Takes the role until the process is killed.
pub(crate) async fn run(role: &str) {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let activity_arn = variable("ACTIVITY_ARN");
    let at_once: NonZeroU32 = variable("CONC").parse().unwrap();
    match role {
        RUNTIME => runtime(&activity_arn, at_once).await,
        BARE_LOOP => bare_loop(&activity_arn, at_once).await,
        CEILING => ceiling(&activity_arn, at_once, &variable("AWS_ENDPOINT_URL")).await,
        _ => panic!("there is no role '{role}'"),
    }
}

async fn runtime(activity_arn: &str, at_once: NonZeroU32) {
    let connection = Connection::from_environment(None).await;
    let client = ActivityClient::new(&connection, activity_arn, "load");
    let unlimited = NonZeroU32::MAX;
    let options = Options {
        max_tasks: at_once,
        pollers: at_once,
        polls_per_second: unlimited,
        ..Options::default()
    };
    let (_trigger, shutdown) = activity::shutdown();
    activity::serve(
        client,
        &options,
        |_| async { Ok("{\"ok\":true}".to_owned()) },
        shutdown,
    )
    .await;
}

/// With the settings that the activity runtime gives its clients: without retries and
/// stalled-stream protection, the loop is cheaper than with the SDK's defaults.
async fn bare_loop(activity_arn: &str, at_once: NonZeroU32) {
    let https = Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .load()
        .await;
    let config = aws_sdk_sfn::config::Builder::from(&config)
        .retry_config(RetryConfig::disabled())
        .retry_partition(RetryPartition::new("bare-loop"))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    let client = aws_sdk_sfn::Client::from_conf(config);
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..at_once.get() {
        let (client, activity_arn) = (client.clone(), activity_arn.to_owned());
        loops.spawn(async move {
            loop {
                let polled = client
                    .get_activity_task()
                    .activity_arn(&activity_arn)
                    .worker_name("load")
                    .send()
                    .await
                    .unwrap();
                if let Some(token) = polled.task_token {
                    client
                        .send_task_success()
                        .task_token(token)
                        .output("{\"ok\":true}")
                        .send()
                        .await
                        .unwrap();
                }
            }
        });
    }
    loops.join_all().await;
}

async fn ceiling(activity_arn: &str, at_once: NonZeroU32, endpoint: &str) {
    let host = endpoint.trim_start_matches("http://").to_owned();
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..at_once.get() {
        let (host, poll) = (
            host.clone(),
            format!("{{\"activityArn\":\"{activity_arn}\"}}"),
        );
        loops.spawn(async move {
            let mut connection = TcpStream::connect(&host).await.unwrap();
            connection.set_nodelay(true).unwrap();
            loop {
                let polled = call(&mut connection, &host, "GetActivityTask", &poll).await;
                let polled: serde_json::Value = serde_json::from_slice(&polled).unwrap();
                if let Some(token) = polled["taskToken"].as_str() {
                    let answer = format!("{{\"taskToken\":\"{token}\",\"output\":\"{{}}\"}}");
                    call(&mut connection, &host, "SendTaskSuccess", &answer).await;
                }
            }
        });
    }
    loops.join_all().await;
}

/// One HTTP/1.1 exchange whose answer names its length, which those of the stand-ins do.
async fn call(connection: &mut TcpStream, host: &str, operation: &str, body: &str) -> Vec<u8> {
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nx-amz-target: AWSStepFunctions.{operation}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::with_capacity(1024);
    loop {
        assert_ne!(
            connection.read_buf(&mut answer).await.unwrap(),
            0,
            "the stand-ins closed the connection"
        );
        let Some(end) = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .map(|at| at + 4)
        else {
            continue;
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length: usize = head
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.lines().next()?.parse().ok())
            .unwrap();
        if answer.len() >= end + length {
            return answer.split_off(end);
        }
    }
}
