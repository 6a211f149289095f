//! The one clock of all stand-ins: wall time at the start plus tokio's elapsed time, so that a
//! paused tokio clock moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Time as the stand-ins see it. A moment is a [`Duration`] since the stand-ins started.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    /// Wall time at `started`, since the Unix epoch.
    wall: Duration,
}

impl Clock {
    /// A clock that starts now. Start it inside the runtime whose (perhaps paused) time it is to
    /// follow.
    pub fn start() -> Self {
        Self::at(SystemTime::now())
    }

    /// The same, and it shows this time now.
    pub fn at(wall: SystemTime) -> Self {
        Self {
            started: Instant::now(),
            wall: wall.duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The moment as tokio's timers take it.
    pub fn instant(&self, at: Duration) -> Instant {
        self.started + at
    }

    /// The moment in milliseconds since the Unix epoch, as CloudWatch Logs writes time.
    pub fn epoch_millis(&self, at: Duration) -> i64 {
        i64::try_from((self.wall + at).as_millis()).unwrap_or(i64::MAX)
    }

    /// The moment in seconds since the Unix epoch with milliseconds, as the AWS JSON protocols
    /// write time.
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 stay far below 2^53"
    )]
    pub fn epoch_seconds(&self, at: Duration) -> f64 {
        self.epoch_millis(at) as f64 / 1000.0
    }

    /// A wall clock that shows what the stand-ins write, to the millisecond.
    pub fn wall(&self) -> WallClock {
        let now = Duration::from_millis(self.epoch_millis(self.now()).unsigned_abs());
        WallClock::at(UNIX_EPOCH + now)
    }

    /// Sleeps until the moment has come; returns at once when it has passed.
    pub async fn sleep_until(&self, at: Duration) {
        tokio::time::sleep_until(self.instant(at)).await;
    }
}

/// A wall clock that moves with tokio's clock, and that a test can move ahead of it: as on a machine
/// that is suspended, time passes on the calendar while timers stand still.
#[derive(Clone, Debug)]
pub struct WallClock {
    started: Instant,
    wall: SystemTime,
    /// Seconds that tokio's clock has missed.
    suspended: Arc<AtomicU64>,
}

impl WallClock {
    /// A clock that shows `time` now.
    pub fn at(time: SystemTime) -> Self {
        Self {
            started: Instant::now(),
            wall: time,
            suspended: Arc::default(),
        }
    }

    /// The present time.
    pub fn now(&self) -> SystemTime {
        let suspended = Duration::from_secs(self.suspended.load(Ordering::Relaxed));
        self.wall + self.started.elapsed() + suspended
    }

    /// Lets so many seconds pass on this clock and its clones alone.
    pub fn suspend(&self, seconds: u64) {
        self.suspended.fetch_add(seconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_follows_a_paused_tokio_clock() {
        let clock = Clock::start();
        let before = clock.epoch_millis(clock.now());
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now(), Duration::from_secs(90));
        assert_eq!(clock.epoch_millis(clock.now()) - before, 90_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspended_machine_misses_time_on_the_calendar_only() {
        let clock = WallClock::at(UNIX_EPOCH);
        tokio::time::advance(Duration::from_secs(90)).await;
        clock.clone().suspend(10);
        assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_secs(100));
    }
}
