//! `RunTask` (`API_RunTask`) and `StartTask` (`API_StartTask`).

use aws_sdk_ecs::operation::run_task::RunTaskError as SdkRunTaskError;
use aws_sdk_ecs::types::Failure;

use super::describe_tasks::task_status;
use super::{Ecs, parameters};
use crate::aws::{ApiError, ErrorKind, api_error};
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;

/// What ECS made of a launch that it understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The tasks there are now: new ones, or those that an earlier call with the same token had
    /// made.
    pub tasks: Vec<TaskStatus>,
    /// Why there are fewer than asked for.
    pub failures: Vec<PlacementFailure>,
}

/// One reason for a task that was not placed (`api_failures_messages`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementFailure {
    /// Such as `RESOURCE:MEMORY`, `AGENT`, `ATTRIBUTE`.
    pub reason: String,
    /// More about it, often empty.
    pub detail: String,
    /// The container instance or other resource it is about, often empty.
    pub arn: String,
}

/// A launch that ECS did not carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunTaskError {
    /// The token was used with other parameters; these tasks were made under it
    /// (`ECS_Idempotency`).
    #[error("the client token was used before, for tasks {0:?}")]
    Conflict(Vec<String>),
    /// ECS has no task definition, or no active one, of that name.
    #[error("{0}")]
    NoTaskDefinition(ApiError),
    /// Any other error.
    #[error("{0}")]
    Api(ApiError),
}

impl Ecs {
    /// Launches `count` tasks under `client_token`. Repeating the call with the same arguments
    /// gives the same tasks.
    ///
    /// # Errors
    /// See [`RunTaskError`]. A placement that came to nothing is no error but an empty
    /// [`Placement`] with its failures.
    pub async fn run_task(
        &self,
        spec: &TaskSpec,
        count: usize,
        client_token: &str,
    ) -> Result<Placement, RunTaskError> {
        let call = self
            .client
            .run_task()
            .cluster(&spec.cluster)
            .task_definition(&spec.task_definition)
            .count(i32::try_from(count).unwrap_or(i32::MAX))
            .started_by(&spec.started_by)
            .client_token(client_token)
            .overrides(parameters::task_override(&spec.overrides))
            .set_launch_type(spec.launch_type.as_deref().map(Into::into))
            .set_capacity_provider_strategy(parameters::capacity_provider_strategy(spec)?)
            .set_platform_version(spec.platform_version.clone())
            .set_network_configuration(parameters::network_configuration(spec)?)
            .set_placement_constraints(parameters::placement_constraints(spec))
            .set_placement_strategy(parameters::placement_strategy(spec))
            .set_group(spec.group.clone())
            .set_enable_execute_command(spec.enable_execute_command)
            .set_enable_ecs_managed_tags(spec.enable_ecs_managed_tags)
            .set_propagate_tags(spec.propagate_tags.as_deref().map(Into::into))
            .set_tags(parameters::tags(&spec.tags))
            .set_reference_id(spec.reference_id.clone())
            .set_volume_configurations(parameters::volume_configurations(spec)?);
        match Box::pin(call.send()).await {
            Ok(placed) => Ok(placement(placed.tasks(), placed.failures())),
            Err(error) => {
                if let Some(SdkRunTaskError::ConflictException(conflict)) = error.as_service_error()
                {
                    return Err(RunTaskError::Conflict(conflict.resource_ids().to_vec()));
                }
                Err(launch_error(api_error(
                    "ecs:RunTask",
                    launched(spec),
                    &error,
                )))
            }
        }
    }

    /// Starts a task on each of `instances`. ECS has no client token for this call: repeating it
    /// starts more tasks.
    ///
    /// # Errors
    /// See [`RunTaskError`].
    pub async fn start_task(
        &self,
        spec: &TaskSpec,
        instances: &[String],
    ) -> Result<Placement, RunTaskError> {
        let call = self
            .client
            .start_task()
            .cluster(&spec.cluster)
            .task_definition(&spec.task_definition)
            .set_container_instances(Some(instances.to_vec()))
            .started_by(&spec.started_by)
            .overrides(parameters::task_override(&spec.overrides))
            .set_network_configuration(parameters::network_configuration(spec)?)
            .set_group(spec.group.clone())
            .set_enable_execute_command(spec.enable_execute_command)
            .set_enable_ecs_managed_tags(spec.enable_ecs_managed_tags)
            .set_propagate_tags(spec.propagate_tags.as_deref().map(Into::into))
            .set_tags(parameters::tags(&spec.tags))
            .set_reference_id(spec.reference_id.clone())
            .set_volume_configurations(parameters::volume_configurations(spec)?);
        match Box::pin(call.send()).await {
            Ok(placed) => Ok(placement(placed.tasks(), placed.failures())),
            Err(error) => Err(launch_error(api_error(
                "ecs:StartTask",
                launched(spec),
                &error,
            ))),
        }
    }
}

