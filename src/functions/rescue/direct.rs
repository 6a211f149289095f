//! Direct runs that did not end by themselves: stopped by a person or by `rescue`, timed out, or failed
//! in a way that no Catch sees.

use tokio::time::Instant;

use super::{Rescued, Rescuer};
use crate::aws::ApiError;
use crate::cloudformation::event::RequestType;
use crate::execution::direct::DirectExecution;
use crate::execution::input::ExecutionInput;
use crate::execution::status::Execution;

impl Rescuer {
    /// Stops what a direct run has left running. Where its worker may not know of the end, this goes on
    /// until `watch_until`. Nobody is answered, so that it is no incident.
    ///
    /// # Errors
    /// When ECS cannot be asked in the end.
    pub(super) async fn stop_direct_run(
        &self,
        execution_arn: &str,
        execution: &Execution,
        watch_until: Option<Instant>,
    ) -> Result<Rescued, ApiError> {
        let direct = DirectExecution {
            arn: execution_arn,
            started: execution.started,
        };
        let Some(input) = ExecutionInput::read(direct, &execution.input) else {
            tracing::warn!(
                execution = execution_arn,
                "the execution was started neither for CloudFormation nor as a direct run; nothing is done"
            );
            return Ok(Rescued::Nothing);
        };
        tracing::info!(
            execution = execution_arn,
            "a direct run ended early, or that of a hook; what it left running is stopped, and nobody waits for an answer"
        );
        self.leftovers_of(RequestType::Create, &input.task, execution)
            .stop_all(watch_until)
            .await
    }
}
