//! `rescue`: answers for executions that ended without an answer, and ends those that no worker
//! takes.
//!
//! An execution that is stopped or times out runs no Catch, and one whose answer could not be
//! delivered has given up: Step Functions tells EventBridge of both. It does so as best effort, so
//! a schedule looks for those whose event was lost; and for the executions that wait, without a
//! clock, at an activity that no worker polls.

mod answer;
mod event;
mod missed;
mod waiting;

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::leftovers::tasks::Leftovers;
use super::respond::{RespondError, Responder};
use crate::aws::ApiError;
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::StateMachine;
use crate::clock::Clock;
use crate::times::{RESCUE_STOP_PATIENCE, SWEEP_BUDGET};

use answer::Answered;
pub use event::{Ended, NotARescueEvent, RescueEvent};

/// What the field `incident` of a log line says when an execution ended without an answer. The
/// alarms of `infra/task-runner.yaml` count these lines; they are errors, so that no log filter
/// that is of use drops them.
pub const INCIDENT_UNANSWERED: &str = "Unanswered";
/// The same, when no worker took a run in time.
pub const INCIDENT_NOT_CLAIMED: &str = "NotClaimed";

/// Rescues executions.
#[derive(Debug, Clone)]
pub struct Rescuer {
    state_machine: StateMachine,
    leftovers: Leftovers,
    responder: Responder,
    clock: Clock,
    patience: Patience,
    answered: Answered,
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
        /// Executions that had ended without an answer and whose event was lost; they are answered
        /// now.
        answered: usize,
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
    /// The event does not say the truth, or says it before the service does.
    #[error(
        "the execution is said to have ended, and still runs: {0}. To end it, stop it; nothing was done"
    )]
    StillRuns(String),
}

impl Patience {
    /// With the usual patience for leftovers: a container has 30 s after SIGTERM unless its
    /// definition says otherwise (`API_StopTask`).
    #[must_use]
    pub const fn new(claim: Duration) -> Self {
        Self {
            claim,
            leftovers: RESCUE_STOP_PATIENCE,
        }
    }
}

impl Rescuer {
    /// Rescues executions of `state_machine`.
    #[must_use]
    pub fn new(
        state_machine: StateMachine,
        ecs: Ecs,
        responder: Responder,
        clock: Clock,
        patience: Patience,
    ) -> Self {
        Self {
            state_machine,
            leftovers: Leftovers::new(ecs),
            responder,
            clock,
            patience,
            answered: Answered::default(),
        }
    }

    /// What the schedule does. Trouble with one half does not keep the other from its work.
    async fn sweep(&self) -> Result<Rescued, RescueError> {
        let end = Instant::now() + SWEEP_BUDGET;
        let waiting = self.give_up_waiting().await;
        let answered = self.answer_missed(end).await;
        let (checked, stopped) = waiting?;
        Ok(Rescued::Looked {
            checked,
            stopped,
            answered: answered?,
        })
    }

    /// Takes care of an event.
    ///
    /// # Errors
    /// When it cannot be found out what is to be done, or it cannot be done.
    pub async fn rescue(&self, event: Value) -> Result<Rescued, RescueError> {
        match RescueEvent::parse(event)? {
            RescueEvent::Ended(ended) if ended.state_machine_arn == self.state_machine.arn() => {
                self.answer_for(&ended.execution_arn, ended.status).await
            }
            RescueEvent::Ended(ended) => {
                tracing::warn!(
                    execution = ended.execution_arn,
                    "the execution belongs to another state machine; nothing is done"
                );
                Ok(Rescued::Nothing)
            }
            RescueEvent::Schedule => self.sweep().await,
        }
    }
}
