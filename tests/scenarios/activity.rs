//! The activity worker by itself: permits, heartbeats, answers; and in files of their own polls,
//! lost tokens, hand-over,
//! and tasks that are given to the process and not polled for.

mod given;
mod hand_over;
mod heartbeats;
mod polls;
mod tokens;
mod watchdog;

use std::time::Duration;

use ecs_task_runner::activity::{PANICKED, TaskFailure};
use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{EventKind, Outcome};
use tokio::time::sleep;

use crate::worlds::worker::{LONGEST, World, failure, outcome, success, within};

/// The heartbeat period, in seconds, as a task's input names it.
const INPUT: &str = "heartbeatSeconds";

#[tokio::test(start_paused = true)]
async fn a_task_is_run_and_answered() {
    let world = World::new();
    let _worker = world.worker_with(10, |task| async move {
        Ok(json!({"echo": task.input}).to_string())
    });
    let scheduled = world.schedule_input(&json!({"n": 1}));
    assert_eq!(
        success(outcome(&scheduled).await),
        json!({"echo": "{\"n\":1}"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_keeps_its_name_and_its_cause() {
    let world = World::new();
    let _worker = world.worker_with(10, |_| async {
        Err(TaskFailure {
            error: "My.Error".to_owned(),
            cause: "It broke.".to_owned(),
        })
    });
    let scheduled = world.schedule_input(&json!({}));
    assert_eq!(
        failure(outcome(&scheduled).await),
        ("My.Error".to_owned(), "It broke.".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_repeated_until_the_service_has_it() {
    for fault in [
        Fault::InternalError,
        Fault::Throttle,
        Fault::Refuse,
        Fault::CutBefore,
        Fault::AccessDenied,
    ] {
        let world = World::new();
        let _worker = world.worker_with(1, |_| async { Ok("{}".to_owned()) });
        world.inject(
            Service::Sfn,
            "SendTaskSuccess",
            Span::For(Duration::from_secs(300)),
            fault.clone(),
        );
        let scheduled = world.schedule_once();
        assert_eq!(
            outcome(&scheduled).await,
            Outcome::Succeeded(json!({})),
            "after {fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_arrived_although_its_reply_was_lost_is_not_an_error() {
    let world = World::new();
    let _worker = world.worker_with(1, |_| async { Ok("{}".to_owned()) });
    world.inject(
        Service::Sfn,
        "SendTaskSuccess",
        Span::Next(1),
        Fault::CutAfter,
    );
    let scheduled = world.schedule_once();
    success(outcome(&scheduled).await);
    let next = world.schedule_once();
    success(outcome(&next).await);
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_are_fetched_than_may_run_at_once() {
    let world = World::new();
    let _worker = world.worker_with(3, |_| async {
        sleep(Duration::from_secs(10)).await;
        Ok("{}".to_owned())
    });
    let scheduled: Vec<_> = (0..9)
        .map(|n| world.schedule_input(&json!({"n": n})))
        .collect();
    sleep(Duration::from_secs(5)).await;
    let fetched = scheduled
        .iter()
        .filter(|one| {
            one.events()
                .iter()
                .any(|event| matches!(event.kind, EventKind::Started { .. }))
        })
        .count();
    assert_eq!(fetched, 3);
    for one in scheduled {
        success(outcome(&one).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_handler_is_answered_and_the_worker_goes_on() {
    let world = World::new();
    let _worker = world.worker_with(1, |task| async move {
        assert!(!task.input.contains("panic"), "as asked");
        Ok("{}".to_owned())
    });
    let first = world.schedule_input(&json!({"do": "panic"}));
    assert_eq!(failure(outcome(&first).await).0, PANICKED);
    let next = world.schedule_input(&json!({}));
    success(outcome(&next).await);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_service_refuses_is_given_up_and_leaves_its_place() {
    let world = World::new();
    // No JSON: the service never takes it.
    let _worker = world.worker_with(1, |_| async { Ok("{".to_owned()) });
    let scheduled = world.schedule_once();
    assert_eq!(outcome(&scheduled).await, Outcome::HeartbeatTimedOut);
    let calls = world.aws.calls();
    assert_eq!(
        (
            calls.count("SendTaskSuccess").arrived,
            calls.count("SendTaskFailure").arrived
        ),
        (1, 0)
    );
    let next = world.schedule_input(&json!({}));
    within(LONGEST, next.started(1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_too_large_becomes_a_failure_that_says_so() {
    /// Of `API_SendTaskSuccess`, bytes.
    const MOST: usize = 262_144;
    for bytes in [MOST, MOST + 1] {
        let world = World::new();
        let output = format!("\"{}\"", "x".repeat(bytes - 2));
        let _worker = world.worker_with(1, move |_| std::future::ready(Ok(output.clone())));
        let scheduled = world.schedule_input(&json!({}));
        let ended = outcome(&scheduled).await;
        if bytes <= MOST {
            success(ended);
        } else {
            let (error, cause) = failure(ended);
            assert_eq!(error, "States.DataLimitExceeded");
            assert!(cause.contains(&bytes.to_string()), "{cause}");
        }
    }
}
