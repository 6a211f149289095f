//! The one instant by which a run must be over, fixed when the event arrives. Everyone downstream
//! measures against it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::clock::after;
use crate::cloudformation::event::ResponseUrl;
use crate::times::{ANSWER_MARGIN, SERVICE_TIMEOUT};

/// The earliest of `timeout` from now, CloudFormation's own patience less a margin, and the expiry
/// of the URL less a margin.
#[must_use]
pub fn deadline(
    now: Timestamp,
    timeout: Duration,
    service_timeout: Option<Duration>,
    url: &ResponseUrl,
) -> Timestamp {
    // A template that gives CloudFormation little patience still leaves half of it to the task.
    let margin = ANSWER_MARGIN.min(service_timeout.unwrap_or(SERVICE_TIMEOUT) / 2);
    earliest(now, timeout, service_timeout, margin, url)
}

/// The same for a Delete, which has no task of its own: all that it does falls into the margin,
/// however little is left then.
#[must_use]
pub fn deadline_of_delete(
    now: Timestamp,
    timeout: Duration,
    service_timeout: Option<Duration>,
    url: &ResponseUrl,
) -> Timestamp {
    earliest(now, timeout, service_timeout, ANSWER_MARGIN, url)
}

/// How long ago CloudFormation sent the event of this URL. `None` when the URL does not say when it
/// was signed.
#[must_use]
pub fn age(now: Timestamp, url: &ResponseUrl) -> Option<Duration> {
    let (signed, _) = presigned(url)?;
    Some(Duration::try_from(now.duration_since(signed)).unwrap_or(Duration::ZERO))
}

fn earliest(
    now: Timestamp,
    timeout: Duration,
    service_timeout: Option<Duration>,
    margin: Duration,
    url: &ResponseUrl,
) -> Timestamp {
    let patience = service_timeout.unwrap_or(SERVICE_TIMEOUT);
    let presigned = presigned(url);
    // CloudFormation began to wait when it signed the URL; an event can reach us much later, when
    // Lambda was throttled.
    let begun = presigned
        .map(|(signed, _)| signed)
        .filter(|&signed| signed <= now)
        .unwrap_or(now);
    let expiry = presigned.map(|(signed, validity)| after(signed, validity.saturating_sub(margin)));
    [
        Some(after(now, timeout)),
        Some(after(begun, patience.saturating_sub(margin))),
        expiry,
    ]
    .into_iter()
    .flatten()
    .min()
    .unwrap_or(now)
}

/// When a `SigV4` presigned URL was signed and for how long it works: `X-Amz-Date` and
/// `X-Amz-Expires`. `None` when it says neither.
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
    use super::*;
    use crate::times::DEFINITION_STOP_PATIENCE;

    const NOW: &str = "2026-11-23T06:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_earliest_limit_counts() {
        let presigned = |expires: u32| {
            ResponseUrl::new(format!(
                "https://bucket/key?X-Amz-Algorithm=AWS4&X-Amz-Date=20261123T060000Z&X-Amz-Expires={expires}&X-Amz-Signature=x"
            ))
        };
        let plain = ResponseUrl::new("http://127.0.0.1/answer");
        for (timeout, service_timeout, url, expected) in [
            (300, None, &plain, "2026-11-23T06:05:00Z"),
            (3_540, None, &plain, "2026-11-23T06:58:25Z"),
            (3_300, Some(600), &plain, "2026-11-23T06:08:25Z"),
            (3_300, Some(60), &plain, "2026-11-23T06:00:30Z"),
            (3_300, None, &presigned(7_200), "2026-11-23T06:55:00Z"),
            (3_300, None, &presigned(900), "2026-11-23T06:13:25Z"),
        ] {
            let service_timeout = service_timeout.map(Duration::from_secs);
            assert_eq!(
                deadline(at(NOW), Duration::from_secs(timeout), service_timeout, url),
                at(expected)
            );
        }
    }

    #[test]
    fn a_delete_ends_in_time_for_its_answer_however_little_patience_there_is() {
        let url =
            ResponseUrl::new("https://bucket/key?X-Amz-Date=20261123T060000Z&X-Amz-Expires=7200");
        for (service_timeout, expected) in [
            (3_600, "2026-11-23T06:55:00Z"),
            (600, "2026-11-23T06:08:25Z"),
            (60, NOW),
        ] {
            let deadline = deadline_of_delete(
                at(NOW),
                Duration::from_secs(3_300),
                Some(Duration::from_secs(service_timeout)),
                &url,
            );
            assert_eq!(deadline, at(expected));
            let answered = after(deadline, DEFINITION_STOP_PATIENCE);
            assert!(
                answered < after(at(NOW), Duration::from_secs(service_timeout)),
                "after {service_timeout} s"
            );
        }
    }

    #[test]
    fn an_event_is_as_old_as_its_url() {
        let url =
            ResponseUrl::new("https://bucket/key?X-Amz-Date=20261123T055930Z&X-Amz-Expires=7200");
        assert_eq!(age(at(NOW), &url), Some(Duration::from_secs(30)));
        assert_eq!(
            age(at("2026-11-23T05:00:00Z"), &url),
            Some(Duration::ZERO),
            "clocks differ"
        );
        assert_eq!(
            age(at(NOW), &ResponseUrl::new("http://127.0.0.1/answer")),
            None
        );
    }

    #[test]
    fn cloudformations_patience_counts_from_the_signing_of_the_url() {
        let url =
            ResponseUrl::new("https://bucket/key?X-Amz-Date=20261123T054000Z&X-Amz-Expires=7200");
        assert_eq!(
            deadline(at(NOW), Duration::from_secs(3_300), None, &url),
            at("2026-11-23T06:38:25Z")
        );
    }

    #[test]
    fn a_url_without_an_expiry_sets_no_limit() {
        for url in [
            "https://bucket/key",
            "https://bucket/key?X-Amz-Date=nonsense&X-Amz-Expires=1",
            "https://b/k?X-Amz-Date=20261123T060000Z",
            "?&&=",
        ] {
            assert_eq!(presigned(&ResponseUrl::new(url)), None);
        }
    }
}
