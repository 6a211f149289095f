//! The functions as they are deployed: `rescue` behind the template's rule, the response URL sealed
//! with the template's key.

use serde_json::{Value, json};

use super::account::{Account, ended, eventually, with};

/// The path of the emulator's response URLs.
const RESPONSE_PATH: &str = "cfn-response";

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_stopped_in_the_console_fails_the_stack_with_the_reason_given_there() {
    let account = Account::start("rescue", 1.0).await;
    let operation = account.begin_create(&with(&[])).await;

    // Nobody polls the activity.
    let endpoints = account.aws.endpoints();
    let executions = account.task_runner.executions(endpoints);
    let arn = eventually(async || executions.list().await.unwrap().pop()).await;
    endpoints
        .sfn()
        .stop_execution()
        .execution_arn(&arn)
        .cause("wrong release")
        .send()
        .await
        .unwrap();

    let stack = ended(operation).await;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    assert!(
        reason.contains("EcsTask.Interrupted") && reason.contains("wrong release"),
        "{reason}"
    );

    // As the function printed it, and as the metric filter reads it.
    let lines = eventually(async || {
        let lines = account.log_lines("rescue", "\"incident\"").await;
        (!lines.is_empty()).then_some(lines)
    })
    .await;
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
