//! Direct runs with the deployed programs on the emulator, from the caller's side.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::ecs::Script;
use tokio::time::{sleep, timeout};

use super::account::{Account, PATIENCE};

const GUIDE: &str = include_str!("../../../infra/direct-runs.md");

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

#[tokio::test(flavor = "multi_thread")]
async fn another_state_machine_waits_for_a_direct_run_and_fails_with_it() {
    let account = Account::with_worker("nested", 1.0).await;
    let machine = &account.task_runner.state_machine_arn;
    let mut definition = blocks("json")
        .into_iter()
        .find(|block| block.get("StartAt").is_some())
        .unwrap();
    let parameters = &mut definition["States"]["Migrate"]["Parameters"];
    parameters["StateMachineArn"] = machine.as_str().into();
    assert_eq!(parameters["Input"]["Cluster"], "production");
    parameters["Input"]["TaskDefinition"] = "migrate".into();
    let calling = account
        .aws
        .endpoints()
        .sfn()
        .create_state_machine()
        .name("calling")
        .definition(definition.to_string())
        .role_arn("arn:aws:iam::123456789012:role/calling")
        .send()
        .await
        .unwrap()
        .state_machine_arn;
    let ended = run(&account, &calling, "release-42", &json!({})).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(ended["output"]["exitCode"], "0", "{ended}");
    account
        .aws
        .stand_ins()
        .ecs()
        .script("migrate", Script::exits(3));
    let ended = run(&account, &calling, "release-43", &json!({})).await;
    assert_eq!(ended["status"], "FAILED", "{ended}");
}

/// The guide's code blocks of a language that are JSON.
fn blocks(language: &str) -> Vec<Value> {
    let fence = format!("```{language}\n");
    GUIDE
        .split(&fence)
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect()
}

/// People copy these. `startExecution.sync:2` is refused with words that say nothing of a rule
/// (Step Functions guide, `service-integration-iam-templates`).
#[test]
fn the_guide_s_policies_allow_what_each_caller_needs() {
    let actions: Vec<Vec<String>> = blocks("json")
        .iter()
        .filter(|block| block["Version"] == "2012-10-17")
        .map(|policy| {
            let mut actions = Vec::new();
            for statement in policy["Statement"].as_array().unwrap() {
                assert_eq!(statement["Effect"], "Allow");
                let of_service = |service: &str| {
                    let resource = statement["Resource"].as_str().unwrap();
                    assert!(
                        resource.starts_with(&format!("arn:aws:{service}:")),
                        "{resource}"
                    );
                    assert!(!resource.ends_with('*') || resource.contains(":execution:"));
                };
                let named = match &statement["Action"] {
                    Value::Array(named) => named.clone(),
                    one => vec![one.clone()],
                };
                for action in named {
                    let action = action.as_str().unwrap().to_owned();
                    of_service(action.split(':').next().unwrap());
                    actions.push(action);
                }
            }
            actions.sort();
            actions
        })
        .collect();
    assert_eq!(
        actions,
        [
            &[
                "states:DescribeExecution",
                "states:GetExecutionHistory",
                "states:StartExecution",
                "states:StopExecution"
            ][..],
            &[
                "events:DescribeRule",
                "events:PutRule",
                "events:PutTargets",
                "states:DescribeExecution",
                "states:StartExecution",
                "states:StopExecution"
            ],
            &["states:StartExecution"],
            &[
                "states:DescribeExecution",
                "states:DescribeStateMachine",
                "states:StartExecution"
            ],
        ]
    );
}
