//! A worker's health: when a poll and a heartbeat last succeeded, and whether that is recent
//! enough.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::times::LONGEST_BETWEEN_POLLS;

/// What a worker's calls have shown of late. Clones share it.
#[derive(Debug, Clone)]
pub struct Vitals {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    last_poll: Option<Instant>,
    /// Polls that wait for an answer. When there is none, tasks hold all permits, and no poll
    /// can be expected to succeed.
    open_polls: usize,
    /// When the first of the polls that are open now began.
    polling_since: Option<Instant>,
    last_heartbeat: Option<Instant>,
    late_heartbeats: usize,
    in_hand: usize,
}

/// The signs at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs {
    /// Age of the last poll that the service answered, with a task or without one. `None` before
    /// the first.
    pub last_poll: Option<Duration>,
    /// Age of the last heartbeat that the service took. `None` before the first.
    pub last_heartbeat: Option<Duration>,
    /// Tasks whose heartbeats do not get through and that the service will give up soon.
    pub late_heartbeats: usize,
    /// Tasks that are being run or answered.
    pub in_hand: usize,
    /// A poll has succeeded at least once.
    pub is_ready: bool,
    /// Polls and heartbeats succeed in time.
    pub is_well: bool,
}

impl Vitals {
    pub(super) fn new() -> Self {
        let inner = Inner {
            last_poll: None,
            open_polls: 0,
            polling_since: None,
            last_heartbeat: None,
            late_heartbeats: 0,
            in_hand: 0,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// The signs now.
    #[must_use]
    pub fn signs(&self) -> Signs {
        let inner = self.lock();
        let age = |at: Option<Instant>| at.map(|at| at.elapsed());
        let polls_are_well = inner.open_polls == 0
            || inner
                .last_poll
                .max(inner.polling_since)
                .is_some_and(|at| at.elapsed() <= LONGEST_BETWEEN_POLLS);
        Signs {
            last_poll: age(inner.last_poll),
            last_heartbeat: age(inner.last_heartbeat),
            late_heartbeats: inner.late_heartbeats,
            in_hand: inner.in_hand,
            is_ready: inner.last_poll.is_some(),
            is_well: polls_are_well && inner.late_heartbeats == 0,
        }
    }

    /// A poll is being tried until the guard is dropped; failures in a row are one try.
    pub(super) fn polling(&self) -> CountGuard {
        let mut inner = self.lock();
        inner.open_polls += 1;
        inner.polling_since.get_or_insert_with(Instant::now);
        CountGuard {
            vitals: self.clone(),
            gauge: Gauge::OpenPoll,
        }
    }

    /// A task is in hand until the guard is dropped.
    pub(super) fn task(&self) -> CountGuard {
        self.lock().in_hand += 1;
        CountGuard {
            vitals: self.clone(),
            gauge: Gauge::Task,
        }
    }

    /// A task's heartbeats are late until the guard is dropped.
    pub(super) fn late_heartbeat(&self) -> CountGuard {
        self.lock().late_heartbeats += 1;
        CountGuard {
            vitals: self.clone(),
            gauge: Gauge::LateHeartbeat,
        }
    }

    pub(super) fn polled(&self) {
        self.lock().last_poll = Some(Instant::now());
    }

    pub(super) fn heartbeat_taken(&self) {
        self.lock().last_heartbeat = Some(Instant::now());
    }

    /// Held for reading or writing a few fields, never over an await. After a panic the fields are
    /// whole, so that poisoning is of no interest.
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy)]
enum Gauge {
    OpenPoll,
    Task,
    LateHeartbeat,
}

/// Counts something for as long as it lives.
#[derive(Debug)]
pub(super) struct CountGuard {
    vitals: Vitals,
    gauge: Gauge,
}

impl Drop for CountGuard {
    fn drop(&mut self) {
        let mut inner = self.vitals.lock();
        match self.gauge {
            Gauge::OpenPoll => {
                inner.open_polls -= 1;
                if inner.open_polls == 0 {
                    inner.polling_since = None;
                }
            }
            Gauge::Task => inner.in_hand -= 1,
            Gauge::LateHeartbeat => inner.late_heartbeats -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_ready_after_its_first_poll_and_well_while_polls_succeed() {
        let vitals = Vitals::new();
        let _polling = vitals.polling();
        assert!(!vitals.signs().is_ready && vitals.signs().is_well);
        vitals.polled();
        assert!(vitals.signs().is_ready);
        advance(LONGEST_BETWEEN_POLLS).await;
        assert!(vitals.signs().is_well);
        advance(Duration::from_secs(1)).await;
        assert!(
            !vitals.signs().is_well,
            "no poll has succeeded for longer than one can take"
        );
        vitals.polled();
        assert!(vitals.signs().is_well);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_whose_permits_are_all_taken_need_not_poll() {
        let vitals = Vitals::new();
        drop(vitals.polling());
        advance(10 * LONGEST_BETWEEN_POLLS).await;
        assert!(vitals.signs().is_well);
        let _polling = vitals.polling();
        assert!(
            vitals.signs().is_well,
            "the first poll after a long while has its time"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn late_heartbeats_are_no_good_sign() {
        let vitals = Vitals::new();
        let late = vitals.late_heartbeat();
        assert!(!vitals.signs().is_well);
        drop(late);
        assert!(vitals.signs().is_well);
    }
}
