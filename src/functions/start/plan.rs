//! What is to be done with a request: run it, answer it at once, or leave it to the execution that
//! has it.

use std::time::Duration;

use tokio::time::timeout;

use super::{Arrival, StartError, Starter};
use crate::aws::cloudformation::StackPhase;
use crate::aws::{ApiError, ErrorKind};
use crate::cloudformation::event::{RequestType, WaitConditionHandle};
use crate::execution::direct::INSTANCES_WITHOUT_FLEET;
use crate::execution::input::Workers;
use crate::functions::leftovers::executions::{self, RunsOfResource, StopReason};
use crate::functions::skip_reason::{
    never_runs, never_runs_unread, skip_reason, skips_rollback_unread,
};
use crate::properties::{DEFAULT_TIMEOUT_SECONDS, Properties};
use crate::task::error::ErrorName;
use crate::task::outcome::Output;
use crate::task::spec::TaskSpec;
use crate::times::STOP_EARLIER_BUDGET;

/// What is to be done with a request.
pub(super) enum Plan {
    /// An execution runs this task, or on Delete stops what its resource has left running. The end of
    /// the run goes to the handle of a wait condition, if there is one.
    Execute(Box<TaskSpec>, Option<WaitConditionHandle>),
    /// CloudFormation is answered SUCCESS with these outputs, and the handle of a wait condition is
    /// signalled them.
    Succeed(Box<Output>, Option<WaitConditionHandle>),
    /// CloudFormation is answered FAILED with this Reason.
    Fail(String),
    /// An execution has the request, and answers it.
    LeaveToExecution,
}

impl Plan {
    fn skip(reason: impl Into<String>) -> Self {
        Self::Succeed(Box::new(Output::skipped(reason)), None)
    }
}

impl Starter {
    /// The plan for a request of any type.
    ///
    /// # Errors
    /// When a call fails with an error that may pass, and Lambda will deliver the event once more.
    pub(super) async fn plan(&self, arrival: &Arrival) -> Result<Plan, StartError> {
        match arrival.request.request_type {
            RequestType::Delete => Ok(self.plan_delete(arrival)),
            RequestType::Create | RequestType::Update => self.plan_run(arrival).await,
        }
    }

