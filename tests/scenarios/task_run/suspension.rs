//! Workers whose process or machine stood still for a while: what they may still do afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Placement;
use stand_ins::faults::{Fault, Span};
use tokio::time::{Instant, advance, sleep};

use crate::worlds::running::Worker;
use crate::worlds::worker::{HEARTBEAT, INSTANCES, World, failure};

const SECOND: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);

/// Waits for the middle between two steps: at the instant of a step, whether the worker has already
/// taken it is left to chance.
async fn between_steps(steps: &AtomicUsize) {
    let seen = steps.load(Ordering::SeqCst);
    while steps.load(Ordering::SeqCst) == seen {
        sleep(STEP / 100).await;
    }
    sleep(STEP / 2).await;
}

/// A worker whose work takes a step every 100 ms, and the count of the steps.
fn stepping(world: &World) -> (Worker, Arc<AtomicUsize>) {
    let steps = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&steps);
    let worker = world.worker_with(1, move |_| {
        let counter = Arc::clone(&counter);
        async move {
            loop {
                sleep(STEP).await;
                counter.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (worker, steps)
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stood_still_for_too_long_takes_no_further_step() {
    for beat_takes in [Duration::ZERO, 4 * SECOND] {
        let world = World::new();
        let (_worker, steps) = stepping(&world);
        world.inject(
            Service::Sfn,
            "SendTaskHeartbeat",
            Span::Forever,
            Fault::Delay(beat_takes),
        );
        let scheduled = world.schedule_once();
        scheduled.started(1).await;
        world.aws.calls().arrived("SendTaskHeartbeat", 2).await;
        // Either shortly after a beat, or while one is under way.
        sleep(SECOND / 2).await;
        between_steps(&steps).await;
        let before = steps.load(Ordering::SeqCst);
        assert!(before > 0, "the work has not begun");
        advance(90 * SECOND).await;
        sleep(5 * SECOND).await;
        assert_eq!(
            steps.load(Ordering::SeqCst),
            before,
            "a beat takes {beat_takes:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_beats_hang_lets_go_when_the_service_does() {
    let world = World::new();
    let (_worker, steps) = stepping(&world);
    world.inject(
        Service::Sfn,
        "SendTaskHeartbeat",
        Span::Forever,
        Fault::Delay(3_600 * SECOND),
    );
    let scheduled = world.schedule_once();
    scheduled.started(1).await;
    sleep(HEARTBEAT + SECOND / 2).await;
    let then = steps.load(Ordering::SeqCst);
    assert!(then > 500, "it let go too early, after {then} steps");
    sleep(20 * SECOND).await;
    assert_eq!(steps.load(Ordering::SeqCst), then);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_past_the_deadline_launches_nothing() {
    for (operation, changes) in [
        ("RunTask", json!({})),
        ("StartTask", json!({"instances": [INSTANCES[0]]})),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.placement(Placement::fails("RESOURCE:MEMORY"));
        world.aws.ecs().instance_fails(INSTANCES[0], "AGENT");
        let scheduled = world.schedule_with(&changes);
        world.aws.calls().arrived(operation, 2).await;
        world.wall.suspend(3_600);
        let start = Instant::now();
        let (error, cause) = failure(scheduled.outcome().await);
        assert_eq!(error, "EcsTask.DeadlineExceeded", "{cause}");
        assert_eq!(
            world.aws.calls().count(operation).arrived,
            2,
            "launched after the deadline"
        );
        assert!(
            start.elapsed() < 60 * SECOND,
            "{operation}: {:?}",
            start.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_counts_from_its_request_when_answers_are_not_taken() {
    let world = World::new();
    let worker = world.worker_with(5, |_| async { Ok("{}".to_owned()) });
    world.inject(
        Service::Sfn,
        "SendTaskFailure",
        Span::Forever,
        Fault::InternalError,
    );
    sleep(SECOND).await;
    let start = Instant::now();
    worker.request_shutdown();
    sleep(50 * SECOND).await;
    let _scheduled = world.schedule_once();
    worker.ended().await;
    assert!(
        start.elapsed() < 80 * SECOND,
        "systemd kills the worker after 90 s; this took {:?}",
        start.elapsed()
    );
}
