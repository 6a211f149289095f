//! `start` over several deliveries of an event: what is left to the next one, and what comes too
//! late.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use tokio::time::advance;

use crate::worlds::events::{identity, properties, with};
use crate::worlds::functions::{STACK, World};

/// Lambda delivers an event again after an error. That is harmless, since the execution's name is
/// the same, and the next answer is more than the report of a moment's trouble.
#[tokio::test(start_paused = true)]
async fn trouble_that_may_pass_is_left_to_the_next_delivery_while_there_is_one() {
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

/// `start` must not answer beside the execution: CloudFormation acts on the first answer it reads.
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
    // Refused outright, the call cannot have taken effect; that of an earlier delivery may have.
    for fault in [Fault::CutAfter, Fault::AccessDenied] {
        let world = World::of_age(Duration::from_secs(180));
        world.inject(Service::Sfn, "StartExecution", Span::Forever, fault);
        world.inject(
            Service::Sfn,
            "DescribeExecution",
            Span::Forever,
            Fault::Refuse,
        );
        let event = world.event("Create", &properties());
        world.start(&event).await.unwrap();
        let reason = world.reason();
        assert!(
            reason.contains(&identity(&event).name) && reason.contains("all the same"),
            "{reason}"
        );
    }
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

/// The resource's Delete may have been answered meanwhile: then nothing would ever stop what a late
/// event runs.
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
        let event = world.in_stack(status, world.event(request_type, &properties()));
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
async fn a_refusal_claims_nothing_of_an_earlier_delivery_that_could_not_be_asked_for() {
    let world = World::of_age(Duration::from_secs(90));
    let event = world.in_stack("ROLLBACK_IN_PROGRESS", world.event("Create", &properties()));
    world.inject(
        Service::Sfn,
        "DescribeExecution",
        Span::Forever,
        Fault::AccessDenied,
    );
    world.start(&event).await.unwrap();
    let answer = world.answer();
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.contains("This delivery of it ran nothing. Whether an earlier one did could not be seen: states:DescribeExecution")
            && reason.contains(&identity(&event).name)
            && !reason.contains("Nothing was run"),
        "{reason}"
    );
}
