//! Heartbeats of one task.

use std::time::Duration;

use rand::Rng;
use tokio::time::{Instant, sleep_until};

use super::TaskToken;
use super::client::{ActivityClient, Delivery};
use super::vitals::Counted;

/// A heartbeat is due after this part of the period the service waits, so that two can go missing.
const PART: u32 = 3;
/// How far a beat may come earlier, so that tasks fetched together do not beat together.
const JITTER: f64 = 0.2;
/// Pause before a beat that got no answer is sent again.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps one task's token alive.
pub(super) struct Heartbeat<'a> {
    client: &'a ActivityClient,
    token: &'a TaskToken,
    period: Duration,
    /// When the service last heard of the task for certain: the sending of the last beat that it took.
    heard: Instant,
    due: Instant,
    late: Option<Counted>,
}

impl<'a> Heartbeat<'a> {
    /// For a task that was handed out just now. `period` is the time after which the service gives the task up.
    pub(super) fn new(client: &'a ActivityClient, token: &'a TaskToken, period: Duration) -> Self {
        let now = Instant::now();
        let first = (period / PART).mul_f64(rand::rng().random_range(0.3..=1.0));
        Self { client, token, period, heard: now, due: now + first, late: None }
    }

    /// Beats until the task is lost, and says why. Can be dropped and called again at any point.
    pub(super) async fn until_lost(&mut self) -> String {
        loop {
            sleep_until(self.due).await;
            let sent = Instant::now();
            if sent.duration_since(self.heard) >= self.period {
                return format!("no heartbeat got through for {} s, which is as long as the service waits for one", self.period.as_secs());
            }
            match self.client.heartbeat(self.token).await {
                Delivery::Taken => {
                    self.heard = sent;
                    self.late = None;
                    self.due = sent + (self.period / PART).mul_f64(rand::rng().random_range(1.0 - JITTER..=1.0));
                }
                Delivery::Lost(why) => return why,
                Delivery::Refused(why) | Delivery::Uncertain(why) => {
                    tracing::warn!(error = why, "a heartbeat was not taken; it is sent again");
                    if self.heard.elapsed() >= self.period * 2 / PART {
                        self.late.get_or_insert_with(|| self.client.vitals().late_heartbeat());
                    }
                    self.due = Instant::now() + RETRY.min(self.period / (2 * PART));
                }
            }
        }
    }
}
