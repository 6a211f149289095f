//! The activity worker by itself: permits, heartbeats, lost tokens, answers, hand-over.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ecs_task_runner::activity::{HANDED_OVER, PANICKED, TaskFailure};
use serde_json::json;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{EventKind, Outcome, Schedule};
use stand_ins::{AwsError, Service};
use tokio::time::{Instant, sleep};

use crate::world::{HEARTBEAT, World, failure, success};

const INPUT: &str = "heartbeatSeconds";

#[tokio::test(start_paused = true)]
async fn a_task_is_run_and_answered() {
    let world = World::new();
    let _worker = world.worker_with(10, |task| async move { Ok(json!({"echo": task.input}).to_string()) });
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({"n": 1}), Schedule::once());
    assert_eq!(success(scheduled.outcome().await), json!({"echo": "{\"n\":1}"}));
}

#[tokio::test(start_paused = true)]
async fn a_failure_keeps_its_name_and_its_cause() {
    let world = World::new();
    let _worker = world.worker_with(10, |_| async { Err(TaskFailure { error: "My.Error".to_owned(), cause: "It broke.".to_owned() }) });
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({}), Schedule::once());
    assert_eq!(failure(scheduled.outcome().await), ("My.Error".to_owned(), "It broke.".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_long_task_alive_at_a_third_of_the_period() {
    let world = World::new();
    let _worker = world.worker_with(10, |_| async {
        sleep(Duration::from_secs(900)).await;
        Ok("{}".to_owned())
    });
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once().heartbeat(HEARTBEAT));
    success(scheduled.outcome().await);
    let beats = scheduled.heartbeats();
    let longest = beats.windows(2).map(|pair| pair[1].checked_sub(pair[0]).unwrap()).max().unwrap();
    assert!(longest <= HEARTBEAT / 3, "two heartbeats were {longest:?} apart");
    assert!((44..=58).contains(&beats.len()), "{} heartbeats in 900 s", beats.len());
}

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_token_ends_the_handler_without_an_answer() {
    let world = World::new();
    let dropped = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&dropped);
    let _worker = world.worker_with(1, move |_| {
        let guard = OnDrop(Arc::clone(&counter));
        async move {
            let _guard = guard;
            pending().await
        }
    });
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once().heartbeat(HEARTBEAT));
    scheduled.started(1).await;
    world.aws.sfn().abort(&scheduled);
    sleep(HEARTBEAT).await;
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    let calls = world.aws.calls();
    assert_eq!(calls.count("SendTaskSuccess").arrived + calls.count("SendTaskFailure").arrived, 0);
    // The permit is back: the one slot serves the next task.
    let next = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once());
    next.started(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_cut_off_from_the_service_lets_go_when_the_service_has_given_up() {
    let world = World::new();
    let _worker = world.worker_with(1, |_| async {
        sleep(Duration::from_secs(600)).await;
        Ok("{}".to_owned())
    });
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once().heartbeat(HEARTBEAT));
    scheduled.started(1).await;
    world.aws.faults().inject(Service::Sfn, "SendTaskHeartbeat", Span::Forever, Fault::Refuse);
    assert_eq!(scheduled.outcome().await, Outcome::HeartbeatTimedOut);
    sleep(Duration::from_secs(700)).await;
    assert_eq!(world.aws.calls().count("SendTaskSuccess").arrived, 0, "a task that another worker may have was answered");
}

#[tokio::test(start_paused = true)]
async fn heartbeats_that_fail_for_a_while_are_sent_again() {
    let world = World::new();
    let _worker = world.worker_with(1, |_| async {
        sleep(Duration::from_secs(300)).await;
        Ok("{}".to_owned())
    });
    world.aws.faults().inject(Service::Sfn, "SendTaskHeartbeat", Span::For(Duration::from_secs(45)), Fault::InternalError);
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once().heartbeat(HEARTBEAT));
    success(scheduled.outcome().await);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_repeated_until_the_service_has_it() {
    for fault in [Fault::InternalError, Fault::Throttle, Fault::Refuse, Fault::CutBefore, Fault::AccessDenied] {
        let world = World::new();
        let _worker = world.worker_with(1, |_| async { Ok("{}".to_owned()) });
        world.aws.faults().inject(Service::Sfn, "SendTaskSuccess", Span::For(Duration::from_secs(300)), fault.clone());
        let scheduled = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once().heartbeat(HEARTBEAT));
        assert_eq!(scheduled.outcome().await, Outcome::Succeeded(json!({})), "after {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_arrived_although_its_reply_was_lost_is_not_an_error() {
    let world = World::new();
    let _worker = world.worker_with(1, |_| async { Ok("{}".to_owned()) });
    world.aws.faults().inject(Service::Sfn, "SendTaskSuccess", Span::Next(1), Fault::CutAfter);
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once().heartbeat(HEARTBEAT));
    success(scheduled.outcome().await);
    let next = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once().heartbeat(HEARTBEAT));
    success(next.outcome().await);
}

