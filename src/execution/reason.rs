//! The Reason that people read in the stack's events, made from the error that the state machine
//! caught. [`crate::cloudformation::response`] cuts it to size.

use std::borrow::Cow;

use super::error::{CaughtError, RUNTIME, TIMEOUT, is_timeout, states_error_name};
use crate::cloudformation::event::Request;
use crate::cloudformation::stack::{is_logical_id, stack_name};
use crate::text::byte_limit::ELLIPSIS;

/// What `respond` gives as the Reason, before its last line: the error [in words](error_in_words),
/// and how many tasks still run.
pub(crate) fn reason(caught: &CaughtError, still_running: u32) -> String {
    error_in_words(caught) + &still_running_in_words(still_running)
}

/// The error in words. Its name comes first, so that people can look it up.
pub(crate) fn error_in_words(caught: &CaughtError) -> String {
    let cause = without_input(&caught.error, caught.cause.trim());
    // The arms for names come before the arm for an empty cause: most errors of Step Functions have
    // no cause, and their names say more than that.
    let text = match caught.error.as_str() {
        error if error == TIMEOUT && cause.is_empty() => {
            "the workers that took the run stopped sending heartbeats, or did not end it in the time it has, and no other worker finished it. See whether the worker fleet is running and what its log says; without a fleet, whether the function work is throttled and what its log says.".to_owned()
        }
        error if is_timeout(error) && cause.is_empty() => {
            "the workers that took the run stopped sending heartbeats, and no other worker finished it. See whether the worker fleet is running and what its log says; without a fleet, whether the function work is throttled and what its log says.".to_owned()
        }
        RUNTIME => {
            format!("the state machine could not run, as when its activity was deleted. {cause}")
        }
        _ if cause.is_empty() => "no cause was given. The execution of this name in Step Functions shows what happened.".to_owned(),
        _ => cause.into_owned(),
    };
    format!("{}: {text}", caught.error)
}

/// A last line about the tasks of the run that had not been seen to stop; empty when there were none.
pub(crate) fn still_running_in_words(still_running: u32) -> String {
    match still_running {
        0 => String::new(),
        1 => "\n1 task of this run was not seen to stop, though ECS was asked to stop it, or could not be asked.".to_owned(),
        count => format!("\n{count} tasks of this run were not seen to stop, though ECS was asked to stop them, or could not be asked."),
    }
}

/// The line that ends the Reason of a run, after [`reason`]: the command that shows the execution.
/// `None` when the ids are not of the kind that CloudFormation gives: people copy the line into a
/// shell, so it holds only names that need no quotes.
pub(crate) fn way_to_execution(request: &Request) -> Option<String> {
    let stack = stack_name(&request.stack_id)?;
    let resource = &request.logical_resource_id;
    is_logical_id(resource).then(|| format!("More: ecs-task-runner explain {stack}/{resource}"))
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
    use crate::cloudformation::event::{RequestType, ResponseUrl};

    #[test]
    fn the_last_line_leads_to_the_execution_and_needs_no_quotes() {
        let stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/todo-backend/guid";
        for (stack_id, logical_id, expected) in [
            (
                stack,
                "MigrateTask",
                Some("More: ecs-task-runner explain todo-backend/MigrateTask"),
            ),
            (stack, "$(id)", None),
            ("todo-backend", "MigrateTask", None),
        ] {
            let request = Request {
                request_type: RequestType::Create,
                stack_id: stack_id.to_owned(),
                request_id: "r-1".to_owned(),
                logical_resource_id: logical_id.to_owned(),
                resource_type: "Custom::EcsTask".to_owned(),
                physical_resource_id: None,
                response_url: ResponseUrl::new("https://example.com"),
                wait_condition_handle: None,
                ignores_failure: false,
            };
            assert_eq!(way_to_execution(&request).as_deref(), expected);
        }
    }

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
            (
                "EcsTask.Failed",
                "It failed.",
                2,
                "2 tasks of this run were not seen to stop",
            ),
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