fn launched(spec: &TaskSpec) -> String {
    format!(
        "task definition '{}' in cluster '{}'",
        spec.task_definition, spec.cluster
    )
}

fn placement(tasks: &[aws_sdk_ecs::types::Task], failures: &[Failure]) -> Placement {
    Placement {
        tasks: tasks.iter().map(task_status).collect(),
        failures: failures
            .iter()
            .map(|failure| PlacementFailure {
                reason: failure.reason().unwrap_or_default().to_owned(),
                detail: failure.detail().unwrap_or_default().to_owned(),
                arn: failure.arn().unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}

/// How ECS begins when there is no such task definition. The words alone can also stand in the name
/// of a role.
const NO_TASK_DEFINITION: &[&str] = &[
    "taskdefinition not found",
    "taskdefinition is inactive",
    "taskdefinition can not be blank",
    "taskdefinition does not exist",
    "task definition not found",
    "task definition does not exist",
    "the specified task definition",
    "unable to describe task definition",
    "invalid revision number",
];

/// What ECS repeats when EC2, which it asks about networks, throttles the account.
const THROTTLED_ELSEWHERE: &[&str] = &[
    "requestlimitexceeded",
    "request limit exceeded",
    "rate exceeded",
];

fn launch_error(mut error: ApiError) -> RunTaskError {
    if error.kind != ErrorKind::Rejected {
        return RunTaskError::Api(error);
    }
    let message = error.message.to_ascii_lowercase();
    if THROTTLED_ELSEWHERE
        .iter()
        .any(|says| message.contains(says))
    {
        error.kind = ErrorKind::Throttled;
        return RunTaskError::Api(error);
    }
    if NO_TASK_DEFINITION
        .iter()
        .any(|beginning| message.starts_with(beginning))
    {
        return RunTaskError::NoTaskDefinition(error);
    }
    RunTaskError::Api(error)
}

impl From<parameters::Incomplete> for RunTaskError {
    fn from(incomplete: parameters::Incomplete) -> Self {
        Self::Api(ApiError {
            action: "ecs:RunTask",
            resource: "the task's parameters".to_owned(),
            kind: ErrorKind::Rejected,
            code: None,
            message: incomplete.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_launch_are_told_apart_by_ecss_own_sentences() {
        let rejected = |message: &str| {
            launch_error(ApiError {
                action: "ecs:RunTask",
                resource: "cluster 'production'".to_owned(),
                kind: ErrorKind::Rejected,
                code: Some("ClientException".to_owned()),
                message: message.to_owned(),
            })
        };
        for message in [
            "TaskDefinition not found.",
            "TaskDefinition is inactive",
            "Unable to describe task definition.",
        ] {
            assert!(
                matches!(rejected(message), RunTaskError::NoTaskDefinition(_)),
                "{message}"
            );
        }
        for (message, kind) in [
            (
                "Error retrieving security group information for [sg-0a]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)",
                ErrorKind::Throttled,
            ),
            (
                "Error retrieving subnet information for [subnet-0a]: Rate exceeded",
                ErrorKind::Throttled,
            ),
            (
                "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/Stack-TaskDefinitionTaskRole1A2B' that was provided for this task.",
                ErrorKind::Rejected,
            ),
            (
                "Task definition does not support launch_type FARGATE.",
                ErrorKind::Rejected,
            ),
            (
                "Override for container named web is not a container in the TaskDefinition.",
                ErrorKind::Rejected,
            ),
        ] {
            let RunTaskError::Api(error) = rejected(message) else {
                panic!("there is a task definition: {message}")
            };
            assert_eq!(error.kind, kind, "{message}");
        }
    }
}