#[tokio::test(start_paused = true)]
async fn polls_that_fail_never_end_a_worker() {
    for fault in [
        Fault::InternalError,
        Fault::Throttle,
        Fault::AccessDenied,
        Fault::Refuse,
        Fault::CutBefore,
        Fault::Error(AwsError::new("ActivityWorkerLimitExceeded", "too many")),
    ] {
        let world = World::new();
        world.aws.faults().inject(Service::Sfn, "GetActivityTask", Span::For(Duration::from_secs(120)), fault.clone());
        let _worker = world.worker_with(2, |_| async { Ok("{}".to_owned()) });
        let scheduled = world.aws.sfn().schedule(&world.activity, &json!({}), Schedule::once());
        success(scheduled.outcome().await);
        let polls = world.aws.calls().count("GetActivityTask").arrived;
        // Two pollers, 200 ms to 10 s apart, for two minutes.
        assert!(polls < 80, "{polls} polls in two minutes of {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_are_fetched_than_may_run_at_once() {
    let world = World::new();
    let _worker = world.worker_with(3, |_| async {
        sleep(Duration::from_secs(10)).await;
        Ok("{}".to_owned())
    });
    let scheduled: Vec<_> = (0..9).map(|n| world.aws.sfn().schedule(&world.activity, &json!({"n": n}), Schedule::once())).collect();
    sleep(Duration::from_secs(5)).await;
    let fetched = scheduled.iter().filter(|one| one.events().iter().any(|event| matches!(event.kind, EventKind::Started { .. }))).count();
    assert_eq!(fetched, 3);
    for one in scheduled {
        success(one.outcome().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_handler_is_answered_and_the_worker_goes_on() {
    let world = World::new();
    let _worker = world.worker_with(1, |task| async move {
        assert!(!task.input.contains("panic"), "as asked");
        Ok("{}".to_owned())
    });
    let first = world.aws.sfn().schedule(&world.activity, &json!({"do": "panic"}), Schedule::once());
    assert_eq!(failure(first.outcome().await).0, PANICKED);
    success(world.aws.sfn().schedule(&world.activity, &json!({}), Schedule::once()).outcome().await);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_hands_running_tasks_over_and_another_worker_goes_on() {
    let world = World::new();
    let first = world.worker_with(5, |_| pending());
    let scheduled: Vec<_> = (0..3).map(|_| world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::retrying())).collect();
    for one in &scheduled {
        one.started(1).await;
    }
    first.request_shutdown();
    first.ended().await;
    for one in &scheduled {
        let handed_over = one.events().iter().any(|event| matches!(&event.kind, EventKind::Failed { error, .. } if error == HANDED_OVER));
        assert!(handed_over);
    }
    let _second = world.worker_with(5, |_| async { Ok("{}".to_owned()) });
    for one in scheduled {
        success(one.outcome().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_in_flight_at_shutdown_is_waited_for_and_its_task_handed_over() {
    let world = World::new();
    let worker = world.worker_with(5, |_| async { panic!("a worker that shuts down must not begin a task") });
    world.aws.calls().arrived("GetActivityTask", 2).await;
    worker.request_shutdown();
    sleep(Duration::from_secs(20)).await;
    let scheduled = world.aws.sfn().schedule(&world.activity, &json!({INPUT: 60}), Schedule::once());
    assert_eq!(failure(scheduled.outcome().await).0, HANDED_OVER);
    let start = Instant::now();
    worker.ended().await;
    assert!(start.elapsed() <= Duration::from_secs(45), "the other poll ends with its minute");
    let polls = world.aws.calls().count("GetActivityTask").arrived;
    assert_eq!(polls, 2, "a worker that shuts down must not poll again");
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_keeps_two_polls_open() {
    let world = World::new();
    let _worker = world.worker_with(100, |_| async { Ok("{}".to_owned()) });
    sleep(Duration::from_secs(600)).await;
    assert_eq!(world.aws.sfn().waiting_polls(&world.activity), 2);
}
