//! The wall clock, as a value: deadlines are instants on the calendar, and tests move time by hand.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Gives the time. Clones give the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(SystemTime::now)
    }

    /// A clock that asks this function for the time, such as one whose time a test moves.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::try_from((self.0)()).unwrap_or(Timestamp::MAX)
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

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_lie_on_the_other_side_are_no_time_away() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_417_290);
        let clock = Clock::from_fn(move || now);
        assert_eq!(clock.now(), at("2026-11-23T07:01:30Z"));
        for (time, until, since) in [
            ("2026-11-23T07:02:00Z", 30, 0),
            ("2026-11-23T07:01:30Z", 0, 0),
            ("2026-11-23T07:00:00Z", 0, 90),
        ] {
            assert_eq!(clock.until(at(time)), Duration::from_secs(until), "{time}");
            assert_eq!(clock.since(at(time)), Duration::from_secs(since), "{time}");
        }
    }
}
