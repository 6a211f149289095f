//! `stop`: stops the tasks that an execution, or on Delete a resource, has left running.

use serde::{Deserialize, Serialize};

use crate::aws::ApiError;
use crate::aws::ecs::{Ecs, ListedTask, WhichTasks};
use crate::clock::{Clock, after};
use crate::deadline::DEFINITION_PATIENCE;
use crate::event::RequestType;
use crate::identity::resource_prefix;
use crate::task_spec::TaskSpec;

/// What the definition invokes the function with: its whole state.
#[derive(Debug, Clone, Deserialize)]
pub struct StopEvent {
    request: RequestOfStop,
    task: TaskSpec,
    #[serde(default)]
    leftovers: Counted,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RequestOfStop {
    request_type: RequestType,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Counted {
    checks: u32,
}

/// What the function found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Tasks that still run, all of them told to stop.
    pub running: usize,
    /// How often this execution has looked, this time included.
    pub checks: u32,
    /// Whether looking again is of use: something runs, and there is time.
    pub wait: bool,
}

/// Stops leftovers.
#[derive(Debug, Clone)]
pub struct Stopper {
    ecs: Ecs,
    clock: Clock,
}

impl Stopper {
    /// Stops through `ecs`.
    #[must_use]
    pub fn new(ecs: Ecs, clock: Clock) -> Self {
        Self { ecs, clock }
    }

    /// Stops what still runs and counts it.
    ///
    /// # Errors
    /// When ECS cannot be asked. A task that could not be stopped is counted as running.
    pub async fn stop(&self, event: StopEvent) -> Result<Stopped, ApiError> {
        let task = &event.task;
        let is_delete = event.request.request_type == RequestType::Delete;
        let running = if is_delete { self.tasks_of_resource(task).await? } else { self.tasks_of_execution(task).await? };
        let reason = if is_delete {
            format!("The CloudFormation resource is being deleted ({})", task.started_by)
        } else {
            format!("The run has failed ({})", task.started_by)
        };
        for leftover in running.iter().filter(|leftover| !leftover.stopping) {
            match self.ecs.stop_task(&task.cluster, &leftover.arn, &reason).await {
                Ok(()) => tracing::info!(task = leftover.arn, started_by = leftover.started_by, "told a leftover task to stop"),
                Err(error) => tracing::warn!(%error, "a leftover task could not be stopped"),
            }
        }
        let has_time = self.clock.now() < after(task.deadline, DEFINITION_PATIENCE);
        Ok(Stopped { running: running.len(), checks: event.leftovers.checks.saturating_add(1), wait: !running.is_empty() && has_time })
    }

    /// Tasks of exactly this execution: a later one of the same resource may be running.
    async fn tasks_of_execution(&self, task: &TaskSpec) -> Result<Vec<ListedTask>, ApiError> {
        let listed = self.list(&task.cluster, WhichTasks::StartedBy { name: &task.started_by, family: task.family() }).await?;
        Ok(listed.into_iter().filter(|listed| !listed.stopped && listed.started_by == task.started_by).collect())
    }

    /// Tasks of every execution of this resource.
    async fn tasks_of_resource(&self, task: &TaskSpec) -> Result<Vec<ListedTask>, ApiError> {
        let Some(prefix) = resource_prefix(&task.started_by) else {
            return Ok(Vec::new());
        };
        let listed = self.list(&task.cluster, WhichTasks::Family(task.family())).await?;
        Ok(listed.into_iter().filter(|listed| !listed.stopped && listed.started_by.starts_with(prefix)).collect())
    }

    /// A cluster that is gone has no tasks.
    async fn list(&self, cluster: &str, which: WhichTasks<'_>) -> Result<Vec<ListedTask>, ApiError> {
        match self.ecs.list_tasks(cluster, which).await {
            Err(error) if error.code.as_deref() == Some("ClusterNotFoundException") => {
                tracing::info!(cluster, "the cluster does not exist, so nothing of the resource runs in it");
                Ok(Vec::new())
            }
            listed => listed,
        }
    }
}
