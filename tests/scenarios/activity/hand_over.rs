//! Shutdown: running tasks are handed over, polls in flight are waited for.

use std::future::pending;
use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{EventKind, Schedule, Scheduled};
use tokio::time::{Instant, sleep};

use super::INPUT;
use crate::worlds::worker::{HEARTBEAT, LONGEST, World, failure, outcome, success, within};

/// How often a task was handed over.
fn hand_overs(scheduled: &Scheduled) -> usize {
    let is_hand_over =
        |kind: &EventKind| matches!(kind, EventKind::Failed { error, .. } if error == HANDED_OVER);
    scheduled
        .events()
        .iter()
        .filter(|event| is_hand_over(&event.kind))
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_hands_running_tasks_over_and_another_worker_goes_on() {
    let world = World::new();
    let first = world.worker_with(5, |_| pending());
    let scheduled: Vec<_> = (0..3)
        .map(|_| {
            world
                .aws
                .sfn()
                .schedule(&world.activity, &json!({INPUT: 60}), Schedule::retrying())
        })
        .collect();
    for one in &scheduled {
        within(LONGEST, one.started(1)).await;
    }
    first.request_shutdown();
    first.ended().await;
    for one in &scheduled {
        // A poll in flight may bring one again, which is handed over again.
        assert!(hand_overs(one) >= 1, "a running task was not handed over");
    }
    let _second = world.worker_with(5, |_| async { Ok("{}".to_owned()) });
    for one in scheduled {
        success(outcome(&one).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_in_flight_at_shutdown_is_waited_for_and_its_task_handed_over() {
    let world = World::new();
    let worker = world.worker_with(5, |_| async {
        panic!("a worker that shuts down must not begin a task")
    });
    within(LONGEST, world.aws.calls().arrived("GetActivityTask", 2)).await;
    worker.request_shutdown();
    sleep(Duration::from_secs(20)).await;
    let scheduled = world.schedule_input(&json!({INPUT: 60}));
    assert_eq!(failure(outcome(&scheduled).await).0, HANDED_OVER);
    let start = Instant::now();
    worker.ended().await;
    assert!(
        start.elapsed() <= Duration::from_secs(45),
        "the other poll ends with its minute"
    );
    let polls = world.aws.calls().count("GetActivityTask").arrived;
    assert_eq!(polls, 2, "a worker that shuts down must not poll again");
}

/// The bounds are the contract: two seconds, and the polls in flight, which take 65 s at most.
#[tokio::test(start_paused = true)]
async fn two_hundred_tasks_are_handed_over_within_two_seconds_though_each_answer_takes_its_time() {
    const TASKS: u32 = 200;
    const SECOND: Duration = Duration::from_secs(1);
    let world = World::new();
    let worker = world.worker_with(TASKS + 100, |_| pending());
    let schedule = Schedule::retrying().heartbeat(HEARTBEAT);
    let scheduled: Vec<_> = (0..TASKS)
        .map(|_| {
            world
                .aws
                .sfn()
                .schedule(&world.activity, &json!({INPUT: 60}), schedule.clone())
        })
        .collect();
    for one in &scheduled {
        within(LONGEST, one.started(1)).await;
    }
    assert_eq!(worker.vitals().signs().in_hand, TASKS as usize);
    world.inject(
        Service::Sfn,
        "SendTaskFailure",
        Span::Forever,
        Fault::Delay(SECOND / 10),
    );
    let start = Instant::now();
    worker.request_shutdown();
    within(
        2 * SECOND,
        world.aws.calls().ended("SendTaskFailure", TASKS.into()),
    )
    .await;
    for one in &scheduled {
        assert_eq!(hand_overs(one), 1, "each task is handed over once");
    }
    worker.ended().await;
    assert!(
        start.elapsed() <= 2 * SECOND + 65 * SECOND,
        "{:?}",
        start.elapsed()
    );
}
