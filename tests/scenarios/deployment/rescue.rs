//! The functions as they are deployed: `rescue` behind the template's rule, the response URL sealed
//! with the template's key.

use std::path::Path;
use std::time::Duration;

use aws_credential_types::Credentials;
use local_run::directories::RunDirectory;
use local_run::local_aws::LocalAws;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Stacks, Template};
use local_run::task_runner::TaskRunner;
use serde_json::{Value, json};
use stand_ins::StandIns;
use template_roles::{Deployment, Roles};
use tokio::time::{sleep, timeout};

use crate::worlds::functions::{CLUSTER, FAMILY, STACK};

/// A stack operation here takes seconds; this is for busy machines.
const PATIENCE: Duration = Duration::from_secs(120);
/// The path of the emulator's response URLs.
const RESPONSE_PATH: &str = "cfn-response";

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_stopped_in_the_console_fails_the_stack_with_the_reason_given_there() {
    let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
    let directory = RunDirectory::create("rescue").unwrap();
    let aws = LocalAws::start(&python, &directory, StandIns::new(), 1.0)
        .await
        .unwrap();
    let task_runner = TaskRunner::deploy(
        aws.endpoints(),
        Path::new(env!("CARGO_BIN_EXE_custom-resource")),
        |_| {},
    )
    .await
    .unwrap();
    Roles::of(
        &Deployment::new()
            .state_machine(&task_runner.state_machine_arn)
            .key(&task_runner.key_arn),
    )
    .enforce(aws.stand_ins());
    let body = format!(
        "Resources:\n  MigrateTask:\n    Type: Custom::EcsTask\n    Properties:\n      ServiceToken: {}\n      Cluster: {CLUSTER}\n      TaskDefinition: {FAMILY}\n",
        task_runner.service_token
    );
    let stacks = Stacks::new(aws.endpoints().cloudformation());
    let operation = stacks
        .create(
            STACK,
            &Template {
                body: &body,
                parameters: &[],
            },
        )
        .await
        .unwrap();

    // Nobody polls the activity.
    let executions = task_runner.executions(aws.endpoints());
    let running = timeout(PATIENCE, async {
        loop {
            if let Some(arn) = executions.list().await.unwrap().pop() {
                return arn;
            }
            sleep(Duration::from_millis(50)).await;
        }
    });
    let arn = running.await.unwrap();
    aws.endpoints()
        .sfn()
        .stop_execution()
        .execution_arn(&arn)
        .cause("wrong release")
        .send()
        .await
        .unwrap();

    let stack = timeout(PATIENCE, operation.follow(|_| {}))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    assert!(
        reason.contains("EcsTask.Interrupted") && reason.contains("wrong release"),
        "{reason}"
    );

    // As the function printed it, and as the metric filter reads it.
    let lines = log_lines(&aws, "/aws/lambda/task-runner/rescue", "\"incident\"").await;
    let incident: Value = lines
        .iter()
        .find_map(|line| serde_json::from_str(line).ok())
        .unwrap_or_else(|| panic!("no incident: {lines:?}"));
    assert_eq!(
        (&incident["incident"], &incident["execution"]),
        (&json!("Unanswered"), &json!(arn))
    );

    let execution = executions.describe(&arn).await.unwrap();
    assert!(
        execution.input["request"]["ResponseURL"]
            .as_str()
            .unwrap()
            .starts_with("sealed:v1:")
    );
    let history = format!("{:?}", executions.events(&arn).await.unwrap());
    assert!(!history.contains(RESPONSE_PATH), "{history}");
}

/// The lines of a log group that hold a text, once there are any.
async fn log_lines(aws: &LocalAws, group: &str, text: &str) -> Vec<String> {
    let config = aws_sdk_cloudwatchlogs::Config::builder()
        .behavior_version(aws_sdk_cloudwatchlogs::config::BehaviorVersion::latest())
        .region(aws_sdk_cloudwatchlogs::config::Region::new(
            stand_ins::REGION,
        ))
        .endpoint_url(&aws.endpoints().ministack)
        .credentials_provider(Credentials::new("tests", "tests", None, None, "tests"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let logs = aws_sdk_cloudwatchlogs::Client::from_conf(config);
    // The emulator keeps a function's log once the function has returned, which is after its
    // answer.
    let found = timeout(PATIENCE, async {
        loop {
            let found = logs
                .filter_log_events()
                .log_group_name(group)
                .filter_pattern(text)
                .send()
                .await
                .unwrap();
            if !found.events().is_empty() {
                return found;
            }
            sleep(Duration::from_millis(50)).await;
        }
    });
    found
        .await
        .unwrap()
        .events()
        .iter()
        .filter_map(|event| event.message().map(str::to_owned))
        .collect()
}
