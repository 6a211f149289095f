//! Keeps what an execution's input holds in confidence out of what is shown.

use serde_json::Value;

use crate::activity::{HANDED_OVER, PANICKED};
use crate::execution::error::NOT_CLAIMED;
use crate::execution::error::{CaughtError, states_error_name};
use crate::execution::history::RecordedEvent;
use crate::execution::input::ExecutionInput;
use crate::execution::reason::without_input;
use crate::execution::status::Execution;
use crate::task::error::ErrorName;
use crate::task::outcome::MAX_CAUSE;
use crate::task::redaction::Redaction;
use crate::text::byte_limit;

/// Stands where the response URL stood.
const HIDDEN: &str = "***";
/// Longest text in one line, bytes: more than any ARN has.
const MAX_LINE: usize = 500;

/// What must not be shown of one execution.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    url: String,
    values: Redaction,
}

impl Secrets {
    pub(super) fn of(input: &ExecutionInput) -> Self {
        Self {
            url: input.request.response_url.expose().to_owned(),
            values: Redaction::of(&input.task.overrides),
        }
    }

    /// An event of which everything but the state's input may be shown.
    pub(super) fn hide_in_event(&self, event: RecordedEvent) -> RecordedEvent {
        let (error, cause) = self.hide_in_failure(event.error, event.cause);
        RecordedEvent {
            error,
            cause,
            worker: event
                .worker
                .map(|worker| one_line(&self.hide_in_text(&worker))),
            ..event
        }
    }

    /// An execution of which everything but the input may be shown.
    pub(super) fn hide_in_execution(&self, execution: Execution) -> Execution {
        let (error, cause) = self.hide_in_failure(execution.error, execution.cause);
        Execution {
            error,
            cause,
            ..execution
        }
    }

    /// An error that a state caught.
    pub(super) fn hide_in_caught(&self, caught: &CaughtError) -> CaughtError {
        CaughtError {
            error: self.hide_in_error(&caught.error),
            cause: self.hide_in_cause(&caught.error, &caught.cause),
        }
    }

    /// What is empty was not given.
    fn hide_in_failure(
        &self,
        error: Option<String>,
        cause: Option<String>,
    ) -> (Option<String>, Option<String>) {
        let error = error.filter(|error| !error.is_empty());
        let cause = cause
            .filter(|cause| !cause.is_empty())
            .map(|cause| self.hide_in_cause(error.as_deref().unwrap_or_default(), &cause));
        (error.map(|error| self.hide_in_error(&error)), cause)
    }

    /// The names that Step Functions, workers and functions use are known to hold no secret.
    fn hide_in_error(&self, error: &str) -> String {
        let is_step_functions_name = states_error_name(error)
            .is_some_and(|name| name.chars().all(|c| c.is_ascii_alphabetic()));
        if is_by_task_runner(error) || is_step_functions_name {
            error.to_owned()
        } else {
            one_line(&self.hide_in_text(error))
        }
    }

    /// A cause as it may be shown. Workers and functions keep secrets out of what they write, and
    /// hiding the values there once more would hide names that happen to be equal to one; everybody
    /// else may repeat anything.
    fn hide_in_cause(&self, error: &str, cause: &str) -> String {
        let function_message = message_of_function(cause);
        let cause = function_message.as_deref().unwrap_or(cause);
        if is_by_task_runner(error) {
            return tidy(&self.hide_url(cause));
        }
        // A repeated input is escaped, so that no value would be found in it.
        self.hide_in_text(&without_input(error, cause))
    }

    /// What others wrote. What is to be hidden is looked for before the text is changed in any
    /// other way.
    fn hide_in_text(&self, text: &str) -> String {
        tidy(&self.values.apply(&self.hide_url(text)))
    }

    fn hide_url(&self, text: &str) -> String {
        if self.url.is_empty() {
            text.to_owned()
        } else {
            text.replace(&self.url, HIDDEN)
        }
    }
}

/// In at most as many bytes as a cause may have, and without control characters other than line
/// ends.
fn tidy(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect();
    byte_limit::cut_middle(&text, MAX_CAUSE)
}

/// The first line of `text`, without control characters, cut to a length fit for a line.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text
        .trim()
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    byte_limit::cut_end(&line, MAX_LINE)
}

/// Whether the cause of this error was written by the worker or by `rescue`.
fn is_by_task_runner(error: &str) -> bool {
    [HANDED_OVER, PANICKED, NOT_CLAIMED].contains(&error) || ErrorName::find(error).is_some()
}

/// Lambda gives the error of a function as JSON with its message in it (`API_Invoke`).
fn message_of_function(cause: &str) -> Option<String> {
    let error: Value = serde_json::from_str(cause).ok()?;
    Some(error["errorMessage"].as_str()?.to_owned())
}
