//! An Update beside a run of the resource that goes on.
//!
//! CloudFormation sends a resource no request before it has the answer to the one before. With the handle
//! of a wait condition that answer comes when the run begins, and the run goes on for hours. The operation
//! of the stack may end before it, where no condition waits for it or the rollback is disabled. Two runs at
//! once could damage the data, so that the next Update is refused. Its rollback lets that run go on: it
//! belongs to the version that comes back, and its condition may still wait.
//!
//! The run of a request without a handle has ended when CloudFormation has its answer. Where Step Functions
//! still shows it as running, that is the time until it shows the end.

use super::arrival::Arrival;
use super::earlier_runs::error_name;
use super::plan::{Plan, Run};
use super::{StartError, Starter};
use crate::aws::ApiError;
use crate::cloudformation::event::RequestType;
use crate::execution::history::Progress;
use crate::execution::status::{ExecutionStatus, ListedExecution};
use crate::functions::leftovers::executions::{self, RunsOfResource, StopReason};
use crate::task::error::ErrorName;

/// Events read from the end of a history: only the execution's last state follows a reply.
const HISTORY_TAIL: usize = 5;

impl Starter {
    /// The plan for a request that would run its task: not beside an earlier run of the resource.
    pub(super) async fn unless_beside_another(
        &self,
        arrival: &Arrival,
        run: Box<Run>,
    ) -> Result<Plan, StartError> {
        let why = match self.run_that_goes_on(arrival).await {
            Ok(None) => return Ok(Plan::Execute(run)),
            Err(error) if self.will_be_redelivered(arrival, &error) => {
                return Err(StartError::Later(error));
            }
            Ok(Some(name)) => format!(
                "{}: execution {name}, an earlier run of this resource that reports to a wait condition, goes on. Two runs at once could damage the data. Update again once it has ended, or stop it before.",
                ErrorName::NotStarted
            ),
            Err(error) => format!(
                "{}: whether an earlier run of this resource goes on cannot be seen: {error}. Two runs at once could damage the data.",
                error_name(&error)
            ),
        };
        Ok(self.refuse(arrival, &why).await)
    }

    /// The name of an execution with a handle that belongs to an earlier request and has not ended.
    async fn run_that_goes_on(&self, arrival: &Arrival) -> Result<Option<String>, ApiError> {
        if arrival.request.request_type != RequestType::Update {
            return Ok(None);
        }
        let name = &arrival.identity.name;
        let Some(runs) = RunsOfResource::of(name) else {
            return Ok(None);
        };
        let (running, _) = self.state_machine.running().await?;
        for listed in running {
            if runs.include(&listed.name)
                && listed.name != *name
                && self.goes_on_for_a_condition(arrival, &listed).await?
            {
                return Ok(Some(listed.name));
            }
        }
        Ok(None)
    }

    /// Stops those of these executions that began with the operation of the stack which is rolled back.
    /// One that began before belongs to the version that comes back, and goes on. The result is then the
    /// sentence that refuses a task beside it.
    pub(super) async fn stop_those_of_update(
        &self,
        arrival: &Arrival,
        for_conditions: Vec<ListedExecution>,
    ) -> Result<Option<String>, ApiError> {
        if for_conditions.is_empty() {
            return Ok(None);
        }
        let began = self.stacks.operation_began(&arrival.request.stack_id);
        let began = began.await?;
        let mut goes_on = None;
        for listed in for_conditions {
            let is_of_before = began.is_some_and(|began| listed.started < began);
            if !is_of_before {
                let name = &arrival.identity.name;
                let reason = StopReason::RolledBack;
                executions::stop(&self.state_machine, &listed, name, reason).await?;
            } else if self.goes_on_for_a_condition(arrival, &listed).await? {
                let name = &listed.name;
                tracing::info!(execution = name, "a run from before the update goes on");
                goes_on = Some(format!(
                    "{}: execution {name}, a run of this resource from before the update that reports to a wait condition, goes on. Two runs at once could damage the data. Continue the rollback once it has ended, or stop it before.",
                    ErrorName::NotStarted
                ));
            }
        }
        Ok(goes_on)
    }

    async fn goes_on_for_a_condition(
        &self,
        arrival: &Arrival,
        listed: &ListedExecution,
    ) -> Result<bool, ApiError> {
        let execution = self.state_machine.describe(&listed.arn).await?;
        if execution.status != ExecutionStatus::Running
            || !execution.reports_to_condition()
            || !self.is_of_earlier_request(arrival, &execution)
        {
            return Ok(false);
        }
        // The list and the description may lag behind the end.
        let events = self.state_machine.last_events(&listed.arn, HISTORY_TAIL);
        Ok(!Progress::of(&events.await?).answer.is_settled())
    }
}
