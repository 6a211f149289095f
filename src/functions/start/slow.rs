//! A run that began seconds after CloudFormation had sent its request, or `start` had looked at the stack.
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

/// An execution that is there within this time comes in time: CloudFormation has to send the next request, and
/// Lambda to deliver it, before `start` looks for the execution.
const USUAL: Duration = Duration::from_secs(2);

impl Starter {
    /// Stops the execution that was just started for a request, if CloudFormation no longer waits for the
    /// request. `start` asks for that only where the execution came late. `began` is when `start` began with
    /// an Update. `rescue` then stops the execution's tasks.
    pub(super) async fn stop_if_given_up(&self, arrival: &Arrival, name: &str, began: Instant) {
        let taken = match arrival.request.request_type {
            RequestType::Delete => return,
            // `start` has not looked at the stack of a new one.
            RequestType::Create => self.clock.since(self.age(arrival).sent()),
            RequestType::Update => began.elapsed(),
        };
        if taken < USUAL {
            return;
        }
        let stopping = async {
            if !self.is_given_up(arrival).await? {
                return Ok(());
            }
            let arn = self.state_machine.execution_arn(name);
            let cause = format!(
                "{} ({name}): its stack has gone on to another operation.",
                StopReason::GivenUp.in_words()
            );
            tracing::warn!(
                execution = name,
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

    /// Whether the stack has gone on since it sent the request.
    async fn is_given_up(&self, arrival: &Arrival) -> Result<bool, ApiError> {
        match self.stacks.phase(&arrival.request.stack_id).await? {
            StackPhase::Deleting | StackPhase::CreateRollback => Ok(true),
            // CloudFormation may have been answered that the run has begun, and its wait condition may be in
            // another stack.
            StackPhase::InProgress | StackPhase::Idle
                if arrival.request.wait_condition_handle.is_some() =>
            {
                Ok(false)
            }
            StackPhase::InProgress | StackPhase::Idle | StackPhase::UpdateRollback => {
                self.precedes_newest_operation(arrival).await
            }
        }
    }
}
