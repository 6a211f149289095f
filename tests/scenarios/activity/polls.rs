//! Polls: how many there are, and what becomes of them when they fail.

use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::activity::Options;
use serde_json::json;
use stand_ins::faults::{Fault, Span};
use stand_ins::{AwsError, Service};
use tokio::sync::Barrier;
use tokio::time::{Instant, sleep};

use crate::worlds::running::{Worker, number};
use crate::worlds::worker::{World, outcome, success};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn polls_that_fail_never_end_a_worker_and_lose_no_place() {
    for fault in [
        Fault::InternalError,
        Fault::Throttle,
        Fault::AccessDenied,
        Fault::Refuse,
        Fault::CutBefore,
        Fault::Error(AwsError::new("ActivityWorkerLimitExceeded", "too many")),
    ] {
        let world = World::new();
        world.inject(
            Service::Sfn,
            "GetActivityTask",
            Span::For(Duration::from_secs(120)),
            fault.clone(),
        );
        // Neither task ends before both have begun.
        let both = Arc::new(Barrier::new(2));
        let _worker = world.worker_with(2, move |_| {
            let both = Arc::clone(&both);
            async move {
                both.wait().await;
                Ok("{}".to_owned())
            }
        });
        let scheduled: Vec<_> = (0..2).map(|_| world.schedule_input(&json!({}))).collect();
        for one in &scheduled {
            success(outcome(one).await);
        }
        let polls = world.aws.calls().count("GetActivityTask").arrived;
        // Two pollers, 200 ms to 10 s apart, for two minutes.
        assert!(polls < 80, "{polls} polls in two minutes of {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_keeps_two_polls_open() {
    let world = World::new();
    let _worker = world.worker_with(100, |_| async { Ok("{}".to_owned()) });
    sleep(Duration::from_secs(600)).await;
    assert_eq!(world.aws.sfn().waiting_polls(&world.activity), 2);
}

#[tokio::test(start_paused = true)]
async fn polls_grow_from_two_one_at_a_time_and_stay_within_their_share() {
    let world = World::new();
    let options = Options {
        max_tasks: number(1_000),
        pollers: number(50),
        polls_per_second: number(20),
        ..Options::default()
    };
    let start = Instant::now();
    let scheduled: Vec<_> = (0..200).map(|_| world.schedule_input(&json!({}))).collect();
    let _worker = Worker::serve(&world.connection(), &world.activity, options, |_| async {
        Ok("{}".to_owned())
    });
    for scheduled in scheduled {
        success(scheduled.outcome().await);
    }
    // 20 in the first moment, the other 180 at 20 a second.
    assert!(
        start.elapsed() >= 9 * SECOND && start.elapsed() <= 10 * SECOND,
        "{:?}",
        start.elapsed()
    );
    sleep(SECOND).await;
    let grown = world.aws.sfn().waiting_polls(&world.activity);
    assert!((10..=50).contains(&grown), "{grown} polls wait");
    sleep(Duration::from_secs(180)).await;
    assert_eq!(world.aws.sfn().waiting_polls(&world.activity), 2);
}

#[tokio::test(start_paused = true)]
async fn a_worker_makes_do_with_fewer_polls_where_the_activity_takes_no_more() {
    let world = World::new();
    let options = Options {
        max_tasks: number(1_000),
        pollers: number(50),
        ..Options::default()
    };
    for _ in 0..100 {
        world.schedule_input(&json!({}));
    }
    let _worker = Worker::serve(&world.connection(), &world.activity, options, |_| async {
        Ok("{}".to_owned())
    });
    sleep(SECOND).await;
    let too_many = Fault::Error(AwsError::new(
        "ActivityWorkerLimitExceeded",
        "Activity Worker Limit Exceeded",
    ));
    world.inject(
        Service::Sfn,
        "GetActivityTask",
        Span::For(30 * SECOND),
        too_many,
    );
    sleep(90 * SECOND).await;
    let before = world.aws.calls().count("GetActivityTask");
    sleep(30 * SECOND).await;
    assert_eq!(
        world.aws.calls().count("GetActivityTask").refused,
        before.refused
    );
    assert_eq!(world.aws.sfn().waiting_polls(&world.activity), 2);
    let next = world.schedule_input(&json!({}));
    success(next.outcome().await);
}
