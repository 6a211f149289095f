//! The sealed response URL: nobody who reads an execution, a log or an error can answer in our
//! place.

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::faults::{Fault, Span};
use stand_ins::log_capture::{capture_log, logged};
use stand_ins::response_url::Reaction;
use stand_ins::{AwsError, Service};

use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::World;

/// The state at the end of an execution that failed.
fn failed(world: &World) -> Value {
    with(
        world.execution_input(),
        &json!({"error": {"Error": "EcsTask.Failed", "Cause": "It failed."}}),
    )
}

fn assert_hides_url(text: &str, event: &Value, what: &str) {
    let url = event["ResponseURL"].as_str().unwrap();
    let (_, signature) = url.split_once("X-Amz-Signature=").unwrap();
    for secret in [signature, "X-Amz-Credential", "X-Amz-Signature"] {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_ciphertext_enters_the_execution_and_the_answer_still_finds_its_way() {
    let world = World::sealing();
    let event = world.event("Create", &properties());
    assert_eq!(
        world.start(&event).await.unwrap(),
        StartOutcome::Execution(identity(&event).name)
    );
    let url = world.execution_input()["request"]["ResponseURL"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(url.starts_with("sealed:v1:"), "{url}");
    world
        .respond(&json!({"status": "FAILED", "state": failed(&world)}))
        .await
        .unwrap();
    let put = &world.urls.puts()[0];
    assert!(
        event["ResponseURL"].as_str().unwrap().ends_with(&put.path),
        "{}",
        put.path
    );
    assert_eq!(
        world.answer()["PhysicalResourceId"],
        identity(&event).physical_resource_id
    );
    let encrypted = &world.aws.calls().of("Encrypt")[0].body;
    assert_eq!(
        encrypted["EncryptionContext"],
        json!({"StackId": event["StackId"], "RequestId": event["RequestId"]})
    );
}

#[tokio::test(start_paused = true)]
async fn no_log_line_input_history_or_error_shows_the_url() {
    capture_log();
    let world = World::sealing();
    let event = world.event("Create", &properties());
    world.start(&event).await.unwrap();
    world.start(&event).await.unwrap();
    let stopped = world.stop(&world.execution_input()).await;
    world.urls.react([
        Reaction::Status(500),
        Reaction::Cut,
        Reaction::Accept,
        Reaction::Status(403),
    ]);
    let answer = json!({"status": "FAILED", "state": failed(&world)});
    world.respond(&answer).await.unwrap();
    let refused = world.respond(&answer).await.unwrap_err();
    world.inject(Service::Kms, "Decrypt", Span::Forever, Fault::AccessDenied);
    let unopened = world.respond(&answer).await.unwrap_err();

    let logged = logged();
    assert!(
        logged.contains("CloudFormation has the answer")
            && logged.contains("started the execution"),
        "{logged}"
    );
    for (what, text) in [
        ("the log", logged.as_str()),
        ("the input", &world.aws.sfn().executions()[0].input),
        ("the function's result", &format!("{stopped:?}")),
        ("the error", &refused),
        ("the error", &unopened),
    ] {
        assert_hides_url(text, &event, what);
    }
    let calls = world
        .aws
        .calls()
        .matching(|call| call.service != Service::Kms);
    assert_hides_url(&format!("{calls:?}"), &event, "a call");
}

#[tokio::test(start_paused = true)]
async fn a_sealed_url_opens_for_its_own_request_only() {
    let world = World::sealing();
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    for member in ["StackId", "RequestId"] {
        let mut state = failed(&world);
        state["request"][member] = "another".into();
        let error = world
            .respond(&json!({"status": "FAILED", "state": state}))
            .await
            .unwrap_err();
        assert!(error.contains("kms:Decrypt"), "{error}");
    }
    for damaged in [
        "sealed:v1:",
        "sealed:v1:***",
        "sealed:v2:AAAA",
        &format!("sealed:v1:{}", "AAAA".repeat(4_000)),
    ] {
        let mut state = failed(&world);
        state["request"]["ResponseURL"] = damaged.into();
        assert!(
            world
                .respond(&json!({"status": "FAILED", "state": state}))
                .await
                .is_err(),
            "{damaged}"
        );
    }
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn what_was_sealed_must_still_lead_to_cloudformation() {
    let world = World::sealing();
    let event = world.event("Create", &properties());
    world.start(&event).await.unwrap();
    let responder = world.responder_of("respond", "eu-central-1");
    let answer = json!({"status": "FAILED", "state": failed(&world)});
    let error = responder
        .respond(serde_json::from_value(answer).unwrap())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("nothing was sent"), "{error}");
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn a_key_that_does_not_work_is_answered_with_the_url_at_hand() {
    for fault in [
        Fault::AccessDenied,
        Fault::Error(AwsError::new("DisabledException", "the key is disabled")),
    ] {
        for (request_type, status) in [
            ("Create", "FAILED"),
            ("Update", "FAILED"),
            ("Delete", "SUCCESS"),
        ] {
            let world = World::sealing();
            world.inject(Service::Kms, "Encrypt", Span::Forever, fault.clone());
            assert_eq!(
                world
                    .start(&world.event(request_type, &properties()))
                    .await
                    .unwrap(),
                StartOutcome::Answered
            );
            let answer = world.answer();
            assert_eq!(answer["Status"], status, "{request_type} after {fault:?}");
            assert!(
                status == "SUCCESS" || answer["Reason"].as_str().unwrap().contains("kms:Encrypt"),
                "{answer}"
            );
            assert!(world.aws.sfn().executions().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_with_kms_that_passes_is_waited_out() {
    let world = World::sealing();
    world.inject(Service::Kms, "Encrypt", Span::Next(1), Fault::InternalError);
    world.inject(Service::Kms, "Decrypt", Span::Next(1), Fault::CutBefore);
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    world
        .respond(&json!({"status": "FAILED", "state": failed(&world)}))
        .await
        .unwrap();
    world.answer();
}

#[tokio::test(start_paused = true)]
async fn urls_in_clear_are_answered_where_sealing_is_switched_on_meanwhile() {
    let mut world = World::new();
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    assert!(
        world.execution_input()["request"]["ResponseURL"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    world.key = Some(world.aws.kms().key());
    world
        .respond(&json!({"status": "FAILED", "state": failed(&world)}))
        .await
        .unwrap();
    world.answer();
}
