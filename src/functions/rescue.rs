//! `rescue`: sends CloudFormation the answer that an execution did not send, and stops executions
//! that no worker claims, that have not ended by their `answerBy`, or whose deployment was given up.
//!
//! An execution that is stopped or times out runs no Catch, and one whose answer could not be
//! delivered fails. Step Functions reports each end to EventBridge, as best effort. While an
//! execution waits at an activity that no worker polls, neither `TimeoutSeconds` nor
//! `HeartbeatSeconds` of the state `RunTask` is counted, and the execution's own timeout comes only
//! after a day. So the function is invoked in two ways:
//!
//! ```text
//! EventBridge: an execution ended ──▶ answer_for: stop its leftovers ─▶ look up how they ended
//!                                        ▲         ─▶ PUT ─▶ stop what its worker launches before
//!                                        │                   it learns of the end
//! EventBridge: a minute has passed ─▶ sweep
//!                                        ├─▶ lost_events: ended minutes ago, and not answered
//!                                        ├─▶ unclaimed:   runs, and no worker took it ─▶ stopped;
//!                                        │                its end brings the answer
//!                                        ├─▶ overdue:     runs at its answerBy ─▶ the same
//!                                        ├─▶ deployments: runs for a hook of a deployment that was
//!                                        │                stopped or rolled back ─▶ the same
//!                                        └─▶ begun:       runs, and a wait condition waits for its end:
//!                                                         its request is answered once more
//! ```
//!
//! For a direct run and that of a hook, CloudFormation does not wait: what it left running is stopped,
//! and nobody is answered. Where more runs than a sweep can read, executions that are called like
//! requests come first, since stacks wait for them.

mod answer;
mod begun;
mod deployments;
mod direct;
mod event;
mod found;
mod leftovers;
mod lost_events;
mod overdue;
mod reply;
mod running;
mod unclaimed;

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::leftovers::tasks::Leftovers;
use super::remembered::Remembered;
use super::respond::{RespondError, Responder};
use crate::aws::ApiError;
use crate::aws::ecs::Ecs;
use crate::aws::logs::Logs;
use crate::aws::step_functions::StateMachine;
use crate::clock::Clock;
use crate::task_run::TaskReporter;
use crate::times::{RESCUE_STOP_PATIENCE, SWEEP_BUDGET};

pub use event::{Ended, NotARescueEvent, RescueEvent};
use running::Running;

/// The field `incident` of the log line for an execution that ended without an answer. Alarms of
/// `infra/task-runner.yaml` count these lines. They are of level ERROR, so that no sensible
/// `RUST_LOG` drops them.
pub const INCIDENT_UNANSWERED: &str = "Unanswered";
/// The field `incident` of the log line for a run that no worker took in time.
pub const INCIDENT_NOT_CLAIMED: &str = "NotClaimed";
/// The field `incident` of the log line for a sweep that could not list all executions that run.
pub const INCIDENT_NOT_LISTED: &str = "NotListed";

/// Rescues executions.
#[derive(Debug, Clone)]
pub struct Rescuer {
    state_machine: StateMachine,
    leftovers: Leftovers,
    reporter: TaskReporter,
    responder: Responder,
    clock: Clock,
    limits: RescueLimits,
    /// Those that this instance has answered for, or has found answered.
    answered: Remembered,
    running: Running,
}

/// The limits of `rescue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RescueLimits {
    /// How long a run may stay unclaimed before `rescue` stops it.
    pub claim: Duration,
    /// How long `rescue` waits at most for leftover tasks to stop before it answers.
    pub leftovers: Duration,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rescued {
    /// CloudFormation has the answer now.
    Answered,
    /// There was nothing to do: the execution had answered or ended by itself, CloudFormation no
    /// longer waits, or it belongs to another state machine.
    Nothing,
    /// What a direct run had left running was stopped. Nobody waits for an answer.
    LeftoversStopped,
    /// The schedule's sweep over all executions.
    Swept {
        /// Executions whose history was read.
        checked: usize,
        /// Of those, how many were stopped because no worker had claimed them in time.
        stopped: usize,
        /// Executions that had not ended by their `answerBy`, and were ended.
        overdue: usize,
        /// Executions that had ended without an answer and whose event was lost; they are answered
        /// now.
        answered: usize,
    },
}

/// Why the invocation fails. Lambda invokes the function with the event again, and after the last
/// attempt sends the event to the dead-letter queue.
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
    /// Step Functions does not show the execution's end yet, or somebody made the event up.
    #[error(
        "the execution is said to have ended, and still runs: {0}. To end it, stop it; nothing was done"
    )]
    StillRuns(String),
}

impl RescueLimits {
    /// With this limit for a worker to claim a run, and `RESCUE_STOP_PATIENCE` for leftovers.
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
        logs: Logs,
        responder: Responder,
        clock: Clock,
        limits: RescueLimits,
    ) -> Self {
        Self {
            state_machine,
            leftovers: Leftovers::new(ecs.clone()),
            reporter: TaskReporter::new(ecs, logs),
            responder,
            clock,
            limits,
            answered: Remembered::default(),
            running: Running::default(),
        }
    }

    /// Stops unclaimed runs, then answers for executions whose event was lost. Meanwhile it stops the
    /// runs of deployments that were given up, answers once more that runs have begun whose end goes to a
    /// wait condition, and ends what still runs at its `answerBy`, for which it may have to wait. Each
    /// step is taken even when another has failed. The first error is returned, and another one logged.
    async fn sweep(&self) -> Result<Rescued, RescueError> {
        let end = Instant::now() + SWEEP_BUDGET;
        let (running, not_listed) = self.running.look(&self.state_machine).await;
        let overdue = Box::pin(self.end_overdue(&running));
        let deployments = Box::pin(self.stop_given_up_deployments(&running));
        let begun = Box::pin(self.repeat_that_runs_began(&running, end));
        let (overdue, (), (), (unclaimed, answered)) =
            tokio::join!(overdue, deployments, begun, async {
                let unclaimed = self.stop_unclaimed(&running).await;
                (unclaimed, self.answer_lost_events(end).await)
            });
        let unclaimed = not_listed.map_or(unclaimed, Err);
        if let (Err(_), Err(error)) = (&unclaimed, &answered) {
            tracing::error!(%error, "the executions whose event was lost could not be answered for either");
        }
        let (checked, stopped) = unclaimed?;
        Ok(Rescued::Swept {
            checked,
            stopped,
            overdue,
            answered: answered?,
        })
    }

    /// Handles one invocation.
    ///
    /// # Errors
    /// When Step Functions cannot be asked, or CloudFormation does not take the answer.
    pub async fn rescue(&self, event: Value) -> Result<Rescued, RescueError> {
        match RescueEvent::parse(event)? {
            RescueEvent::Ended(ended) if ended.state_machine_arn == self.state_machine.arn() => {
                self.answer_ended(&ended.execution_arn, ended.status).await
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
