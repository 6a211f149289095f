//! The attempts of a run: each is scheduled for a worker that polls, or given to the function `work`,
//! and ends with an answer, a hand-over, or a worker that is lost.

use std::time::Duration;

use jiff::Timestamp;

use super::Timeline;
use crate::activity::HANDED_OVER;
use crate::execution::error::{HEARTBEAT_TIMEOUT, is_timeout};
use crate::execution::history::RecordedEvent;
use crate::explain::event::{SinceTaken, TimelineEvent, WorkerLostReason};
use crate::explain::span::Span;

/// What the names of the errors begin with that Lambda answers Step Functions with. A run never ends
/// with one.
const LAMBDA_ERRORS: &str = "Lambda.";
/// A function that starts at once sends its first heartbeat within this time after the call, a cold
/// start included. One that dies after just that heartbeat is missed so much later.
const FIRST_HEARTBEAT_SLACK: Duration = Duration::from_secs(5);

impl Timeline {
    pub(super) fn note_scheduled(&mut self, event: &RecordedEvent) {
        self.attempts += 1;
        self.is_given = event.concerns_work_function();
        (self.time_limit, self.heartbeat_limit) = (event.time_limit, event.heartbeat_limit);
        (self.scheduled_at, self.claimed_at) = (Some(event.at), None);
        let attempt = self.attempts;
        let scheduled = if self.is_given {
            TimelineEvent::GivenToFunction { attempt }
        } else {
            TimelineEvent::Scheduled { attempt }
        };
        self.add(event.at, scheduled);
    }

    pub(super) fn note_claimed(&mut self, at: Timestamp, worker: Option<&str>) {
        self.claimed_at = Some(at);
        let after = Span::between(self.scheduled_at.unwrap_or(at), at);
        self.add(
            at,
            TimelineEvent::Claimed {
                worker: worker.map(str::to_owned),
                after,
            },
        );
    }

    /// For how long a worker or a function has had the run.
    fn since_taken(&self, at: Timestamp) -> SinceTaken {
        let scheduled = self
            .scheduled_at
            .map(|scheduled| Span::between(scheduled, at));
        match (self.claimed_at, scheduled) {
            (Some(claimed), _) => SinceTaken::Claimed(Span::between(claimed, at)),
            (None, Some(given)) if self.is_given => SinceTaken::Given(given),
            (None, Some(scheduled)) => SinceTaken::Scheduled(scheduled),
            (None, None) => SinceTaken::Unknown,
        }
    }

    /// An attempt failed. A hand-over, a lost worker and a call that Lambda refused for now lead to
    /// another attempt; any other error is how the run ended.
    pub(super) fn note_attempt_failed(&mut self, at: Timestamp, error: &str, event: &str) {
        let since = self.since_taken(at);
        if error == HANDED_OVER {
            self.add(at, TimelineEvent::HandedOver(since));
        } else if event.ends_with("TimedOut") || is_timeout(error) {
            let reason = self.why_worker_lost(error, since);
            self.add(at, TimelineEvent::WorkerLost { reason, since });
        } else if self.is_given && error.starts_with(LAMBDA_ERRORS) {
            let error = error.to_owned();
            self.add(at, TimelineEvent::NotScheduled { error });
        } else {
            self.note_told(at, Some(error));
        }
    }

    /// The history names a missed heartbeat `States.Timeout` too (see [`HEARTBEAT_TIMEOUT`]), so the
    /// time that the worker had decides. A function's clocks run from the call, so that one which
    /// sent no heartbeat at all is missed after just the heartbeat's time.
    fn why_worker_lost(&self, error: &str, since: SinceTaken) -> WorkerLostReason {
        match (since, self.time_limit, self.heartbeat_limit) {
            (SinceTaken::Given(given), _, Some(heartbeat))
                if given.0 <= heartbeat + FIRST_HEARTBEAT_SLACK =>
            {
                WorkerLostReason::NoFunction
            }
            _ if error == HEARTBEAT_TIMEOUT => WorkerLostReason::Heartbeat,
            (SinceTaken::Claimed(had) | SinceTaken::Given(had), Some(limit), _)
                if had.0 >= limit =>
            {
                WorkerLostReason::TimeLimit
            }
            (SinceTaken::Claimed(_) | SinceTaken::Given(_), Some(_), _) => {
                WorkerLostReason::Heartbeat
            }
            _ => WorkerLostReason::Unknown,
        }
    }

    pub(super) fn note_told(&mut self, at: Timestamp, error: Option<&str>) {
        self.told_at = Some(at);
        let error = error.map(str::to_owned);
        self.add(
            at,
            TimelineEvent::Told {
                error,
                since: self.since_taken(at),
            },
        );
    }
}
