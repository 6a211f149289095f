//! The wall clock, as a value: deadlines are instants on the calendar, and tests move time by hand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

/// Tells the time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// `None` asks the system. Otherwise the time at an instant of tokio's clock, from which the
    /// time follows that clock.
    since: Option<Start>,
}

#[derive(Debug, Clone, Copy)]
struct Start {
    time: Timestamp,
    at: Instant,
    /// Seconds that tokio's clock has missed, shared by all copies.
    suspended: &'static AtomicU64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { since: None }
    }

    /// A clock that shows `time` now and runs with tokio's, so that it stands still where tokio's
    /// is paused.
    #[must_use]
    pub fn following_tokio(time: Timestamp) -> Self {
        // Copies share what is suspended, for as long as any of them lives; a process makes few of
        // these clocks.
        let suspended = Box::leak(Box::new(AtomicU64::new(0)));
        Self {
            since: Some(Start {
                time,
                at: Instant::now(),
                suspended,
            }),
        }
    }

    /// Lets time pass on this clock and its copies alone, as it does on the calendar while a
    /// machine is suspended and its timers stand still. Nothing happens to the system's clock.
    pub fn suspend(&self, seconds: u64) {
        if let Some(start) = &self.since {
            start.suspended.fetch_add(seconds, Ordering::Relaxed);
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.since {
            None => Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::MAX),
            Some(Start {
                time,
                at,
                suspended,
            }) => after(
                time,
                at.elapsed() + Duration::from_secs(suspended.load(Ordering::Relaxed)),
            ),
        }
    }

    /// How long it is until `time`; nothing when it has passed.
    #[must_use]
    pub fn until(&self, time: Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }

    /// How long ago `time` was; nothing when it lies ahead.
    #[must_use]
    pub fn since(&self, time: Timestamp) -> Duration {
        Duration::try_from(self.now().duration_since(time)).unwrap_or(Duration::ZERO)
    }
}

/// `time` plus `duration`, or the last instant there is.
#[must_use]
pub fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// `time` less `duration`, or the first instant there is.
#[must_use]
pub fn before(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_follows_tokio_moves_with_it() {
        let start: Timestamp = "2026-11-23T07:00:00Z".parse().unwrap();
        let clock = Clock::following_tokio(start);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now(), "2026-11-23T07:01:30Z".parse().unwrap());
        assert_eq!(
            clock.until("2026-11-23T07:02:00Z".parse().unwrap()),
            Duration::from_secs(30)
        );
        assert_eq!(clock.until(start), Duration::ZERO);
    }
}
