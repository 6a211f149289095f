//! Launches of ECS tasks: tokens, placement, limits, throttles.

use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::LaunchType;
use stand_ins::StandIns;
use stand_ins::ecs::{Placement, Script, Throttle};
use tokio::time::{advance, sleep};

use super::ecs;
use super::tasks::{describe, run};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_client_token_is_good_for_one_launch() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    let client = ecs(&aws);
    let first = run(&client, "a").await;
    assert_eq!(run(&client, "a").await.task_arn(), first.task_arn());
    assert_ne!(run(&client, "b").await.task_arn(), first.task_arn());

    let other = client
        .run_task()
        .cluster("main")
        .task_definition("migrate")
        .client_token("a")
        .send()
        .await;
    let conflict = other.unwrap_err().into_service_error();
    assert!(conflict.is_conflict_exception(), "{conflict:?}");
    let aws_sdk_ecs::operation::run_task::RunTaskError::ConflictException(conflict) = conflict
    else {
        unreachable!()
    };
    assert_eq!(conflict.resource_ids(), [first.task_arn().unwrap()]);

    let elsewhere = client
        .run_task()
        .cluster("other")
        .task_definition("migrate")
        .client_token("a")
        .send()
        .await
        .unwrap();
    assert_ne!(
        elsewhere.tasks()[0].task_arn(),
        first.task_arn(),
        "tokens are per cluster"
    );

    sleep(3601 * SECOND).await;
    assert_ne!(
        run(&client, "a").await.task_arn(),
        first.task_arn(),
        "free an hour after the task stopped"
    );
}

#[tokio::test(start_paused = true)]
async fn failures_use_up_no_token_and_partial_placements_do() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().placements(
        "migrate",
        [
            Placement::fails("RESOURCE:MEMORY"),
            Placement::only(1, "AGENT"),
        ],
    );
    let client = ecs(&aws);
    let launch = || {
        let request = client
            .run_task()
            .cluster("main")
            .task_definition("migrate")
            .count(3);
        request.client_token("a").send()
    };
    let refused = launch().await.unwrap();
    assert_eq!(refused.tasks().len(), 0);
    assert_eq!(refused.failures()[0].reason(), Some("RESOURCE:MEMORY"));
    let partial = launch().await.unwrap();
    assert_eq!((partial.tasks().len(), partial.failures().len()), (1, 2));
    let again = launch().await.unwrap();
    assert_eq!(again.tasks()[0].task_arn(), partial.tasks()[0].task_arn());
    assert_eq!(aws.ecs().tasks().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn ecs_refuses_requests_beyond_its_limits() {
    let aws = StandIns::new();
    aws.ecs().cluster("main");
    aws.ecs().register_family("migrate", &["app"]);
    let client = ecs(&aws);
    let request = || client.run_task().cluster("main").task_definition("migrate");
    let long = "x".repeat(8192);
    let overrides = |name: &str, value: &str| {
        let variable = aws_sdk_ecs::types::KeyValuePair::builder()
            .name("A")
            .value(value)
            .build();
        let container = aws_sdk_ecs::types::ContainerOverride::builder()
            .name(name)
            .environment(variable)
            .build();
        aws_sdk_ecs::types::TaskOverride::builder()
            .container_overrides(container)
            .build()
    };
    for (name, request, code) in [
        (
            "cluster",
            request().cluster("none"),
            "ClusterNotFoundException",
        ),
        (
            "task definition",
            request().task_definition("none"),
            "ClientException",
        ),
        ("count", request().count(11), "InvalidParameterException"),
        (
            "token's length",
            request().client_token("x".repeat(65)),
            "InvalidParameterException",
        ),
        (
            "token's characters",
            request().client_token("a b"),
            "InvalidParameterException",
        ),
        (
            "startedBy's length",
            request().started_by("x".repeat(129)),
            "InvalidParameterException",
        ),
        (
            "startedBy's characters",
            request().started_by("a b"),
            "InvalidParameterException",
        ),
        (
            "overrides' length",
            request().overrides(overrides("app", &long)),
            "InvalidParameterException",
        ),
        (
            "overrides' container",
            request().overrides(overrides("none", "")),
            "InvalidParameterException",
        ),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{name}: {error:?}");
        assert_eq!(
            error.raw_response().unwrap().status().as_u16(),
            400,
            "{name}"
        );
    }
    assert!(aws.ecs().tasks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn start_task_runs_on_each_instance() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().instance_fails("bad", "AGENT");
    let client = ecs(&aws);
    let request = client
        .start_task()
        .cluster("main")
        .task_definition("migrate");
    let answer = request
        .container_instances("good")
        .container_instances("bad")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.tasks().len(), 1);
    assert!(
        answer.tasks()[0]
            .container_instance_arn()
            .unwrap()
            .ends_with("/good")
    );
    assert_eq!(answer.failures()[0].reason(), Some("AGENT"));
}

#[tokio::test(start_paused = true)]
async fn scripts_know_their_launch() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().script_with("migrate", |launch| {
        assert_eq!(launch.request["startedBy"], "me");
        Script::exits(i32::try_from(launch.number).unwrap())
    });
    let client = ecs(&aws);
    for expected in 0..3 {
        let arn = run(&client, &expected.to_string())
            .await
            .task_arn()
            .unwrap()
            .to_owned();
        sleep(SECOND).await;
        assert_eq!(
            describe(&client, &arn).await.unwrap().containers()[0].exit_code(),
            Some(expected)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn launches_beyond_the_bucket_are_throttled() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().enforce(Throttle::Modify, true);
    let client = ecs(&aws);
    for n in 0..100 {
        run(&client, &n.to_string()).await;
    }
    let request = client.run_task().cluster("main").task_definition("migrate");
    let error = request.send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
    assert_eq!(aws.calls().count("RunTask").throttled, 1);
    advance(SECOND).await;
    for n in 100..140 {
        run(&client, &n.to_string()).await;
    }
}
#[tokio::test(start_paused = true)]
async fn each_bucket_holds_its_own_calls() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    let client = ecs(&aws);
    aws.ecs().enforce(Throttle::FargateLaunches, true);
    let launch = |on: LaunchType| {
        client
            .run_task()
            .task_definition("migrate")
            .launch_type(on)
            .count(10)
            .send()
    };
    for _ in 0..10 {
        launch(LaunchType::Fargate).await.unwrap();
    }
    assert_eq!(
        launch(LaunchType::Fargate).await.unwrap_err().code(),
        Some("ThrottlingException")
    );
    launch(LaunchType::Ec2).await.unwrap();

    aws.ecs().enforce(Throttle::Read, true);
    for _ in 0..50 {
        client.list_tasks().send().await.unwrap();
        client.describe_tasks().tasks("none").send().await.unwrap();
    }
    assert_eq!(
        client.list_tasks().send().await.unwrap_err().code(),
        Some("ThrottlingException")
    );
    launch(LaunchType::Ec2).await.unwrap();
    aws.ecs().enforce(Throttle::Read, false);
    client.list_tasks().send().await.unwrap();
}
