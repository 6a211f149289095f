//! How long CloudFormation waits for one request: when it sent the event, whether Lambda delivers
//! the event again, and the deadline, which is the one instant by which the run must be over.
//! `start` fixes the deadline once; the definition, the worker and `rescue` measure against it.
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
use crate::times::{ANSWER_MARGIN, REDELIVERY_AGE, REDELIVERY_SPAN, SERVICE_TIMEOUT};

/// An event older than this counts as late. Lambda delivers an asynchronous event within a second;
/// one that took longer was throttled or is delivered again, and its stack may have moved on.
const LATE_AFTER: Duration = Duration::from_secs(20);

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

    /// When CloudFormation sent the event; now when the response URL does not tell.
    #[must_use]
    pub fn sent(self) -> Timestamp {
        before(self.now, self.age().unwrap_or_default())
    }

    /// Whether the event is so old that the stack may have moved on. An event of unknown age is not
    /// late.
    #[must_use]
    pub fn is_late(self) -> bool {
        self.age().is_some_and(|age| age > LATE_AFTER)
    }

    /// Whether Lambda delivers the event again if the function fails now, and CloudFormation still
    /// waits then. Not so for an event of unknown age.
    #[must_use]
    pub fn has_delivery_ahead(self) -> bool {
        let patience = service_timeout(self.event).unwrap_or(SERVICE_TIMEOUT);
        self.age()
            .is_some_and(|age| age < REDELIVERY_AGE && age + REDELIVERY_SPAN <= patience)
    }

    /// The deadline of a run that may take `timeout`: the earliest of now plus `timeout`, the end
    /// of CloudFormation's patience less a margin, and the expiry of the response URL less the
    /// margin. The answer is given within the margin.
    #[must_use]
    pub fn deadline(self, timeout: Duration) -> Timestamp {
        // The margin is never more than half of the patience: with a short ServiceTimeout, the task
        // still gets the other half.
        let patience = service_timeout(self.event).unwrap_or(SERVICE_TIMEOUT);
        self.earliest_limit(timeout, ANSWER_MARGIN.min(patience / 2))
    }

    /// The deadline of a Delete, which runs no task. It stops leftover tasks and answers, and does
    /// both within the margin, so the margin is kept whole even when it leaves no time before it.
    #[must_use]
    pub fn deadline_of_delete(self, timeout: Duration) -> Timestamp {
        self.earliest_limit(timeout, ANSWER_MARGIN)
    }

    /// The earliest limit, with `margin` kept free before the ends of the patience and of the URL.
    fn earliest_limit(self, timeout: Duration, margin: Duration) -> Timestamp {
        let patience = service_timeout(self.event).unwrap_or(SERVICE_TIMEOUT);
        let presigned = presigned(&self.event.request.response_url);
        // CloudFormation began to wait when it signed the URL; the event can reach the function
        // much later, when Lambda throttles it. A time in the future comes from clocks that
        // disagree, and now counts instead.
        let waiting_since = presigned
            .map(|(signed, _)| signed)
            .filter(|&signed| signed <= self.now)
            .unwrap_or(self.now);
        let url_limit =
            presigned.map(|(signed, validity)| after(signed, validity.saturating_sub(margin)));
        [
            Some(after(self.now, timeout)),
            Some(after(waiting_since, patience.saturating_sub(margin))),
            url_limit,
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(self.now)
    }
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
fn presigned(url: &ResponseUrl) -> Option<(Timestamp, Duration)> {
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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::times::DEFINITION_STOP_PATIENCE;

    const NOW: &str = "2026-11-23T06:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// An event with this response URL, and a `ServiceTimeout` in seconds among the properties.
    fn event(url: &str, service_timeout: Option<u32>) -> Event {
        Event::parse(json!({
            "RequestType": "Update",
            "ResponseURL": url,
            "StackId": "s",
            "RequestId": "r",
            "LogicalResourceId": "l",
            "ResourceProperties": {"ServiceTimeout": service_timeout.map(|seconds| seconds.to_string())},
        }))
        .unwrap()
    }

    /// A URL that was signed at this time of the day and works for two hours.
    fn url(signed: &str) -> String {
        format!("https://bucket/key?X-Amz-Date=20261123T{signed}Z&X-Amz-Expires=7200")
    }

    #[test]
    fn the_earliest_limit_counts() {
        let presigned = |expires: u32| {
            format!(
                "https://bucket/key?X-Amz-Algorithm=AWS4&X-Amz-Date=20261123T060000Z&X-Amz-Expires={expires}&X-Amz-Signature=x"
            )
        };
        let plain = "http://127.0.0.1/answer".to_owned();
        for (timeout, service_timeout, url, expected) in [
            (300, None, &plain, "2026-11-23T06:05:00Z"),
            (3_540, None, &plain, "2026-11-23T06:58:25Z"),
            (3_300, Some(600), &plain, "2026-11-23T06:08:25Z"),
            (3_300, Some(60), &plain, "2026-11-23T06:00:30Z"),
            (3_300, None, &presigned(7_200), "2026-11-23T06:55:00Z"),
            (3_300, None, &presigned(900), "2026-11-23T06:13:25Z"),
        ] {
            let event = event(url, service_timeout);
            let age = EventAge::of(&event, at(NOW));
            assert_eq!(
                age.deadline(Duration::from_secs(timeout)),
                at(expected),
                "timeout {timeout} s, {service_timeout:?}, {url}"
            );
        }
    }

    #[test]
    fn a_delete_ends_in_time_for_its_answer_however_little_patience_there_is() {
        for (service_timeout, expected) in [
            (3_600, "2026-11-23T06:55:00Z"),
            (600, "2026-11-23T06:08:25Z"),
            (60, NOW),
        ] {
            let event = event(&url("060000"), Some(service_timeout));
            let deadline =
                EventAge::of(&event, at(NOW)).deadline_of_delete(Duration::from_secs(3_300));
            assert_eq!(deadline, at(expected), "{service_timeout} s of patience");
            let answered = after(deadline, DEFINITION_STOP_PATIENCE);
            assert!(
                answered < after(at(NOW), Duration::from_secs(service_timeout.into())),
                "the answer comes after {service_timeout} s"
            );
        }
    }

    #[test]
    fn an_event_is_as_old_as_its_url() {
        let of_half_a_minute = event(&url("055930"), None);
        let age = |now: &str| EventAge::of(&of_half_a_minute, at(now)).age();
        assert_eq!(age(NOW), Some(Duration::from_secs(30)));
        assert_eq!(
            age("2026-11-23T05:00:00Z"),
            Some(Duration::ZERO),
            "a URL from the future is of now: clocks differ"
        );
        let undated = event("http://127.0.0.1/answer", None);
        assert_eq!(EventAge::of(&undated, at(NOW)).age(), None);
        assert_eq!(EventAge::of(&undated, at(NOW)).sent(), at(NOW));
    }

    #[test]
    fn an_event_is_late_when_its_stack_may_have_moved_on() {
        for (signed, expected) in [("055940", false), ("055939", true)] {
            let event = event(&url(signed), None);
            assert_eq!(
                EventAge::of(&event, at(NOW)).is_late(),
                expected,
                "{signed}"
            );
        }
    }

    #[test]
    fn a_delivery_lies_ahead_while_lambda_makes_one_and_cloudformation_waits_for_it() {
        for (signed, service_timeout, expected) in [
            ("060000", None, true),
            ("055731", None, true),
            ("055730", None, false),
            ("060000", Some(420), true),
            ("060000", Some(419), false),
        ] {
            let event = event(&url(signed), service_timeout);
            let age = EventAge::of(&event, at(NOW));
            assert_eq!(
                age.has_delivery_ahead(),
                expected,
                "{signed} {service_timeout:?}"
            );
        }
        let undated = event("http://127.0.0.1/answer", None);
        assert!(!EventAge::of(&undated, at(NOW)).has_delivery_ahead());
    }

    #[test]
    fn a_service_timeout_is_read_wherever_cloudformation_puts_it() {
        for (at_the_top, among_properties, expected) in [
            (json!("600"), json!(null), Some(600)),
            (json!(600), json!(null), Some(600)),
            (json!("600"), json!("300"), Some(300)),
            (json!("0"), json!("soon"), None),
            (json!(-1), json!([600]), None),
        ] {
            let mut event = event("http://127.0.0.1/answer", None);
            event.service_timeout = at_the_top;
            event.resource_properties["ServiceTimeout"] = among_properties;
            assert_eq!(
                service_timeout(&event),
                expected.map(Duration::from_secs),
                "{event:?}"
            );
        }
    }

    #[test]
    fn cloudformations_patience_counts_from_the_signing_of_the_url() {
        let event = event(&url("054000"), None);
        let deadline = EventAge::of(&event, at(NOW)).deadline(Duration::from_secs(3_300));
        assert_eq!(deadline, at("2026-11-23T06:38:25Z"));
    }

    #[test]
    fn a_url_without_an_expiry_sets_no_limit() {
        for url in [
            "https://bucket/key",
            "https://bucket/key?X-Amz-Date=nonsense&X-Amz-Expires=1",
            "https://b/k?X-Amz-Date=20261123T060000Z",
            "?&&=",
        ] {
            assert_eq!(presigned(&ResponseUrl::new(url)), None, "{url}");
        }
    }
}
