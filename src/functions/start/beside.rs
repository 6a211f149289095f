//! A run beside another one of the resource. Two at once could damage the data.
//!
//! CloudFormation sends a resource no request before it has the answer to the one before. With the handle
//! of a wait condition that answer comes when the run begins, and the run goes on for hours. The operation
//! of the stack may end before it, where no condition waits for it or the rollback is disabled. The next
//! Update is then refused. Its rollback lets that run go on: it belongs to the version that comes back, and
//! its condition may still wait.
//!
//! The run of a request without a handle has ended when CloudFormation has its answer, or when it is
//! stopped. Where Step Functions still shows it as running and without a reply, that is the time until it
//! shows the end, or a run that a rollback could not stop.
//!
//! The containers of a run that was stopped need time to stop, and its worker may launch one for a while.
//! The next run waits for them.

use std::time::Duration;

use tokio::time::timeout;

use super::arrival::Arrival;
use super::earlier_runs::{error_name, still_runs, wait_for_stopped};
use super::plan::{Plan, Run};
use super::{StartError, Starter};
use crate::aws::ApiError;
use crate::clock::after;
use crate::cloudformation::event::RequestType;
use crate::cloudformation::handle;
use crate::execution::history::Progress;
use crate::execution::input::EarlierRun;
use crate::execution::status::{ExecutionStatus, ListedExecution};
use crate::functions::leftovers::executions::{self, RunsOfResource, StopReason};
use crate::task::error::ErrorName;
use crate::times::rollback::ROLLBACK_EVIDENCE_BUDGET;

/// Events read from the end of a history: only the execution's last state follows a reply.
const HISTORY_TAIL: usize = 5;

/// To whom a run reports its end.
#[derive(Clone, Copy)]
enum ReportsTo {
    CloudFormation,
    Condition,
}

impl Starter {
    /// The plan for a request that would run its task, which may take `limit`: after the runs that were
    /// stopped, and not beside one that goes on. `obstacle` is the sentence that refuses it, if that is known.
    pub(super) async fn unless_beside_another(
        &self,
        arrival: &Arrival,
        mut run: Box<Run>,
        limit: Duration,
        is_rollback: bool,
        obstacle: Option<String>,
    ) -> Result<Plan, StartError> {
        if let Some(why) = obstacle {
            return Ok(self.refuse(arrival, &why).await);
        }
        if arrival.request.request_type != RequestType::Update {
            return Ok(Plan::Execute(run));
        }
        let looking = async {
            if is_rollback {
                return Ok(Ok(self.runs_to_wait_for(arrival, None).await?));
            }
            if let Some(why) = self.run_that_goes_on(arrival).await? {
                return Ok(Err(why));
            }
            // Of an update without a rollback the runs that succeeded or failed have long stopped.
            let stopped = Some(ExecutionStatus::Aborted);
            Ok(Ok(self.runs_to_wait_for(arrival, stopped).await?))
        };
        let budget = ROLLBACK_EVIDENCE_BUDGET;
        let seen = timeout(budget, looking).await;
        let why = match seen.unwrap_or_else(|_| Err(self.unanswered(budget))) {
            Ok(Ok(earlier_runs)) => {
                if is_rollback || !earlier_runs.is_empty() {
                    self.wait_for(arrival, &mut run, earlier_runs, limit);
                }
                return Ok(Plan::Execute(run));
            }
            Ok(Err(why)) => why,
            Err(error) if self.will_be_redelivered(arrival, &error) => {
                return Err(StartError::Later(error));
            }
            Err(error) if is_rollback => still_runs(&error),
            Err(error) => format!(
                "{}: whether an earlier run of this resource goes on cannot be seen: {error}. Two runs at once could damage the data.",
                error_name(&error)
            ),
        };
        Ok(self.refuse(arrival, &why).await)
    }

