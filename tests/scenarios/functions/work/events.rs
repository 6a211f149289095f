//! Events that come late, again, without a valid token, or that cannot be read.

use std::time::Duration;

use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::log_capture::{capture_log, logged};
use stand_ins::sfn::{EventKind, Schedule};
use tokio::time::{Instant, sleep};

use super::{MINUTE, SECOND};
use crate::worlds::worker::{HEARTBEAT, World, failure, outcome, success};

/// Every call but the polls of the tests.
fn calls(world: &World) -> Vec<String> {
    let calls = world
        .aws
        .calls()
        .matching(|call| &*call.operation != "GetActivityTask");
    calls
        .into_iter()
        .map(|call| call.operation.to_string())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_after_its_token_has_died_launches_nothing_and_is_no_error() {
    let world = World::new();
    capture_log();
    let input = json!({"heartbeatSeconds": 60, "task": world.task()});
    let schedule = Schedule::once().heartbeat(HEARTBEAT);
    let scheduled = world.aws.sfn().schedule(&world.activity, &input, schedule);
    let event = world.next_event().await;
    let token = event["taskToken"].as_str().unwrap().to_owned();
    outcome(&scheduled).await;
    world.invoke(event).await.unwrap();
    assert_eq!(calls(&world), ["SendTaskHeartbeat"]);
    let log = logged();
    assert!(log.contains("nothing is begun"), "{log}");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    assert!(!log.contains(&token), "a log line shows a task token");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_again_after_the_answer_does_nothing() {
    let world = World::new();
    world.script(Script::exits(0));
    let scheduled = world.schedule(&world.task());
    let event = world.next_event().await;
    world.invoke(event.clone()).await.unwrap();
    success(outcome(&scheduled).await);
    let before = calls(&world).len();
    world.invoke(event).await.unwrap();
    assert_eq!(calls(&world)[before..], ["SendTaskHeartbeat"]);
}

#[tokio::test(start_paused = true)]
async fn two_invocations_of_one_event_have_one_task_and_one_answer() {
    for later in [0, 20] {
        let world = World::new();
        world.script(Script::exits(0).running(MINUTE));
        let scheduled = world.schedule(&world.task());
        let event = world.next_event().await;
        let again = async {
            sleep(later * SECOND).await;
            world.invoke(event.clone()).await
        };
        let (first, second) = tokio::join!(world.invoke(event.clone()), again);
        assert_eq!((first, second), (Ok(()), Ok(())));
        success(outcome(&scheduled).await);
        assert_eq!(world.launched(), 1, "{later} s later");
        let answers = scheduled
            .events()
            .into_iter()
            .filter(|event| matches!(event.kind, EventKind::Succeeded { .. }));
        assert_eq!(answers.count(), 1, "{later} s later");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_launched_before_a_heartbeat_was_taken() {
    for fault in [
        Fault::Refuse,
        Fault::CutBefore,
        Fault::InternalError,
        Fault::Throttle,
        Fault::AccessDenied,
    ] {
        let world = World::new();
        world.script(Script::exits(0));
        let scheduled = world.schedule(&world.task());
        let span = Span::For(HEARTBEAT / 2);
        world.inject(Service::Sfn, "SendTaskHeartbeat", span, fault.clone());
        let event = world.next_event().await;
        let start = world.aws.clock().now();
        world.invoke(event).await.unwrap();
        success(outcome(&scheduled).await);
        let launched = world.aws.calls().of("RunTask")[0].at.saturating_sub(start);
        assert!(
            launched >= HEARTBEAT / 2 && launched <= HEARTBEAT / 2 + 7 * SECOND,
            "{launched:?} after {fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_heartbeat_that_does_not_get_through_is_given_up_after_its_period() {
    for fault in [Fault::Refuse, Fault::Delay(20 * MINUTE)] {
        let world = World::new();
        world.schedule(&world.task());
        world.inject(Service::Sfn, "SendTaskHeartbeat", Span::Forever, fault);
        let event = world.next_event().await;
        let start = Instant::now();
        let error = world.invoke(event).await.unwrap_err();
        assert!(
            error.to_string().contains("states:SendTaskHeartbeat"),
            "{error}"
        );
        let taken = start.elapsed();
        assert!(
            taken >= HEARTBEAT && taken < HEARTBEAT + SECOND,
            "{taken:?}"
        );
        assert!(calls(&world).iter().all(|call| call == "SendTaskHeartbeat"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_token_is_lost_is_let_go_and_its_task_left_alone() {
    let world = World::new();
    world.script(Script::runs_forever());
    let scheduled = world.schedule(&world.task());
    let event = world.next_event().await;
    let stop = async {
        sleep(MINUTE).await;
        world.aws.sfn().abort(&scheduled);
    };
    let start = Instant::now();
    let (worked, ()) = tokio::join!(world.invoke(event), stop);
    worked.unwrap();
    assert!(start.elapsed() <= MINUTE + HEARTBEAT / 3);
    for call in ["SendTaskSuccess", "SendTaskFailure", "StopTask"] {
        assert_eq!(world.aws.calls().count(call).arrived, 0, "{call}");
    }
    assert_eq!(world.aws.ecs().tasks()[0].last_status, "RUNNING");
}

#[tokio::test(start_paused = true)]
async fn an_input_that_cannot_be_read_is_the_runs_failure() {
    for input in [
        json!({"heartbeatSeconds": 60}),
        json!({"heartbeatSeconds": "soon", "task": {}}),
        json!({"task": {"cluster": 1, "overrides": "hunter2"}}),
    ] {
        let world = World::new();
        capture_log();
        let scheduled = world.schedule_input(&input);
        let event = world.next_event().await;
        world.invoke(event).await.unwrap();
        let (error, cause) = failure(outcome(&scheduled).await);
        assert_eq!(error, "EcsTask.InvalidRequest", "{input}");
        assert!(!cause.contains("hunter2"), "{cause}");
        assert!(!logged().contains("hunter2"));
        assert_eq!(world.launched(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_without_a_token_is_an_error_and_makes_no_call() {
    let world = World::new();
    let error = world
        .invoke(json!({"task": world.task()}))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("\"taskToken\""), "{error}");
    assert!(calls(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_invocation_with_less_than_a_minute_begins_nothing() {
    let world = World::new();
    world.schedule(&world.task());
    let event = world.next_event().await;
    let start = Instant::now();
    world
        .invoke_for(event, Duration::from_secs(59))
        .await
        .unwrap();
    assert!(start.elapsed() < SECOND);
    assert_eq!(world.launched(), 0);
}
