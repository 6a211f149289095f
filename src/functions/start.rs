//! `start`: CloudFormation's event becomes an execution, or is answered at once.
//!
//! ```text
//! event ──▶ Arrival (names, physical id) ──▶ plan ─┬─▶ Execute ──▶ StartExecution ──▶ the execution answers
//!                                                  ├─▶ Succeed, Fail ──▶ answered here
//!                                                  └─▶ LeaveToExecution ──▶ nothing: an earlier delivery
//!                                                      of the event started the execution, which answers
//! ```
//!
//! When a call to AWS fails with an error that may pass, and Lambda will deliver the event once
//! more while CloudFormation waits, the function fails on purpose and answers nothing. If an execution was started
//! nevertheless, the next delivery finds it by its name.

mod arrival;
mod beside;
mod earlier_runs;
mod evidence;
mod handle;
mod over;
mod own_execution;
mod plan;
mod rollback;
mod slow;

use serde_json::Value;
use tokio::time::Instant;

use super::respond::{RespondError, Responder};
use crate::aws::cloudformation::Stacks;
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::{Started, StateMachine};
use crate::aws::{ApiError, ErrorKind};
use crate::clock::{Clock, after};
use crate::cloudformation::deadline::EventAge;
use crate::cloudformation::event::{Event, RequestType, UnusableEvent};
use crate::cloudformation::response_hosts::BadResponseUrl;
use crate::execution::input::{ExecutionInput, Workers, run_timeout};
use crate::task::error::ErrorName;
use crate::task::outcome::Output;
use crate::text::printable;
use crate::times::START_ANSWER_TIMEOUT;
use crate::times::answer_by::ANSWER_BY_SPAN;
use arrival::Arrival;
use plan::{Plan, Run};

/// Starts executions.
#[derive(Debug, Clone)]
pub struct Starter {
    state_machine: StateMachine,
    stacks: Stacks,
    ecs: Ecs,
    responder: Responder,
    clock: Clock,
    workers: Workers,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartOutcome {
    /// An execution of this name takes care of it.
    Execution(String),
    /// It was answered at once.
    Answered,
}

/// The invocation has not answered the event, and knows of no execution that will. Lambda delivers
/// the event again, and after the last attempt to the dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nobody to answer.
    #[error(transparent)]
    NotACustomResourceEvent(UnusableEvent),
    /// The answer may not be sent: the event's response URL is none of CloudFormation's.
    #[error(transparent)]
    Elsewhere(#[from] BadResponseUrl),
    /// The answer was not delivered.
    #[error(transparent)]
    Respond(#[from] RespondError),
    /// A call failed with an error that may pass, and Lambda will deliver the event again while
    /// CloudFormation still waits. An execution may have been started.
    #[error(
        "{0}. This invocation has not answered; the event is delivered again in a minute or two"
    )]
    Later(ApiError),
    /// The event is new, and its stack is idle. Lambda will deliver the event again while CloudFormation
    /// still waits.
    #[error(
        "stack {0} is not being updated, though the event is new. This invocation has not answered, since the stack's status may be outdated; the event is delivered again in a minute or two"
    )]
    StackIdle(String),
}

/// The request was handed to no execution, as far as is known.
struct NotHandedOn {
    error: ApiError,
    /// `false` when the call that starts the execution got no answer: it may have taken effect.
    is_certain: bool,
}

impl Starter {
    /// Starts executions of `state_machine`, on which a fleet works.
    #[must_use]
    pub fn new(
        state_machine: StateMachine,
        stacks: Stacks,
        ecs: Ecs,
        responder: Responder,
        clock: Clock,
    ) -> Self {
        Self {
            state_machine,
            stacks,
            ecs,
            responder,
            clock,
            workers: Workers::Fleet,
        }
    }

    /// The same, with others who work on the executions.
    #[must_use]
    pub fn with_workers(self, workers: Workers) -> Self {
        Self { workers, ..self }
    }

    /// Takes care of an event.
    ///
    /// # Errors
    /// When the event can neither be handed on nor answered.
    pub async fn start(&self, event: Value) -> Result<StartOutcome, StartError> {
        let event = match Event::parse(event) {
            Ok(event) => event,
            Err(UnusableEvent::UnknownRequestType(name, event)) => {
                return self.refuse_request_type(&name, *event).await;
            }
            Err(error) => return Err(StartError::NotACustomResourceEvent(error)),
        };
        // Before anything else, so that no request runs that could not be answered.
        self.responder.check(&event.request)?;
        let mut arrival = Arrival::of(event);
        let began = Instant::now();
        match self.plan(&mut arrival).await? {
            Plan::Execute(mut run) => {
                arrival.request.wait_condition_handle = run.handle.take();
                self.execute(&arrival, *run, began).await
            }
            Plan::Succeed(output, handle) => {
                let name = &arrival.identity.name;
                tracing::info!(name, reason = output.skipped, "nothing is run");
                arrival.request.wait_condition_handle = handle;
                self.skip(&arrival, *output).await?;
                Ok(StartOutcome::Answered)
            }
            Plan::Fail(reason) => {
                self.responder
                    .fail(&arrival.request, &reason, START_ANSWER_TIMEOUT)
                    .await?;
                Ok(StartOutcome::Answered)
            }
            Plan::LeaveToExecution(name) => Ok(StartOutcome::Execution(name)),
        }
    }

