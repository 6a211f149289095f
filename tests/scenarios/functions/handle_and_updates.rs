//! Requests that run nothing, and updates, whose properties name the handle of a wait condition.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::response_url::{Condition, Handle, Reaction};
use tokio::time::{advance, sleep};

use super::handle::{answers, with_handle};
use crate::worlds::events::{properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{STACK, World};

/// An Update to these properties.
fn update(world: &World, old: &Value, new: &Value) -> Value {
    let mut event = world.event("Update", new);
    event["OldResourceProperties"] = old.clone();
    event
}

/// Has `start` take an event that runs nothing, and gives the one answer of CloudFormation.
async fn answer(world: &World, handle: &Handle, event: &Value) -> Value {
    assert_eq!(world.start(event).await.unwrap(), StartOutcome::Answered);
    assert!(world.aws.sfn().executions().is_empty());
    let mut answers = answers(world, handle);
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

#[tokio::test(start_paused = true)]
async fn what_runs_nothing_says_so_to_a_condition_that_waits() {
    let off = [
        ("Create", json!({"RunOnCreate": "false"})),
        ("Create", json!({"Count": "0"})),
        ("Update", json!({"RunOnUpdate": "false"})),
        ("Update", json!({"UpdateCriteria": ["TaskDefinition"]})),
        // Another release wrote them.
        ("Update", json!({"RunOnUpdate": "false", "Nonsense": "1"})),
    ];
    for (request_type, changes) in off {
        let world = World::new();
        let old = with_handle(&world.urls.handle(STACK, "OldHandle"));
        let handle = world.urls.handle(STACK, "Handle");
        let mut event = world.event(request_type, &with(with_handle(&handle), &changes));
        event["OldResourceProperties"] = old;
        let answer = answer(&world, &handle, &event).await;
        assert_eq!(answer["Status"], "SUCCESS", "{changes}");
        let Condition::Complete(signal) = handle.condition() else {
            panic!("{changes}: {:?}", handle.condition());
        };
        let data: Value = serde_json::from_str(&signal.data).unwrap();
        assert_eq!(data, answer["Data"]);
        assert_ne!(data["Skipped"], "");
        assert!(
            signal.reason.starts_with("Nothing was run: "),
            "{}",
            signal.reason
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_runs_nothing_says_nothing_to_a_handle_that_the_resource_had_before() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let new = with(with_handle(&handle), &json!({"RunOnUpdate": "false"}));
    let event = update(&world, &with_handle(&handle), &new);
    let answer = answer(&world, &handle, &event).await;
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(handle.condition(), Condition::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_cannot_be_told_of_a_skip_fails_the_request() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    world.urls.react([Reaction::Status(403)]);
    let event = world.event(
        "Create",
        &with(with_handle(&handle), &json!({"Count": "0"})),
    );
    let answer = answer(&world, &handle, &event).await;
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.contains("nothing was to be run (Count is 0)") && reason.contains("new logical ids"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_cannot_be_reached_is_tried_with_every_delivery_and_then_fails_the_request()
 {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let event = world.event(
        "Create",
        &with(with_handle(&handle), &json!({"Count": "0"})),
    );
    world.urls.react_always(Reaction::Status(500));
    let failed = world.start(&event).await.unwrap_err().to_string();
    assert!(
        failed.starts_with("WaitConditionHandle could not be reached within 30 s"),
        "{failed}"
    );
    assert!(answers(&world, &handle).is_empty());
    // The last delivery.
    advance(Duration::from_mins(4)).await;
    let (started, ()) = tokio::join!(world.start(&event), async {
        sleep(Duration::from_secs(30)).await;
        world.urls.react_always(Reaction::Accept);
    });
    assert_eq!(started.unwrap(), StartOutcome::Answered);
    assert!(handle.signals().is_empty());
    let answer = answers(&world, &handle).pop().unwrap();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.contains("nothing was to be run (Count is 0)")
            && reason.contains("WaitConditionHandle could not be reached"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_that_would_run_with_the_handle_of_before_is_refused_with_the_way_out() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let old = with_handle(&handle);
    let new = with(old.clone(), &json!({"Triggers": ["new"]}));
    let answer = answer(&world, &handle, &update(&world, &old, &new)).await;
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with(
            "EcsTask.InvalidRequest: WaitConditionHandle is the one that this resource had before"
        ) && reason.contains("new logical ids")
            && reason.ends_with("Nothing was run."),
        "{reason}"
    );
    assert_eq!(handle.condition(), Condition::Waiting);
}

#[tokio::test(start_paused = true)]
async fn an_update_with_a_new_handle_runs_for_its_condition() {
    let world = World::new();
    let old = with_handle(&world.urls.handle(STACK, "OldHandle"));
    let new = with_handle(&world.urls.handle(STACK, "Handle"));
    world.start(&update(&world, &old, &new)).await.unwrap();
    let input = world.execution_input();
    assert_eq!(
        input["request"]["WaitConditionHandle"]["URL"],
        new["WaitConditionHandle"]
    );
    // From a resource without a handle as well.
    let world = World::new();
    let new = with_handle(&world.urls.handle(STACK, "Handle"));
    world
        .start(&update(&world, &properties(), &new))
        .await
        .unwrap();
    let input = world.execution_input();
    assert!(input["request"]["WaitConditionHandle"].is_object());
}

/// A resource whose run goes on, and an Update with a handle of its own.
async fn update_beside_a_run<'w>(world: &'w World, old: &Value) -> (Execution<'w>, Handle, Value) {
    let earlier = Execution::of_event(world, &world.event("Create", old)).await;
    earlier.taken();
    advance(Duration::from_mins(5)).await;
    let handle = world.urls.handle(STACK, "Handle");
    let mut event = world.sent_now("Update", &with_handle(&handle));
    event["OldResourceProperties"] = old.clone();
    (earlier, handle, event)
}

#[tokio::test(start_paused = true)]
async fn an_update_does_not_run_beside_a_run_that_goes_on_for_a_condition() {
    let world = World::new();
    let old = with_handle(&world.urls.handle(STACK, "OldHandle"));
    let (earlier, handle, event) = update_beside_a_run(&world, &old).await;
    assert_eq!(world.start(&event).await.unwrap(), StartOutcome::Answered);
    let answer = answers(&world, &handle).pop().unwrap();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with(&format!(
            "EcsTask.NotStarted: execution {}, an earlier run of this resource that reports to a wait condition, goes on.",
            earlier.name
        )) && reason.ends_with("Nothing was run."),
        "{reason}"
    );
    assert_eq!(world.aws.sfn().executions().len(), 1);
    // What runs nothing is none beside it.
    let skips = with(with_handle(&handle), &json!({"RunOnUpdate": "false"}));
    let skips = update(&world, &old, &skips);
    assert_eq!(world.start(&skips).await.unwrap(), StartOutcome::Answered);
    let answer = answers(&world, &handle).pop().unwrap();
    assert_eq!(answer["Status"], "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn an_update_runs_once_the_earlier_run_has_reported_though_the_list_lags() {
    let world = World::new();
    let old = with_handle(&world.urls.handle(STACK, "OldHandle"));
    let (earlier, _, event) = update_beside_a_run(&world, &old).await;
    earlier.returned("RespondSuccess", &json!({}));
    let started = world.start(&event).await.unwrap();
    assert!(matches!(started, StartOutcome::Execution(_)), "{started:?}");
    // CloudFormation had the answer of a run without a handle: it has ended.
    let world = World::new();
    let (earlier, _, event) = update_beside_a_run(&world, &properties()).await;
    earlier.returned("RespondSuccess", &json!({}));
    let started = world.start(&event).await.unwrap();
    assert!(matches!(started, StartOutcome::Execution(_)), "{started:?}");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_cannot_see_what_goes_on_is_tried_again_and_then_refused() {
    let world = World::new();
    let old = with_handle(&world.urls.handle(STACK, "OldHandle"));
    let (_, handle, event) = update_beside_a_run(&world, &old).await;
    world.inject(
        Service::Sfn,
        "ListExecutions",
        Span::Forever,
        Fault::Throttle,
    );
    world.start(&event).await.unwrap_err();
    advance(Duration::from_mins(4)).await;
    world.start(&event).await.unwrap();
    let answer = answers(&world, &handle).pop().unwrap();
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with(
            "EcsTask.NotStarted: whether an earlier run of this resource goes on cannot be seen"
        ),
        "{reason}"
    );
    assert_eq!(world.aws.sfn().executions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_taken_back_is_no_matter_of_its_old_handle() {
    let rolls_back = "UPDATE_ROLLBACK_IN_PROGRESS";
    let old = |world: &World, changes: &Value| {
        let handle = world
            .urls
            .handle_signed(STACK, "OldHandle", "20200101T000000Z");
        let old = with(with_handle(&handle), changes);
        let failed = with_handle(&world.urls.handle(STACK, "Handle"));
        let event = update(world, &failed, &old);
        (handle, world.in_stack(rolls_back, event))
    };
    for changes in [
        json!({}),
        json!({"RunOnUpdate": "false"}),
        json!({"Nonsense": 1}),
    ] {
        let world = World::new();
        let (handle, event) = old(&world, &changes);
        let answer = answer(&world, &handle, &event).await;
        assert_eq!(answer["Status"], "SUCCESS", "{changes}");
        assert_eq!(handle.condition(), Condition::Waiting);
    }
    // CloudFormation waits for what does run, an hour at most.
    let world = World::new();
    let (_, event) = old(&world, &json!({"RunOnRollback": "true"}));
    world.start(&event).await.unwrap();
    let input = world.execution_input();
    assert!(input["request"]["WaitConditionHandle"].is_null());
    let set_by = input["task"]["deadlineSetBy"].as_str().unwrap();
    assert!(
        set_by.starts_with("the 3600 s that CloudFormation waits"),
        "{set_by}"
    );
}
