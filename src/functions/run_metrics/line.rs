//! The line of one run.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{EndedRun, Whose};
use crate::execution::error::{HEARTBEAT_TIMEOUT, NOT_CLAIMED, RUNTIME, TIMEOUT, UNKNOWN};
use crate::task::error::ErrorName;
use crate::text::printable;

/// The error in the dimension `Error` for a name that is none of this program's or of Step Functions'.
/// Each value of a dimension makes a metric that costs money, and a worker of another make may send
/// any name.
const OTHER: &str = "Other";
/// Longest text of a member in bytes, which is more than an ARN has.
const MAX_TEXT: usize = 2_048;

/// The line, in the embedded metric format.
///
/// A metric for each value of the dimensions `Outcome` and `Error`, and none for each stack or
/// execution: those are plain members, for queries of CloudWatch Logs Insights.
pub(super) fn line(run: &EndedRun, namespace: &str, now: Timestamp) -> Value {
    let times = times(run, now);
    let directive = |dimensions: Value, metrics: Value| json!({"Namespace": namespace, "Dimensions": dimensions, "Metrics": metrics});
    let counted_by = match run.error {
        None => json!([["Outcome"]]),
        Some(_) => json!([["Outcome"], ["Error"]]),
    };
    let mut directives = vec![directive(
        counted_by,
        json!([{"Name": "Runs", "Unit": "Count"}]),
    )];
    if !times.is_empty() {
        let metrics = times
            .keys()
            .map(|name| json!({"Name": name, "Unit": "Seconds"}))
            .collect();
        directives.push(directive(json!([["Outcome"]]), metrics));
    }
    // As the other lines of the log have them, so that Lambda takes the line for one of level INFO and
    // adds nothing to it (Lambda guide, `monitoring-cloudwatchlogs-log-level`).
    let mut line = json!({
        "_aws": {"Timestamp": now.as_millisecond(), "CloudWatchMetrics": directives},
        "timestamp": now.to_string(),
        "level": "INFO",
        "message": "a run has ended",
        "Runs": 1,
    });
    if let Value::Object(members) = &mut line {
        members.extend(times);
        members.extend(words(run));
    }
    line
}

/// The times that are known, in seconds.
fn times(run: &EndedRun, now: Timestamp) -> Map<String, Value> {
    let instant = |text: &str| text.parse::<Timestamp>().ok();
    let task_started = instant(&run.output.started_at);
    let task_stopped = instant(&run.output.stopped_at);
    [
        ("Duration", run.started, Some(now)),
        ("UntilStarted", run.started, task_started),
        ("ExitToReply", task_stopped, Some(now)),
    ]
    .into_iter()
    .filter_map(|(name, from, until)| Some((name.to_owned(), seconds(from?, until?).into())))
    .collect()
}

/// To the millisecond. The clocks of ECS, Step Functions and this function may differ: no time is
/// negative.
fn seconds(from: Timestamp, until: Timestamp) -> f64 {
    let seconds = until.duration_since(from).as_secs_f64().max(0.0);
    (seconds * 1_000.0).round() / 1_000.0
}

/// How the run ended and whose it was.
fn words(run: &EndedRun) -> Map<String, Value> {
    let mut words = Map::new();
    let mut say = |name: &str, text: &str| {
        if !text.is_empty() {
            words.insert(
                name.to_owned(),
                printable::first_line(text, MAX_TEXT).into(),
            );
        }
    };
    match &run.error {
        None => say("Outcome", "Succeeded"),
        Some(error) => {
            say("Outcome", "Failed");
            let known = known(error);
            say("Error", known);
            if known == OTHER {
                say("other_error", error);
            }
        }
    }
    say("execution", &run.execution);
    say("exit_code", &run.output.exit_code);
    match &run.whose {
        Whose::Resource {
            stack,
            logical_id,
            request_type,
            to_condition,
        } => {
            let kind = if *to_condition {
                "wait condition"
            } else {
                "resource"
            };
            say("kind", kind);
            say("stack", stack);
            say("logical_id", logical_id);
            say("request_type", request_type.in_lower_case());
        }
        Whose::Deployment { service } => {
            say("kind", "deployment hook");
            say("service", service);
        }
        Whose::Direct => say("kind", "direct run"),
    }
    words
}

/// The error's name, if it is one of few.
fn known(error: &str) -> &'static str {
    let named = [NOT_CLAIMED, HEARTBEAT_TIMEOUT, TIMEOUT, RUNTIME, UNKNOWN];
    ErrorName::find(error)
        .map(ErrorName::as_str)
        .or_else(|| named.into_iter().find(|name| *name == error))
        .unwrap_or(OTHER)
}

#[cfg(test)]
mod tests;
