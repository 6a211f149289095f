//! What a supervisor of the worker waits for: that it is ready, and that it is alive.

use std::time::Duration;

use tokio::time::{interval, sleep};

use super::Vitals;

/// How soon the first successful poll is noticed.
const READY_CHECK: Duration = Duration::from_millis(200);

impl Vitals {
    /// Waits until a poll has succeeded for the first time.
    pub async fn ready(&self) {
        while !self.signs().is_ready {
            sleep(READY_CHECK).await;
        }
    }

    /// Calls `beat` now and every `pause` from now on, but only while polls and heartbeats succeed
    /// in time. Never ends.
    pub async fn while_well(&self, pause: Duration, beat: impl Fn()) {
        let mut next = interval(pause);
        let mut was_well = true;
        loop {
            next.tick().await;
            let signs = self.signs();
            if signs.is_well {
                beat();
            } else if was_well {
                tracing::warn!(
                    ?signs,
                    "polls or heartbeats do not succeed in time; the watchdog is no longer told that all is well"
                );
            }
            was_well = signs.is_well;
        }
    }
}
