//! `rescue`: answers for executions that ended without an answer, and ends those that no worker takes.
//!
//! An execution that is stopped or times out runs no Catch, and one whose answer could not be delivered has given up: Step Functions
//! tells EventBridge of both. An activity that no worker polls waits without a clock, so a schedule looks for those.

mod answer;
mod event;
mod verdict;
mod waiting;

use std::time::Duration;

use serde_json::Value;

use super::leftovers::Leftovers;
use super::respond::{RespondError, Responder};
use crate::aws::ApiError;
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::StateMachine;
use crate::clock::Clock;

pub use event::{Ended, NotARescueEvent, RescueEvent};
pub use verdict::NOT_CLAIMED;

/// Rescues executions.
#[derive(Debug, Clone)]
pub struct Rescuer {
    state_machine: StateMachine,
    leftovers: Leftovers,
    responder: Responder,
    clock: Clock,
    patience: Patience,
}

/// How long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a worker to take a run.
    pub claim: Duration,
    /// For leftover tasks to stop, before the request is answered all the same.
    pub leftovers: Duration,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rescued {
    /// CloudFormation has the answer now.
    Answered,
    /// There was nothing to do: it had been answered, or it is no execution that answers.
    Nothing,
    /// The schedule's look at what runs.
    Looked {
        /// Executions whose history was read.
        checked: usize,
        /// Of those, how many no worker had taken in time, and were stopped.
        stopped: usize,
    },
}

/// The event is delivered again, and at last goes to the dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// Nobody that should invokes the function with this.
    #[error(transparent)]
    NotARescueEvent(#[from] NotARescueEvent),
    /// Step Functions cannot be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The answer was not delivered.
    #[error(transparent)]
    Respond(#[from] RespondError),
}

impl Patience {
    /// With the usual patience for leftovers: a container has 30 s after SIGTERM unless its definition says otherwise
    /// (`API_StopTask`).
    #[must_use]
    pub const fn with_claim(claim: Duration) -> Self {
        Self { claim, leftovers: Duration::from_secs(40) }
    }
}

impl Rescuer {
    /// Rescues executions of `state_machine`.
    #[must_use]
    pub fn new(state_machine: StateMachine, ecs: Ecs, responder: Responder, clock: Clock, patience: Patience) -> Self {
        Self { state_machine, leftovers: Leftovers::new(ecs), responder, clock, patience }
    }

    /// Takes care of an event.
    ///
    /// # Errors
    /// When it cannot be found out what is to be done, or it cannot be done.
    pub async fn rescue(&self, event: Value) -> Result<Rescued, RescueError> {
        match RescueEvent::parse(event)? {
            RescueEvent::Ended(ended) if ended.state_machine_arn == self.state_machine.arn() => self.answer_for(&ended).await,
            RescueEvent::Ended(ended) => {
                tracing::warn!(execution = ended.execution_arn, "the execution belongs to another state machine; nothing is done");
                Ok(Rescued::Nothing)
            }
            RescueEvent::Schedule => self.give_up_waiting().await,
        }
    }
}
