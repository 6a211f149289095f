//! The lifecycle of a stack that waits for its run with a wait condition: the example as it is.

use local_run::stacks::{Stack, Template};
use serde_json::Value;
use stand_ins::ecs::Script;

use super::account::Account;

const EXAMPLE: &str = include_str!("../../../infra/example/long-migration.yaml");
const PARAMETERS: [(&str, &str); 2] = [("Cluster", "production"), ("TaskDefinition", "migrate:1")];

/// The example with another number at the end of the names of handle and condition.
fn numbered(number: u32) -> String {
    EXAMPLE
        .replace("MigrateHandle1", &format!("MigrateHandle{number}"))
        .replace("MigrateCondition1", &format!("MigrateCondition{number}"))
}

fn template(body: &str) -> Template<'_> {
    Template {
        body,
        parameters: &PARAMETERS,
    }
}

/// The outputs of the run, which the stack has as an output.
fn outputs_of_run(stack: &Stack) -> Value {
    let data: Value = serde_json::from_str(stack.output("Migration").unwrap()).unwrap();
    let signals = data.as_object().unwrap();
    assert_eq!(signals.len(), 1, "{data}");
    let outputs = signals.values().next().unwrap().as_str().unwrap();
    serde_json::from_str(outputs).unwrap()
}

/// The place among the stack's events where the resource has this status.
fn place(stack: &Stack, logical_id: &str, status: &str) -> usize {
    let mut events = stack.events.iter();
    let is_it = events.position(|event| event.logical_id == logical_id && event.status == status);
    is_it.unwrap_or_else(|| panic!("{logical_id} {status}: {:?}", stack.events))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stack_waits_for_the_run_and_an_update_that_swaps_handle_and_condition_runs_again() {
    let account = Account::with_worker("beyond-the-hour", 1.0).await;
    let stack = account.create_from(&template(EXAMPLE)).await;
    assert_eq!(stack.status, "CREATE_COMPLETE", "{:?}", stack.events);
    assert_eq!(outputs_of_run(&stack)["ExitCode"], "0");
    let complete = |name| place(&stack, name, "CREATE_COMPLETE");
    assert!(complete("MigrateTask") < complete("MigrateCondition1"));

    let stack = account.update_to(&template(&numbered(2))).await;
    assert_eq!(stack.status, "UPDATE_COMPLETE", "{:?}", stack.events);
    assert_eq!(account.launched(), 2);
    assert_eq!(outputs_of_run(&stack)["ExitCode"], "0");

    // The same handle again.
    let changed = numbered(2).replace("Timeout: 36000", "Timeout: 35000");
    let stack = account.update_to(&template(&changed)).await;
    assert_eq!(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    assert!(
        reason.contains("WaitConditionHandle is the one that this resource had before"),
        "{reason}"
    );
    assert_eq!(account.launched(), 2);

    let executions = account.executions().await;
    assert_eq!(executions.len(), 2);
    for execution in &executions {
        assert_eq!(execution.status, "SUCCEEDED");
        let (code, explanation) = account.explain(&execution.arn).await;
        assert_eq!(code, Some(0), "{explanation}");
        for part in [
            "replied SUCCESS to CloudFormation for the resource; a wait condition waits for the end of the run",
            "replied SUCCESS to the wait condition",
            "Succeeded. The wait condition was sent SUCCESS",
        ] {
            assert!(
                explanation.contains(part),
                "{part:?} is not in\n{explanation}"
            );
        }
    }
    assert_eq!(account.delete().await.status, "DELETE_COMPLETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_fails_the_condition_with_its_reason_and_the_stack_with_it() {
    let account = Account::with_worker("beyond-failure", 1.0).await;
    let ecs = account.aws.stand_ins().ecs();
    ecs.scripts("migrate", [Script::exits(0), Script::exits(3)]);
    let stack = account.create_from(&template(EXAMPLE)).await;
    assert_eq!(stack.status, "CREATE_COMPLETE", "{:?}", stack.events);

    let stack = account.update_to(&template(&numbered(2))).await;
    assert_eq!(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    let failure = stack.first_failure().unwrap();
    assert_eq!(failure.logical_id, "MigrateCondition2");
    let reason = failure.reason.clone().unwrap();
    assert!(
        reason.contains("WaitCondition received failed message: 'EcsTask.Failed: Container 'migrate' exited with code 3")
            && reason.contains(" | More: ecs-task-runner explain application/MigrateTask' for uniqueId: MigrateTask-"),
        "{reason}"
    );
    assert!(!reason.contains('\n'), "{reason}");
    place(&stack, "MigrateTask", "UPDATE_COMPLETE");
    // The rollback brings the old handle, and runs nothing.
    assert_eq!(account.launched(), 2);
    let executions = account.executions().await;
    assert_eq!(executions[1].error.as_deref(), Some("EcsTask.Failed"));
    assert_eq!(account.delete().await.status, "DELETE_COMPLETE");
}
