//! How long a run may take whose end goes to the handle of a wait condition. CloudFormation no longer
//! waits for the resource then. What ends such a run is its `Timeout`, and the end of the handle's URL,
//! which is signed when CloudFormation makes the handle: its time passes from then on, whatever the
//! stack does until the run begins.

use std::time::Duration;

use jiff::Timestamp;

use super::deadline::{Deadline, presigned};
use super::event::ResponseUrl;
use crate::clock::{after, before};
use crate::times::ANSWER_MARGIN;
use crate::times::handle::{HANDLE_MARGIN, SHORTEST_RUN};

/// The handle's URL leaves no time for a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the URL of WaitConditionHandle works until {until}, which leaves less than {left} s for a run: its time counts from the handle's creation. Give the handle and its condition new logical ids, so that CloudFormation makes new ones",
    left = SHORTEST_RUN.as_secs()
)]
pub struct NoTimeLeft {
    until: Timestamp,
}

/// The deadline of a run that begins now and may take `timeout`: the earlier one of now plus `timeout`,
/// and the end of the handle's URL less a margin. The margin is an hour, because temporary keys, with
/// which the URL may be signed, can end before the URL does; less where little more than an hour is
/// left, but enough to stop the task and report in any case.
///
/// # Errors
/// When that leaves no time for a run.
pub fn deadline(
    handle: &ResponseUrl,
    now: Timestamp,
    timeout: Duration,
) -> Result<Deadline, NoTimeLeft> {
    let by_timeout = Deadline {
        at: after(now, timeout),
        set_by: format!("Timeout of {} s", timeout.as_secs()),
    };
    let Some((signed, validity)) = presigned(handle) else {
        return Ok(by_timeout);
    };
    // A time in the future comes from clocks that disagree, and now counts instead.
    let until = after(signed.min(now), validity);
    let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    let margin = Duration::from_secs(left.as_secs() / 2).clamp(ANSWER_MARGIN, HANDLE_MARGIN);
    if left < margin + SHORTEST_RUN {
        return Err(NoTimeLeft { until });
    }
    let by_url = Deadline {
        at: before(until, margin),
        set_by: format!(
            "the {} s for which the URL of WaitConditionHandle is valid, less {} s to be safe",
            validity.as_secs(),
            margin.as_secs()
        ),
    };
    Ok(if by_url.at < by_timeout.at {
        by_url
    } else {
        by_timeout
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_one_of_timeout_and_the_urls_end_counts_or_there_is_no_time_left() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        for (signed, expires, timeout, expected) in [
            // Made a moment before: a URL of twelve hours leaves eleven.
            ("20261123T055900Z", 43_199, 43_200, Ok("16:58:59")),
            ("20261123T055900Z", 43_199, 7_200, Ok("08:00:00")),
            ("20261123T055900Z", 86_399, 43_200, Ok("18:00:00")),
            // The stack has made other things for hours.
            ("20261122T200000Z", 43_199, 7_200, Ok("07:00:00")),
            // An hour and a half left, then ten minutes: half of it, then all but the reply's time.
            ("20261122T193001Z", 43_199, 7_200, Ok("06:45:00")),
            ("20261122T181000Z", 43_200, 7_200, Ok("06:05:00")),
            ("20261122T180300Z", 43_200, 7_200, Ok("06:01:25")),
            ("20261122T180235Z", 43_200, 7_200, Ok("06:01:00")),
            (
                "20261122T180234Z",
                43_200,
                7_200,
                Err("2026-11-23T06:02:34Z"),
            ),
            (
                "20261120T000000Z",
                43_200,
                7_200,
                Err("2026-11-20T12:00:00Z"),
            ),
            // The clock of whoever signed it goes before.
            ("20261123T060500Z", 43_200, 43_200, Ok("17:00:00")),
        ] {
            let url = ResponseUrl::new(format!(
                "https://bucket/key?X-Amz-Date={signed}&X-Amz-Expires={expires}"
            ));
            let found = deadline(&url, now, Duration::from_secs(timeout));
            let expected = match expected {
                Ok(time) => Ok(format!("2026-11-23T{time}Z").parse().unwrap()),
                Err(until) => Err(NoTimeLeft {
                    until: until.parse().unwrap(),
                }),
            };
            assert_eq!(found.map(|found| found.at), expected, "{signed} {expires}");
        }
    }

    #[test]
    fn a_url_that_says_nothing_of_time_leaves_the_timeout() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let url = ResponseUrl::new("http://127.0.0.1:4566/handle");
        let found = deadline(&url, now, Duration::from_hours(2)).unwrap();
        assert_eq!(found.at, "2026-11-23T08:00:00Z".parse().unwrap());
        assert_eq!(found.set_by, "Timeout of 7200 s");
    }

    #[test]
    fn a_refusal_says_until_when_the_url_works_and_what_to_do() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let url = ResponseUrl::new(
            "https://bucket/key?X-Amz-Date=20261122T060000Z&X-Amz-Expires=43199&X-Amz-Signature=abc",
        );
        let refused = deadline(&url, now, Duration::from_hours(2)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the URL of WaitConditionHandle works until 2026-11-22T17:59:59Z, which leaves less than 60 s for a run: its time counts from the handle's creation. Give the handle and its condition new logical ids, so that CloudFormation makes new ones"
        );
    }
}
