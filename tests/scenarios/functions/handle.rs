//! A run whose end goes to the handle of a wait condition: CloudFormation is answered when the run has
//! begun, and the condition when it has ended.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::log_capture::{capture_log, logged};
use stand_ins::response_url::{Condition, Handle, Put, Reaction, Signal};

use crate::worlds::events::{identity, properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{LOGICAL_ID, STACK, World};
use crate::worlds::outputs::assert_all_outputs;

/// Properties that name this handle.
pub fn with_handle(handle: &Handle) -> Value {
    let changes = json!({"WaitConditionHandle": handle.url(), "Timeout": "21600"});
    with(properties(), &changes)
}

/// What CloudFormation was answered, and not a condition.
pub fn answers(world: &World, handle: &Handle) -> Vec<Value> {
    let is_signal = |put: &Put| handle.url().ends_with(&put.path);
    let puts = world.urls.puts().into_iter();
    puts.filter(|put| !is_signal(put))
        .map(|put| serde_json::from_slice(&put.body).unwrap())
        .collect()
}

/// The execution's state once it has answered that the run has begun.
fn with_mark(execution: &Execution<'_>) -> Value {
    let mark = json!({"begun": {"answered": true}});
    with(execution.input.clone(), &mark)
}

pub async fn create<'w>(world: &'w World, handle: &Handle) -> Execution<'w> {
    let event = world.event("Create", &with_handle(handle));
    Execution::of_event(world, &event).await
}

#[tokio::test(start_paused = true)]
async fn start_hands_both_urls_sealed_to_the_execution_and_answers_nothing() {
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let event = world.event("Create", &with_handle(&handle));
    let name = identity(&event).name;
    assert_eq!(
        world.start(&event).await.unwrap(),
        StartOutcome::Execution(name.clone())
    );
    // An event that is delivered again finds the execution.
    assert_eq!(
        world.start(&event).await.unwrap(),
        StartOutcome::Execution(name.clone())
    );
    world.assert_no_answer();
    let input = world.execution_input();
    let named = &input["request"]["WaitConditionHandle"];
    assert_eq!(named["UniqueId"], name);
    for url in [&named["URL"], &input["request"]["ResponseURL"]] {
        assert!(url.as_str().unwrap().starts_with("sealed:v1:"), "{url}");
    }
    let contexts: Vec<_> = world.aws.calls().of("Encrypt")[..2]
        .iter()
        .map(|call| call.body["EncryptionContext"].clone())
        .collect();
    let of_request = json!({"StackId": event["StackId"], "RequestId": event["RequestId"]});
    let of_handle = with(of_request.clone(), &json!({"WaitConditionHandle": name}));
    assert_eq!(contexts, [of_request, of_handle]);
}

#[tokio::test(start_paused = true)]
async fn the_hour_of_cloudformation_does_not_end_the_run() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let limits = json!({"ServiceTimeout": "600"});
    let event = world.event("Create", &with(with_handle(&handle), &limits));
    world.start(&event).await.unwrap();
    let input = world.execution_input();
    assert_eq!(input["task"]["deadlineSetBy"], "Timeout of 21600 s");
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let deadline = time(&input["task"]["deadline"]);
    let left = Duration::try_from(deadline.duration_since(world.clock.now())).unwrap();
    assert_eq!(left.as_secs().div_ceil(60), 360);
    let span = time(&input["answerBy"]).duration_since(deadline);
    assert_eq!(span.as_secs(), 80);
    assert!(input["timeoutSeconds"].as_u64().unwrap() >= 21_600);
    // What was launched an hour ago may be forgotten: a worker that takes the run over must know.
    assert!(input["task"]["began"].is_string());
}

