//! `start` on an Update: whether it runs anything.

use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};

use crate::worlds::events::{properties, with};
use crate::worlds::functions::{FAMILY, World};

#[tokio::test(start_paused = true)]
async fn an_update_runs_for_what_its_criteria_and_triggers_name() {
    let criteria = json!({"UpdateCriteria": ["TaskDefinition"]});
    for changed in [
        json!({"TaskDefinition": "migrate:1"}),
        json!({"Triggers": ["2026-11-23"]}),
    ] {
        let world = World::new();
        let mut event = world.event("Update", &with(with(properties(), &criteria), &changed));
        event["OldResourceProperties"] = with(properties(), &criteria);
        world.start(&event).await.unwrap();
        assert_eq!(world.aws.sfn().executions().len(), 1, "{changed}");
    }
}

#[tokio::test(start_paused = true)]
async fn variables_are_compared_between_the_task_definitions() {
    let world = World::new();
    for release in ["1", "2"] {
        world.aws.ecs().register(&json!({
            "family": FAMILY,
            "containerDefinitions": [{"name": "migrate", "image": "x", "environment": [{"name": "RELEASE", "value": release}]}]
        }));
    }
    let criteria =
        json!({"UpdateCriteria": [{"Container": "migrate", "EnvironmentKeys": ["RELEASE"]}]});
    let revision = |n: u32| {
        with(
            with(properties(), &criteria),
            &json!({"TaskDefinition": format!("{FAMILY}:{n}")}),
        )
    };
    let mut event = world.event("Update", &revision(3));
    event["OldResourceProperties"] = revision(2);
    world.start(&event).await.unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn task_definitions_that_cannot_be_compared_fail_the_update_by_name() {
    let world = World::new();
    world.inject(
        Service::Ecs,
        "DescribeTaskDefinition",
        Span::Forever,
        Fault::AccessDenied,
    );
    let criteria =
        json!({"UpdateCriteria": [{"Container": "migrate", "EnvironmentKeys": ["RELEASE"]}]});
    world
        .start(&world.event("Update", &with(properties(), &criteria)))
        .await
        .unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "FAILED");
    assert!(
        answer["Reason"]
            .as_str()
            .unwrap()
            .contains("ecs:DescribeTaskDefinition"),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_runs_when_cloudformation_cannot_be_asked() {
    let world = World::new();
    world.inject(
        Service::CloudFormation,
        "DescribeStacks",
        Span::Forever,
        Fault::AccessDenied,
    );
    world
        .start(&world.event("Update", &properties()))
        .await
        .unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 1);
}
