//! The runs of an update that is rolled back. They are stopped, and a run of the rollback begins
//! after their containers have stopped: two migrations of one database at once are what nobody wants.
//!
//! `start` stops the executions. The function `stop` then stops their tasks and waits for the containers,
//! in the rollback's own execution, whose input names the runs.

use std::ops::ControlFlow;

use jiff::Timestamp;
use tokio::time::timeout;

use super::arrival::Arrival;
use super::plan::{Plan, Run};
use super::{StartError, Starter};
use crate::aws::{ApiError, ErrorKind};
use crate::clock::before;
use crate::execution::direct::DirectExecution;
use crate::execution::input::{EarlierRun, ExecutionInput};
use crate::execution::status::{Execution, ListedExecution};
use crate::functions::leftovers::executions::{self, RunsOfResource, StopReason};
use crate::task::error::ErrorName;
use crate::times::rollback::EARLIER_RUN_PATIENCE;
use crate::times::{LONGEST_EXECUTION, STOP_EARLIER_BUDGET};

/// What became of the runs of the update that is rolled back.
#[derive(Default)]
pub(super) struct EarlierRuns {
    /// The event is itself outdated: it came late, and the execution of a later request already runs.
    pub(super) is_void: bool,
    /// Why one of them may still run.
    pub(super) not_stopped: Option<NotStopped>,
}

/// Why a run could not be stopped.
pub(super) struct NotStopped {
    name: ErrorName,
    why: String,
}

impl From<ApiError> for NotStopped {
    fn from(error: ApiError) -> Self {
        Self {
            name: error_name(&error),
            why: error.to_string(),
        }
    }
}

impl Starter {
    /// Stops the executions of the update that CloudFormation rolls back. They may still run, and
    /// would run beside the rollback's own task.
    pub(super) async fn stop_earlier_runs(
        &self,
        arrival: &Arrival,
    ) -> Result<EarlierRuns, StartError> {
        let name = &arrival.identity.name;
        let Some(runs) = RunsOfResource::of(name) else {
            return Ok(EarlierRuns::default());
        };
        let stopping = executions::stop_earlier(
            &self.state_machine,
            &runs,
            name,
            StopReason::RolledBack,
            Some(self.age(arrival).sent_before()),
        );
        let Ok(stopped) = timeout(STOP_EARLIER_BUDGET, stopping).await else {
            let error = self.unanswered(STOP_EARLIER_BUDGET);
            tracing::warn!(%error, "the runs of the update that is rolled back could not all be stopped in time");
            if self.will_be_redelivered(arrival, &error) {
                return Err(StartError::Later(error));
            }
            return Ok(EarlierRuns {
                is_void: false,
                not_stopped: Some(error.into()),
            });
        };
        match stopped.failure {
            Some(error) if self.will_be_redelivered(arrival, &error) => {
                Err(StartError::Later(error))
            }
            failure => Ok(EarlierRuns {
                is_void: self.age(arrival).is_late()
                    && self.is_followed(arrival, &stopped.later).await?,
                not_stopped: failure.map(NotStopped::from),
            }),
        }
    }

    /// Whether one of these executions is of another request than this one.
    async fn is_followed(&self, arrival: &Arrival, later: &[String]) -> Result<bool, StartError> {
        for execution in later {
            match self.state_machine.describe(execution).await {
                Ok(execution) if execution.rolls_back_for(&arrival.identity.name) => {}
                Err(error) if self.will_be_redelivered(arrival, &error) => {
                    return Err(StartError::Later(error));
                }
                Ok(_) | Err(_) => return Ok(true),
            }
        }
        Ok(false)
    }

    /// The run of a rollback, to begin after the runs that were stopped for it.
    pub(super) async fn after_earlier_runs(
        &self,
        arrival: &Arrival,
        run: Run,
        earlier: EarlierRuns,
    ) -> Result<Plan, StartError> {
        let why = match earlier.not_stopped {
            Some(error) => still_runs(&error),
            None => match self.runs_to_wait_for(arrival).await {
                Ok(earlier_runs) => {
                    return Ok(Plan::Execute(Box::new(Run {
                        earlier_runs,
                        ..run
                    })));
                }
                Err(error) if self.will_be_redelivered(arrival, &error) => {
                    return Err(StartError::Later(error));
                }
                Err(error) => still_runs(&error.into()),
            },
        };
        Ok(self.refuse(arrival, &why).await)
    }

    /// The runs of the resource that may have tasks left: those that were stopped for this request, by
    /// this delivery of its event or an earlier one, or ended shortly before.
    pub(super) async fn runs_to_wait_for(
        &self,
        arrival: &Arrival,
    ) -> Result<Vec<EarlierRun>, ApiError> {
        let now = self.clock.now();
        let since = before(self.age(arrival).sent(), EARLIER_RUN_PATIENCE);
        let listed = self.runs_before(arrival, before(now, LONGEST_EXECUTION));
        let mut earlier = Vec::new();
        for listed in listed.await? {
            if listed.stopped.is_some_and(|stopped| stopped < since) {
                continue;
            }
            let execution = self.state_machine.describe(&listed.arn).await?;
            if execution.has_request() {
                let input = input_of(&listed, &execution);
                earlier.push(earlier_run(&listed, input.as_ref(), now)?);
            }
        }
        Ok(earlier)
    }

    /// The runs of the resource that began since `began`, and before this request was sent; newest
    /// first.
    pub(super) async fn runs_before(
        &self,
        arrival: &Arrival,
        began: Timestamp,
    ) -> Result<Vec<ListedExecution>, ApiError> {
        let name = &arrival.identity.name;
        let Some(runs) = RunsOfResource::of(name) else {
            return Ok(Vec::new());
        };
        let sent = self.age(arrival).sent_before();
        let mut found = Vec::new();
        self.state_machine
            .newest_first(None, |execution| {
                if execution.started < began {
                    return ControlFlow::Break(());
                }
                if runs.include(&execution.name)
                    && execution.name != *name
                    && execution.started <= sent
                {
                    found.push(execution);
                }
                ControlFlow::Continue(())
            })
            .await?;
        Ok(found)
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
    input: Option<&ExecutionInput>,
    now: Timestamp,
) -> Result<EarlierRun, ApiError> {
    EarlierRun::of(listed, input, now).ok_or_else(|| ApiError {
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
pub(super) fn still_runs(not_stopped: &NotStopped) -> String {
    let NotStopped { name, why } = not_stopped;
    format!(
        "{name}: the run of the update that is rolled back may still run, since it could not be stopped: {why}. Two runs at once could damage the data. Stop the executions of this resource that run, then continue the rollback."
    )
}
