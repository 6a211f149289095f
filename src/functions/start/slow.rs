//! A run that began seconds after `start` had looked at its stack.
//!
//! CloudFormation may have given the request up meanwhile, and begun to roll back. Its next request
//! found no run of this one, as Step Functions did not have it yet: nothing would stop it, nor undo what it
//! does.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Starter;
use super::arrival::Arrival;
use crate::aws::ApiError;
use crate::aws::cloudformation::StackPhase;
use crate::cloudformation::event::RequestType;
use crate::functions::leftovers::executions::StopReason;
use crate::task::error::ErrorName;
use crate::times::START_ANSWER_TIMEOUT;

/// From `start`'s look at the stack to the execution. Within this time the execution is there before the next
/// request is looked at, which CloudFormation has to send and Lambda to deliver.
const USUAL: Duration = Duration::from_secs(2);

impl Starter {
    /// Stops the execution that was started for a request, if `start` has taken long since `began` and
    /// CloudFormation no longer waits for the request. `rescue` then stops its tasks.
    pub(super) async fn stop_if_given_up(&self, arrival: &Arrival, name: &str, began: Instant) {
        if began.elapsed() < USUAL || arrival.request.request_type == RequestType::Delete {
            return;
        }
        let stopping = async {
            let Some(reason) = self.given_up(arrival).await? else {
                return Ok(());
            };
            let arn = self.state_machine.execution_arn(name);
            let cause = format!(
                "{} ({name}), and this run began after that.",
                reason.in_words()
            );
            tracing::warn!(
                execution = name,
                ?reason,
                "CloudFormation no longer waits for the request; its execution is stopped"
            );
            let error = ErrorName::Interrupted.as_str();
            self.state_machine.stop(&arn, error, &cause).await
        };
        // The execution answers in any case.
        match timeout(START_ANSWER_TIMEOUT, stopping).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(execution = name, %error, "cannot tell whether CloudFormation still waits for the request, or stop its execution");
            }
            Err(_) => tracing::warn!(
                execution = name,
                "whether CloudFormation still waits for the request could not be seen in time"
            ),
        }
    }

    /// What the stack does instead of waiting for the request.
    async fn given_up(&self, arrival: &Arrival) -> Result<Option<StopReason>, ApiError> {
        let stack = &arrival.request.stack_id;
        let is_of_earlier_operation = async || {
            let newest = self.stacks.newest_beginning(stack).await?;
            Ok(newest.is_some_and(|began| self.age(arrival).was_sent_before(began)))
        };
        let (is_over, reason) = match self.stacks.phase(stack).await? {
            StackPhase::Deleting | StackPhase::CreateRollback => (true, StopReason::Deleted),
            StackPhase::InProgress | StackPhase::UpdateRollback => {
                (is_of_earlier_operation().await?, StopReason::RolledBack)
            }
            // An Update has seen its stack in progress. The status that a Create sees may lag behind.
            StackPhase::Idle => {
                let is_update = arrival.request.request_type == RequestType::Update;
                (is_update, StopReason::RolledBack)
            }
        };
        Ok(is_over.then_some(reason))
    }
}
