//! `start`: an event becomes one execution or one answer.

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{AwsError, Service};

use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::{LOGICAL_ID, STACK, World};

#[tokio::test(start_paused = true)]
async fn a_create_becomes_an_execution_under_the_requests_name() {
    let world = World::new();
    let event = world.event(
        "Create",
        &with(properties(), &json!({"Count": "2", "Timeout": "600"})),
    );
    let outcome = world.start(&event).await.unwrap();
    let identity = identity(&event);
    assert_eq!(outcome, StartOutcome::Execution(identity.name.clone()));
    let executions = world.aws.sfn().executions();
    assert_eq!(executions[0].name, identity.name);
    let input = world.execution_input();
    assert_eq!(
        input["request"]["PhysicalResourceId"],
        identity.physical_resource_id
    );
    assert_eq!(input["request"]["StackId"], event["StackId"]);
    let task = &input["task"];
    assert_eq!(
        (&task["count"], &task["startedBy"], &task["clientToken"]),
        (
            &json!(2),
            &json!(identity.name),
            &json!(identity.client_token)
        )
    );
    assert_eq!(task["deadlineSetBy"], "Timeout of 600 s");
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn properties_that_cannot_be_run_are_answered_by_name_and_nothing_is_started() {
    for (wrong, says) in [
        (json!({"Cluster": null}), "Cluster"),
        (json!({"Count": "abc"}), "Count is \"abc\""),
        (json!({"Clutser": "todobackend"}), "Clutser"),
        (json!({"Timeout": "0"}), "Timeout"),
        (json!({"Overrides": "none"}), "Overrides"),
    ] {
        for request_type in ["Create", "Update"] {
            let world = World::new();
            let mut wrong_properties = with(properties(), &wrong);
            wrong_properties
                .as_object_mut()
                .unwrap()
                .retain(|_, value| !value.is_null());
            let outcome = world
                .start(&world.event(request_type, &wrong_properties))
                .await
                .unwrap();
            assert_eq!(outcome, StartOutcome::Answered);
            let answer = world.answer();
            assert_eq!(answer["Status"], "FAILED");
            let reason = answer["Reason"].as_str().unwrap();
            assert!(
                reason.starts_with("EcsTask.InvalidRequest: ") && reason.contains(says),
                "{reason}"
            );
            assert!(!answer["PhysicalResourceId"].as_str().unwrap().is_empty());
            assert!(world.aws.sfn().executions().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_problem_is_told_at_once() {
    let world = World::new();
    world
        .start(&world.event("Create", &json!({"Count": "abc", "Clutser": "x"})))
        .await
        .unwrap();
    let reason = world.reason();
    for problem in ["Cluster", "TaskDefinition", "Count", "Clutser"] {
        assert!(reason.contains(problem), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_delivered_again_starts_nothing_more() {
    let world = World::new();
    let event = world.event("Create", &properties());
    let first = world.start(&event).await.unwrap();
    assert_eq!(world.start(&event).await.unwrap(), first);
    let arn = world.aws.sfn().executions()[0].arn.clone();
    world
        .aws
        .sfn()
        .end_execution(&arn, ExecutionEnd::Succeeded(json!({})));
    assert_eq!(world.start(&event).await.unwrap(), first);
    assert_eq!(world.aws.sfn().executions().len(), 1);
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_a_person_retries_runs_anew() {
    let world = World::new();
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_to_run_is_answered_with_every_output() {
    for (request_type, set, says) in [
        ("Create", json!({"RunOnCreate": "false"}), "RunOnCreate"),
        ("Update", json!({"RunOnUpdate": "false"}), "RunOnUpdate"),
        ("Create", json!({"Count": "0"}), "Count is 0"),
        ("Update", json!({"Count": "0"}), "Count is 0"),
        (
            "Update",
            json!({"UpdateCriteria": ["TaskDefinition"]}),
            "UpdateCriteria",
        ),
        (
            "Update",
            json!({"UpdateCriteria": [{"Container": "migrate", "EnvironmentKeys": ["RELEASE"]}]}),
            "UpdateCriteria",
        ),
    ] {
        let world = World::new();
        let reason = world
            .skipped(&world.event(request_type, &with(properties(), &set)))
            .await;
        assert!(reason.contains(says), "{request_type} with {set}: {reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_runs_nothing_succeeds_whatever_another_release_wrote_into_its_properties() {
    let unreadable = json!({"PropertyOfAnotherRelease": "1"});
    for (status, set, expected) in [
        (
            "UPDATE_ROLLBACK_IN_PROGRESS",
            json!({}),
            Some("rolling back"),
        ),
        (
            "UPDATE_ROLLBACK_IN_PROGRESS",
            json!({"RunOnRollback": "false"}),
            Some("rolling back"),
        ),
        (
            "UPDATE_ROLLBACK_IN_PROGRESS",
            json!({"RunOnRollback": "true"}),
            None,
        ),
        (
            "UPDATE_ROLLBACK_IN_PROGRESS",
            json!({"RunOnUpdate": "false", "RunOnRollback": "true"}),
            Some("RunOnUpdate"),
        ),
        (
            "UPDATE_IN_PROGRESS",
            json!({"RunOnUpdate": "false"}),
            Some("RunOnUpdate"),
        ),
        ("UPDATE_IN_PROGRESS", json!({}), None),
    ] {
        let world = World::new();
        let mut event = world.event("Update", &with(with(properties(), &unreadable), &set));
        event["StackId"] = world.aws.cloudformation().stack(STACK, status).into();
        if let Some(expected) = expected {
            let reason = world.skipped(&event).await;
            assert!(reason.contains(expected), "{status} {set}: {reason}");
        } else {
            world.start(&event).await.unwrap();
            let answer = world.answer();
            assert_eq!(answer["Status"], "FAILED", "{status} {set}");
            let reason = answer["Reason"].as_str().unwrap();
            assert!(reason.contains("PropertyOfAnotherRelease"), "{reason}");
        }
        assert_eq!(world.aws.sfn().executions().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_of_an_unknown_type_is_answered_failed() {
    let world = World::new();
    let mut event = world.event("Create", &properties());
    event["RequestType"] = "Import".into();
    world.start(&event).await.unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.contains("RequestType \"Import\"") && reason.contains("Nothing was run"),
        "{reason}"
    );
    assert!(!answer["PhysicalResourceId"].as_str().unwrap().is_empty());
    assert_eq!(world.aws.sfn().executions().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_delete_never_fails_for_its_properties() {
    for broken in [
        json!({}),
        json!({"Cluster": {"a": 1}}),
        json!([1]),
        json!("text"),
        Value::Null,
        json!({"Cluster": "only"}),
    ] {
        let world = World::new();
        assert_eq!(
            world.start(&world.event("Delete", &broken)).await.unwrap(),
            StartOutcome::Answered,
            "{broken}"
        );
        let answer = world.answer();
        assert_eq!(
            (&answer["Status"], &answer["PhysicalResourceId"]),
            (&json!("SUCCESS"), &json!("MigrateTask-1a2b3c4d"))
        );
    }
    let world = World::new();
    let broken = with(properties(), &json!({"Count": "abc", "Unknown": "x"}));
    assert!(matches!(
        world.start(&world.event("Delete", &broken)).await.unwrap(),
        StartOutcome::Execution(_)
    ));
    assert_eq!(world.execution_input()["request"]["RequestType"], "Delete");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_is_answered_at_once() {
    for fault in [
        Fault::AccessDenied,
        Fault::Error(AwsError::new("StateMachineDoesNotExist", "gone")),
    ] {
        for (request_type, status) in [
            ("Create", "FAILED"),
            ("Update", "FAILED"),
            ("Delete", "SUCCESS"),
        ] {
            let world = World::new();
            world.inject(Service::Sfn, "StartExecution", Span::Forever, fault.clone());
            let outcome = world
                .start(&world.event(request_type, &properties()))
                .await
                .unwrap();
            assert_eq!(outcome, StartOutcome::Answered);
            let answer = world.answer();
            assert_eq!(answer["Status"], status, "{request_type} after {fault:?}");
            if status == "FAILED" {
                assert!(
                    answer["Reason"]
                        .as_str()
                        .unwrap()
                        .contains("states:StartExecution"),
                    "{answer}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_nobody_can_be_answered_for_is_an_error() {
    let world = World::new();
    for missing in [
        "ResponseURL",
        "StackId",
        "RequestId",
        "LogicalResourceId",
        "RequestType",
    ] {
        let mut event = world.event("Create", &properties());
        event.as_object_mut().unwrap().remove(missing);
        let error = world.start(&event).await.unwrap_err().to_string();
        assert!(error.contains(missing), "{error}");
    }
    for event in [
        Value::Null,
        json!([]),
        json!("text"),
        json!({"RequestType": "Replace"}),
    ] {
        assert!(world.start(&event).await.is_err(), "{event}");
    }
    assert!(world.aws.sfn().executions().is_empty());
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn a_url_that_leads_elsewhere_is_not_called_and_nothing_is_run() {
    let world = World::new();
    for url in [
        "http://127.0.0.1:1/key",
        "https://my-bucket.s3.amazonaws.com/key",
        "sealed:v1:AAAA",
        "",
    ] {
        for request_type in ["Create", "Delete"] {
            let mut event = world.event(request_type, &properties());
            event["ResponseURL"] = url.into();
            assert!(world.start(&event).await.is_err(), "{url}");
        }
    }
    assert_eq!(world.aws.calls().all().len(), 0);
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn a_long_logical_id_is_answered_and_named_within_the_limits() {
    let world = World::new();
    let mut event = world.event("Create", &properties());
    event["LogicalResourceId"] = LOGICAL_ID.repeat(20).into();
    world.start(&event).await.unwrap();
    assert_eq!(world.aws.sfn().executions()[0].name.len(), 80);
}
