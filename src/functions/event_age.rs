//! When an event comes, and whether it comes again. Lambda delivers an asynchronous event within a
//! second, but later when it is throttled, and again when the function fails.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::aws::ApiError;
use crate::clock::before;
use crate::cloudformation::event::Event;
use crate::cloudformation::patience::age;
use crate::times::{REDELIVERY_AGE, REDELIVERY_SPAN, SERVICE_TIMEOUT};

/// An event that took longer than this was throttled or is repeated, and its stack may have moved
/// on.
const LATE_AFTER: Duration = Duration::from_secs(20);

/// One delivery of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventAge<'e> {
    event: &'e Event,
    now: Timestamp,
}

impl<'e> EventAge<'e> {
    pub(super) fn of(event: &'e Event, now: Timestamp) -> Self {
        Self { event, now }
    }

    /// How long ago CloudFormation sent the event, as far as its URL says it.
    fn age(self) -> Option<Duration> {
        age(self.now, &self.event.request.response_url)
    }

    /// When CloudFormation sent the event.
    pub(super) fn sent(self) -> Timestamp {
        before(self.now, self.age().unwrap_or_default())
    }

    /// Whether the stack may have moved on since the event was sent.
    pub(super) fn is_late(self) -> bool {
        self.age().is_some_and(|age| age > LATE_AFTER)
    }

    /// Whether it is worth while to fail and be invoked again with the event, instead of answering
    /// what only holds for now.
    pub(super) fn will_be_redelivered(self, error: &ApiError) -> bool {
        let patience = self.service_timeout().unwrap_or(SERVICE_TIMEOUT);
        error.may_pass()
            && self
                .age()
                .is_some_and(|age| age < REDELIVERY_AGE && age + REDELIVERY_SPAN <= patience)
    }

    /// How long CloudFormation waits, as far as the event says it: at its top level, or among the
    /// properties.
    pub(super) fn service_timeout(self) -> Option<Duration> {
        let seconds = seconds(&self.event.resource_properties["ServiceTimeout"])
            .or_else(|| seconds(&self.event.service_timeout));
        seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// A number of seconds, as CloudFormation writes it.
fn seconds(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|seconds| seconds.try_into().ok()),
        _ => None,
    }
    .filter(|&seconds| seconds > 0)
}
