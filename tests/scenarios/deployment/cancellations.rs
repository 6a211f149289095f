//! Stack operations that end while their custom resource is still at work.

use std::time::Duration;

use stand_ins::ecs::Script;
use tokio::time::timeout;

use super::account::{Account, PATIENCE, ended, eventually, with};

/// Longer than the test may take: only a stop ends it.
fn long() -> Script {
    Script::exits(0).running(Duration::from_secs(600))
}

async fn task_is_launched(account: &Account, number: u64) {
    let launched = account.aws.stand_ins().calls().ended("RunTask", number);
    timeout(PATIENCE, launched).await.unwrap();
}

/// Waits for the stop, which `rescue` sends once EventBridge has reported the end of the execution.
async fn last_task_is_stopped(account: &Account) {
    let ecs = account.aws.stand_ins().ecs();
    eventually(async || ecs.tasks().pop().unwrap().stop_requested).await;
}

async fn was_sent_a_delete(account: &Account) -> bool {
    let executions = account.executions().await;
    executions
        .iter()
        .any(|execution| execution.input["request"]["RequestType"] == "Delete")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_update_stops_its_task_and_is_rolled_back() {
    let account = Account::with_worker("cancelled-update", 1.0).await;
    account
        .aws
        .stand_ins()
        .ecs()
        .scripts("migrate", [Script::exits(0), long()]);
    assert_eq!(account.create(&[]).await.status, "CREATE_COMPLETE");

    let operation = account.begin_update(&["Triggers: new"]).await;
    task_is_launched(&account, 2).await;
    account.cancel_update().await;
    let stack = ended(operation).await;

    assert_eq!(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone();
    assert_eq!(reason.as_deref(), Some("Resource update cancelled"));
    assert_eq!(account.launched(), 2, "the rollback has run a task");
    last_task_is_stopped(&account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_deleted_during_its_creation_sends_a_delete_which_stops_the_task() {
    let account = Account::with_worker("delete-during-create", 1.0).await;
    account.aws.stand_ins().ecs().script("migrate", long());
    let creation = account.begin_create(&with(&[])).await;
    task_is_launched(&account, 1).await;

    let stack = account.delete().await;

    assert_eq!(stack.status, "DELETE_COMPLETE");
    last_task_is_stopped(&account).await;
    assert!(was_sent_a_delete(&account).await);
    drop(creation);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_whose_creation_failed_is_sent_a_delete_by_the_rollback() {
    let account = Account::with_worker("failed-create", 1.0).await;
    let script = Script::exits(1);
    account.aws.stand_ins().ecs().script("migrate", script);
    let stack = ended(account.begin_create(&with(&[])).await).await;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    assert!(was_sent_a_delete(&account).await);
}
