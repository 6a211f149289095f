//! `start`: CloudFormation's event becomes an execution, or is answered at once.

use std::time::Duration;

use serde_json::Value;

use super::respond::{RespondError, Responder};
use super::skip::reason_to_skip;
use crate::aws::cloudformation::Stacks;
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::{Started, StateMachine};
use crate::aws::{ApiError, ErrorKind};
use crate::clock::Clock;
use crate::deadline::deadline;
use crate::error_name::ErrorName;
use crate::event::{Event, NotACustomResourceEvent, Request, RequestType};
use crate::execution_input::ExecutionInput;
use crate::identity::Identity;
use crate::outcome::Output;
use crate::properties::{DEFAULT_TIMEOUT_SECONDS, Properties};
use crate::response_hosts::Refused;
use crate::task_spec::TaskSpec;

/// The function ends after 240 s, of which the calls before the answer may have taken most.
const DELIVERY: Duration = Duration::from_secs(30);

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

/// The event was neither answered nor handed on. Lambda delivers it again, and at last to the dead-letter queue.
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
}

/// What is to be done with a request.
enum Decision {
    Execute(Box<TaskSpec>),
    Succeed(Box<Output>),
    Fail(String),
}

impl Starter {
    /// Starts executions of `state_machine`.
    #[must_use]
    pub fn new(state_machine: StateMachine, stacks: Stacks, ecs: Ecs, responder: Responder, clock: Clock) -> Self {
        Self { state_machine, stacks, ecs, responder, clock }
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
        let decision = match request.request_type {
            RequestType::Delete => self.decide_delete(&event, &identity),
            RequestType::Create | RequestType::Update => self.decide(&event, &identity).await,
        };
        match decision {
            Decision::Execute(task) => self.execute(&identity, &request, *task).await,
            Decision::Succeed(output) => {
                tracing::info!(name = identity.name, reason = output.skipped, "nothing is run");
                self.responder.succeed(&request, *output, DELIVERY).await?;
                Ok(StartOutcome::Answered)
            }
            Decision::Fail(reason) => {
                self.responder.fail(&request, &reason, DELIVERY).await?;
                Ok(StartOutcome::Answered)
            }
        }
    }

    async fn decide(&self, event: &Event, identity: &Identity) -> Decision {
        let properties = match Properties::parse(&event.resource_properties) {
            Ok(properties) => properties,
            Err(problems) => return Decision::Fail(format!("{}: {problems}", ErrorName::InvalidRequest)),
        };
        match reason_to_skip(event, &properties, &self.stacks, &self.ecs).await {
            Ok(None) => {}
            Ok(Some(reason)) => return Decision::Succeed(Box::new(Output::skipped(reason))),
            Err(error) => {
                return Decision::Fail(format!("{}: UpdateCriteria cannot be compared: {error}.", ErrorName::InvalidRequest));
            }
        }
        let service_timeout = properties.service_timeout_seconds.or_else(|| seconds(&event.service_timeout));
        let timeout = Duration::from_secs(properties.timeout_seconds.into());
        let deadline = deadline(
            self.clock.now(),
            timeout,
            service_timeout.map(|seconds| Duration::from_secs(seconds.into())),
            &event.request.response_url,
        );
        let task = properties.task_spec(&identity.name, &identity.client_token, deadline);
        Decision::Execute(Box::new(task))
    }

    /// A Delete never fails for its properties: what cannot be read cannot have started anything either.
    fn decide_delete(&self, event: &Event, identity: &Identity) -> Decision {
        let target = Properties::for_delete(&event.resource_properties);
        let (Some(cluster), Some(task_definition)) = (target.cluster, target.task_definition) else {
            let reason = "the properties name no cluster and task definition that could have run";
            return Decision::Succeed(Box::new(Output::skipped(reason)));
        };
        let timeout = Duration::from_secs(DEFAULT_TIMEOUT_SECONDS.into());
        let service_timeout = seconds(&event.service_timeout).or_else(|| seconds(&event.resource_properties["ServiceTimeout"]));
        let deadline = deadline(
            self.clock.now(),
            timeout,
            service_timeout.map(|seconds| Duration::from_secs(seconds.into())),
            &event.request.response_url,
        );
        let task = TaskSpec::new(cluster, task_definition, &identity.name, &identity.client_token, deadline);
        Decision::Execute(Box::new(task))
    }

    async fn execute(&self, identity: &Identity, request: &Request, task: TaskSpec) -> Result<StartOutcome, StartError> {
        match self.hand_on(identity, request, task).await {
            Ok(Started::Running) => tracing::info!(execution = identity.name, "started the execution"),
            Ok(Started::Already) => {
                tracing::info!(execution = identity.name, "the event was delivered before, and its execution takes care of it");
            }
            Err(error) if request.request_type == RequestType::Delete => {
                // A stack must be able to go away even when the state machine has gone already.
                tracing::warn!(%error, "leftover tasks cannot be looked for; the Delete is answered all the same");
                self.responder.succeed(request, Output::skipped("no execution could be started"), DELIVERY).await?;
                return Ok(StartOutcome::Answered);
            }
            Err(error) => {
                let reason = match error.kind {
                    // The call may have taken effect. Its execution's own answer comes second then, and nobody reads it.
                    ErrorKind::Unavailable => {
                        format!("The run could not be started: {error}. Should execution {} exist all the same, stop it.", identity.name)
                    }
                    ErrorKind::AccessDenied | ErrorKind::Throttled | ErrorKind::Rejected => {
                        format!("The run could not be started: {error}. Nothing was run.")
                    }
                };
                self.responder.fail(request, &reason, DELIVERY).await?;
                return Ok(StartOutcome::Answered);
            }
        }
        Ok(StartOutcome::Execution(identity.name.clone()))
    }

    /// Puts the request into an execution, with its response URL sealed: an input is shown to many who may not answer.
    async fn hand_on(&self, identity: &Identity, request: &Request, task: TaskSpec) -> Result<Started, ApiError> {
        let input = ExecutionInput { request: self.responder.seal(request).await?, task };
        let json = serde_json::to_string(&input).expect("an execution input is strings, numbers and lists");
        self.state_machine.start(&identity.name, &json).await
    }
}

/// The request with a physical resource id: on Create the one we choose, afterwards CloudFormation's.
fn identified(request: &Request, identity: &Identity) -> Request {
    let sent = request.physical_resource_id.clone().filter(|id| !id.is_empty());
    Request { physical_resource_id: Some(sent.unwrap_or_else(|| identity.physical_resource_id.clone())), ..request.clone() }
}

/// A number of seconds, as CloudFormation writes it.
fn seconds(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|seconds| seconds.try_into().ok()),
        _ => None,
    }
    .filter(|&seconds| seconds > 0)
}
