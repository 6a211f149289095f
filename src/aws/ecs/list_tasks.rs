//! `ListTasks` (`API_ListTasks`).

use aws_sdk_ecs::types::DesiredStatus;
use jiff::Timestamp;

use super::{Ecs, MAX_TASKS_PER_CALL};
use crate::aws::{ApiError, api_error};

/// Which tasks of a cluster are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichTasks<'a> {
    /// Those started under exactly this name, from this task definition family.
    StartedBy {
        /// `startedBy`.
        name: &'a str,
        /// Finds those of them that were told to stop.
        family: &'a str,
    },
    /// Those of this task definition family.
    Family(&'a str),
}

/// A task with the name it was started under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTask {
    /// ARN of the task.
    pub arn: String,
    /// Its `startedBy`, empty when it has none.
    pub started_by: String,
    /// ARN of the container instance it is on, empty on Fargate.
    pub container_instance_arn: String,
    /// When it was launched.
    pub created: Option<Timestamp>,
    /// Nothing of it runs any more.
    pub stopped: bool,
    /// Somebody has asked for it to stop.
    pub stopping: bool,
}

impl Ecs {
    /// Lists the tasks that run, are about to, or were asked to stop and still have containers.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn list_tasks(
        &self,
        cluster: &str,
        which: WhichTasks<'_>,
    ) -> Result<Vec<ListedTask>, ApiError> {
        let call = || self.client.list_tasks().cluster(cluster);
        // A task that was told to stop is listed under desiredStatus STOPPED while its containers
        // still run. `startedBy` must be the only filter of a call and finds RUNNING ones only, so
        // that those others are looked for by their family.
        let stopping = |family| call().family(family).desired_status(DesiredStatus::Stopped);
        let (calls, started_by) = match which {
            WhichTasks::StartedBy { name, family } => {
                ([call().started_by(name), stopping(family)], Some(name))
            }
            WhichTasks::Family(family) => (
                [
                    call().family(family).desired_status(DesiredStatus::Running),
                    stopping(family),
                ],
                None,
            ),
        };
        let mut arns = Vec::new();
        for call in calls {
            let mut pages = call.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| {
                    api_error("ecs:ListTasks", format!("cluster '{cluster}'"), &error)
                })?;
                arns.extend_from_slice(page.task_arns());
            }
        }
        let mut listed = Vec::with_capacity(arns.len());
        for batch in arns.chunks(MAX_TASKS_PER_CALL) {
            let described = self
                .client
                .describe_tasks()
                .cluster(cluster)
                .set_tasks(Some(batch.to_vec()))
                .send()
                .await
                .map_err(|error| {
                    api_error("ecs:DescribeTasks", format!("cluster '{cluster}'"), &error)
                })?;
            listed.extend(described.tasks().iter().filter_map(|task| {
                Some(ListedTask {
                    arn: task.task_arn()?.to_owned(),
                    started_by: task.started_by().unwrap_or_default().to_owned(),
                    container_instance_arn: task
                        .container_instance_arn()
                        .unwrap_or_default()
                        .to_owned(),
                    created: task
                        .created_at()
                        .and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok()),
                    stopped: task.last_status() == Some("STOPPED"),
                    stopping: task.desired_status() == Some("STOPPED"),
                })
            }));
        }
        listed.retain(|task| started_by.is_none_or(|name| task.started_by == name));
        Ok(listed)
    }
}
