//! `ListTasks` (`API_ListTasks`).

use aws_sdk_ecs::operation::list_tasks::builders::ListTasksFluentBuilder;
use aws_sdk_ecs::types::{DesiredStatus, Task};
use jiff::Timestamp;

use super::describe_tasks::task_status;
use super::{Ecs, MAX_TASKS_PER_CALL};
use crate::arn::last_part;
use crate::aws::{ApiError, api_error, timestamp};
use crate::task::status::TaskStatus;

/// Which tasks of a cluster are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichTasks<'a> {
    /// Those started under exactly this name, from this task definition family.
    StartedBy {
        /// What `startedBy` says.
        name: &'a str,
        /// Their task definition family, by which those that are being stopped are found.
        family: &'a str,
    },
    /// Those of this task definition family.
    Family(&'a str),
    /// Those started under exactly this name that nobody has asked to stop.
    Running(&'a str),
}

/// A task with the name it was started under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTask {
    /// What `DescribeTasks` shows of the task.
    pub status: TaskStatus,
    /// What `startedBy` says, empty when it says nothing.
    pub started_by: String,
    /// ARN of the container instance it is on, empty on Fargate.
    pub container_instance_arn: String,
    /// When it was launched.
    pub created: Option<Timestamp>,
    /// When its host began to pull images.
    pub pull_started: Option<Timestamp>,
    /// When the last pull was over.
    pub pull_stopped: Option<Timestamp>,
    /// ECS is stopping the task, or has stopped it.
    pub stopping: bool,
}

impl Ecs {
    /// Lists the tasks that run or are about to, and but for [`WhichTasks::Running`] those that are being
    /// stopped, and those that ECS still lists as STOPPED.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn list_tasks(
        &self,
        cluster: &str,
        which: WhichTasks<'_>,
    ) -> Result<Vec<ListedTask>, ApiError> {
        let call = || self.client.list_tasks().cluster(cluster);
        // ECS lists a task that is being stopped under desiredStatus STOPPED, also while its
        // containers still run. A call with `startedBy` takes no other filter and gives only tasks
        // with desiredStatus RUNNING, so the others are looked for by their family.
        let stopping = |family| call().family(family).desired_status(DesiredStatus::Stopped);
        let (calls, started_by) = match which {
            WhichTasks::StartedBy { name, family } => {
                (vec![call().started_by(name), stopping(family)], Some(name))
            }
            WhichTasks::Running(name) => (vec![call().started_by(name)], Some(name)),
            WhichTasks::Family(family) => (
                vec![
                    call().family(family).desired_status(DesiredStatus::Running),
                    stopping(family),
                ],
                None,
            ),
        };
        let mut arns = Vec::new();
        for call in calls {
            arns.append(&mut self.all_pages(cluster, call).await?);
        }
        let mut listed = Vec::with_capacity(arns.len());
        for batch in arns.chunks(MAX_TASKS_PER_CALL) {
            let described = self.describe_listed(cluster, batch).await?;
            listed.extend(described.iter().filter_map(listed_task));
        }
        // The list by family also holds tasks that were started under other names.
        listed.retain(|task| started_by.is_none_or(|name| task.started_by == name));
        Ok(listed)
    }

    /// The ARNs of all pages. Each page is a call with a permit of its own.
    async fn all_pages(
        &self,
        cluster: &str,
        mut call: ListTasksFluentBuilder,
    ) -> Result<Vec<String>, ApiError> {
        let mut arns = Vec::new();
        loop {
            let attempt = || async {
                Box::pin(call.clone().send()).await.map_err(|error| {
                    api_error(
                        "ecs:ListTasks",
                        format!("cluster '{}'", last_part(cluster)),
                        &error,
                    )
                })
            };
            let page = self.call(&self.budgets.list_tasks, attempt).await?;
            arns.append(&mut page.task_arns.unwrap_or_default());
            let Some(next) = page.next_token.filter(|token| !token.is_empty()) else {
                return Ok(arns);
            };
            call = call.next_token(next);
        }
    }
}

fn listed_task(task: &Task) -> Option<ListedTask> {
    task.task_arn()?;
    Some(ListedTask {
        status: task_status(task),
        started_by: task.started_by().unwrap_or_default().to_owned(),
        container_instance_arn: task.container_instance_arn().unwrap_or_default().to_owned(),
        created: task.created_at().and_then(timestamp),
        pull_started: task.pull_started_at().and_then(timestamp),
        pull_stopped: task.pull_stopped_at().and_then(timestamp),
        stopping: task.desired_status() == Some("STOPPED"),
    })
}
