//! Whether a request is over: CloudFormation no longer waits for it.
//!
//! Lambda may deliver an event late, or once more. The operations of a stack follow one another, and each
//! sends its requests after it has begun. A request that was sent before the newest of them began is over,
//! whatever the stack does now: its properties may be those of another release than the one that is
//! deployed.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::arrival::Arrival;
use super::{StartError, Starter};
use crate::aws::ApiError;
use crate::aws::cloudformation::StackPhase;
use crate::cloudformation::event::RequestType;
use crate::times::rollback::BEGINNING_BUDGET;

/// How often `start` looks again at a stack that is idle, and its pause before each look: for ten seconds.
const LOOKS_AT_IDLE: u32 = 5;
const LOOK_PAUSE: Duration = Duration::from_secs(2);

impl Starter {
    /// What the event's stack is doing. CloudFormation is asked only when it matters: for an
    /// Update, which may be a rollback, and for an event that comes late.
    ///
    /// If CloudFormation cannot be asked, the caller assumes that the stack is being created or
    /// updated: skipping a migration that is due would be worse than running the old task once more
    /// on a rollback, as every other custom resource does.
    pub(super) async fn stack_phase(&self, arrival: &Arrival) -> Result<StackPhase, ApiError> {
        let request = &arrival.event.request;
        if request.request_type == RequestType::Update || self.age(arrival).is_late() {
            let phase = self.stacks.phase(&request.stack_id).await?;
            Ok(self.unless_outdated(arrival, phase).await)
        } else {
            Ok(StackPhase::InProgress)
        }
    }

    /// The phase, or what it turns into while `DescribeStacks` may lag behind. The stack of a new event is
    /// not idle; with a short `ServiceTimeout` no later delivery can tell.
    async fn unless_outdated(&self, arrival: &Arrival, mut phase: StackPhase) -> StackPhase {
        let age = self.age(arrival);
        if age.is_late() || age.has_delivery_ahead() {
            return phase;
        }
        for _ in 0..LOOKS_AT_IDLE {
            if phase != StackPhase::Idle {
                break;
            }
            sleep(LOOK_PAUSE).await;
            match self.stacks.phase(&arrival.request.stack_id).await {
                Ok(newer) => phase = newer,
                Err(error) => tracing::warn!(%error, "the idle stack cannot be looked at again"),
            }
        }
        phase
    }

    /// Whether a Create or Update is over, in a stack of this phase.
    ///
    /// # Errors
    /// When that cannot be seen, and Lambda will deliver the event once more.
    pub(super) async fn is_over(
        &self,
        arrival: &Arrival,
        phase: StackPhase,
    ) -> Result<bool, StartError> {
        match phase {
            // The operation that has just sent a new event is the newest.
            StackPhase::InProgress if !self.age(arrival).is_late() => Ok(false),
            StackPhase::InProgress => self.is_of_earlier_operation(arrival).await,
            // An Update may be that of the operation which is rolled back.
            StackPhase::UpdateRollback if arrival.request.request_type == RequestType::Update => {
                self.is_of_earlier_operation(arrival).await
            }
            // CloudFormation sends a request while its stack is in progress. The stack of a new event is idle
            // when the event was delivered twice and its request is over, or when DescribeStacks lags behind.
            // The next delivery can tell. It comes a minute later, which an update pays for such a lag.
            StackPhase::Idle => {
                let age = self.age(arrival);
                if !age.is_late() && age.has_delivery_ahead() {
                    return Err(StartError::StackIdle(arrival.request.stack_id.clone()));
                }
                Ok(true)
            }
            StackPhase::UpdateRollback | StackPhase::CreateRollback | StackPhase::Deleting => {
                Ok(true)
            }
        }
    }

    /// Whether the request was sent before the newest operation of its stack began. Not so when
    /// the stack's events cannot be read, and no later delivery could.
    async fn is_of_earlier_operation(&self, arrival: &Arrival) -> Result<bool, StartError> {
        let seen = timeout(BEGINNING_BUDGET, self.precedes_newest_operation(arrival)).await;
        let error = match seen.unwrap_or_else(|_| Err(events_unread(&arrival.request.stack_id))) {
            Ok(precedes) => return Ok(precedes),
            Err(error) => error,
        };
        if !self.will_be_redelivered(arrival, &error) {
            tracing::warn!(%error, "cannot tell whether the request is of an earlier operation of its stack");
            return Ok(false);
        }
        match self.own_execution(arrival).await {
            // It answers in either case.
            Ok(Some(_)) => Ok(true),
            Ok(None) | Err(_) => Err(StartError::Later(error)),
        }
    }

    /// Whether the stack's events show that its newest operation began after the request was sent.
    pub(super) async fn precedes_newest_operation(
        &self,
        arrival: &Arrival,
    ) -> Result<bool, ApiError> {
        let stack = &arrival.request.stack_id;
        let newest = self.stacks.newest_beginning(stack).await?;
        Ok(newest.is_some_and(|began| self.age(arrival).was_sent_before(began)))
    }
}

/// The error of a stack whose events take too long to read.
fn events_unread(stack: &str) -> ApiError {
    ApiError::inconclusive(
        "cloudformation:DescribeStackEvents",
        format!("stack {stack}"),
        format!(
            "The events could not be read within {} s",
            BEGINNING_BUDGET.as_secs()
        ),
    )
}
