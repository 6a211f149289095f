//! How long CloudFormation waits for one request: when it sent the event, whether Lambda delivers
//! the event again, and the deadline, which is the one instant by which the run must be over.
//! `start` fixes the deadline once, and with it `answerBy`, by which the execution must have ended in
//! every case; the worker, `stop` and `rescue` measure against them.
//!
//! All of it is read from the presigned response URL and from `ServiceTimeout`, which the event may
//! carry. An event says nothing else of time. The lengths themselves stand in [`crate::times`].

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::Value;

use super::event::{Event, ResponseUrl};
use crate::clock::{after, before};
use crate::times::answer_by::{ANSWER_BY_SPAN, RESCUE_ANSWER_MARGIN};
use crate::times::{ANSWER_MARGIN, REDELIVERY_AGE, REDELIVERY_SPAN, SERVICE_TIMEOUT};

/// An event older than this counts as late. Lambda delivers an asynchronous event within a second;
/// one that took longer was throttled or is delivered again, and its stack may have moved on.
const LATE_AFTER: Duration = Duration::from_secs(20);

/// The instant by which a run must be over, and what set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// The instant.
    pub at: Timestamp,
    /// What set it, in words for the Reason: a property with its value, or how long CloudFormation
    /// takes an answer. People must know which of them to raise.
    pub set_by: String,
}

/// How exactly a response URL tells when it was signed (`X-Amz-Date`).
const SIGNATURE_PRECISION: Duration = Duration::from_millis(999);

/// How old an event is at one moment. `start` makes a new one for each question, since minutes may
/// have passed since the last.
#[derive(Debug, Clone, Copy)]
pub struct EventAge<'e> {
    event: &'e Event,
    now: Timestamp,
}

impl<'e> EventAge<'e> {
    /// The event's age at `now`.
    #[must_use]
    pub fn of(event: &'e Event, now: Timestamp) -> Self {
        Self { event, now }
    }

    /// How long ago CloudFormation signed the response URL, which it does when it sends the event.
    /// Zero when the clocks disagree, `None` when the URL carries no time.
    fn age(self) -> Option<Duration> {
        let (signed, _) = presigned(&self.event.request.response_url)?;
        Some(Duration::try_from(self.now.duration_since(signed)).unwrap_or(Duration::ZERO))
    }

    /// When CloudFormation sent the event; the present when the response URL carries no time.
    #[must_use]
    pub fn sent(self) -> Timestamp {
        before(self.now, self.age().unwrap_or_default())
    }

    /// By when CloudFormation had sent the event: the signature tells whole seconds. A run that began in
    /// the same second may have begun before.
    #[must_use]
    pub(crate) fn sent_before(self) -> Timestamp {
        after(self.sent(), SIGNATURE_PRECISION)
    }

    /// Whether CloudFormation certainly sent the event before this instant, which CloudFormation gives.
    /// Our own clock does not matter. Not so for an event of unknown age.
    #[must_use]
    pub(crate) fn was_sent_before(self, instant: Timestamp) -> bool {
        presigned(&self.event.request.response_url)
            .is_some_and(|(signed, _)| after(signed, SIGNATURE_PRECISION) < instant)
    }

    /// Whether the event is so old that the stack may have moved on. An event of unknown age is not
    /// late.
    #[must_use]
    pub(crate) fn is_late(self) -> bool {
        self.age().is_some_and(|age| age > LATE_AFTER)
    }

    /// Whether Lambda delivers the event again if the function fails now, and CloudFormation still
    /// waits then. Not so for an event of unknown age.
    #[must_use]
    pub(crate) fn has_delivery_ahead(self) -> bool {
        let patience = service_timeout(self.event).unwrap_or(SERVICE_TIMEOUT);
        self.age()
            .is_some_and(|age| age < REDELIVERY_AGE && age + REDELIVERY_SPAN <= patience)
    }

    /// The deadline of a run that may take `timeout`: the earliest of now plus `timeout`, the end
    /// of CloudFormation's patience less a margin, and the expiry of the response URL less the
    /// margin. The answer is given within the margin.
    #[must_use]
    pub fn deadline(self, timeout: Duration) -> Deadline {
        self.deadline_after(Duration::ZERO, timeout)
    }

    /// The [`deadline`](Self::deadline) of a run that may take `timeout` once the runs before it have
    /// stopped, for which it waits up to `wait`.
    #[must_use]
    pub(crate) fn deadline_after(self, wait: Duration, timeout: Duration) -> Deadline {
        let patience = service_timeout(self.event).unwrap_or(SERVICE_TIMEOUT);
        self.earliest_limit(wait, timeout, answer_margin(patience))
    }

