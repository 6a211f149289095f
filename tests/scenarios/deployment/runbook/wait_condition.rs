//! A stack whose wait condition waits, and functions that cannot run.

use local_run::stacks::Template;

use super::page::Section;
use super::rehearsal::{Rehearsal, SHORT};
use crate::deployment::account::{Account, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_call_signals_a_wait_condition_by_hand() {
    // No worker takes the run.
    let account = Account::start("runbook-condition", 1.0).await;
    let mut rehearsal = Rehearsal::begin(account, "runbook-condition-shell").await;
    let template = Template {
        body: include_str!("../../../../infra/example/long-migration.yaml"),
        parameters: &[("Cluster", "production"), ("TaskDefinition", SHORT)],
    };
    rehearsal.run("application=long\n").await;
    let operation = rehearsal.stacks.create("long", &template).await.unwrap();
    let cloudformation = rehearsal.account.aws.endpoints().cloudformation();
    eventually(async || {
        let events = cloudformation.describe_stack_events();
        let events = events.stack_name(operation.stack_id()).send().await;
        let mut events = events.unwrap().stack_events.unwrap().into_iter();
        events.find(|event| event.logical_resource_id() == Some("MigrateCondition1"))
    })
    .await;
    let mut section = Section::of("A wait condition waits");
    rehearsal.run(&section.next()).await;
    section.ends();
    let left = rehearsal
        .run("ls url reply.json curl.conf 2> /dev/null\n")
        .await;
    assert_eq!(left, "", "files with secrets are left");
    let failed = "WaitCondition received failed message: 'signalled by hand' for uniqueId: by-hand";
    rehearsal.is_sent_failed(operation, failed).await;
    rehearsal.ends().await;
}
