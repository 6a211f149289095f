//! What stands in the way of a launch: which of it may pass, and the words for it.

use std::time::Duration;

use super::run::Run;
use crate::aws::ErrorKind;
use crate::aws::ecs::{PlacementFailure, RunTaskError};
use crate::task::error::ErrorName;
use crate::task::outcome::Failure;

/// How long a new IAM role may be unknown to ECS.
const NEW_ROLE: Duration = Duration::from_secs(120);

impl Run<'_> {
    /// What an error keeps the launch from, if it may pass.
    pub(super) fn retryable_reason(&self, error: RunTaskError) -> Result<Option<String>, Failure> {
        let error = match error {
            RunTaskError::Conflict(_) => {
                return Err(Failure::new(
                    ErrorName::Failed,
                    "ECS says that the run's client token was used with other parameters but does not name the tasks, so they can be neither adopted nor launched again.",
                ));
            }
            RunTaskError::NoTaskDefinition(error) => {
                let error = self.redaction.apply(&error.to_string());
                return Err(Failure::new(
                    ErrorName::InvalidRequest,
                    format!(
                        "{error}. Check that TaskDefinition names an active task definition of this account and region."
                    ),
                ));
            }
            RunTaskError::NoCapacity(error) if self.spec.retry_start_failures => {
                return Ok(Some(error.message));
            }
            RunTaskError::NoCapacity(error) => {
                return Err(Failure::new(ErrorName::NotStarted, format!("{error}.")));
            }
            RunTaskError::Api(error) => error,
        };
        let (kind, action) = (error.kind, error.action);
        let error = self.redaction.apply(&error.to_string());
        match kind {
            ErrorKind::Throttled | ErrorKind::Unavailable => Ok(Some(error)),
            // IAM is eventually consistent: a role made by the same stack cannot be assumed for
            // some seconds.
            ErrorKind::Rejected if is_about_a_role(&error) && self.began.elapsed() < NEW_ROLE => {
                Ok(Some(error))
            }
            ErrorKind::AccessDenied if matches!(action, "ecs:RunTask" | "ecs:StartTask") => {
                Err(Failure::new(
                    ErrorName::AccessDenied,
                    format!(
                        "{error}. Allow the worker's role this action, and iam:PassRole for the task's roles."
                    ),
                ))
            }
            ErrorKind::AccessDenied => Err(Failure::new(
                ErrorName::AccessDenied,
                format!("{error}. Allow the worker's role this action."),
            )),
            ErrorKind::Rejected => {
                Err(Failure::new(ErrorName::InvalidRequest, format!("{error}.")))
            }
        }
    }

    /// Tasks could not be placed, now or later.
    pub(super) fn not_placed(&self, failure: &PlacementFailure) -> Failure {
        let reason = self.redaction.apply(&describe(failure));
        let what = format!(
            "a task of {} in cluster '{}': {reason}",
            self.spec.task_definition, self.spec.cluster
        );
        match self.tasks.len() {
            0 => Failure::new(
                ErrorName::NotStarted,
                format!("ECS could not place {what}."),
            ),
            placed => Failure::new(
                ErrorName::Failed,
                format!(
                    "ECS placed {placed} of {} tasks, which are stopped, and could not place {what}.",
                    self.spec.task_count()
                ),
            ),
        }
    }
}

/// ECS speaks of the service-linked role with a capital U.
fn is_about_a_role(message: &str) -> bool {
    message
        .to_ascii_lowercase()
        .contains("unable to assume the")
}

pub(super) fn describe(failure: &PlacementFailure) -> String {
    let explained = match failure.reason.as_str() {
        "RESOURCE:CPU" => " (no instance has the CPU units free)",
        "RESOURCE:MEMORY" => " (no instance has the memory free)",
        "RESOURCE:PORTS" | "RESOURCE:PORT" => " (no instance has the host port free)",
        "RESOURCE:ENI" => " (no instance has a network interface free)",
        "RESOURCE:GPU" => " (no instance has a GPU free)",
        "AGENT" => " (the ECS agent of the instance is not connected)",
        "ATTRIBUTE" => {
            " (no instance has an attribute that the task definition or a placement constraint asks for)"
        }
        _ => "",
    };
    let mut text = format!("{}{explained}", failure.reason);
    if !failure.detail.is_empty() {
        text += &format!(", {}", failure.detail);
    }
    if !failure.arn.is_empty() {
        text += &format!(", at {}", failure.arn);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_ecs_cannot_assume_yet_are_known_by_its_words() {
        for (message, expected) in [
            (
                "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/Stack-TaskDefinitionTaskRole1A2B' that was provided.",
                true,
            ),
            (
                "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
                true,
            ),
            ("Role is not valid", false),
        ] {
            assert_eq!(is_about_a_role(message), expected, "{message}");
        }
    }
}