    async fn plan_run(&self, arrival: &Arrival) -> Result<Plan, StartError> {
        let event = &arrival.event;
        let properties = Properties::parse(&event.resource_properties);
        let never_runs = match &properties {
            Ok(properties) => never_runs(event, properties),
            Err(_) => never_runs_unread(event),
        };
        let phase = match self.stack_phase(arrival).await {
            Ok(phase) => phase,
            // A request that runs nothing in any case is answered without knowing the phase.
            Err(error) if never_runs.is_none() && self.will_be_redelivered(arrival, &error) => {
                return Err(StartError::Later(error));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot tell whether the stack is rolled back; the task is run");
                StackPhase::InProgress
            }
        };
        let is_rollback = phase == StackPhase::UpdateRollback
            && event.request.request_type == RequestType::Update;
        // Before any reason to skip: a request for which CloudFormation no longer waits must not
        // run, nor be answered SUCCESS because it was skipped.
        let is_void = match phase {
            StackPhase::InProgress => false,
            StackPhase::UpdateRollback if is_rollback => self.stop_earlier_runs(arrival).await?,
            StackPhase::Idle => self.age(arrival).is_late(),
            StackPhase::UpdateRollback | StackPhase::CreateRollback | StackPhase::Deleting => true,
        };
        if is_void {
            let why = format!(
                "{}: the request came when its stack was being rolled back or deleted, or had already finished.",
                ErrorName::Interrupted
            );
            return Ok(self.refuse(arrival, &why).await);
        }
        if let Some(reason) = never_runs {
            return Ok(self.plan_skip(arrival, reason, is_rollback));
        }
        // Unreadable properties are refused only here, where the request may run something: a
        // rollback brings the properties of an earlier deployment, and refusing those of a request
        // that runs nothing would needlessly leave the stack in UPDATE_ROLLBACK_FAILED.
        let properties = match properties {
            Ok(properties) => properties,
            Err(problems) => {
                let skipped = skips_rollback_unread(event).filter(|_| is_rollback);
                return Ok(skipped.map_or_else(
                    || Plan::Fail(format!("{}: {problems}", ErrorName::InvalidRequest)),
                    Plan::skip,
                ));
            }
        };
        match skip_reason(event, &properties, is_rollback, &self.ecs).await {
            Ok(None) => {}
            Ok(Some(reason)) => return Ok(self.plan_skip(arrival, reason, is_rollback)),
            Err(error) if self.will_be_redelivered(arrival, &error) => {
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
        Ok(self.plan_task(arrival, &properties, is_rollback).await)
    }

    /// The plan for a request that runs its task.
    async fn plan_task(
        &self,
        arrival: &Arrival,
        properties: &Properties,
        is_rollback: bool,
    ) -> Plan {
        let limit = properties.timeout();
        // An update that is taken back brings the handle of an earlier run, at which nothing waits any
        // more: CloudFormation waits for its run as for any other.
        let handle = arrival.handle();
        let handle = handle.filter(|_| properties.names_handle && !is_rollback);
        let (handle, deadline) = match handle {
            Some(handle) => match self.handle_of_run(arrival, handle, limit).await {
                Ok((handle, deadline)) => (Some(handle), deadline),
                Err(plan) => return plan,
            },
            None => (None, self.age(arrival).deadline(limit)),
        };
        let identity = &arrival.identity;
        let mut task = properties.task_spec(&identity.name, &identity.client_token, deadline.at);
        task.deadline_set_by = Some(deadline.set_by);
        // Such a run may take hours.
        task.began = handle.as_ref().map(|_| self.clock.now());
        if self.workers == Workers::Lambda && !task.instances.is_empty() {
            let why = format!("{}: {INSTANCES_WITHOUT_FLEET}", ErrorName::InvalidRequest);
            return self.refuse(arrival, &why).await;
        }
        Plan::Execute(Box::new(task), handle)
    }

    /// A Delete never fails because of its properties: a request whose properties could not be read
    /// has started nothing.
    fn plan_delete(&self, arrival: &Arrival) -> Plan {
        let target = Properties::for_delete(&arrival.event.resource_properties);
        let (Some(cluster), Some(task_definition)) = (target.cluster, target.task_definition)
        else {
            return Plan::skip(
                "the properties name no cluster and task definition that could have run",
            );
        };
        let limit = Duration::from_secs(DEFAULT_TIMEOUT_SECONDS.into());
        let deadline = self.age(arrival).deadline_of_delete(limit);
        let identity = &arrival.identity;
        let task = TaskSpec::new(
            cluster,
            task_definition,
            &identity.name,
            &identity.client_token,
            deadline,
        );
        Plan::Execute(Box::new(task), None)
    }

    /// What the event's stack is doing. CloudFormation is asked only when it matters: for an
    /// Update, which may be a rollback, and for an event that comes late.
    ///
    /// If CloudFormation cannot be asked, the caller assumes that the stack is being created or
    /// updated: skipping a migration that is due would be worse than running the old task once more
    /// on a rollback, as every other custom resource does.
    async fn stack_phase(&self, arrival: &Arrival) -> Result<StackPhase, ApiError> {
        let request = &arrival.event.request;
        if request.request_type == RequestType::Update || self.age(arrival).is_late() {
            self.stacks.phase(&request.stack_id).await
        } else {
            Ok(StackPhase::InProgress)
        }
    }

    /// The plan for a request that must not run now, though it could have run when an earlier delivery
    /// of its event came: its stack, or the kind of workers, has changed since. `why` is a sentence
    /// that begins with the error's name.
    pub(super) async fn refuse(&self, arrival: &Arrival, why: &str) -> Plan {
        let name = &arrival.identity.name;
        // The earlier delivery may have started the execution, which then answers.
        let what_ran = match self.state_machine.has(name).await {
            Ok(true) => return Plan::LeaveToExecution,
            Ok(false) => "Nothing was run.".to_owned(),
            Err(error) => format!(
                "This delivery of it ran nothing. Whether an earlier one did could not be seen: {error}. If so, Step Functions has an execution '{name}'."
            ),
        };
        Plan::Fail(format!("{why} {what_ran}"))
    }

    /// Stops the executions of the update that CloudFormation rolls back. They may still run, and
    /// would run beside the rollback's own task.
    ///
    /// Returns true when this event is itself outdated: it came late, and the execution of a later
    /// request already runs.
    async fn stop_earlier_runs(&self, arrival: &Arrival) -> Result<bool, StartError> {
        let name = &arrival.identity.name;
        let Some(runs) = RunsOfResource::of(name) else {
            return Ok(false);
        };
        let stopping = executions::stop_earlier(
            &self.state_machine,
            &runs,
            name,
            StopReason::RolledBack,
            Some(self.age(arrival).sent()),
        );
        let Ok(stopped) = timeout(STOP_EARLIER_BUDGET, stopping).await else {
            tracing::warn!(
                "the runs of the update that is rolled back could not all be stopped in time"
            );
            return Ok(false);
        };
        match stopped.failure {
            Some(error) if self.will_be_redelivered(arrival, &error) => {
                Err(StartError::Later(error))
            }
            _ => Ok(stopped.is_followed && self.age(arrival).is_late()),
        }
    }
}
