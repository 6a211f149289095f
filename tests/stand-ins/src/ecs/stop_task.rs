//! StopTask.

use serde_json::{Value, json};

use super::Ecs;
use super::plan::StopRequest;
use super::request::{cluster_name, invalid_parameter, last_segment, string};
use crate::aws_error::AwsError;
use crate::lock::Lock;

/// What ECS writes where the caller of StopTask gives no reason.
const DEFAULT_REASON: &str = "Task stopped by user";

impl Ecs {
    pub(super) fn stop_task(&self, body: &Value) -> Result<Value, AwsError> {
        let cluster = cluster_name(body);
        let id = last_segment(string(body, "task").unwrap_or_default());
        let now = self.inner.clock.now();
        let task = self
            .inner
            .state
            .locked()
            .by_id
            .get(id)
            .filter(|task| task.cluster == cluster)
            .cloned()
            .filter(|task| task.is_known(now))
            .ok_or_else(|| invalid_parameter("The referenced task was not found."))?;
        task.stop(StopRequest {
            at: now,
            reason: string(body, "reason").unwrap_or(DEFAULT_REASON).to_owned(),
        });
        Ok(json!({"task": task.describe(&self.inner.clock, now, false)}))
    }
}
