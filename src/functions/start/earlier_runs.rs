//! The runs of a resource before the one that a request asks for. Those of an update that is rolled back are
//! stopped. The next run, of the rollback or of the update after it, begins after their containers have
//! stopped: two migrations of one database at once could damage the data.
//!
//! `start` stops the executions. The function `stop` then stops their tasks and waits for the containers,
//! in the execution of the next run, whose input names the runs before it.

use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::arrival::Arrival;
use super::{StartError, Starter};
use crate::aws::{ApiError, ErrorKind};
use crate::clock::before;
use crate::cloudformation::deadline::Deadline;
use crate::execution::direct::DirectExecution;
use crate::execution::input::{EarlierRun, ExecutionInput};
use crate::execution::status::{Execution, ExecutionStatus, ListedExecution};
use crate::functions::leftovers::executions::{self, RunsOfResource, StopReason};
use crate::task::error::ErrorName;
use crate::times::rollback::{CHECKED_FOR, EARLIER_RUN_PATIENCE};
use crate::times::{LONGEST_EXECUTION, STOP_EARLIER_BUDGET};

/// The executions of the resource that began since a given time.
pub(super) struct RunsSince {
    /// Newest first.
    pub(super) listed: Vec<ListedExecution>,
    /// Whether older ones may be missing, since Step Functions lists too many executions.
    pub(super) is_cut: bool,
}

impl Starter {
    /// Stops the executions of the update that CloudFormation rolls back. They may still run, and
    /// would run beside the rollback's own task. The result is the sentence that refuses such a task,
    /// where one of them may go on.
    pub(super) async fn stop_earlier_runs(
        &self,
        arrival: &Arrival,
    ) -> Result<Option<String>, StartError> {
        let name = &arrival.identity.name;
        let Some(runs) = RunsOfResource::of(name) else {
            return Ok(None);
        };
        let stopping = async {
            let until = Some(self.age(arrival).sent_before());
            let mut stopped = executions::stop_earlier(
                &self.state_machine,
                &runs,
                name,
                StopReason::RolledBack,
                until,
            )
            .await;
            let for_conditions = std::mem::take(&mut stopped.for_conditions);
            let goes_on = match self.stop_those_of_update(arrival, for_conditions).await {
                Ok(goes_on) => goes_on,
                Err(error) => {
                    tracing::warn!(%error, "a run that reports to a wait condition could not be stopped");
                    stopped.failure = Some(error);
                    None
                }
            };
            (stopped, goes_on)
        };
        let Ok((stopped, goes_on)) = timeout(STOP_EARLIER_BUDGET, stopping).await else {
            let error = self.unanswered(STOP_EARLIER_BUDGET);
            tracing::warn!(%error, "the runs of the update that is rolled back could not all be stopped in time");
            if self.will_be_redelivered(arrival, &error) {
                return Err(StartError::Later(error));
            }
            return Ok(Some(still_runs(&error)));
        };
        match stopped.failure {
            Some(error) if self.will_be_redelivered(arrival, &error) => {
                Err(StartError::Later(error))
            }
            failure => Ok(failure.as_ref().map(still_runs).or(goes_on)),
        }
    }

    /// The deadline of a run that may take `limit` once these runs have stopped. While a worker may still
    /// launch a task of theirs, the run waits; a short limit would be over before it begins.
    pub(super) fn deadline_after(
        &self,
        arrival: &Arrival,
        earlier: &[EarlierRun],
        limit: Duration,
    ) -> Deadline {
        let wait = wait_for_stopped(earlier);
        self.age(arrival).deadline_after(wait, limit)
    }

