//! Heartbeats of one task, at a pace that leaves room in the account's quota when there are many.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::TaskToken;
use super::client::{CallOutcome, TaskClient};
use super::vitals::CountGuard;
use crate::aws::backoff::jitter;
use crate::times::HEARTBEAT_RETRY_PAUSE;

/// A heartbeat is due after a third of the period that the service waits, so that two can go
/// missing.
const PART: u32 = 3;
/// Heartbeats a second of all tasks of the worker together. With more tasks than that allows, each
/// task sends its heartbeats at longer intervals. An account has 500 or 300 a second, depending on
/// the region (`service-quotas`).
const MOST_PER_SECOND: u32 = 250;
/// A heartbeat comes no later than after this part of the period, which leaves time to repeat
/// one that fails.
const LATEST: f64 = 0.6;
/// A heartbeat may come earlier by this part of the interval, at random, so that the heartbeats of
/// tasks that were fetched together do not stay together.
const JITTER: f64 = 0.1;
/// The first heartbeat comes at random between this part of the interval and its end.
const FIRST: f64 = 0.1;

/// How many tasks of a worker need heartbeats.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU32);

impl Pace {
    /// Time between two heartbeats of a task whose token lives for `period` without one.
    fn interval(&self, period: Duration) -> Duration {
        let shared = Duration::from_secs(self.0.load(Ordering::Relaxed).into()) / MOST_PER_SECOND;
        shared.min(period.mul_f64(LATEST)).max(period / PART)
    }
}

/// Why a task is lost.
pub(super) struct Loss {
    pub(super) why: String,
    /// Step Functions has said so. Otherwise it could not be asked for as long as the token lives.
    pub(super) is_known: bool,
}

/// Keeps one task's token alive.
pub(super) struct Heartbeat<'a> {
    client: &'a TaskClient,
    token: &'a TaskToken,
    pace: &'a Pace,
    period: Duration,
    /// When the last heartbeat was sent that the service took: the service heard of the task
    /// then or later.
    heard: Instant,
    due: Instant,
    late: Option<CountGuard>,
}

impl<'a> Heartbeat<'a> {
    /// For a task that was handed out just now. `period` is the time after which the service gives
    /// the task up.
    pub(super) fn new(
        client: &'a TaskClient,
        token: &'a TaskToken,
        period: Duration,
        pace: &'a Pace,
    ) -> Self {
        pace.0.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        // At random within the interval: the heartbeats of tasks that are fetched in one go then
        // spread evenly over it.
        let first = pace.interval(period).mul_f64(jitter(FIRST));
        Self {
            client,
            token,
            pace,
            period,
            heard: now,
            due: now + first,
            late: None,
        }
    }

    /// The first heartbeat is due at once: for a task whose token may be dead.
    pub(super) fn due_now(mut self) -> Self {
        self.due = Instant::now();
        self
    }

    /// Sends heartbeats until the task is lost, and says why. Can be dropped and called again at
    /// any point.
    pub(super) async fn until_lost(&mut self) -> String {
        loop {
            if let Err(loss) = self.until_taken().await {
                return loss.why;
            }
        }
    }

    /// Waits until the next heartbeat is due, and sends it until the service takes it. Can be
    /// dropped and called again at any point.
    ///
    /// # Errors
    /// Why the task is lost. When no heartbeat gets through, the task counts as lost once the period
    /// is over. The service counts the period from the arrival of a heartbeat, which is no earlier
    /// than its sending: it has not given the task to another worker by then.
    pub(super) async fn until_taken(&mut self) -> Result<(), Loss> {
        loop {
            let end = self.heard + self.period;
            sleep_until(self.due.min(end)).await;
            let sent = Instant::now();
            if sent >= end {
                return Err(self.not_heard());
            }
            // A heartbeat that gets no answer is not waited for beyond the end of the period
            // either.
            let Ok(outcome) = timeout_at(end, self.client.heartbeat(self.token)).await else {
                return Err(self.not_heard());
            };
            match outcome {
                CallOutcome::Taken => {
                    self.heard = sent;
                    self.late = None;
                    self.due = sent
                        + self
                            .pace
                            .interval(self.period)
                            .mul_f64(jitter(1.0 - JITTER));
                    return Ok(());
                }
                CallOutcome::Lost(why) => {
                    return Err(Loss {
                        why,
                        is_known: true,
                    });
                }
                CallOutcome::Refused(why) | CallOutcome::Uncertain(why) => {
                    tracing::warn!(error = why, "a heartbeat was not taken; it is sent again");
                    if self.heard.elapsed() >= self.period * 2 / PART {
                        self.late
                            .get_or_insert_with(|| self.client.vitals().late_heartbeat());
                    }
                    // If the whole process stood still meanwhile, the end has passed, and the loop
                    // ends at once.
                    self.due = (Instant::now()
                        + HEARTBEAT_RETRY_PAUSE.min(self.period / (2 * PART)))
                    .min(end);
                }
            }
        }
    }

    fn not_heard(&self) -> Loss {
        Loss {
            why: format!(
                "no heartbeat got through for {} s, which is as long as the service waits for one",
                self.period.as_secs()
            ),
            is_known: false,
        }
    }
}

impl Drop for Heartbeat<'_> {
    fn drop(&mut self) {
        self.pace.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tasks_beat_less_often_within_what_the_service_waits() {
        const PERIOD: Duration = Duration::from_secs(60);
        for (tasks, seconds) in [
            (1, 20),
            (5_000, 20),
            (7_500, 30),
            (9_000, 36),
            (10_000, 36),
            (100_000, 36),
        ] {
            assert_eq!(
                Pace(AtomicU32::new(tasks)).interval(PERIOD),
                Duration::from_secs(seconds),
                "{tasks} tasks"
            );
        }
    }
}
