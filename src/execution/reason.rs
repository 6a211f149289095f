//! The Reason that people read in the stack's events, made from the error that the state machine
//! caught. [`crate::cloudformation::response`] cuts it to size.

use std::borrow::Cow;

use super::error::{CaughtError, RUNTIME, TIMEOUT, is_timeout, states_error_name};
use crate::text::byte_limit::ELLIPSIS;

/// The error in words. Its name comes first, so that people can look it up. `still_running` counts
/// the tasks of the run that had not been seen to stop.
pub(crate) fn reason(caught: &CaughtError, still_running: u32) -> String {
    let cause = without_input(&caught.error, caught.cause.trim());
    // The arms for names come before the arm for an empty cause: most errors of Step Functions have
    // no cause, and their names say more than that.
    let text = match caught.error.as_str() {
        error if error == TIMEOUT && cause.is_empty() => {
            "the workers that took the run stopped sending heartbeats, or did not end it in the time it has, and no other worker finished it. See whether the worker fleet is running and what its log says; without a fleet, whether the function work is throttled and what its log says".to_owned()
        }
        error if is_timeout(error) && cause.is_empty() => {
            "the workers that took the run stopped sending heartbeats, and no other worker finished it. See whether the worker fleet is running and what its log says; without a fleet, whether the function work is throttled and what its log says".to_owned()
        }
        RUNTIME => {
            format!("the state machine could not run, as when its activity was deleted. {cause}")
        }
        _ if cause.is_empty() => "no cause was given. The execution of this name in Step Functions shows what happened".to_owned(),
        _ => cause.into_owned(),
    };
    let leftovers = match still_running {
        0 => String::new(),
        running => {
            format!(
                "\n{running} task(s) of this run had been told to stop, or could not be told, and had not been seen to stop."
            )
        }
    };
    format!("{}: {text}{leftovers}", caught.error)
}

/// The cause without the execution's input. Step Functions repeats the input as JSON in the causes
/// of some of its own errors, and the input holds the values of environment overrides. The causes
/// of other errors are returned whole.
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
    fn every_error_gets_a_reason_that_begins_with_its_name_and_repeats_no_input() {
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
                "the state machine could not run, as when its activity was deleted. Activity does not exist",
            ),
            (
                "States.Timeout",
                "after 60 seconds",
                0,
                "States.Timeout: after 60 seconds",
            ),
            (
                "Mine",
                "it said {\"code\":1}",
                0,
                "Mine: it said {\"code\":1}",
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
