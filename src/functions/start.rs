//! `start`: CloudFormation's event becomes an execution, or is answered at once.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::event_age::EventAge;
use super::leftovers::executions::{self, RunsOfResource, StopReason};
use super::respond::{RespondError, Responder};
use super::skip_reason::{never_runs, reason_to_skip};
use crate::aws::cloudformation::{StackPhase, Stacks};
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::{Started, StateMachine};
use crate::aws::{ApiError, ErrorKind};
use crate::clock::Clock;
use crate::cloudformation::event::{Event, NotACustomResourceEvent, Request, RequestType};
use crate::cloudformation::identity::Identity;
use crate::cloudformation::patience::{deadline, deadline_of_delete};
use crate::cloudformation::response_hosts::Refused;
use crate::execution::input::ExecutionInput;
use crate::properties::{DEFAULT_TIMEOUT_SECONDS, Properties};
use crate::task::error::ErrorName;
use crate::task::outcome::Output;
use crate::task::spec::TaskSpec;
use crate::times::{START_ANSWER_TIMEOUT, STOP_EARLIER_BUDGET};

/// Starts executions.
#[derive(Debug, Clone)]
pub struct Starter {
    state_machine: StateMachine,
    stacks: Stacks,
    ecs: Ecs,
    responder: Responder,
    clock: Clock,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartOutcome {
    /// An execution of this name takes care of it.
    Execution(String),
    /// It was answered at once.
    Answered,
}

/// The event was neither answered nor handed on. Lambda delivers it again, and at last to the
/// dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nobody to answer.
    #[error(transparent)]
    NotACustomResourceEvent(#[from] NotACustomResourceEvent),
    /// Whoever sent it is not CloudFormation, or nothing to be answered.
    #[error(transparent)]
    Elsewhere(#[from] Refused),
    /// The answer was not delivered.
    #[error(transparent)]
    Respond(#[from] RespondError),
    /// It passes, and there is time for the next delivery.
    #[error(
        "{0}. The event is delivered again in a minute or two, and nothing was run or answered until then"
    )]
    Later(ApiError),
}

/// What is to be done with a request.
enum Plan {
    Execute(Box<TaskSpec>),
    Succeed(Box<Output>),
    Fail(String),
    /// An execution has it.
    Leave,
}

/// No execution has the request.
struct NotHandedOn {
    error: ApiError,
    /// Whether it is certain that none has it.
    is_certain: bool,
}

impl Starter {
    /// Starts executions of `state_machine`.
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
        }
    }

    /// Takes care of an event.
    ///
    /// # Errors
    /// When the event can neither be handed on nor answered.
    pub async fn start(&self, event: Value) -> Result<StartOutcome, StartError> {
        let event = Event::parse(event)?;
        // What cannot be answered is not run either.
        self.responder.check(&event.request)?;
        let identity = Identity::of(&event.request);
        let request = identified(&event.request, &identity);
        let plan = match request.request_type {
            RequestType::Delete => self.plan_delete(&event, &identity),
            RequestType::Create | RequestType::Update => self.plan(&event, &identity).await?,
        };
        match plan {
            Plan::Execute(task) => self.execute(&event, &identity, &request, *task).await,
            Plan::Succeed(output) => {
                tracing::info!(
                    name = identity.name,
                    reason = output.skipped,
                    "nothing is run"
                );
                self.responder
                    .succeed(&request, *output, START_ANSWER_TIMEOUT)
                    .await?;
                Ok(StartOutcome::Answered)
            }
            Plan::Fail(reason) => {
                self.responder
                    .fail(&request, &reason, START_ANSWER_TIMEOUT)
                    .await?;
                Ok(StartOutcome::Answered)
            }
            Plan::Leave => Ok(StartOutcome::Execution(identity.name)),
        }
    }

    async fn plan(&self, event: &Event, identity: &Identity) -> Result<Plan, StartError> {
        let properties = match Properties::parse(&event.resource_properties) {
            Ok(properties) => properties,
            Err(problems) => {
                return Ok(Plan::Fail(format!(
                    "{}: {problems}",
                    ErrorName::InvalidRequest
                )));
            }
        };
        let age = self.event_age(event);
        let never_runs = never_runs(event, &properties);
        let phase = match self.stack_phase(event).await {
            Ok(phase) => phase,
            Err(error) if never_runs.is_none() && age.will_be_redelivered(&error) => {
                return Err(StartError::Later(error));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot tell whether the stack is taken back; the task is run");
                StackPhase::InProgress
            }
        };
        let is_rollback = phase == StackPhase::UpdateRollback
            && event.request.request_type == RequestType::Update;
        let is_void = match phase {
            StackPhase::InProgress => false,
            StackPhase::UpdateRollback if is_rollback => {
                self.give_up_earlier_runs(event, identity).await?
            }
            StackPhase::Idle => age.is_late(),
            StackPhase::UpdateRollback | StackPhase::CreateRollback | StackPhase::Deleting => true,
        };
        if is_void {
            return Ok(self.leave(identity).await);
        }
        if let Some(reason) = never_runs {
            return Ok(Plan::Succeed(Box::new(Output::skipped(reason))));
        }
        match reason_to_skip(event, &properties, is_rollback, &self.ecs).await {
            Ok(None) => {}
            Ok(Some(reason)) => return Ok(Plan::Succeed(Box::new(Output::skipped(reason)))),
            Err(error) if age.will_be_redelivered(&error) => {
                return Err(StartError::Later(error));
            }
            Err(error) => {
                let name = if error.kind == ErrorKind::AccessDenied {
                    ErrorName::AccessDenied
                } else {
                    ErrorName::InvalidRequest
                };
                return Ok(Plan::Fail(format!(
                    "{name}: UpdateCriteria cannot be compared: {error}."
                )));
            }
        }
        let limit = Duration::from_secs(properties.timeout_seconds.into());
        let deadline = deadline(
            self.clock.now(),
            limit,
            age.service_timeout(),
            &event.request.response_url,
        );
        let task = properties.task_spec(&identity.name, &identity.client_token, deadline);
        Ok(Plan::Execute(Box::new(task)))
    }

    fn event_age<'e>(&self, event: &'e Event) -> EventAge<'e> {
        EventAge::of(event, self.clock.now())
    }

    /// What the stack does that the event is part of, where that can make a difference: for an
    /// Update, which may take another one back, and for an event that comes late.
    ///
    /// Whoever cannot tell takes it to go on: to skip a migration that is due would be worse than
    /// to run the old task once more, which is what every other custom resource does on a rollback.
    async fn stack_phase(&self, event: &Event) -> Result<StackPhase, ApiError> {
        if event.request.request_type == RequestType::Update || self.event_age(event).is_late() {
            self.stacks.phase(&event.request.stack_id).await
        } else {
            Ok(StackPhase::InProgress)
        }
    }

    /// Nobody waits for the request any more, and nobody would stop what it runs.
    async fn leave(&self, identity: &Identity) -> Plan {
        // An earlier delivery of the event may have come in time.
        if self
            .state_machine
            .has(&identity.name)
            .await
            .is_ok_and(|has| has)
        {
            return Plan::Leave;
        }
        Plan::Fail(format!(
            "{}: the request came when its stack was being taken back or deleted, or had done with it. Nothing was run.",
            ErrorName::Interrupted
        ))
    }

    /// CloudFormation does not wait for an Update to end before it takes it back, when another
    /// resource has failed or somebody has cancelled. Its run would go on beside the one that comes
    /// next.
    ///
    /// Answers whether this Update is itself the one that is taken back, and came late: a later one
    /// of the resource runs.
    async fn give_up_earlier_runs(
        &self,
        event: &Event,
        identity: &Identity,
    ) -> Result<bool, StartError> {
        let age = self.event_age(event);
        let Some(runs) = RunsOfResource::of(&identity.name) else {
            return Ok(false);
        };
        let stopping = executions::stop_earlier(
            &self.state_machine,
            &runs,
            &identity.name,
            StopReason::RolledBack,
            Some(age.sent()),
        );
        let Ok(stopped) = timeout(STOP_EARLIER_BUDGET, stopping).await else {
            tracing::warn!(
                "the runs of the update that is taken back could not all be stopped in time"
            );
            return Ok(false);
        };
        match stopped.failure {
            Some(error) if age.will_be_redelivered(&error) => Err(StartError::Later(error)),
            _ => Ok(stopped.is_followed && age.is_late()),
        }
    }

    /// A Delete never fails for its properties: what cannot be read cannot have started anything
    /// either.
    fn plan_delete(&self, event: &Event, identity: &Identity) -> Plan {
        let target = Properties::for_delete(&event.resource_properties);
        let (Some(cluster), Some(task_definition)) = (target.cluster, target.task_definition)
        else {
            let reason = "the properties name no cluster and task definition that could have run";
            return Plan::Succeed(Box::new(Output::skipped(reason)));
        };
        let limit = Duration::from_secs(DEFAULT_TIMEOUT_SECONDS.into());
        let deadline = deadline_of_delete(
            self.clock.now(),
            limit,
            self.event_age(event).service_timeout(),
            &event.request.response_url,
        );
        let task = TaskSpec::new(
            cluster,
            task_definition,
            &identity.name,
            &identity.client_token,
            deadline,
        );
        Plan::Execute(Box::new(task))
    }

    async fn execute(
        &self,
        event: &Event,
        identity: &Identity,
        request: &Request,
        task: TaskSpec,
    ) -> Result<StartOutcome, StartError> {
        match self.hand_on(identity, request, task).await {
            Ok(Started::Running) => {
                tracing::info!(execution = identity.name, "started the execution")
            }
            Ok(Started::Already) => {
                tracing::info!(
                    execution = identity.name,
                    "the event was delivered before, and its execution takes care of it"
                );
            }
            // The name makes another start harmless, whether this one took effect or not.
            Err(NotHandedOn { error, .. }) if self.event_age(event).will_be_redelivered(&error) => {
                return Err(StartError::Later(error));
            }
            Err(NotHandedOn { error, .. }) if request.request_type == RequestType::Delete => {
                // A stack must be able to go away even when the state machine has gone already.
                tracing::warn!(%error, "leftover tasks cannot be looked for; the Delete is answered all the same");
                self.responder
                    .succeed(
                        request,
                        Output::skipped("no execution could be started"),
                        START_ANSWER_TIMEOUT,
                    )
                    .await?;
                return Ok(StartOutcome::Answered);
            }
            Err(NotHandedOn { error, is_certain }) => {
                let reason = if is_certain {
                    format!("The run could not be started: {error}. Nothing was run.")
                } else {
                    format!(
                        "The run could not be started: {error}. Should execution {} exist all the same, stop it.",
                        identity.name
                    )
                };
                self.responder
                    .fail(request, &reason, START_ANSWER_TIMEOUT)
                    .await?;
                return Ok(StartOutcome::Answered);
            }
        }
        Ok(StartOutcome::Execution(identity.name.clone()))
    }

    /// Makes sure that an execution has the request. A start that failed may have taken effect, or
    /// an earlier delivery of the event has started it: an answer of ours would then come beside
    /// the execution's own.
    async fn hand_on(
        &self,
        identity: &Identity,
        request: &Request,
        task: TaskSpec,
    ) -> Result<Started, NotHandedOn> {
        let error = match self.start_execution(identity, request, task).await {
            Ok(started) => return Ok(started),
            Err(error) => error,
        };
        match self.state_machine.has(&identity.name).await {
            Ok(true) => return Ok(Started::Already),
            Ok(false) => {}
            Err(unknown) => {
                tracing::warn!(error = %unknown, "cannot tell whether the execution was started all the same")
            }
        }
        // What the service does not show yet may be there: it is eventually consistent
        // (`API_DescribeExecution`).
        let is_certain =
            error.kind != ErrorKind::Unavailable || error.action != "states:StartExecution";
        Err(NotHandedOn { error, is_certain })
    }

    /// Puts the request into an execution, with its response URL sealed: an input is shown to many
    /// who may not answer.
    async fn start_execution(
        &self,
        identity: &Identity,
        request: &Request,
        task: TaskSpec,
    ) -> Result<Started, ApiError> {
        let input = ExecutionInput {
            request: self.responder.seal(request).await?,
            task,
        };
        let json = serde_json::to_string(&input)
            .expect("an execution input is strings, numbers and lists");
        self.state_machine.start(&identity.name, &json).await
    }
}

/// The request with a physical resource id: on Create the one we choose, afterwards
/// CloudFormation's.
fn identified(request: &Request, identity: &Identity) -> Request {
    let sent = request
        .physical_resource_id
        .clone()
        .filter(|id| !id.is_empty());
    Request {
        physical_resource_id: Some(sent.unwrap_or_else(|| identity.physical_resource_id.clone())),
        ..request.clone()
    }
}
