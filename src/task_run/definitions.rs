//! Task definitions that were looked up. A revision never changes, so each is asked for once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::aws::ApiError;
use crate::aws::ecs::{Ecs, TaskDefinition};

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

    /// The revision of this ARN.
    pub(super) async fn get(&self, arn: &str) -> Result<Arc<TaskDefinition>, ApiError> {
        if let Some(known) = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(arn)
        {
            return Ok(Arc::clone(known));
        }
        let definition = Arc::new(self.ecs.describe_task_definition(arn).await?);
        // A family by itself names whatever revision is its latest.
        if !arn.contains(':') {
            return Ok(definition);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(arn.to_owned(), Arc::clone(&definition));
        Ok(definition)
    }
}
