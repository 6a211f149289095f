//! Task definitions that were looked up. A revision never changes, so each is looked up once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::timeout;

use crate::arn::last_part;
use crate::aws::ApiError;
use crate::aws::ecs::{Ecs, TaskDefinition};
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;
use crate::times::LOOKUP_TIMEOUT;

/// Revisions kept. An account seldom runs more different migrations at a time.
const MAX_KEPT: usize = 200;

#[derive(Debug)]
pub(super) struct TaskDefinitions {
    ecs: Ecs,
    kept: Mutex<HashMap<String, Arc<TaskDefinition>>>,
}

impl TaskDefinitions {
    pub(super) fn new(ecs: Ecs) -> Self {
        Self {
            ecs,
            kept: Mutex::default(),
        }
    }

    /// The task definition that a task was launched from.
    pub(super) async fn of_task(
        &self,
        spec: &TaskSpec,
        status: &TaskStatus,
    ) -> Result<Arc<TaskDefinition>, ApiError> {
        let name = if status.task_definition_arn.is_empty() {
            &spec.task_definition
        } else {
            &status.task_definition_arn
        };
        self.get(name).await
    }

    /// The task definition that a run is about to launch; `None` when one attempt does not read it in
    /// time. ECS then finds most of what is wrong with the launch by itself.
    pub(super) async fn of_launch(&self, spec: &TaskSpec) -> Option<Arc<TaskDefinition>> {
        match timeout(LOOKUP_TIMEOUT, self.get(&spec.task_definition)).await {
            Ok(Ok(definition)) => return Some(definition),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the task definition could not be read before the launch; the run goes on");
            }
            Err(_) => {
                tracing::warn!(
                    "the task definition could not be read in time before the launch; the run goes on"
                );
            }
        }
        None
    }

    /// The task definition that a task was launched from; `None` when it cannot be read in time. It
    /// only adds to the words of an answer, which can do without.
    pub(super) async fn of_task_in_time(
        &self,
        spec: &TaskSpec,
        status: &TaskStatus,
    ) -> Option<Arc<TaskDefinition>> {
        match timeout(LOOKUP_TIMEOUT, self.of_task(spec, status)).await {
            Ok(Ok(definition)) => Some(definition),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the task definition could not be read; the answer does without it");
                None
            }
            Err(_) => {
                tracing::warn!(
                    "the task definition could not be read in time; the answer does without it"
                );
                None
            }
        }
    }

    async fn get(&self, name: &str) -> Result<Arc<TaskDefinition>, ApiError> {
        if let Some(known) = self.lock().get(name) {
            return Ok(Arc::clone(known));
        }
        // The lock is not held over the call: runs that ask for the same revision at once each
        // look it up, and keep the same.
        let definition = Arc::new(self.ecs.describe_task_definition(name).await?);
        let mut kept = self.lock();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        // The run's tasks name the revision by its ARN, whatever the properties call it.
        if !definition.arn.is_empty() {
            kept.insert(definition.arn.clone(), Arc::clone(&definition));
        }
        // A family by itself names whatever revision is its latest, and is looked up each time.
        if last_part(name).contains(':') {
            kept.insert(name.to_owned(), Arc::clone(&definition));
        }
        Ok(definition)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<TaskDefinition>>> {
        // A panic elsewhere leaves the map whole: entries are added with one call.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
