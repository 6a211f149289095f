//! The emulator and what the run asks of it, without the project's own programs.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::time::Duration;

use local_run::directories::RunDirectory;
use local_run::endpoints::Endpoints;
use local_run::ministack::Ministack;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Stacks, Template};

/// Nobody listens there: this test calls none of the services that have a stand-in.
const NOWHERE: &str = "http://127.0.0.1:9";

const ROLE: &str = r"
Parameters:
  Path: {Type: String}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Path: !Ref Path
      AssumeRolePolicyDocument: {}
Outputs:
  Arn: {Value: !GetAtt Role.Arn}
";

const FAILING: &str = r"
Resources:
  Answer:
    Type: Custom::Answer
    Properties: {ServiceToken: arn:aws:lambda:us-east-1:000000000000:function:missing}
";

async fn start() -> Ministack {
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let directory = RunDirectory::create("emulator-test").unwrap();
    Ministack::start(&python, &directory, NOWHERE, NOWHERE, NOWHERE)
        .await
        .unwrap()
}

fn stacks(endpoints: &Endpoints) -> Stacks {
    Stacks::new(endpoints.cloudformation())
}

async fn bounded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work)
        .await
        .expect("a small stack needs no minute")
}

#[tokio::test]
async fn a_stack_is_created_updated_and_deleted_and_every_event_told() {
    let ministack = start().await;
    let stacks = stacks(ministack.endpoints());

    let template = Template {
        body: ROLE,
        parameters: &[("Path", "/one/")],
    };
    let mut told = Vec::new();
    let created = stacks.create("role", &template).await.unwrap();
    let created = bounded(created.follow(|event| told.push(event.clone())))
        .await
        .unwrap();
    assert_eq!(created.status, "CREATE_COMPLETE");
    assert!(
        created.output("Arn").unwrap().contains("/one/"),
        "{created:?}"
    );
    assert_eq!(told, created.events);
    assert_eq!(told.first().unwrap().status, "CREATE_IN_PROGRESS");

    let template = Template {
        body: ROLE,
        parameters: &[("Path", "/two/")],
    };
    let updated = bounded(
        stacks
            .update("role", &template)
            .await
            .unwrap()
            .follow(|_| ()),
    )
    .await
    .unwrap();
    assert_eq!(updated.status, "UPDATE_COMPLETE");
    assert!(
        updated.output("Arn").unwrap().contains("/two/"),
        "{updated:?}"
    );
    assert!(
        updated
            .events
            .iter()
            .all(|event| !event.status.starts_with("CREATE")),
        "{updated:?}"
    );

    let deleted = bounded(stacks.delete("role").await.unwrap().follow(|_| ()))
        .await
        .unwrap();
    assert_eq!(deleted.status, "DELETE_COMPLETE");
}

#[tokio::test]
async fn a_failed_stack_tells_the_reason() {
    let ministack = start().await;
    let template = Template {
        body: FAILING,
        parameters: &[],
    };
    let operation = stacks(ministack.endpoints())
        .create("failing", &template)
        .await
        .unwrap();
    let failed = bounded(operation.follow(|_| ())).await.unwrap();
    assert_eq!(failed.status, "ROLLBACK_COMPLETE");
    let failure = failed.first_failure().unwrap();
    assert_eq!(failure.logical_id, "Answer");
    assert!(
        failure.reason.as_deref().unwrap().contains("missing"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn two_emulators_keep_apart_and_leave_nothing() {
    let (one, other) = tokio::join!(start(), start());
    assert_ne!(one.endpoints().ministack, other.endpoints().ministack);
    let template = Template {
        body: ROLE,
        parameters: &[("Path", "/")],
    };
    for ministack in [&one, &other] {
        let operation = stacks(ministack.endpoints())
            .create("same-name", &template)
            .await
            .unwrap();
        assert_eq!(
            bounded(operation.follow(|_| ())).await.unwrap().status,
            "CREATE_COMPLETE"
        );
    }
    let url = one.endpoints().ministack.clone();
    drop(one);
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    std::net::TcpListener::bind(("127.0.0.1", port))
        .expect("a dropped emulator gives its port back");
}
