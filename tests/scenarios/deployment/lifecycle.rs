//! Whole lifecycles of stacks: the real templates, definition and programs on the emulator, with
//! ECS scripted.

use std::time::Duration;

use stand_ins::ecs::Script;
use tokio::time::timeout;

use super::account::{Account, PATIENCE, ended, with};

#[tokio::test(flavor = "multi_thread")]
async fn create_update_and_delete_are_answered_once_each() {
    let account = Account::with_worker("lifecycle", 1.0).await;
    assert_eq!(account.create(&[]).await.status, "CREATE_COMPLETE");
    assert_eq!(
        account.update(&["Triggers: a change"]).await.status,
        "UPDATE_COMPLETE"
    );
    assert_eq!(account.launched(), 2);
    assert_eq!(
        account
            .update(&["Triggers: a change", "RunOnUpdate: false"])
            .await
            .status,
        "UPDATE_COMPLETE"
    );
    assert_eq!(
        account.launched(),
        2,
        "an update that is not to run has run"
    );
    assert_eq!(account.delete().await.status, "DELETE_COMPLETE");
    assert_eq!(account.launched(), 2, "a Delete has run something");
    assert_eq!(account.answers(4).await, 4);
    let executions = account.executions().await;
    assert_eq!(executions.len(), 3);
    assert!(
        executions
            .iter()
            .all(|execution| execution.status == "SUCCEEDED")
    );
    let ids: std::collections::BTreeSet<_> = executions
        .iter()
        .map(|execution| {
            execution.input["request"]["PhysicalResourceId"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 1, "the physical resource id changed: {ids:?}");
    // The stack is gone, and its executions are found by its name.
    let (code, explanation) = account.explain("application").await;
    assert_eq!(code, Some(0), "{explanation}");
    for part in [
        "Delete of MigrateTask (Custom::EcsTask) in stack application",
        "\nOther executions, newest first\n",
        "-update-",
        "-create-",
    ] {
        assert!(
            explanation.contains(part),
            "{part:?} is not in\n{explanation}"
        );
    }
    for execution in &executions {
        let (code, explanation) = account.explain(&execution.arn).await;
        assert_eq!(code, Some(0), "{explanation}");
        let is_delete = execution.input["request"]["RequestType"] == "Delete";
        let course = if is_delete {
            &["no tasks were left running"][..]
        } else {
            &[
                "scheduled for a worker",
                "exit code 0, ran for",
                "worker reported success",
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_task_fails_the_stack_with_its_reason_and_the_execution_with_its_error() {
    let account = Account::with_worker("failure", 1.0).await;
    assert_failure_is_told(&account, "worker").await;
}

/// Plays a task that fails, and looks at the stack's event, the execution and its explanation.
/// `holder` has the run: a worker or a function.
pub async fn assert_failure_is_told(account: &Account, holder: &str) {
    account
        .aws
        .stand_ins()
        .ecs()
        .script("migrate", Script::exits(3));
    let stack = account.create(&[]).await;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    let task = account.aws.stand_ins().ecs().tasks()[0].arn.clone();
    for part in [
        "EcsTask.Failed",
        "Container 'migrate' exited with code 3",
        task.rsplit('/').next().unwrap(),
    ] {
        assert!(reason.contains(part), "{part:?} is not in {reason:?}");
    }
    let executions = account.executions().await;
    assert_eq!(executions[0].status, "FAILED");
    assert_eq!(executions[0].error.as_deref(), Some("EcsTask.Failed"));
    assert!(
        executions[0]
            .cause
            .as_deref()
            .unwrap()
            .contains("exited with code 3")
    );
    // The last line of the Reason is the command that leads to the execution.
    let (_, what) = reason
        .rsplit_once("\nMore: ecs-task-runner explain ")
        .unwrap();
    let what = what.split_whitespace().next().unwrap();
    assert_eq!(what, "application/MigrateTask");
    for what in [&executions[0].arn, what, "application", &stack.id] {
        let (code, explanation) = account.explain(what).await;
        assert_eq!(code, Some(1), "{explanation}");
        for part in [
            &format!("{holder} reported EcsTask.Failed"),
            "no tasks were left running",
            "replied FAILED to CloudFormation",
            "exited with code 3",
        ] {
            assert!(
                explanation.contains(part),
                "{part:?} is not in\n{explanation}"
            );
        }
    }
    // The second is of the rollback's Delete.
    assert_eq!(account.answers(2).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rollback_of_a_failed_update_does_not_run_the_old_task_again() {
    let account = Account::with_worker("rollback", 1.0).await;
    account.aws.stand_ins().ecs().scripts(
        "migrate",
        [Script::exits(0), Script::exits(1), Script::exits(0)],
    );
    assert_eq!(account.create(&[]).await.status, "CREATE_COMPLETE");
    let stack = account.update(&["Triggers: new"]).await;
    assert_eq!(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        account.launched(),
        2,
        "the rollback has run the old task definition"
    );
    assert_eq!(account.answers(3).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_that_cannot_be_run_are_refused_without_an_execution() {
    let account = Account::with_worker("invalid", 1.0).await;
    let properties = [
        "TaskDefinition: migrate",
        "Count: abc",
        "LaunchTyp: FARGATE",
    ];
    let stack = ended(account.begin_create(&properties).await).await;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    for part in [
        "EcsTask.InvalidRequest",
        "Cluster is missing",
        "Count is \"abc\"",
        "did you mean LaunchType",
    ] {
        assert!(reason.contains(part), "{part:?} is not in {reason:?}");
    }
    assert_eq!(account.executions().await.len(), 0);
    assert_eq!(account.launched(), 0);
    // The second is of the rollback's Delete.
    assert_eq!(account.answers(2).await, 2);
    assert!(!reason.contains("More:"), "{reason}");
    let (code, explanation) = account.explain("application").await;
    assert_eq!(code, Some(1), "{explanation}");
    for part in ["none is to be seen", "Cluster is missing"] {
        assert!(
            explanation.contains(part),
            "{part:?} is not in\n{explanation}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_is_followed_by_another_that_adopts_the_task() {
    // 60 s of heartbeat period become 3 s.
    let mut account = Account::with_worker("adoption", 0.05).await;
    account
        .aws
        .stand_ins()
        .ecs()
        .script("migrate", Script::exits(0).running(Duration::from_secs(6)));
    let operation = account.begin_create(&with(&[])).await;
    timeout(
        PATIENCE,
        account.aws.stand_ins().calls().ended("RunTask", 1),
    )
    .await
    .unwrap();
    account.workers[0].kill().unwrap();
    account.start_worker();
    let stack = ended(operation).await;
    assert_eq!(stack.status, "CREATE_COMPLETE");
    assert_eq!(account.launched(), 1);
    assert_eq!(account.answers(1).await, 1);
}
