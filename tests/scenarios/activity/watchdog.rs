//! What the supervisor of a worker's process is told: that it is ready, and that it is alive.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use tokio::time::{sleep, timeout};

use crate::worlds::running::Worker;
use crate::worlds::worker::{LONGEST, World, within};

const SECOND: Duration = Duration::from_secs(1);

/// Counts the beats of a worker's watchdog, one a second.
struct Beats(Arc<AtomicUsize>);

impl Beats {
    fn of(worker: &Worker) -> Self {
        let beats = Arc::new(AtomicUsize::new(0));
        let (vitals, counted) = (worker.vitals().clone(), Arc::clone(&beats));
        let beat = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        tokio::spawn(async move { vitals.while_well(SECOND, beat).await });
        Self(beats)
    }

    async fn in_seconds(&self, seconds: u32) -> usize {
        let before = self.0.load(Ordering::Relaxed);
        sleep(seconds * SECOND).await;
        self.0.load(Ordering::Relaxed) - before
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_is_ready_once_a_poll_has_succeeded_and_not_before() {
    let world = World::new();
    let trouble = world.inject(
        Service::Sfn,
        "GetActivityTask",
        Span::Forever,
        Fault::InternalError,
    );
    let worker = world.worker_with(2, |_| pending());
    assert!(
        timeout(600 * SECOND, worker.vitals().ready())
            .await
            .is_err()
    );
    trouble.lift();
    // The longest pause between polls, and a poll's minute.
    within(75 * SECOND, worker.vitals().ready()).await;
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_is_told_nothing_while_polls_fail() {
    let world = World::new();
    let worker = world.worker_with(2, |_| pending());
    let beats = Beats::of(&worker);
    sleep(SECOND / 2).await;
    assert_eq!(beats.in_seconds(600).await, 600, "polls succeed");
    let trouble = world.inject(
        Service::Sfn,
        "GetActivityTask",
        Span::Forever,
        Fault::InternalError,
    );
    // The polls that are open still succeed, and a failure is no trouble before it has lasted.
    sleep(160 * SECOND).await;
    assert_eq!(beats.in_seconds(600).await, 0, "polls fail");
    trouble.lift();
    sleep(75 * SECOND).await;
    assert_eq!(beats.in_seconds(600).await, 600, "polls succeed again");
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_is_told_nothing_while_heartbeats_are_late() {
    let world = World::new();
    let worker = world.worker_with(1, |_| pending());
    let beats = Beats::of(&worker);
    let scheduled = world.schedule_once();
    within(LONGEST, scheduled.started(1)).await;
    world.inject(
        Service::Sfn,
        "SendTaskHeartbeat",
        Span::Forever,
        Fault::InternalError,
    );
    sleep(SECOND / 2).await;
    assert_eq!(
        beats.in_seconds(39).await,
        39,
        "one heartbeat may be missed"
    );
    sleep(2 * SECOND).await;
    assert_eq!(
        beats.in_seconds(17).await,
        0,
        "the task is about to be lost"
    );
    sleep(2 * SECOND).await;
    assert_eq!(beats.in_seconds(60).await, 60, "the task is lost");
}