    async fn refuse_request_type(
        &self,
        name: &str,
        event: Event,
    ) -> Result<StartOutcome, StartError> {
        self.responder.check(&event.request)?;
        let request = Arrival::of(event).request;
        let reason = format!(
            "{}: this release of the task runner does not know the RequestType \"{}\"; it knows Create, Update and Delete. Nothing was run.",
            ErrorName::InvalidRequest,
            printable::echoed(name)
        );
        self.responder
            .fail(&request, &reason, START_ANSWER_TIMEOUT)
            .await?;
        Ok(StartOutcome::Answered)
    }

    /// The event's age at this moment. It is computed anew for each use, since a call in between
    /// may have taken a minute.
    fn age<'e>(&self, arrival: &'e Arrival) -> EventAge<'e> {
        EventAge::of(&arrival.event, self.clock.now())
    }

    /// Whether to fail on purpose and be invoked with the event again: the error may pass, and an
    /// answer would be final.
    fn will_be_redelivered(&self, arrival: &Arrival, error: &ApiError) -> bool {
        error.may_pass() && self.age(arrival).has_delivery_ahead()
    }

    async fn execute(
        &self,
        arrival: &Arrival,
        run: Run,
        began: Instant,
    ) -> Result<StartOutcome, StartError> {
        let name = &run.task.started_by.clone();
        let request = &arrival.request;
        match self.hand_on(arrival, run).await {
            Ok(Started::Running) => {
                tracing::info!(execution = name, "started the execution");
                self.stop_if_given_up(arrival, name, began).await;
            }
            Ok(Started::Already) => {
                tracing::info!(
                    execution = name,
                    "the event was delivered before, and its execution takes care of it"
                );
            }
            // The next delivery may call StartExecution again, whether this call took effect or
            // not: Step Functions starts no second execution of the name.
            Err(NotHandedOn { error, .. }) if self.will_be_redelivered(arrival, &error) => {
                return Err(StartError::Later(error));
            }
            Err(NotHandedOn { error, .. }) if request.request_type == RequestType::Delete => {
                // The Delete succeeds anyway, so that a stack can be deleted after its state
                // machine.
                tracing::warn!(%error, "leftover tasks cannot be looked for; the Delete is answered all the same");
                let output = Output::skipped("no execution could be started");
                self.responder
                    .succeed(request, output, START_ANSWER_TIMEOUT)
                    .await?;
                return Ok(StartOutcome::Answered);
            }
            Err(NotHandedOn { error, is_certain }) => {
                let reason = if is_certain {
                    format!("The run could not be started: {error}. Nothing was run.")
                } else {
                    format!(
                        "The run could not be started: {error}. Should execution {name} exist all the same, stop it."
                    )
                };
                self.responder
                    .fail(request, &reason, START_ANSWER_TIMEOUT)
                    .await?;
                return Ok(StartOutcome::Answered);
            }
        }
        Ok(StartOutcome::Execution(name.clone()))
    }

    /// Makes sure that an execution has the request. When the start fails, it looks for the
    /// execution by name: the call may have taken effect, or an earlier delivery of the event may
    /// have started the execution. Then the execution answers, and `start` must not answer as well.
    async fn hand_on(&self, arrival: &Arrival, run: Run) -> Result<Started, NotHandedOn> {
        let name = &run.task.started_by.clone();
        let error = match self.start_execution(arrival, run).await {
            Ok(started) => return Ok(started),
            Err(error) => error,
        };
        let is_absent = match self.state_machine.has(name).await {
            Ok(true) => return Ok(Started::Already),
            Ok(false) => true,
            Err(unknown) => {
                tracing::warn!(error = %unknown, "cannot tell whether the execution was started all the same");
                false
            }
        };
        // Step Functions is eventually consistent (`API_DescribeExecution`): an execution whose
        // start got no answer may exist though it does not show yet.
        let is_certain = is_absent
            && (error.kind != ErrorKind::Unavailable || error.action != "states:StartExecution");
        Err(NotHandedOn { error, is_certain })
    }

    /// Starts an execution with the request, its response URL sealed: many people who can read an
    /// execution's input must not be able to answer CloudFormation.
    async fn start_execution(&self, arrival: &Arrival, run: Run) -> Result<Started, ApiError> {
        let task = run.task;
        let name = task.started_by.clone();
        let request = self.responder.seal(&arrival.request).await?;
        let now = self.clock.now();
        let answer_by = match request.wait_condition_handle {
            Some(_) => after(task.deadline, ANSWER_BY_SPAN),
            None => self.age(arrival).answer_by(task.deadline),
        };
        let input = ExecutionInput {
            request: Some(request),
            deployment: None,
            sent: Some(self.age(arrival).sent()),
            earlier_runs: run.earlier_runs,
            rollback_of: run.rollback_of,
            workers: self.workers,
            answer_by: Some(answer_by),
            timeout_seconds: Some(run_timeout(now, task.deadline)),
            task,
        };
        let json = serde_json::to_string(&input)
            .expect("an execution input is strings, numbers and lists");
        self.state_machine.start(&name, &json).await
    }
}
