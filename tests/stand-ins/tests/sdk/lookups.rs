//! What ECS shows of tasks, task definitions and services.

use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{DesiredStatus, LaunchType};
use serde_json::json;
use stand_ins::StandIns;
use stand_ins::ecs::Script;
use tokio::time::{advance, sleep};

use super::ecs;
use super::tasks::{describe, run};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_new_task_is_missing_at_first() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().describe_lag(2 * SECOND);
    let client = ecs(&aws);
    let arn = run(&client, "a").await.task_arn().unwrap().to_owned();
    let answer = client
        .describe_tasks()
        .cluster("main")
        .tasks(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.failures()[0].reason(), Some("MISSING"));
    assert_eq!(answer.failures()[0].arn(), Some(&*arn));
    advance(2 * SECOND).await;
    assert!(describe(&client, &arn).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered_and_come_in_pages() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().script("migrate", Script::runs_forever());
    let client = ecs(&aws);
    let mut arns = Vec::new();
    for n in 0..5 {
        arns.push(
            run(&client, &n.to_string())
                .await
                .task_arn()
                .unwrap()
                .to_owned(),
        );
    }
    client
        .stop_task()
        .cluster("main")
        .task(&arns[0])
        .send()
        .await
        .unwrap();
    let mut listed = Vec::new();
    let mut pages = client
        .list_tasks()
        .cluster("main")
        .family("migrate")
        .max_results(2)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        listed.extend(page.unwrap().task_arns().to_vec());
    }
    assert_eq!(listed, arns[1..]);
    let list = || client.list_tasks().cluster("main");
    for (name, request) in [
        (
            "startedBy and family",
            list().started_by("me").family("migrate"),
        ),
        (
            "startedBy and desiredStatus",
            list()
                .started_by("me")
                .desired_status(DesiredStatus::Running),
        ),
        (
            "family and service",
            list().family("migrate").service_name("todo"),
        ),
        ("too long a page", list().max_results(101)),
    ] {
        assert_eq!(
            request.send().await.unwrap_err().code(),
            Some("InvalidParameterException"),
            "{name}"
        );
    }
    for (name, request, expected) in [
        ("startedBy", list().started_by("me"), 4),
        ("another's startedBy", list().started_by("you"), 0),
        ("stopped", list().desired_status(DesiredStatus::Stopped), 1),
        ("another family", list().family("none"), 0),
        ("another cluster", list().cluster("none"), 0),
    ] {
        assert_eq!(
            request.send().await.unwrap().task_arns().len(),
            expected,
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_may_show_no_containers_or_vanish() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().scripts(
        "migrate",
        [
            Script::exits(0).without_containers(),
            Script::runs_forever().vanishes(5 * SECOND),
        ],
    );
    let client = ecs(&aws);
    let empty = run(&client, "a").await.task_arn().unwrap().to_owned();
    let vanishing = run(&client, "b").await.task_arn().unwrap().to_owned();
    sleep(SECOND).await;
    assert_eq!(describe(&client, &empty).await.unwrap().containers(), []);
    assert!(describe(&client, &vanishing).await.is_some());
    sleep(5 * SECOND).await;
    assert_eq!(describe(&client, &vanishing).await, None);
    let stop = client
        .stop_task()
        .cluster("main")
        .task(&vanishing)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (stop.code(), stop.message()),
        (
            Some("InvalidParameterException"),
            Some("The referenced task was not found.")
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_family_names_its_latest_active_revision() {
    let aws = StandIns::new();
    let first = aws.ecs().register_family("migrate", &["app"]);
    let second = aws.ecs().register_family("migrate", &["app", "proxy"]);
    let client = ecs(&aws);
    let described = |name: &str| {
        client
            .describe_task_definition()
            .task_definition(name)
            .send()
    };
    assert_eq!(
        described("migrate")
            .await
            .unwrap()
            .task_definition()
            .unwrap()
            .task_definition_arn(),
        Some(&*second)
    );
    client
        .deregister_task_definition()
        .task_definition(&second)
        .send()
        .await
        .unwrap();
    assert_eq!(
        described("migrate")
            .await
            .unwrap()
            .task_definition()
            .unwrap()
            .task_definition_arn(),
        Some(&*first)
    );
    let inactive = client
        .run_task()
        .task_definition(&second)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (inactive.code(), inactive.message()),
        (Some("ClientException"), Some("TaskDefinition is inactive"))
    );
    assert_eq!(
        described("none").await.unwrap_err().code(),
        Some("ClientException")
    );
}

#[tokio::test(start_paused = true)]
async fn describe_services_shows_the_services_that_were_registered() {
    let aws = StandIns::new();
    let network =
        json!({"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}});
    aws.ecs().service(
        "main",
        "todo",
        &json!({"networkConfiguration": network, "launchType": "FARGATE"}),
    );
    let client = ecs(&aws);
    let answer = client
        .describe_services()
        .cluster("main")
        .services("todo")
        .services("none")
        .send()
        .await
        .unwrap();
    let service = &answer.services()[0];
    assert_eq!(service.launch_type(), Some(&LaunchType::Fargate));
    let network = service
        .network_configuration()
        .unwrap()
        .awsvpc_configuration()
        .unwrap();
    assert_eq!(network.subnets(), ["subnet-1"]);
    assert_eq!(answer.failures()[0].reason(), Some("MISSING"));
}
