//! `start` over several deliveries of an event: what is left to the next one, what comes too late,
//! and what an Update takes back.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::advance;

use super::start::skipped;
use crate::worlds::functions::{STACK, World, identity, properties, with};

#[tokio::test(start_paused = true)]
async fn what_passes_is_left_to_the_next_delivery_while_there_is_one() {
    for (fault, operation) in [
        (Fault::InternalError, "StartExecution"),
        (Fault::Throttle, "Encrypt"),
        (Fault::Refuse, "DescribeStacks"),
    ] {
        let service = match operation {
            "Encrypt" => Service::Kms,
            "DescribeStacks" => Service::CloudFormation,
            _ => Service::Sfn,
        };
        for request_type in ["Update", "Delete"] {
            if operation == "DescribeStacks" && request_type == "Delete" {
                continue;
            }
            let world = World::sealing();
            let cut = world.inject(service, operation, Span::Forever, fault.clone());
            let event = world.event(request_type, &properties());
            let error = world.start(&event).await.unwrap_err().to_string();
            assert!(
                error.contains(operation) && error.contains("delivered again"),
                "{error}"
            );
            world.assert_no_answer();
            cut.lift();
            advance(Duration::from_secs(60)).await;
            assert!(
                matches!(
                    world.start(&event).await.unwrap(),
                    StartOutcome::Execution(_)
                ),
                "{request_type} {operation}"
            );
            assert_eq!(world.aws.sfn().executions().len(), 1);
            world.assert_no_answer();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_took_effect_without_an_answer_is_left_to_its_execution() {
    for (age, request_type) in [(1, "Create"), (180, "Create"), (180, "Delete")] {
        let world = World::of_age(Duration::from_secs(age));
        world.inject(
            Service::Sfn,
            "StartExecution",
            Span::Forever,
            Fault::CutAfter,
        );
        let event = world.event(request_type, &properties());
        assert_eq!(
            world.start(&event).await.unwrap(),
            StartOutcome::Execution(identity(&event).name)
        );
        world.assert_no_answer();
    }
    let world = World::of_age(Duration::from_secs(180));
    world.inject(
        Service::Sfn,
        "StartExecution",
        Span::Forever,
        Fault::CutAfter,
    );
    world.inject(
        Service::Sfn,
        "DescribeExecution",
        Span::Forever,
        Fault::Refuse,
    );
    let event = world.event("Create", &properties());
    world.start(&event).await.unwrap();
    let reason = world.answer()["Reason"].as_str().unwrap().to_owned();
    assert!(
        reason.contains(&identity(&event).name) && reason.contains("all the same"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_delivery_answers_and_so_does_the_first_where_there_is_no_time_for_another() {
    for (age, service_timeout) in [(180, "3600"), (1, "400")] {
        for (request_type, status) in [("Create", "FAILED"), ("Delete", "SUCCESS")] {
            let world = World::of_age(Duration::from_secs(age));
            world.inject(
                Service::Sfn,
                "StartExecution",
                Span::Forever,
                Fault::InternalError,
            );
            let event = world.event(
                request_type,
                &with(properties(), &json!({"ServiceTimeout": service_timeout})),
            );
            assert_eq!(world.start(&event).await.unwrap(), StartOutcome::Answered);
            assert_eq!(
                world.answer()["Status"],
                status,
                "{request_type}, {age} s old, patience {service_timeout} s"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_when_its_stack_has_moved_on_runs_nothing() {
    for (request_type, status, runs) in [
        ("Create", "CREATE_IN_PROGRESS", true),
        ("Create", "UPDATE_IN_PROGRESS", true),
        ("Create", "ROLLBACK_IN_PROGRESS", false),
        ("Create", "UPDATE_ROLLBACK_IN_PROGRESS", false),
        ("Create", "DELETE_COMPLETE", false),
        ("Create", "UPDATE_ROLLBACK_COMPLETE", false),
        ("Update", "UPDATE_IN_PROGRESS", true),
        ("Update", "DELETE_IN_PROGRESS", false),
        ("Update", "UPDATE_ROLLBACK_COMPLETE", false),
        ("Update", "UPDATE_COMPLETE", false),
    ] {
        let world = World::of_age(Duration::from_secs(90));
        let mut event = world.event(request_type, &properties());
        event["StackId"] = world.aws.cloudformation().stack(STACK, status).into();
        world.start(&event).await.unwrap();
        assert_eq!(
            world.aws.sfn().executions().len(),
            usize::from(runs),
            "{request_type} in {status}"
        );
        if !runs {
            let answer = world.answer();
            assert_eq!(answer["Status"], "FAILED");
            assert!(
                answer["Reason"]
                    .as_str()
                    .unwrap()
                    .contains("Nothing was run"),
                "{answer}"
            );
        }
    }
    let world = World::new();
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    assert_eq!(
        world.aws.calls().count("DescribeStacks").arrived,
        0,
        "an event that comes at once needs no look"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_has_its_execution_already_is_left_to_it_wherever_its_stack_is() {
    let world = World::new();
    let event = world.event("Create", &properties());
    world.start(&event).await.unwrap();
    world
        .aws
        .cloudformation()
        .stack(STACK, "ROLLBACK_IN_PROGRESS");
    advance(Duration::from_secs(60)).await;
    assert_eq!(
        world.start(&event).await.unwrap(),
        StartOutcome::Execution(identity(&event).name)
    );
    world.assert_no_answer();
}

#[tokio::test(start_paused = true)]
async fn an_update_that_comes_when_it_was_taken_back_runs_nothing_beside_the_rollback() {
    let world = World::new();
    world
        .aws
        .cloudformation()
        .stack(STACK, "UPDATE_ROLLBACK_IN_PROGRESS");
    let runs_on_rollback = with(properties(), &json!({"RunOnRollback": "true"}));
    let stack = |mut event: Value| {
        event["StackId"] = world
            .aws
            .cloudformation()
            .stack(STACK, "UPDATE_ROLLBACK_IN_PROGRESS")
            .into();
        event
    };
    let update = stack(world.sent_now(
        "Update",
        &with(runs_on_rollback.clone(), &json!({"Triggers": ["new"]})),
    ));
    advance(Duration::from_secs(30)).await;
    let rollback = stack(world.sent_now("Update", &runs_on_rollback));
    assert!(matches!(
        world.start(&rollback).await.unwrap(),
        StartOutcome::Execution(_)
    ));
    advance(Duration::from_secs(30)).await;
    assert_eq!(world.start(&update).await.unwrap(), StartOutcome::Answered);
    assert_eq!(world.answer()["Status"], "FAILED");
    let executions = world.aws.sfn().executions();
    assert_eq!(
        executions
            .iter()
            .map(|one| (&*one.name, one.ended.is_none()))
            .collect::<Vec<_>>(),
        [(&*identity(&rollback).name, true)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_that_never_runs_does_not_wait_for_cloudformation() {
    let world = World::new();
    world.inject(
        Service::CloudFormation,
        "DescribeStacks",
        Span::Forever,
        Fault::Throttle,
    );
    assert_eq!(
        skipped(
            &world,
            &world.event(
                "Update",
                &with(properties(), &json!({"RunOnUpdate": "false"}))
            )
        )
        .await,
        "RunOnUpdate is false"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_could_not_stop_the_run_it_takes_back_comes_again() {
    let world = World::new();
    let update = world.event("Update", &properties());
    world.start(&update).await.unwrap();
    advance(Duration::from_secs(60)).await;
    let mut rollback = world.sent_now("Update", &properties());
    rollback["StackId"] = world
        .aws
        .cloudformation()
        .stack(STACK, "UPDATE_ROLLBACK_IN_PROGRESS")
        .into();
    let cut = world.inject(
        Service::Sfn,
        "StopExecution",
        Span::Forever,
        Fault::Throttle,
    );
    assert!(world.start(&rollback).await.is_err());
    world.assert_no_answer();
    cut.lift();
    assert_eq!(
        world.start(&rollback).await.unwrap(),
        StartOutcome::Answered
    );
    assert!(world.aws.sfn().executions()[0].ended.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_stops_the_run_of_the_update_that_it_takes_back() {
    for (set, runs_itself) in [(json!({}), false), (json!({"RunOnRollback": "true"}), true)] {
        let world = World::new();
        let update = world.event("Update", &with(properties(), &json!({"Triggers": ["new"]})));
        world.start(&update).await.unwrap();
        let mut other = world.event("Update", &properties());
        other["LogicalResourceId"] = "Another".into();
        world.start(&other).await.unwrap();
        advance(Duration::from_secs(60)).await;

        let mut rollback = world.sent_now("Update", &with(properties(), &set));
        rollback["StackId"] = world
            .aws
            .cloudformation()
            .stack(STACK, "UPDATE_ROLLBACK_IN_PROGRESS")
            .into();
        for _ in 0..2 {
            world.start(&rollback).await.unwrap();
        }
        let executions = world.aws.sfn().executions();
        let still_runs = |event| {
            executions
                .iter()
                .any(|one| one.name == identity(event).name && one.ended.is_none())
        };
        assert!(!still_runs(&update) && still_runs(&other), "{executions:?}");
        assert_eq!(
            still_runs(&rollback),
            runs_itself,
            "not even when its event is delivered twice"
        );
        let stopped = executions
            .iter()
            .find(|one| one.name == identity(&update).name)
            .unwrap();
        let Some((
            _,
            ExecutionEnd::Aborted {
                cause: Some(cause), ..
            },
        )) = &stopped.ended
        else {
            panic!("{stopped:?}")
        };
        assert!(cause.contains("takes the update back"), "{cause}");
    }
}
