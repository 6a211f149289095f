//! `hookDetails`: the properties of the run, as the service's definition gives them, merged with what
//! the function passed on.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::clock::after;
use crate::properties::{DEFAULT_TIMEOUT_SECONDS, is_spelling_of, kind};
use crate::times::answer_by::LONGEST_RUN;
use crate::times::hook::HOOK_GRACE;

/// The members that the function's own replies add.
const EXECUTION_ARN: &str = "ExecutionArn";
const FIRST_CALL: &str = "FirstCall";

/// How far the hook is, as the last reply passed it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookProgress {
    execution_arn: Option<String>,
    /// When the function was called first; now where no reply has passed it on.
    pub first_call: Timestamp,
    /// Whether an earlier call has replied that the hook is in progress.
    pub is_repeated: bool,
    /// How long the run may take, from the first call on.
    timeout: Duration,
}

impl HookProgress {
    /// Reads it of any event, also of one that means nothing: then this is the first call.
    #[must_use]
    pub fn of(event: &Value, now: Timestamp) -> Self {
        let details = read(event).unwrap_or_default();
        let text = |name: &str| details.get(name).and_then(Value::as_str);
        let passed_on = text(FIRST_CALL).and_then(|time| time.parse::<Timestamp>().ok());
        Self {
            execution_arn: text(EXECUTION_ARN).map(str::to_owned),
            first_call: passed_on.map_or(now, |time| time.min(now)),
            is_repeated: passed_on.is_some(),
            timeout: timeout(&details),
        }
    }

    /// The instant until which the run may take.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        after(self.first_call, self.timeout)
    }

    /// Until when the function goes on where AWS cannot be asked or a run does not end. What runs has
    /// ended before that by its own means.
    #[must_use]
    pub fn patience_ends(&self) -> Timestamp {
        match self.execution_arn {
            Some(_) => after(self.deadline(), HOOK_GRACE),
            None => self.deadline(),
        }
    }

    /// The same hook, with an execution that was found, or without one that was passed on.
    #[must_use]
    pub fn with_execution(self, arn: Option<&str>) -> Self {
        Self {
            execution_arn: arn.map(str::to_owned),
            ..self
        }
    }

    /// The execution's ARN. One that was passed on is not to be believed as it is: whoever configures
    /// the hook could write any ARN into its details.
    #[must_use]
    pub fn execution_arn(&self) -> Option<&str> {
        self.execution_arn.as_deref()
    }
}

/// `Timeout` of the properties, before they are checked.
fn timeout(details: &Map<String, Value>) -> Duration {
    let given = details
        .iter()
        .find(|(name, _)| is_spelling_of(name, "timeout"));
    let seconds = given.and_then(|(_, value)| match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    });
    let limit = LONGEST_RUN.as_secs();
    Duration::from_secs(
        seconds
            .filter(|seconds| (1..=limit).contains(seconds))
            .unwrap_or(DEFAULT_TIMEOUT_SECONDS.into()),
    )
}

/// The properties alone, without what replies have added.
pub(super) fn configured(event: &Value) -> Result<Map<String, Value>, String> {
    let mut details = read(event)?;
    for added in [EXECUTION_ARN, FIRST_CALL] {
        details.remove(added);
    }
    Ok(details)
}

/// In a template `HookDetails` is text that holds JSON; the API of ECS takes an object.
fn read(event: &Value) -> Result<Map<String, Value>, String> {
    let details = match event.get("hookDetails") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(Map::new()),
        // The error tells where the text is broken, and repeats nothing of it.
        Some(Value::String(text)) => &serde_json::from_str(text)
            .map_err(|error| format!("HookDetails is text that is no JSON: {error}."))?,
        Some(other) => other,
    };
    match details {
        Value::Object(members) => Ok(members.clone()),
        other => Err(format!(
            "HookDetails is {}; expected an object with Overrides.",
            kind(other)
        )),
    }
}
