//! The stand-ins over real sockets.

use std::time::Duration;

use serde_json::json;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{Outcome, Schedule};
use stand_ins::{Outcome as CallOutcome, Service, StandIns};

#[tokio::test]
async fn over_sockets_the_answers_are_the_same_as_in_process() {
    let aws = StandIns::new();
    let served = aws.listen("127.0.0.1:0").await.unwrap();
    aws.ecs().register_family("migrate", &["app"]);
    let ecs = super::ecs_at(&served.url());
    let run = ecs
        .run_task()
        .task_definition("migrate")
        .send()
        .await
        .unwrap();
    let arn = run.tasks()[0].task_arn().unwrap();
    let described = ecs.describe_tasks().tasks(arn).send().await.unwrap();
    assert_eq!(described.tasks()[0].task_arn(), Some(arn));
    let unknown = ecs
        .run_task()
        .task_definition("none")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(unknown.is_client_exception(), "{unknown:?}");

    let sfn = super::sfn_at(&served.url());
    let activity = aws.sfn().activity("tasks");
    let scheduled = aws.sfn().schedule(&activity, &json!({}), Schedule::once());
    let polled = sfn
        .get_activity_task()
        .activity_arn(&activity)
        .send()
        .await
        .unwrap();
    sfn.send_task_success()
        .task_token(polled.task_token().unwrap())
        .output("1")
        .send()
        .await
        .unwrap();
    assert_eq!(scheduled.outcome().await, Outcome::Succeeded(json!(1)));
}

#[tokio::test]
async fn a_closed_connection_ends_its_poll() {
    let aws = StandIns::new();
    let served = aws.listen("127.0.0.1:0").await.unwrap();
    let activity = aws.sfn().activity("tasks");
    let poll = {
        let sfn = super::sfn_at(&served.url());
        let request = sfn.get_activity_task().activity_arn(&activity);
        tokio::spawn(async move { request.send().await })
    };
    aws.calls().arrived("GetActivityTask", 1).await;
    poll.abort();
    aws.calls().ended("GetActivityTask", 1).await;
    assert_eq!(
        aws.calls().of("GetActivityTask")[0].outcome,
        CallOutcome::Abandoned
    );
    assert_eq!(aws.sfn().waiting_polls(&activity), 0);
}

#[tokio::test]
async fn a_cut_connection_has_no_answer() {
    let aws = StandIns::new();
    let served = aws.listen("127.0.0.1:0").await.unwrap();
    aws.ecs().register_family("migrate", &["app"]);
    let ecs = super::ecs_at(&served.url());
    for (fault, tasks) in [
        (Fault::CutBefore, 0),
        (Fault::Refuse, 0),
        (Fault::CutAfter, 1),
    ] {
        aws.faults()
            .inject(Service::Ecs, "RunTask", Span::Next(1), fault.clone());
        let cut = ecs
            .run_task()
            .task_definition("migrate")
            .send()
            .await
            .unwrap_err();
        assert!(
            matches!(&cut, aws_sdk_ecs::error::SdkError::DispatchFailure(_)),
            "{fault:?}: {cut:?}"
        );
        assert_eq!(aws.ecs().tasks().len(), tasks, "{fault:?}");
    }
    ecs.run_task()
        .task_definition("migrate")
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_port_that_is_shut_down_refuses_and_can_be_served_again() {
    let aws = StandIns::new();
    let served = aws.listen("127.0.0.1:0").await.unwrap();
    aws.ecs().register_family("migrate", &["app"]);
    let (ecs, address) = (super::ecs_at(&served.url()), served.address());
    let list = || ecs.list_tasks().send();
    list().await.unwrap();
    served.shut_down().await;
    list().await.unwrap_err();
    let _served = aws.listen(address).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), list())
        .await
        .unwrap()
        .unwrap();
}
