//! An execution's history as the Step Functions console lists it: one line per event, each with the
//! state it belongs to.
//!
//! Step Functions names the events of an activity `Activity…`. The emulator names them `Task…`, has
//! no started event, tells a timeout as a failure, and links no event to the one before. Of a state
//! that waits for a task token it tells neither `TaskStarted` nor `TaskSubmitted`, and a timeout as
//! a failure, too. Both read the same after this module, so that nothing else has to know.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_sfn::types::HistoryEvent;

/// An event as a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// The event's number in the execution, from 1.
    pub id: i64,
    /// The event's type by its name on AWS, as in `ActivityScheduled`.
    pub event: String,
    /// The state it belongs to; none for those of the execution as a whole.
    pub state: Option<String>,
    /// Time since the execution started.
    pub after: Duration,
    /// For failures the error's name.
    pub error: Option<String>,
    /// For failures what the error says.
    pub cause: Option<String>,
}

/// Names the events of a history, given whole and oldest first.
#[must_use]
pub fn lines(history: &[HistoryEvent]) -> Vec<HistoryLine> {
    let started = history.first().map_or(SystemTime::UNIX_EPOCH, timestamp);
    let mut states = StateNames::default();
    history
        .iter()
        .map(|event| {
            let (error, cause) = failure(event).unwrap_or_default();
            HistoryLine {
                id: event.id,
                event: name_on_aws(event, error),
                state: states.of(event),
                after: timestamp(event).duration_since(started).unwrap_or_default(),
                error: error.map(str::to_owned),
                cause: cause.map(str::to_owned),
            }
        })
        .collect()
}

/// Which state an event belongs to: the one that the event it follows belongs to, until another is
/// entered.
#[derive(Debug, Default)]
struct StateNames {
    by_event: HashMap<i64, String>,
    last_entered: Option<String>,
}

impl StateNames {
    fn of(&mut self, event: &HistoryEvent) -> Option<String> {
        if event.r#type.as_str().starts_with("Execution") {
            return None;
        }
        let entered = event
            .state_entered_event_details
            .as_ref()
            .map(|details| details.name.clone());
        let exited = || {
            event
                .state_exited_event_details
                .as_ref()
                .map(|details| details.name.clone())
        };
        if entered.is_some() {
            self.last_entered.clone_from(&entered);
        }
        // Without a link to the event before (0, or none), events come one after the other.
        let inherited = || {
            self.by_event
                .get(&event.previous_event_id)
                .or(self.last_entered.as_ref())
                .cloned()
        };
        let state = entered.or_else(exited).or_else(inherited)?;
        self.by_event.insert(event.id, state.clone());
        Some(state)
    }
}

fn name_on_aws(event: &HistoryEvent, error: Option<&str>) -> String {
    let name = event.r#type.as_str();
    let resource = resource(event).unwrap_or_default();
    if !resource.contains(":activity:") {
        let is_timeout = name == "TaskFailed" && is_timeout(error);
        let waits_for_token = resource.ends_with(".waitForTaskToken");
        return if is_timeout && waits_for_token {
            "TaskTimedOut".to_owned()
        } else {
            name.to_owned()
        };
    }
    match (name, error) {
        ("TaskScheduled", _) => "ActivityScheduled",
        ("TaskStarted", _) => "ActivityStarted",
        ("TaskSucceeded", _) => "ActivitySucceeded",
        ("TaskFailed", error) if is_timeout(error) => "ActivityTimedOut",
        ("TaskTimedOut", _) => "ActivityTimedOut",
        ("TaskFailed", _) => "ActivityFailed",
        (other, _) => other,
    }
    .to_owned()
}

fn is_timeout(error: Option<&str>) -> bool {
    matches!(error, Some("States.Timeout" | "States.HeartbeatTimeout"))
}

/// What an event named `Task…` is about: the emulator names an activity's ARN there, and both it and
/// Step Functions the integration of other tasks (the latter without `arn:aws:states:::`).
fn resource(event: &HistoryEvent) -> Option<&str> {
    event
        .task_scheduled_event_details
        .as_ref()
        .map(|details| &details.resource)
        .or_else(|| {
            event
                .task_started_event_details
                .as_ref()
                .map(|details| &details.resource)
        })
        .or_else(|| {
            event
                .task_succeeded_event_details
                .as_ref()
                .map(|details| &details.resource)
        })
        .or_else(|| {
            event
                .task_failed_event_details
                .as_ref()
                .map(|details| &details.resource)
        })
        .or_else(|| {
            event
                .task_timed_out_event_details
                .as_ref()
                .map(|details| &details.resource)
        })
        .map(String::as_str)
}

/// The error and cause of an event, if it is of a kind that has them.
fn failure(event: &HistoryEvent) -> Option<(Option<&str>, Option<&str>)> {
    macro_rules! details {
        ($($field:ident)*) => {
            $(if let Some(details) = &event.$field {
                return Some((details.error.as_deref(), details.cause.as_deref()));
            })*
        };
    }
    details! {
        activity_failed_event_details
        activity_schedule_failed_event_details
        activity_timed_out_event_details
        task_failed_event_details
        task_start_failed_event_details
        task_submit_failed_event_details
        task_timed_out_event_details
        lambda_function_failed_event_details
        lambda_function_timed_out_event_details
        execution_failed_event_details
        execution_timed_out_event_details
        execution_aborted_event_details
    }
    None
}

fn timestamp(event: &HistoryEvent) -> SystemTime {
    SystemTime::try_from(event.timestamp).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