    /// Has the run wait for these, and end later by that time.
    fn wait_for(
        &self,
        arrival: &Arrival,
        run: &mut Run,
        earlier_runs: Vec<EarlierRun>,
        limit: Duration,
    ) {
        let handle = run.handle.as_ref();
        let deadline = match handle {
            None => Some(self.deadline_after(arrival, &earlier_runs, limit)),
            Some(handle) => {
                let begins = after(self.clock.now(), wait_for_stopped(&earlier_runs));
                handle::deadline(&handle.url, begins, limit).ok()
            }
        };
        if let Some(deadline) = deadline {
            run.task.deadline = deadline.at;
            run.task.deadline_set_by = Some(deadline.set_by);
        }
        run.earlier_runs = earlier_runs;
    }

    /// The sentence that refuses a run beside that of an earlier request which has not ended.
    async fn run_that_goes_on(&self, arrival: &Arrival) -> Result<Option<String>, ApiError> {
        let name = &arrival.identity.name;
        let Some(runs) = RunsOfResource::of(name) else {
            return Ok(None);
        };
        let (running, _) = self.state_machine.running().await?;
        for listed in running {
            if !runs.include(&listed.name) || listed.name == *name {
                continue;
            }
            match self.goes_on(arrival, &listed).await? {
                None => {}
                Some(ReportsTo::Condition) => {
                    return Ok(Some(format!(
                        "{}: execution {}, an earlier run of this resource that reports to a wait condition, goes on. Two runs at once could damage the data. Update again once it has ended, or stop it before.",
                        ErrorName::NotStarted,
                        listed.name
                    )));
                }
                Some(ReportsTo::CloudFormation) => return Err(end_is_not_seen(&listed)),
            }
        }
        Ok(None)
    }

    /// Stops those of these executions that began with the operation of the stack which is rolled back.
    /// One that began before belongs to the version that comes back, and goes on. So does one of which that
    /// is not known. The result is then the sentence that refuses a task beside it.
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
        let of_which = if began.is_some() {
            "from before the update that reports to a wait condition"
        } else {
            "that reports to a wait condition and may be from before the update, since the stack has too many events to see where that began"
        };
        let mut goes_on = None;
        for listed in for_conditions {
            let name = &listed.name;
            if began.is_some_and(|began| listed.started >= began) {
                let reason = StopReason::RolledBack;
                executions::stop(&self.state_machine, &listed, &arrival.identity.name, reason)
                    .await?;
            } else if self.goes_on(arrival, &listed).await?.is_some() {
                tracing::info!(execution = name, "a run {of_which} goes on");
                goes_on = Some(format!(
                    "{}: execution {name}, a run of this resource {of_which}, goes on. Two runs at once could damage the data. Continue the rollback once it has ended, or stop it before.",
                    ErrorName::NotStarted
                ));
            }
        }
        Ok(goes_on)
    }

    /// To whom the run of an earlier request reports, if it goes on.
    async fn goes_on(
        &self,
        arrival: &Arrival,
        listed: &ListedExecution,
    ) -> Result<Option<ReportsTo>, ApiError> {
        let execution = self.state_machine.describe(&listed.arn).await?;
        if execution.status != ExecutionStatus::Running
            || !self.is_of_earlier_request(arrival, &execution)
        {
            return Ok(None);
        }
        // The list and the description may lag behind the end.
        let events = self.state_machine.last_events(&listed.arn, HISTORY_TAIL);
        let has_reported = Progress::of(&events.await?).answer.is_settled();
        Ok((!has_reported).then(|| {
            if execution.reports_to_condition() {
                ReportsTo::Condition
            } else {
                ReportsTo::CloudFormation
            }
        }))
    }
}

/// The error of a run whose request CloudFormation has the answer to, or no longer waits for.
fn end_is_not_seen(listed: &ListedExecution) -> ApiError {
    ApiError::inconclusive(
        "states:GetExecutionHistory",
        format!("execution {}", listed.name),
        "Step Functions shows the execution as running, and no reply of it",
    )
}
