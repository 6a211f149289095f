//! Direct runs that did not end by themselves: stopped by a person or by `rescue`, timed out, or failed
//! in a way that no Catch sees.

use tokio::time::Instant;

use super::answer::was_taken;
use super::{Rescued, Rescuer};
use crate::aws::ApiError;
use crate::cloudformation::event::RequestType;
use crate::execution::direct::DirectExecution;
use crate::execution::history::RecordedEvent;
use crate::execution::input::ExecutionInput;
use crate::execution::status::Execution;
use crate::functions::leftovers::tasks::Owner;

impl Rescuer {
    /// Stops what a direct run has left running, and goes on with it until `end` while its worker may
    /// not know of the end. Nobody is answered, so that it is no incident.
    ///
    /// # Errors
    /// When ECS cannot be asked in the end. The invocation then fails: Lambda repeats it, and the
    /// dead-letter queue's alarm tells that a task may run on.
    pub(super) async fn stop_direct_run(
        &self,
        execution_arn: &str,
        execution: &Execution,
        events: &[RecordedEvent],
        end: Instant,
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
        let leftovers = self.leftovers_of(RequestType::Create, &input.task, execution);
        let still_running = leftovers.stop_before_answering().await.still_running;
        tracing::info!(
            execution = execution_arn,
            still_running,
            "a direct run ended before its task had; its task was stopped, and nobody waits for an answer"
        );
        if was_taken(events) {
            leftovers.stop_until_workers_are_informed(end).await;
        }
        self.leftovers
            .stop(Owner::Execution, &input.task, "The execution has ended")
            .await?;
        Ok(Rescued::LeftoversStopped)
    }
}
