//! Why a launch did not place all tasks: whether that may pass, and the words for it.

use std::time::Duration;

use super::relaunch::PATIENCE;
use crate::aws::ecs::{PlacementFailure, RunTaskError};
use crate::aws::{ApiError, ErrorKind};
use crate::task::error::ErrorName;
use crate::task::outcome::Failure;
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;
use crate::task_run::tasks::Tasks;

/// How long ECS may fail to assume a role that the same stack has just made.
const NEW_ROLE: Duration = Duration::from_secs(120);

/// Why a launch must be repeated later, or the failure when it can never succeed. `since_begin` is
/// how long this worker has had the run.
pub(super) fn retryable_reason(
    error: RunTaskError,
    spec: &TaskSpec,
    redaction: &Redaction,
    since_begin: Duration,
) -> Result<String, Failure> {
    let error = match error {
        RunTaskError::Conflict(_) => {
            return Err(Failure::new(
                ErrorName::Failed,
                "ECS says that this run has launched tasks before with other parameters, and does not name them. So they can neither be waited for nor be launched again, and their work may be half done.",
            ));
        }
        RunTaskError::NoTaskDefinition(error) => {
            let error = redaction.apply(&error.to_string());
            // The whole ARN, where one is given: it names the account and the region.
            let named = match &spec.task_definition {
                name if name == spec.task_definition_name() => String::new(),
                arn => format!(" ({arn})"),
            };
            return Err(Failure::new(
                ErrorName::InvalidRequest,
                format!(
                    "{error}. Check that TaskDefinition{named} names an active task definition of this account and region."
                ),
            ));
        }
        RunTaskError::NoCapacity(error) | RunTaskError::NoInstances(error)
            if spec.retry_start_failures =>
        {
            return Ok(redaction.apply(&error.message));
        }
        RunTaskError::NoCapacity(error) | RunTaskError::NoInstances(error) => {
            return Err(Failure::new(
                ErrorName::NotStarted,
                format!("{}.", redaction.apply(&error.to_string())),
            ));
        }
        RunTaskError::Api(error) => error,
    };
    let (kind, action) = (error.kind, error.action);
    let error = redaction.apply(&error.to_string());
    match kind {
        ErrorKind::Throttled | ErrorKind::Unavailable => Ok(error),
        // IAM is eventually consistent: a role made by the same stack cannot be assumed for
        // some seconds.
        ErrorKind::Rejected if is_about_a_role(&error) && since_begin < NEW_ROLE => Ok(error),
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
            // A service whose tasks are not in `awsvpc` mode has no network configuration, so the
            // launch has none either.
            let hint = match &spec.network_from {
                Some(service) if error.contains("Network Configuration must be provided") => {
                    format!(
                        ". Service '{service}', which NetworkFrom names, has no network configuration to take"
                    )
                }
                _ => String::new(),
            };
            Err(Failure::new(
                ErrorName::InvalidRequest,
                format!("{error}{hint}."),
            ))
        }
    }
}

/// Fails the run when one of the placement failures cannot pass, or when the properties say not to
/// repeat launches.
pub(super) fn check_failures(
    failures: &[PlacementFailure],
    spec: &TaskSpec,
    tasks: &Tasks<'_>,
    redaction: &Redaction,
) -> Result<(), Failure> {
    let lasting = failures
        .iter()
        .find(|failure| !failure.may_pass() || !spec.retry_start_failures);
    let Some(failure) = lasting else {
        return Ok(());
    };
    let reason = redaction.apply(&describe(failure));
    let what = format!(
        "a task of {} in cluster '{}': {reason}",
        spec.task_definition_name(),
        spec.cluster_name()
    );
    Err(not_placed(&what, spec, tasks))
}

/// The failure of a run for which ECS cannot place a task.
fn not_placed(what: &str, spec: &TaskSpec, tasks: &Tasks<'_>) -> Failure {
    // A task that is to be replaced does not count: it never started.
    match tasks.placed_count() {
        0 => Failure::new(
            ErrorName::NotStarted,
            format!("ECS could not place {what}."),
        ),
        placed => Failure::new(
            ErrorName::Failed,
            format!(
                "ECS placed {placed} of {} tasks, which are stopped, and could not place {what}.",
                spec.task_count()
            ),
        ),
    }
}

/// The failure of a run whose `NetworkFrom` names a service from which no network can be taken.
pub(super) fn no_network(service: &str, why: &str) -> Failure {
    Failure::new(
        ErrorName::InvalidRequest,
        format!("NetworkFrom names service '{service}', {why}."),
    )
}

/// Whether the run has neither launch type nor capacity provider strategy. ECS then looks for
/// container instances, unless the cluster has a default capacity provider strategy
/// (`API_RunTask`). `spec` already holds what `NetworkFrom` gives.
pub(super) fn names_no_capacity(spec: &TaskSpec) -> bool {
    spec.launch_type.is_none() && spec.capacity_provider_strategy.is_empty()
}

/// What a run that [names no capacity](names_no_capacity) waits for in a cluster without container
/// instances. The failure of the run when it has waited for [`PATIENCE`] (`since` is how long), or
/// when the properties say not to repeat launches.
pub(super) fn without_instances(
    error: &ApiError,
    spec: &TaskSpec,
    tasks: &Tasks<'_>,
    redaction: &Redaction,
    since: Duration,
) -> Result<String, Failure> {
    let message = redaction.apply(&error.message);
    let message = message.trim_end_matches('.');
    let obstacle = format!(
        "{message}. The task has neither LaunchType nor CapacityProviderStrategy: ECS then takes EC2, unless the cluster has a default capacity provider strategy. Set LaunchType (FARGATE, say), or see why no instance has joined the cluster"
    );
    if spec.retry_start_failures && since < PATIENCE {
        return Ok(obstacle);
    }
    let what = format!(
        "a task of {} in cluster '{}': {obstacle}",
        spec.task_definition_name(),
        spec.cluster_name()
    );
    Err(not_placed(&what, spec, tasks))
}

/// The failure of a run that has fewer tasks than it should.
pub(super) fn incomplete(spec: &TaskSpec, tasks: &Tasks<'_>) -> Option<Failure> {
    let missing = tasks.missing();
    (missing > 0).then(|| {
        let (placed, count) = (tasks.placed_count(), spec.task_count());
        Failure::new(
            ErrorName::Failed,
            format!(
                "ECS started {placed} of {count} tasks and gave no reason for the other {missing}; {} in cluster '{}'.",
                spec.task_definition_name(),
                spec.cluster_name()
            ),
        )
    })
}

/// Whether ECS says that it cannot assume a role. It writes "Unable" with a capital letter for the
/// service-linked role.
fn is_about_a_role(message: &str) -> bool {
    message
        .to_ascii_lowercase()
        .contains("unable to assume the")
}

/// A placement failure in words, with the meaning of its reason.
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
