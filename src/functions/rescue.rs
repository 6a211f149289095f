//! `rescue`: answers for executions that ended without an answer, and ends those that no worker
//! takes.
//!
//! An execution that is stopped or times out runs no Catch, and one whose answer could not be
//! delivered gives up. Step Functions tells EventBridge of each end, as best effort; and no clock
//! of Step Functions runs while an execution waits at an activity that no worker polls. So the
//! function is invoked in two ways:
//!
//! ```text
//! EventBridge: an execution ended ──▶ answer ─▶ stop its leftovers ─▶ PUT ─▶ stop what workers
//!                                        ▲                                   launch that do not
//!                                        │                                   know of the end yet
//! EventBridge: a minute has passed ─▶ sweep
//!                                        ├─▶ lost_events: ended minutes ago, and not answered
//!                                        └─▶ unclaimed:   runs, and no worker took it ─▶ stopped;
//!                                                         its end brings the answer
//! ```

mod answer;
mod event;
mod leftovers;
mod lost_events;
mod unclaimed;

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

/// The field `incident` of the log line for an execution that ended without an answer. Alarms of
/// `infra/task-runner.yaml` count these lines. They are of level ERROR, so that no sensible
/// `RUST_LOG` drops them.
pub const INCIDENT_UNANSWERED: &str = "Unanswered";
/// The field `incident` of the log line for a run that no worker took in time.
pub const INCIDENT_NOT_CLAIMED: &str = "NotClaimed";

/// Rescues executions.
#[derive(Debug, Clone)]
pub struct Rescuer {
    state_machine: StateMachine,
    leftovers: Leftovers,
    responder: Responder,
    clock: Clock,
    limits: RescueLimits,
    answered: Answered,
}

/// How long `rescue` waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RescueLimits {
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
    /// There was nothing to do: the execution had answered, or is none that answers.
    Nothing,
    /// The schedule's sweep over all executions.
    Swept {
        /// Executions whose history was read.
        checked: usize,
        /// Of those, how many no worker had taken in time, and were stopped.
        stopped: usize,
        /// Executions that had ended without an answer and whose event was lost; they are answered
        /// now.
        answered: usize,
    },
}

/// Why the invocation fails. Lambda delivers the event again, and at last to the dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// The event is none that EventBridge sends.
    #[error(transparent)]
    NotARescueEvent(#[from] NotARescueEvent),
    /// Step Functions cannot be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The answer was not delivered.
    #[error(transparent)]
    Respond(#[from] RespondError),
    /// The event is made up, or Step Functions does not show yet what it tells.
    #[error(
        "the execution is said to have ended, and still runs: {0}. To end it, stop it; nothing was done"
    )]
    StillRuns(String),
}

impl RescueLimits {
    /// With this limit for a worker to take a run, and the usual one for leftovers.
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
        limits: RescueLimits,
    ) -> Self {
        Self {
            state_machine,
            leftovers: Leftovers::new(ecs),
            responder,
            clock,
            limits,
            answered: Answered::default(),
        }
    }

    /// Both halves are done before either's error is returned: trouble with one must not keep the
    /// other from its work.
    async fn sweep(&self) -> Result<Rescued, RescueError> {
        let end = Instant::now() + SWEEP_BUDGET;
        let unclaimed = self.stop_unclaimed().await;
        let answered = self.answer_lost_events(end).await;
        let (checked, stopped) = unclaimed?;
        Ok(Rescued::Swept {
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
