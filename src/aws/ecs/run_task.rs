//! `RunTask` (`API_RunTask`) and `StartTask` (`API_StartTask`).

use aws_sdk_ecs::operation::run_task::RunTaskError as SdkRunTaskError;
use aws_sdk_ecs::types::Failure;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::describe_tasks::task_status;
use super::{Ecs, parameters};
use crate::aws::budget::CallPermit;
use crate::aws::{ApiError, ErrorKind, api_error};
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;
use crate::text::printable;

/// What ECS made of a launch that it understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The tasks that now exist: new ones, or those that an earlier call with the same token
    /// launched.
    pub tasks: Vec<TaskStatus>,
    /// Why there are fewer tasks than the call asked for.
    pub failures: Vec<PlacementFailure>,
}

/// One reason for a task that was not placed (`api_failures_messages`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementFailure {
    /// Such as `RESOURCE:MEMORY`, `AGENT`, `ATTRIBUTE`.
    pub reason: String,
    /// More about the reason, often empty.
    pub detail: String,
    /// The container instance or other resource concerned, often empty.
    pub arn: String,
}

impl PlacementFailure {
    /// Whether the failure clears when capacity arrives or an agent reconnects, as agents do every
    /// hour (`api_failures_messages`).
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.reason.starts_with("RESOURCE")
            || self.reason == "AGENT"
            || NO_ROOM.iter().any(|says| self.reason.contains(says))
    }
}

/// A launch that ECS did not carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunTaskError {
    /// The token was used before, with other parameters; these tasks were launched under it
    /// (`ECS_Idempotency`).
    #[error("the client token was used before, for tasks {0:?}")]
    Conflict(Vec<String>),
    /// ECS has no task definition, or no active one, of that name.
    #[error("{0}")]
    NoTaskDefinition(ApiError),
    /// There is no room for the task now, and nothing was launched.
    #[error("{0}")]
    NoCapacity(ApiError),
    /// The cluster has no container instance, and nothing was launched.
    #[error("{0}")]
    NoInstances(ApiError),
    /// Any other error. Unless its kind is [`ErrorKind::Unavailable`], nothing was launched.
    #[error("{0}")]
    Api(ApiError),
}

impl Ecs {
    /// Launches `count` tasks under `client_token`. Repeating the call with the same arguments
    /// gives the same tasks.
    ///
    /// The caller passes the permit, so that it can still decide against the launch after it has
    /// waited for one.
    ///
    /// # Errors
    /// See [`RunTaskError`]. When ECS places no task, that is no error: the [`Placement`] then
    /// holds only failures.
    pub async fn run_task(
        &self,
        permit: CallPermit,
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
        let sent = Box::pin(call.send());
        let answer = permit.call(async move {
            match sent.await {
                Ok(placed) => Ok(Ok(placement(placed.tasks(), placed.failures()))),
                Err(error) => match error.as_service_error() {
                    // `Ok` for the budget, since ECS answered the call and did not throttle it.
                    Some(SdkRunTaskError::ConflictException(conflict)) => {
                        Ok(Err(conflict.resource_ids().to_vec()))
                    }
                    _ => Err(launch_api_error("ecs:RunTask", spec, &error)),
                },
            }
        });
        answer
            .await
            .map_err(launch_error)?
            .map_err(RunTaskError::Conflict)
    }

    /// Starts a task on each of `instances`. The call takes no client token: repeating it starts
    /// more tasks. The caller passes the permit, as for [`run_task`](Self::run_task).
    ///
    /// # Errors
    /// See [`RunTaskError`].
    pub async fn start_task(
        &self,
        permit: CallPermit,
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
        let sent = Box::pin(call.send());
        let answer = permit.call(async move {
            sent.await
                .map_err(|error| launch_api_error("ecs:StartTask", spec, &error))
        });
        let placed = answer.await.map_err(launch_error)?;
        Ok(placement(placed.tasks(), placed.failures()))
    }
}

fn placement(tasks: &[aws_sdk_ecs::types::Task], failures: &[Failure]) -> Placement {
    Placement {
        tasks: tasks.iter().map(task_status).collect(),
        failures: failures
            .iter()
            .map(|failure| PlacementFailure {
                reason: printable::clean(failure.reason().unwrap_or_default()).into_owned(),
                detail: printable::clean(failure.detail().unwrap_or_default()).into_owned(),
                arn: failure.arn().unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}

/// How ECS's message begins when there is no such task definition. Only the beginning counts:
/// further on, the same words can be part of a role's name.
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

/// What ECS's message quotes when EC2, which ECS asks about networks, throttles the account.
const THROTTLED_ELSEWHERE: &[&str] = &[
    "requestlimitexceeded",
    "request limit exceeded",
    "rate exceeded",
];

/// What ECS says while there is no room, for anybody or for this account. "You've reached the limit
/// on the number of vCPUs you can run concurrently" passes when other tasks end. "Tasks
/// provisioning capacity limit exceeded." passes when the tasks that wait for instances of a
/// capacity provider have got them.
const NO_ROOM: [&str; 3] = [
    "Capacity is unavailable",
    "reached the limit on the number of",
    "provisioning capacity limit exceeded",
];

/// What ECS says when a launch on EC2 instances finds none in the cluster.
const NO_INSTANCES: &str = "No Container Instances were found";

fn is_no_room(message: &str) -> bool {
    message.contains(NO_INSTANCES) || NO_ROOM.iter().any(|says| message.contains(says))
}

/// The error of a failed launch. Its kind follows the message when the code means something else:
/// Fargate says "Capacity is unavailable at this time" with the code for throttled calls, and ECS
/// says that EC2 throttles with the code for a bad parameter.
fn launch_api_error<E>(
    action: &'static str,
    spec: &TaskSpec,
    error: &SdkError<E, HttpResponse>,
) -> ApiError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let launched = format!(
        "task definition '{}' in cluster '{}'",
        spec.task_definition_name(),
        spec.cluster_name()
    );
    let mut error = api_error(action, launched, error);
    error.kind = kind_by_words(error.kind, &error.message);
    error
}

/// The budget halves the rate of launches when a call is throttled. A lack of room must not do
/// that, and throttling by EC2 must.
fn kind_by_words(kind: ErrorKind, message: &str) -> ErrorKind {
    let lower_case = message.to_ascii_lowercase();
    let is_throttled_elsewhere = || {
        THROTTLED_ELSEWHERE
            .iter()
            .any(|says| lower_case.contains(says))
    };
    match kind {
        ErrorKind::Throttled if is_no_room(message) => ErrorKind::Rejected,
        ErrorKind::Rejected if is_throttled_elsewhere() => ErrorKind::Throttled,
        kind => kind,
    }
}

fn launch_error(error: ApiError) -> RunTaskError {
    // No capacity, no instances and no task definition are all rejections.
    if error.kind != ErrorKind::Rejected {
        return RunTaskError::Api(error);
    }
    if error.message.contains(NO_INSTANCES) {
        return RunTaskError::NoInstances(error);
    }
    if is_no_room(&error.message) {
        return RunTaskError::NoCapacity(error);
    }
    let message = error.message.to_ascii_lowercase();
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
mod tests;
