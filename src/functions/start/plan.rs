//! What is to be done with a request: run it, answer it at once, or leave it to the execution that
//! has it.

use std::time::Duration;

use super::arrival::Arrival;
use super::earlier_runs::error_name;
use super::{StartError, Starter};
use crate::aws::ErrorKind;
use crate::aws::cloudformation::StackPhase;
use crate::cloudformation::event::{RequestType, WaitConditionHandle};
use crate::execution::direct::INSTANCES_WITHOUT_FLEET;
use crate::execution::input::{EarlierRun, RollbackOf, Workers};
use crate::functions::skip_reason::{
    never_runs, never_runs_unread, skip_reason, skips_rollback_unread,
};
use crate::properties::{
    DEFAULT_TIMEOUT_SECONDS, Properties, has_rollback_overrides, ignores_rollback_failure,
};
use crate::task::error::ErrorName;
use crate::task::outcome::Output;
use crate::task::spec::TaskSpec;

/// What is to be done with a request.
pub(super) enum Plan {
    /// An execution runs this task, or on Delete stops what its resource has left running.
    Execute(Box<Run>),
    /// CloudFormation is answered SUCCESS with these outputs, and the handle of a wait condition is
    /// signalled them.
    Succeed(Box<Output>, Option<WaitConditionHandle>),
    /// CloudFormation is answered FAILED with this Reason.
    Fail(String),
    /// The execution of this name has the request, and answers it.
    LeaveToExecution(String),
}

/// What an execution is given to do.
pub(super) struct Run {
    /// The task; it is started under the execution's name.
    pub(super) task: TaskSpec,
    /// The handle of the wait condition to which the end of the run goes.
    pub(super) handle: Option<WaitConditionHandle>,
    /// The runs whose containers have to stop before the task is launched.
    pub(super) earlier_runs: Vec<EarlierRun>,
    /// What the task rolls back.
    pub(super) rollback_of: Option<RollbackOf>,
}

impl Run {
    pub(super) fn of(task: TaskSpec) -> Self {
        Self {
            task,
            handle: None,
            earlier_runs: Vec::new(),
            rollback_of: None,
        }
    }
}

impl Plan {
    pub(super) fn skip(reason: impl Into<String>) -> Self {
        Self::Succeed(Box::new(Output::skipped(reason)), None)
    }
}

impl Starter {
    /// The plan for a request of any type.
    ///
    /// # Errors
    /// When a call fails with an error that may pass, and Lambda will deliver the event once more.
    pub(super) async fn plan(&self, arrival: &mut Arrival) -> Result<Plan, StartError> {
        match arrival.request.request_type {
            RequestType::Delete => Ok(self.plan_delete(arrival)),
            RequestType::Create | RequestType::Update => self.plan_run(arrival).await,
        }
    }

    async fn plan_run(&self, arrival: &mut Arrival) -> Result<Plan, StartError> {
        let event = &arrival.event;
        let may_be_rolled_back = has_rollback_overrides(&event.old_resource_properties);
        let properties = Properties::parse(&event.resource_properties);
        let never_runs = match &properties {
            Ok(properties) => never_runs(event, properties),
            Err(_) => never_runs_unread(event),
        };
        let phase = match self.stack_phase(arrival).await {
            Ok(phase) => phase,
            // A request that runs nothing in any case is answered without knowing the phase.
            Err(error)
                if (never_runs.is_none() || may_be_rolled_back)
                    && self.will_be_redelivered(arrival, &error) =>
            {
                return Err(StartError::Later(error));
            }
            // To run the old task on a rollback would be the opposite of what is asked for.
            Err(error) if may_be_rolled_back => {
                let why = format!(
                    "{}: whether the stack is being rolled back cannot be seen: {error}. The properties before this update have RollbackOverrides, so what is to be run is not guessed.",
                    error_name(&error)
                );
                return Ok(self.refuse(arrival, &why).await);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot tell whether the stack is rolled back; the task is run");
                StackPhase::InProgress
            }
        };
        let is_rollback = phase == StackPhase::UpdateRollback
            && event.request.request_type == RequestType::Update;
        arrival.request.ignores_failure =
            is_rollback && ignores_rollback_failure(&arrival.event.old_resource_properties);
        let arrival = &*arrival;
        let event = &arrival.event;
        // Before any reason to skip: a request that is over must not run, nor be answered SUCCESS because
        // it was skipped.
        if self.is_over(arrival, phase).await? {
            let why = format!(
                "{}: the request came when its stack was being rolled back or deleted, had already finished, or was in a later operation.",
                ErrorName::Interrupted
            );
            return Ok(self.refuse(arrival, &why).await);
        }
        let obstacle = if is_rollback {
            self.stop_earlier_runs(arrival).await?
        } else {
            None
        };
        // Before the properties that come back: those of the update that failed say what is run.
        if is_rollback && may_be_rolled_back {
            return self.plan_rollback(arrival, obstacle).await;
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
        let plan = self.plan_task(arrival, &properties, is_rollback).await;
        match plan {
            Plan::Execute(run) => {
                let limit = properties.timeout();
                self.unless_beside_another(arrival, run, limit, is_rollback, obstacle)
                    .await
            }
            plan => Ok(plan),
        }
    }

    /// The plan for a request that runs its task.
    async fn plan_task(
        &self,
        arrival: &Arrival,
        properties: &Properties,
        is_rollback: bool,
    ) -> Plan {
        let limit = properties.timeout();
        // A rollback brings the handle of an earlier run, at which nothing waits any
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
        Plan::Execute(Box::new(Run {
            handle,
            ..Run::of(task)
        }))
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
        Plan::Execute(Box::new(Run::of(task)))
    }
}
