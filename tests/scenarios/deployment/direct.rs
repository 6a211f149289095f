//! Direct runs with the deployed programs on the emulator, from the caller's side.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::ecs::Script;
use tokio::time::{sleep, timeout};

use super::account::{Account, PATIENCE};

mod doors;
mod guide;
mod policies;

fn properties() -> Value {
    json!({"Cluster": "production", "TaskDefinition": "migrate", "Timeout": "600"})
}

/// Starts an execution, and gives its description when it has ended.
async fn run(account: &Account, machine: &str, name: &str, input: &Value) -> Value {
    let sfn = account.aws.endpoints().sfn();
    let started = sfn
        .start_execution()
        .state_machine_arn(machine)
        .name(name)
        .input(input.to_string())
        .send()
        .await
        .unwrap();
    let ended = async {
        loop {
            let execution = sfn
                .describe_execution()
                .execution_arn(&started.execution_arn)
                .send()
                .await
                .unwrap();
            if execution.status.as_str() != "RUNNING" {
                return execution;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let ended = timeout(PATIENCE, ended).await.unwrap();
    let output = ended.output.unwrap_or_default();
    json!({"arn": started.execution_arn, "status": ended.status.as_str(), "error": ended.error, "cause": ended.cause,
        "output": serde_json::from_str::<Value>(&output).unwrap_or_default()})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_direct_run_is_its_execution_s() {
    let account = Account::with_worker("direct", 1.0).await;
    let machine = account.task_runner.state_machine_arn.clone();
    let ended = run(&account, &machine, "release-42", &properties()).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(ended["output"]["ExitCode"], "0", "{ended}");
    let (code, explained) = account.explain(ended["arn"].as_str().unwrap()).await;
    assert_eq!(code, Some(0), "{explained}");
    assert!(explained.contains("Direct run\n"), "{explained}");

    account
        .aws
        .stand_ins()
        .ecs()
        .script("migrate", Script::exits(3));
    let ended = run(&account, &machine, "release-43", &properties()).await;
    assert_eq!(
        (&ended["status"], &ended["error"]),
        (&json!("FAILED"), &json!("EcsTask.Failed")),
        "{ended}"
    );
    assert!(
        ended["cause"]
            .as_str()
            .unwrap()
            .contains("exited with code 3"),
        "{ended}"
    );

    let wrong = json!({"Cluster": "production", "Timeout": "soon"});
    let ended = run(&account, &machine, "release-44", &wrong).await;
    assert_eq!(ended["error"], "EcsTask.InvalidRequest", "{ended}");
    for problem in ["TaskDefinition is missing", "Timeout is \"soon\""] {
        assert!(
            ended["cause"].as_str().unwrap().contains(problem),
            "{ended}"
        );
    }
    assert_eq!(account.launched(), 2);
    assert!(
        account
            .log_lines("respond", "\"answering\"")
            .await
            .is_empty()
    );
}