#[tokio::test(start_paused = true)]
async fn cloudformation_is_answered_when_the_run_has_begun_and_the_condition_waits() {
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    world
        .respond(&json!({"status": "SUCCESS", "hasOnlyBegun": true, "state": execution.input}))
        .await
        .unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_all_outputs(&answer);
    let outputs = answer["Data"].as_object().unwrap();
    assert!(outputs.values().all(|output| output == ""), "{answer}");
    assert_eq!(handle.condition(), Condition::Waiting);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_run_is_the_conditions() {
    let failed = json!({"error": {"Error": "EcsTask.Failed", "Cause": "Container 'migrate' exited with code 1.\nECS says: it ended"}});
    let output = json!({"output": {"TaskArn": "arn:task", "ExitCode": "0"}});
    for (status, changes) in [("FAILED", failed), ("SUCCESS", output)] {
        let world = World::sealing();
        let handle = world.urls.handle(STACK, "Handle");
        let execution = create(&world, &handle).await;
        let state = with(with_mark(&execution), &changes);
        // The answer that is lost is sent again, and counts once.
        world.urls.react([Reaction::Cut, Reaction::Status(500)]);
        world
            .respond(&json!({"status": status, "state": state}))
            .await
            .unwrap();
        assert_eq!(answers(&world, &handle), Vec::<Value>::new());
        assert_eq!(handle.signals().len(), 1);
        match handle.condition() {
            Condition::Complete(Signal {
                unique_id, data, ..
            }) => {
                assert_eq!(status, "SUCCESS");
                assert_eq!(unique_id, execution.name);
                let data: Value = serde_json::from_str(&data).unwrap();
                assert_all_outputs(&json!({"Data": data}));
                assert_eq!(data["TaskArn"], "arn:task");
            }
            Condition::Failed(Signal { reason, .. }) => {
                assert_eq!(status, "FAILED");
                assert_eq!(
                    reason,
                    "EcsTask.Failed: Container 'migrate' exited with code 1. | ECS says: it ended | More: ecs-task-runner explain todobackend/MigrateTask"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn neither_url_can_stand_in_the_place_of_the_other() {
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    let mut swapped = execution.input.clone();
    let request = &mut swapped["request"];
    let url = request["ResponseURL"].take();
    request["ResponseURL"] = request["WaitConditionHandle"]["URL"].take();
    request["WaitConditionHandle"]["URL"] = url;
    for has_only_begun in [true, false] {
        let refused = world
            .respond(
                &json!({"status": "SUCCESS", "hasOnlyBegun": has_only_begun, "state": swapped}),
            )
            .await
            .unwrap_err();
        assert!(refused.contains("cannot be unsealed"), "{refused}");
    }
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_cannot_be_reported_to_is_refused_by_name_and_not_shown() {
    let expired = World::new()
        .urls
        .handle_signed(STACK, "Handle", "20200101T000000Z");
    let elsewhere = "https://evil.example/key?X-Amz-Signature=SECRET-5e5e";
    let bucket = expired.url().split_once("/arn").unwrap().0.to_owned();
    for (url, says) in [
        (expired.url(), "works until 2020-01-01T11:59:59Z"),
        (
            elsewhere,
            "WaitConditionHandle leads to https://evil.example, which is not",
        ),
        (
            &bucket.replace("https", "http"),
            "leads to http://cloudformation-waitcondition",
        ),
        (
            "SECRET-5e5e",
            "WaitConditionHandle is text; expected the URL that !Ref of an AWS::CloudFormation::WaitConditionHandle gives",
        ),
        ("", "WaitConditionHandle is text; expected"),
    ] {
        let world = World::new();
        let changes = json!({"WaitConditionHandle": url});
        let event = world.event("Create", &with(properties(), &changes));
        assert_eq!(world.start(&event).await.unwrap(), StartOutcome::Answered);
        let answer = world.answer();
        assert_eq!(answer["Status"], "FAILED");
        let reason = answer["Reason"].as_str().unwrap();
        assert!(
            reason.starts_with("EcsTask.InvalidRequest: ") && reason.contains(says),
            "{reason}"
        );
        assert!(!reason.contains("5e5e"), "{reason}");
        assert!(world.aws.sfn().executions().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn no_log_line_or_input_shows_the_handle() {
    capture_log();
    let world = World::sealing();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    let failed = json!({"error": {"Error": "EcsTask.Failed", "Cause": "It failed."}});
    let report = json!({"status": "FAILED", "state": with(execution.input.clone(), &failed)});
    world.urls.react([Reaction::Status(500), Reaction::Accept]);
    world.respond(&report).await.unwrap();
    world.urls.react([Reaction::Status(403)]);
    let refused = world.respond(&report).await.unwrap_err();
    let skip = world.event(
        "Create",
        &with(with_handle(&handle), &json!({"Count": "0"})),
    );
    world.start(&skip).await.unwrap();
    let logged = logged();
    assert!(logged.contains("WaitConditionHandle"), "{logged}");
    for text in [logged, refused, execution.input.to_string()] {
        for secret in ["X-Amz-Signature", "5e5e5e", "T0ken"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_is_answered_to_cloudformation_whatever_handle_its_properties_name() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let event = world.event("Delete", &with_handle(&handle));
    let execution = Execution::of_event(&world, &event).await;
    assert!(execution.input["request"]["WaitConditionHandle"].is_null());
    assert_eq!(execution.input["request"]["LogicalResourceId"], LOGICAL_ID);
    world
        .respond(&json!({"status": "SUCCESS", "state": execution.input}))
        .await
        .unwrap();
    assert_eq!(answers(&world, &handle).len(), 1);
    assert_eq!(handle.condition(), Condition::Waiting);
}

/// CloudFormation has given the resource up, and what it does next is not for this run to know.
#[tokio::test(start_paused = true)]
async fn no_run_begins_once_cloudformation_no_longer_waits_for_its_request() {
    let limits = json!({"ServiceTimeout": "600"});
    for (age, runs) in [(500, 1), (506, 0)] {
        let world = World::of_age(Duration::from_secs(age));
        let handle = world.urls.handle(STACK, "Handle");
        let event = world.event("Create", &with(with_handle(&handle), &limits));
        world.start(&event).await.unwrap();
        assert_eq!(world.aws.sfn().executions().len(), runs);
        if runs == 0 {
            let reason = answers(&world, &handle)[0]["Reason"].to_string();
            assert!(
                reason.contains("EcsTask.DeadlineExceeded: the event came too late")
                    && reason.contains("ServiceTimeout of 600 s")
                    && reason.contains("Nothing was run."),
                "{reason}"
            );
        }
    }
}
