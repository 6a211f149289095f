//! The Reason people read in the stack's events, from the error the state machine caught.

use std::borrow::Cow;

use super::error::{CaughtError, RUNTIME, is_timeout, states_error_name};
use crate::text::byte_limit::ELLIPSIS;

/// The error in words, with its name in front so that it can be looked up.
pub(crate) fn reason(caught: &CaughtError, still_running: u32) -> String {
    let cause = without_input(&caught.error, caught.cause.trim());
    let text = match caught.error.as_str() {
        error if is_timeout(error) && cause.is_empty() => {
            "the workers that took the run stopped sending heartbeats, and no other worker finished it. See whether the worker fleet is running and what its log says".to_owned()
        }
        RUNTIME => {
            format!("the state machine could not run, as when its activity was deleted. {cause}")
        }
        _ if cause.is_empty() => "no cause was given. The execution of this name in Step Functions shows what happened".to_owned(),
        _ => cause.into_owned(),
    };
    let leftovers = match still_running {
        0 => String::new(),
        running => format!(
            "\n{running} task(s) of this run had been told to stop and were still stopping."
        ),
    };
    format!("{}: {text}{leftovers}", caught.error)
}

/// The cause without the execution's input, which Step Functions repeats as JSON in some of its own
/// errors: it holds the values of environment overrides.
pub(crate) fn without_input<'c>(error: &str, cause: &'c str) -> Cow<'c, str> {
    match cause.find('{') {
        Some(input) if states_error_name(error).is_some() => {
            Cow::Owned(format!("{}{ELLIPSIS}", &cause[..input]))
        }
        _ => Cow::Borrowed(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_words() {
        for (error, cause, running, expected) in [
            (
                "EcsTask.Failed",
                "Container 'migrate' exited with code 1.",
                0,
                "EcsTask.Failed: Container 'migrate' exited with code 1.",
            ),
            ("States.HeartbeatTimeout", "", 0, "worker fleet"),
            ("States.Timeout", "", 0, "worker fleet"),
            (
                "States.Runtime",
                "Activity does not exist",
                0,
                "Activity does not exist",
            ),
            (
                "States.Runtime",
                "The path '$.a' could not be found in the input '{\"value\":1}'",
                0,
                "found in the input '",
            ),
            ("Something.New", "", 0, "Something.New: no cause was given"),
            ("EcsTask.Failed", "It failed.", 2, "2 task(s) of this run"),
        ] {
            let caught = CaughtError {
                error: error.to_owned(),
                cause: cause.to_owned(),
            };
            let reason = reason(&caught, running);
            assert!(
                reason.starts_with(error) && reason.contains(expected),
                "{reason}"
            );
            assert!(!reason.contains("value"), "{reason}");
        }
    }
}