    /// The deadline of a Delete, which runs no task. It stops leftover tasks and answers, and does
    /// both within the margin, so the margin is kept whole even when it leaves no time before it.
    #[must_use]
    pub(crate) fn deadline_of_delete(self, timeout: Duration) -> Timestamp {
        self.earliest_limit(Duration::ZERO, timeout, ANSWER_MARGIN)
            .at
    }

    /// The instant by which the execution with this deadline must have ended in every case: what
    /// stopping and answering take after it, but not so late that `rescue` could not answer any more.
    #[must_use]
    pub fn answer_by(self, deadline: Timestamp) -> Timestamp {
        let last_moment = self.earliest_limit(Duration::ZERO, Duration::MAX, RESCUE_ANSWER_MARGIN);
        after(deadline, ANSWER_BY_SPAN)
            .min(last_moment.at)
            .max(deadline)
    }

    /// The earliest limit, with `margin` kept free before the ends of the patience and of the URL.
    fn earliest_limit(self, wait: Duration, timeout: Duration, margin: Duration) -> Deadline {
        let service_timeout = service_timeout(self.event);
        let patience = service_timeout.unwrap_or(SERVICE_TIMEOUT);
        let presigned = presigned(&self.event.request.response_url);
        // CloudFormation began to wait when it signed the URL; the event can reach the function
        // much later, when Lambda throttles it. A time in the future comes from clocks that
        // disagree, and now counts instead.
        let waiting_since = presigned
            .map(|(signed, _)| signed)
            .filter(|&signed| signed <= self.now)
            .unwrap_or(self.now);
        let kept = format!("less {} s to stop the task and reply", margin.as_secs());
        let by_timeout = Deadline {
            at: after(self.now, wait.saturating_add(timeout)),
            set_by: match wait.as_secs() {
                0 => format!("Timeout of {} s", timeout.as_secs()),
                wait => format!(
                    "Timeout of {} s and the {wait} s in which an earlier run stops",
                    timeout.as_secs()
                ),
            },
        };
        let by_patience = Deadline {
            at: after(waiting_since, patience.saturating_sub(margin)),
            set_by: match service_timeout {
                Some(limit) => format!("ServiceTimeout of {} s, {kept}", limit.as_secs()),
                None => format!(
                    "the {} s that CloudFormation waits, {kept}",
                    patience.as_secs()
                ),
            },
        };
        let by_url = presigned.map(|(signed, validity)| Deadline {
            at: after(signed, validity.saturating_sub(margin)),
            set_by: format!(
                "the {} s for which the response URL is valid, {kept}",
                validity.as_secs()
            ),
        });
        // Of limits that end at the same time the first one counts.
        let earlier = |one: Deadline, other: Deadline| if other.at < one.at { other } else { one };
        by_url
            .into_iter()
            .fold(earlier(by_timeout, by_patience), earlier)
    }
}

/// What `start` keeps for the answer when CloudFormation waits for `patience`: never more than half of
/// it, so that with a short `ServiceTimeout` the task still gets the other half.
pub(crate) fn answer_margin(patience: Duration) -> Duration {
    ANSWER_MARGIN.min(patience / 2)
}

/// How long CloudFormation waits, if the event says so. `ServiceTimeout` was seen among the
/// properties and at the event's top level (`aws-resource-cloudformation-customresource`).
fn service_timeout(event: &Event) -> Option<Duration> {
    let seconds = read_seconds(&event.resource_properties["ServiceTimeout"])
        .or_else(|| read_seconds(&event.service_timeout));
    seconds.map(|seconds| Duration::from_secs(seconds.into()))
}

/// A number of seconds above 0, which CloudFormation writes as text.
fn read_seconds(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|seconds| seconds.try_into().ok()),
        _ => None,
    }
    .filter(|&seconds| seconds > 0)
}

/// When a `SigV4` presigned URL was signed and for how long it works: `X-Amz-Date` and
/// `X-Amz-Expires`. `None` unless both are there and can be read.
pub(super) fn presigned(url: &ResponseUrl) -> Option<(Timestamp, Duration)> {
    let (_, query) = url.expose().split_once('?')?;
    let value = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let signed = Offset::UTC
        .to_timestamp(DateTime::strptime("%Y%m%dT%H%M%SZ", value("X-Amz-Date")?).ok()?)
        .ok()?;
    let seconds = value("X-Amz-Expires")?.parse().ok()?;
    Some((signed, Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests;
