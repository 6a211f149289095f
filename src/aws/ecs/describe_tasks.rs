//! `DescribeTasks` (`API_DescribeTasks`).

use std::collections::HashMap;

use aws_sdk_ecs::types::{Container, LaunchType, Task};

use super::Ecs;
use crate::arn::last_part;
use crate::aws::budget::CallPermit;
use crate::aws::{ApiError, api_error, timestamp};
use crate::task::status::{ContainerStatus, Host, Phase, StopCode, TaskStatus};
use crate::text::printable;

/// Most tasks of one cluster that one call describes (`API_DescribeTasks`).
pub const MAX_TASKS_PER_CALL: usize = 100;

impl Ecs {
    /// Looks at up to [`MAX_TASKS_PER_CALL`] tasks of one cluster. The answer holds those that ECS
    /// knows, by ARN. A missing task is not yet known to ECS, or no longer.
    ///
    /// The caller passes the permit, so that it can add tasks to the call while it waits for one.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn describe_tasks(
        &self,
        permit: CallPermit,
        cluster: &str,
        arns: &[String],
    ) -> Result<HashMap<String, TaskStatus>, ApiError> {
        let described = permit.call(self.attempt_to_describe(cluster, arns)).await?;
        let statuses = described.iter().map(task_status);
        Ok(statuses
            .map(|status| (status.arn.clone(), status))
            .collect())
    }

    /// The tasks as the SDK gives them, for `list_tasks`: `ListTasks` gives only ARNs.
    pub(super) async fn describe_listed(
        &self,
        cluster: &str,
        arns: &[String],
    ) -> Result<Vec<Task>, ApiError> {
        self.call(&self.budgets.describe_tasks, || {
            self.attempt_to_describe(cluster, arns)
        })
        .await
    }

    async fn attempt_to_describe(
        &self,
        cluster: &str,
        arns: &[String],
    ) -> Result<Vec<Task>, ApiError> {
        let call = self
            .client
            .describe_tasks()
            .cluster(cluster)
            .set_tasks(Some(arns.to_vec()));
        match Box::pin(call.send()).await {
            Ok(described) => Ok(described.tasks.unwrap_or_default()),
            Err(error) => Err(api_error(
                "ecs:DescribeTasks",
                format!("cluster '{}'", last_part(cluster)),
                &error,
            )),
        }
    }
}

pub(super) fn task_status(task: &Task) -> TaskStatus {
    TaskStatus {
        arn: task.task_arn().unwrap_or_default().to_owned(),
        task_definition_arn: task.task_definition_arn().unwrap_or_default().to_owned(),
        last_status: task.last_status().unwrap_or_default().to_owned(),
        phase: Phase::from(task.last_status().unwrap_or_default()),
        stop_code: task.stop_code().map(|code| StopCode::from(code.as_str())),
        stopped_reason: printable::given(task.stopped_reason()),
        pull_began: task.pull_started_at().is_some(),
        host: host(task),
        started_at: task.started_at().and_then(timestamp),
        stopping_at: task.stopping_at().and_then(timestamp),
        execution_stopped_at: task.execution_stopped_at().and_then(timestamp),
        stopped_at: task.stopped_at().and_then(timestamp),
        containers: task.containers().iter().map(container_status).collect(),
    }
}

fn host(task: &Task) -> Host {
    match (task.container_instance_arn(), task.launch_type()) {
        (Some(arn), _) if !arn.is_empty() => Host::Instance(arn.to_owned()),
        (_, Some(LaunchType::Fargate)) => Host::Fargate,
        (_, Some(_)) => Host::None,
        (_, None) => Host::Unknown,
    }
}

fn container_status(container: &Container) -> ContainerStatus {
    let runtime_id = container
        .runtime_id()
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    ContainerStatus {
        name: container.name().unwrap_or_default().to_owned(),
        exit_code: container.exit_code(),
        reason: printable::given(container.reason()),
        running: container.last_status() == Some("RUNNING"),
        stopped: container.last_status() == Some("STOPPED"),
        created: runtime_id.is_some(),
        runtime_id,
    }
}
