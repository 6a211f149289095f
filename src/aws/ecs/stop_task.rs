//! `StopTask` (`API_StopTask`).

use super::Ecs;
use crate::aws::{ApiError, api_error};
use crate::text::byte_limit;

/// Longest reason that is sure to be shown whole in the console; ECS takes 1,024 characters
/// (`API_StopTask`).
const MAX_REASON: usize = 255;

impl Ecs {
    /// Asks ECS to stop a task. For a task that has stopped already, that is no error.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn stop_task(&self, cluster: &str, arn: &str, reason: &str) -> Result<(), ApiError> {
        let attempt = || {
            let call = self
                .client
                .stop_task()
                .cluster(cluster)
                .task(arn)
                .reason(byte_limit::cut_end(reason, MAX_REASON));
            let sent = Box::pin(call.send());
            async move {
                sent.await
                    .map_err(|error| api_error("ecs:StopTask", format!("task {arn}"), &error))
            }
        };
        self.call(&self.budgets.stop_task, attempt).await?;
        Ok(())
    }
}
