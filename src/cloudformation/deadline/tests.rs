use serde_json::json;

use super::*;
use crate::times::STATE_MACHINE_STOP_PATIENCE;

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
    for (timeout, service_timeout, url, expected, set_by) in [
        (
            300,
            None,
            &plain,
            "2026-11-23T06:05:00Z",
            "Timeout of 300 s",
        ),
        (
            3_540,
            None,
            &plain,
            "2026-11-23T06:58:25Z",
            "the 3600 s that CloudFormation waits, less 95 s to stop the task and reply",
        ),
        (
            3_505,
            None,
            &plain,
            "2026-11-23T06:58:25Z",
            "Timeout of 3505 s",
        ),
        (
            3_300,
            Some(600),
            &plain,
            "2026-11-23T06:08:25Z",
            "ServiceTimeout of 600 s, less 95 s to stop the task and reply",
        ),
        (
            3_300,
            Some(60),
            &plain,
            "2026-11-23T06:00:30Z",
            "ServiceTimeout of 60 s, less 30 s to stop the task and reply",
        ),
        (
            3_300,
            None,
            &presigned(7_200),
            "2026-11-23T06:55:00Z",
            "Timeout of 3300 s",
        ),
        (
            3_300,
            None,
            &presigned(900),
            "2026-11-23T06:13:25Z",
            "the 900 s for which the response URL is valid, less 95 s to stop the task and reply",
        ),
    ] {
        let event = event(url, service_timeout);
        let age = EventAge::of(&event, at(NOW));
        assert_eq!(
            age.deadline(Duration::from_secs(timeout)),
            Deadline {
                at: at(expected),
                set_by: set_by.to_owned()
            },
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
        let deadline = EventAge::of(&event, at(NOW)).deadline_of_delete(Duration::from_secs(3_300));
        assert_eq!(deadline, at(expected), "{service_timeout} s of patience");
        let answered = after(deadline, STATE_MACHINE_STOP_PATIENCE);
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

/// Both times are CloudFormation's.
#[test]
fn whether_an_event_was_sent_before_another_is_a_matter_of_its_signature_only() {
    let signed = event(&url("060000"), None);
    for (instant, expected) in [
        ("2026-11-23T05:59:59Z", false),
        ("2026-11-23T06:00:00.999Z", false),
        ("2026-11-23T06:00:01Z", true),
    ] {
        for now in [NOW, "2026-11-23T05:59:00Z", "2026-11-23T06:59:00Z"] {
            let age = EventAge::of(&signed, at(now));
            assert_eq!(age.was_sent_before(at(instant)), expected, "{instant}");
        }
    }
    let undated = event("http://127.0.0.1/answer", None);
    let later = at("2026-11-23T07:00:00Z");
    assert!(!EventAge::of(&undated, at(NOW)).was_sent_before(later));
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
fn an_event_is_delivered_again_while_lambda_retries_it_and_cloudformation_waits() {
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
    assert_eq!(deadline.at, at("2026-11-23T06:38:25Z"));
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
