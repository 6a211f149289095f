//! `DescribeTaskDefinition` (`API_DescribeTaskDefinition`), as far as a run needs it.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::LogDriver;

use super::Ecs;
use crate::arn::last_part;
use crate::aws::{ApiError, api_error};
use crate::task::status::TaskStatus;

/// One revision, with its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    /// ARN of the revision, also where the family alone was asked for.
    pub arn: String,
    /// In the order of the task definition.
    pub containers: Vec<ContainerDefinition>,
}

/// One container of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerDefinition {
    /// Unique within the task definition.
    pub name: String,
    /// The task stops when this container exits.
    pub essential: bool,
    /// Where the container's log is, if it logs to `CloudWatch` Logs through awslogs.
    pub log: Option<LogStreamPlace>,
    /// The environment that the task definition gives the container. Values may be secrets: they
    /// are compared, never shown.
    pub environment: BTreeMap<String, String>,
}

/// Where the awslogs driver writes (`using_awslogs`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStreamPlace {
    /// `awslogs-group`.
    pub group: String,
    /// `awslogs-stream-prefix`. Fargate requires one.
    pub prefix: Option<String>,
    /// `awslogs-region`, when the task definition names one.
    pub region: Option<String>,
}

impl LogStreamPlace {
    /// The stream that a container of a task writes: `{prefix}/{container}/{task id}`, and without a
    /// prefix the id that the container runtime gave the container. `None` when ECS does not show
    /// that id.
    #[must_use]
    pub fn stream(&self, task: &TaskStatus, container: &str) -> Option<String> {
        if let Some(prefix) = &self.prefix {
            return Some(format!("{prefix}/{container}/{}", task.id()));
        }
        let mut containers = task.containers.iter();
        let shown = containers.find(|shown| shown.name == container)?;
        shown.runtime_id.clone()
    }
}

impl TaskDefinition {
    /// Names of the containers whose end ends the task.
    #[must_use]
    pub fn essential(&self) -> Vec<String> {
        self.containers
            .iter()
            .filter(|container| container.essential)
            .map(|container| container.name.clone())
            .collect()
    }

    /// The log of one container.
    #[must_use]
    pub fn log(&self, container: &str) -> Option<&LogStreamPlace> {
        self.containers
            .iter()
            .find(|one| one.name == container)?
            .log
            .as_ref()
    }
}

impl Ecs {
    /// Reads a task definition by family, `family:revision` or ARN.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn describe_task_definition(&self, name: &str) -> Result<TaskDefinition, ApiError> {
        let attempt = || {
            let call = self.client.describe_task_definition().task_definition(name);
            let sent = Box::pin(call.send());
            async move {
                sent.await.map_err(|error| {
                    api_error(
                        "ecs:DescribeTaskDefinition",
                        format!("task definition '{}'", last_part(name)),
                        &error,
                    )
                })
            }
        };
        let described = self.repeat(attempt).await?;
        let revision = described.task_definition();
        let arn = revision.and_then(aws_sdk_ecs::types::TaskDefinition::task_definition_arn);
        let arn = arn.unwrap_or_default().to_owned();
        let containers = revision
            .map(aws_sdk_ecs::types::TaskDefinition::container_definitions)
            .unwrap_or_default()
            .iter()
            .map(|container| ContainerDefinition {
                name: container.name().unwrap_or_default().to_owned(),
                // "If this parameter is omitted, a container is assumed to be essential"
                // (API_ContainerDefinition).
                essential: container.essential().unwrap_or(true),
                log: container
                    .log_configuration()
                    .filter(|log| log.log_driver() == &LogDriver::Awslogs)
                    .and_then(|log| {
                        let option = |key: &str| log.options()?.get(key).cloned();
                        Some(LogStreamPlace {
                            group: option("awslogs-group")?,
                            prefix: option("awslogs-stream-prefix")
                                .filter(|prefix| !prefix.is_empty()),
                            region: option("awslogs-region"),
                        })
                    }),
                environment: container
                    .environment()
                    .iter()
                    .filter_map(|pair| {
                        Some((
                            pair.name()?.to_owned(),
                            pair.value().unwrap_or_default().to_owned(),
                        ))
                    })
                    .collect(),
            })
            .collect();
        Ok(TaskDefinition { arn, containers })
    }
}
