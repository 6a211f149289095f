//! Whole lifecycles of stacks without a fleet: the real template, definition and functions on the
//! emulator, with ECS scripted and no worker process.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stand_ins::ecs::Script;
use tokio::time::timeout;

use super::account::{Account, PATIENCE, ended, with};
use super::lifecycle::assert_failure_is_told;

#[tokio::test(flavor = "multi_thread")]
async fn create_update_and_delete_are_answered_once_each() {
    let account = Account::without_fleet("no-fleet-lifecycle", 1.0).await;
    assert_eq!(account.create(&[]).await.status, "CREATE_COMPLETE");
    assert_eq!(
        account.update(&["Triggers: a change"]).await.status,
        "UPDATE_COMPLETE"
    );
    assert_eq!(account.delete().await.status, "DELETE_COMPLETE");
    assert_eq!(account.launched(), 2);
    assert_eq!(account.answers(3).await, 3);
    let executions = account.executions().await;
    assert_eq!(executions.len(), 3);
    for execution in &executions {
        assert_eq!(execution.status, "SUCCEEDED");
        assert_eq!(execution.input["workers"], "Lambda");
        let (code, explanation) = account.explain(&execution.arn).await;
        assert_eq!(code, Some(0), "{explanation}");
        let is_delete = execution.input["request"]["RequestType"] == "Delete";
        let course = if is_delete {
            &["no tasks were left running"][..]
        } else {
            &[
                "given to a function",
                "exit code 0, ran for",
                "function reported success",
            ]
        };
        for part in course
            .iter()
            .chain(&["replied SUCCESS to CloudFormation", "Succeeded"])
        {
            assert!(
                explanation.contains(part),
                "{part:?} is not in\n{explanation}"
            );
        }
    }
    let calls = account.aws.stand_ins().calls();
    assert_eq!(calls.count("GetActivityTask").arrived, 0);
    assert!(calls.count("SendTaskHeartbeat").arrived >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_task_fails_the_stack_with_its_reason_and_the_execution_with_its_error() {
    let account = Account::without_fleet("no-fleet-failure", 1.0).await;
    assert_failure_is_told(&account, "function").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_is_followed_by_another_invocation_that_adopts_the_task() {
    // 60 s of heartbeat period become 3 s.
    let account = Account::without_fleet("no-fleet-adoption", 0.05).await;
    let stand_ins = account.aws.stand_ins();
    let long = Script::exits(0).running(Duration::from_secs(6));
    stand_ins.ecs().script("migrate", long);
    let operation = account.begin_create(&with(&[])).await;
    timeout(PATIENCE, stand_ins.calls().ended("RunTask", 1))
        .await
        .unwrap();
    let process = account.aws.ministack().function_process("work").unwrap();
    kill(Pid::from_raw(process), Signal::SIGKILL).unwrap();
    let stack = ended(operation).await;
    assert_eq!(stack.status, "CREATE_COMPLETE");
    assert_eq!(account.launched(), 1);
    assert_eq!(account.answers(1).await, 1);
    let executions = account.executions().await;
    let (_, explanation) = account.explain(&executions[0].arn).await;
    for part in [
        "sent no heartbeat any more",
        "given to another function, attempt 2",
        "function reported success",
    ] {
        assert!(
            explanation.contains(part),
            "{part:?} is not in\n{explanation}"
        );
    }
}
