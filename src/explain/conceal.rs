//! Hides the secrets of an execution's input, which are its response URL, that of a wait condition's
//! handle, and the values of
//! environment overrides, in every text that is shown.

use serde_json::Value;

use super::subject::Subject;
use crate::activity::{HANDED_OVER, PANICKED};
use crate::execution::error::{CaughtError, NOT_CLAIMED, states_error_name};
use crate::execution::history::RecordedEvent;
use crate::execution::reason::without_input;
use crate::execution::status::Execution;
use crate::task::error::ErrorName;
use crate::task::outcome::MAX_CAUSE;
use crate::task::redaction::Redaction;
use crate::task::spec::TaskOverride;
use crate::text::printable;

/// Replaces the response URL.
const HIDDEN: &str = "***";
/// Longest text in one line, in bytes; more than any ARN has.
const MAX_LINE: usize = 500;

/// The secrets of one execution.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    urls: Vec<String>,
    values: Redaction,
}

impl Secrets {
    pub(super) fn of(subject: &Subject) -> Self {
        let request = subject.request.iter();
        let urls = request.flat_map(|request| {
            let handle = request.wait_condition_handle.iter();
            let urls = handle.map(|handle| &handle.url);
            urls.chain([&request.response_url])
        });
        let nothing = TaskOverride::default();
        let task = subject.task.as_ref();
        Self {
            urls: urls
                .map(|url| url.expose().to_owned())
                .filter(|url| !url.is_empty())
                .collect(),
            values: Redaction::of(task.map_or(&nothing, |task| &task.overrides)),
        }
    }

    /// The event without secrets, except in its state's input.
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

    /// The execution without secrets, except in its input.
    pub(super) fn hide_in_execution(&self, execution: Execution) -> Execution {
        let (error, cause) = self.hide_in_failure(execution.error, execution.cause);
        Execution {
            error,
            cause,
            ..execution
        }
    }

    /// The error that a state caught, without secrets.
    pub(super) fn hide_in_caught(&self, caught: &CaughtError) -> CaughtError {
        CaughtError {
            error: self.hide_in_error(&caught.error),
            cause: self.hide_in_cause(&caught.error, &caught.cause),
        }
    }

    /// Error and cause without secrets. An empty text counts as not given.
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

    /// The error's name without secrets. Names that Step Functions and the task runner give hold
    /// none; other names may hold anything.
    fn hide_in_error(&self, error: &str) -> String {
        let is_step_functions_name = states_error_name(error)
            .is_some_and(|name| name.chars().all(|c| c.is_ascii_alphabetic()));
        if is_by_task_runner(error) || is_step_functions_name {
            error.to_owned()
        } else {
            one_line(&self.hide_in_text(error))
        }
    }

    /// The cause without secrets. The worker and `rescue` hide the values in the causes that they
    /// write. Hiding them once more would also replace a cluster's or task's name that happens to
    /// equal a value, so only the URL is looked for there. Other causes may repeat anything.
    fn hide_in_cause(&self, error: &str, cause: &str) -> String {
        let function_message = message_of_function(cause);
        let cause = function_message.as_deref().unwrap_or(cause);
        if is_by_task_runner(error) {
            return printable::lines(&self.hide_url(cause), MAX_CAUSE);
        }
        // Cut the execution's input off first: in its escaped JSON a value may not be recognised.
        self.hide_in_text(&without_input(error, cause))
    }

    /// A text that others wrote, without secrets. They are looked for before control characters are
    /// replaced, since a value may contain such characters.
    fn hide_in_text(&self, text: &str) -> String {
        printable::lines(&self.values.apply(&self.hide_url(text)), MAX_CAUSE)
    }

    fn hide_url(&self, text: &str) -> String {
        self.urls
            .iter()
            .fold(text.to_owned(), |text, url| text.replace(url, HIDDEN))
    }
}

/// The first line of `text` without control characters, cut to [`MAX_LINE`] bytes.
pub(super) fn one_line(text: &str) -> String {
    printable::first_line(text, MAX_LINE)
}

/// Whether the worker or `rescue` gives this error and writes its cause.
fn is_by_task_runner(error: &str) -> bool {
    [HANDED_OVER, PANICKED, NOT_CLAIMED].contains(&error) || ErrorName::find(error).is_some()
}

/// The message of a function's error, which Lambda gives as JSON (`API_Invoke`); `None` for other
/// causes.
fn message_of_function(cause: &str) -> Option<String> {
    let error: Value = serde_json::from_str(cause).ok()?;
    Some(error["errorMessage"].as_str()?.to_owned())
}