    /// The runs of the resource that may have tasks left: those that were stopped for this request, by
    /// this delivery of its event or an earlier one, or ended shortly before. Only those of this status,
    /// if one is given.
    pub(super) async fn runs_to_wait_for(
        &self,
        arrival: &Arrival,
        status: Option<ExecutionStatus>,
    ) -> Result<Vec<EarlierRun>, ApiError> {
        let now = self.clock.now();
        let since = before(self.age(arrival).sent(), EARLIER_RUN_PATIENCE);
        let runs = self
            .runs_since(arrival, before(now, LONGEST_EXECUTION), status)
            .await?;
        let mut earlier = Vec::new();
        let mut is_cut = runs.is_cut;
        for listed in runs.listed {
            if listed.stopped.is_some_and(|stopped| stopped < since) {
                // The runs of a resource follow one another: those before have stopped as well.
                is_cut = false;
                continue;
            }
            let execution = self.state_machine.describe(&listed.arn).await?;
            if self.is_of_earlier_request(arrival, &execution) {
                let input = input_of(&listed, &execution);
                earlier.push(earlier_run(&listed, &execution, input.as_ref(), now)?);
            }
        }
        if is_cut && earlier.is_empty() {
            return Err(self.list_is_cut());
        }
        Ok(earlier)
    }

    /// Whether the execution has a request that CloudFormation had sent before this one.
    pub(super) fn is_of_earlier_request(&self, arrival: &Arrival, execution: &Execution) -> bool {
        execution.has_request()
            && !execution.rolls_back_for(&arrival.identity.name)
            && execution.request_sent() <= self.age(arrival).sent_before()
    }

    /// The executions of the resource that began since `began`, but for that of this request: all, or those
    /// of this status. Some may be of later requests.
    pub(super) async fn runs_since(
        &self,
        arrival: &Arrival,
        began: Timestamp,
        status: Option<ExecutionStatus>,
    ) -> Result<RunsSince, ApiError> {
        let name = &arrival.identity.name;
        let mut listed = Vec::new();
        let Some(runs) = RunsOfResource::of(name) else {
            return Ok(RunsSince {
                listed,
                is_cut: false,
            });
        };
        let extent = self
            .state_machine
            .newest_first(status, |execution| {
                if execution.started < began {
                    return ControlFlow::Break(());
                }
                if runs.include(&execution.name) && execution.name != *name {
                    listed.push(execution);
                }
                ControlFlow::Continue(())
            })
            .await?;
        Ok(RunsSince {
            listed,
            is_cut: extent.is_cut,
        })
    }

    /// The error of a list of executions that is too long to show what was looked for.
    pub(super) fn list_is_cut(&self) -> ApiError {
        ApiError::inconclusive(
            "states:ListExecutions",
            format!("state machine {}", self.state_machine.arn()),
            "Too many executions began since the runs that were looked for",
        )
    }
}

/// How long a run waits for these at most. A worker may still launch a task of one that was just stopped.
pub(super) fn wait_for_stopped(earlier: &[EarlierRun]) -> Duration {
    let was_just_stopped = |run: &EarlierRun| run.may_launch_until.is_some();
    if earlier.iter().any(was_just_stopped) {
        CHECKED_FOR
    } else {
        Duration::ZERO
    }
}

pub(super) fn input_of(listed: &ListedExecution, execution: &Execution) -> Option<ExecutionInput> {
    let direct = DirectExecution {
        arn: &listed.arn,
        started: execution.started,
    };
    ExecutionInput::read(direct, &execution.input)
}

/// The run of an execution, of which tasks may be left.
///
/// # Errors
/// When the input cannot be read. It names the tasks: without it nobody can tell whether they have
/// stopped, and a task must not be launched beside them.
pub(super) fn earlier_run(
    listed: &ListedExecution,
    execution: &Execution,
    input: Option<&ExecutionInput>,
    now: Timestamp,
) -> Result<EarlierRun, ApiError> {
    EarlierRun::of(execution, input, now).ok_or_else(|| ApiError {
        action: "states:DescribeExecution",
        resource: format!("execution {}", listed.name),
        kind: ErrorKind::Rejected,
        code: None,
        message: "the input is of a form that this release of the task runner does not know"
            .to_owned(),
    })
}

/// The error of a request for which a call failed.
pub(super) fn error_name(error: &ApiError) -> ErrorName {
    if error.kind == ErrorKind::AccessDenied {
        ErrorName::AccessDenied
    } else {
        ErrorName::NotStarted
    }
}

/// The Reason of a rollback that may not run beside what still runs.
pub(super) fn still_runs(error: &ApiError) -> String {
    format!(
        "{}: the run of the update that is rolled back may still run: {error}. Two runs at once could damage the data. Stop the executions of this resource that run, then continue the rollback.",
        error_name(error)
    )
}
