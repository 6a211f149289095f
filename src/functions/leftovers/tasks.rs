//! The ECS tasks that an execution, or on Delete a resource, has left running. They are found by
//! the name under which they were started (`startedBy`); the functions have no other record of
//! them.

use jiff::Timestamp;

use crate::aws::ApiError;
use crate::aws::ecs::{Ecs, ListedTask, WhichTasks};
use crate::cloudformation::identity::NameParts;
use crate::task::spec::TaskSpec;
use crate::task::status::{Phase, TaskStatus};

/// Whose tasks are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The tasks of this execution only: a later execution of the same resource may be running.
    Execution,
    /// The tasks of every execution of the resource.
    Resource {
        /// Tasks that were launched later belong to a later run of the resource, and are left
        /// alone.
        launched_until: Option<Timestamp>,
    },
}

/// The tasks of an owner that ECS lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many of them are left (see [`Leftovers::stop`]).
    pub(crate) running: usize,
    /// All of them, those that have stopped included, as they were before any was asked to stop.
    pub(crate) tasks: Vec<TaskStatus>,
}

/// Finds leftover tasks and stops them.
#[derive(Debug, Clone)]
pub(crate) struct Leftovers {
    ecs: Ecs,
}

impl Leftovers {
    pub(crate) fn new(ecs: Ecs) -> Self {
        Self { ecs }
    }

    /// The client of its calls.
    pub(crate) fn ecs(&self) -> &Ecs {
        &self.ecs
    }

    /// Asks ECS to stop the tasks that are left, and counts them. A task for which that call fails
    /// counts as well.
    ///
    /// A task of an [`Owner::Execution`] is left while a container of it may run: the answer need
    /// not wait until the network interface is gone, which takes 13 to 24 s on Fargate. A task of
    /// an [`Owner::Resource`] is left until it is STOPPED: before that, CloudFormation can delete
    /// neither its cluster nor its security group.
    ///
    /// # Errors
    /// When ECS cannot be asked what runs.
    pub(crate) async fn stop(
        &self,
        owner: Owner,
        task: &TaskSpec,
        reason: &str,
    ) -> Result<Found, ApiError> {
        let listed = match owner {
            Owner::Execution => self.of_execution(task).await?,
            Owner::Resource { launched_until } => self.of_resource(task, launched_until).await?,
        };
        let is_left = |listed: &&ListedTask| match owner {
            Owner::Execution => !listed.status.runs_nothing(),
            Owner::Resource { .. } => listed.status.phase != Phase::Stopped,
        };
        for leftover in listed.iter().filter(is_left) {
            self.stop_one(task, leftover, reason).await;
        }
        Ok(Found {
            running: listed.iter().filter(is_left).count(),
            tasks: listed.into_iter().map(|listed| listed.status).collect(),
        })
    }

    /// Asks ECS to stop the tasks of the execution that run. Those that are being stopped, or have
    /// stopped, are not looked at: ECS lists them by their family only, and for an hour.
    ///
    /// # Errors
    /// When ECS cannot be asked what runs.
    pub(crate) async fn stop_launched(
        &self,
        task: &TaskSpec,
        reason: &str,
    ) -> Result<(), ApiError> {
        let running = WhichTasks::Running(&task.started_by);
        for launched in self.list(&task.cluster, running).await? {
            if !launched.status.runs_nothing() {
                self.stop_one(task, &launched, reason).await;
            }
        }
        Ok(())
    }

    async fn stop_one(&self, task: &TaskSpec, leftover: &ListedTask, reason: &str) {
        if leftover.stopping {
            return;
        }
        match self
            .ecs
            .stop_task(&task.cluster, &leftover.status.arn, reason)
            .await
        {
            Ok(()) => tracing::info!(
                task = leftover.status.arn,
                started_by = leftover.started_by,
                "asked ECS to stop a leftover task"
            ),
            Err(error) => tracing::warn!(%error, "a leftover task could not be stopped"),
        }
    }

    async fn of_execution(&self, task: &TaskSpec) -> Result<Vec<ListedTask>, ApiError> {
        let listed = self
            .list(
                &task.cluster,
                WhichTasks::StartedBy {
                    name: &task.started_by,
                    family: task.family(),
                },
            )
            .await?;
        Ok(listed
            .into_iter()
            .filter(|listed| listed.started_by == task.started_by)
            .collect())
    }

    async fn of_resource(
        &self,
        task: &TaskSpec,
        launched_until: Option<Timestamp>,
    ) -> Result<Vec<ListedTask>, ApiError> {
        let Some(parts) = NameParts::of(&task.started_by) else {
            return Ok(Vec::new());
        };
        let listed = self
            .list(&task.cluster, WhichTasks::Family(task.family()))
            .await?;
        let is_in_time = |listed: &ListedTask| match (listed.created, launched_until) {
            (Some(created), Some(until)) => created <= until,
            _ => true,
        };
        Ok(listed
            .into_iter()
            .filter(|listed| {
                // The whole form is compared: a direct run may be called like a request, and its
                // tasks are none of the resource's.
                NameParts::of(&listed.started_by)
                    .is_some_and(|of| of.resource_prefix == parts.resource_prefix)
                    && is_in_time(listed)
            })
            .collect())
    }

    /// Lists tasks. A cluster that does not exist any more has none.
    async fn list(
        &self,
        cluster: &str,
        which: WhichTasks<'_>,
    ) -> Result<Vec<ListedTask>, ApiError> {
        match self.ecs.list_tasks(cluster, which).await {
            Err(error) if error.code.as_deref() == Some("ClusterNotFoundException") => {
                tracing::info!(
                    cluster,
                    "the cluster does not exist, so nothing of the resource runs in it"
                );
                Ok(Vec::new())
            }
            listed => listed,
        }
    }
}
