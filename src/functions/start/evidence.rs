//! What the update that is rolled back had run, by its executions and by the stack's events.
//!
//! `start` asks for it where that update's properties have `RollbackOverrides`: their command undoes what the
//! update has done. It is run only where a container of the update's own run may have started, which
//! nothing but an execution shows.

use jiff::Timestamp;

use super::Starter;
use super::arrival::Arrival;
use super::earlier_runs::input_of;
use crate::aws::ApiError;
use crate::execution::input::ExecutionInput;
use crate::execution::rollback::why_nothing_started;
use crate::execution::status::{Execution, ExecutionStatus, ListedExecution};
use crate::properties::Properties;
use crate::task::spec::TaskSpec;

/// Events read from the end of a history. The history of a run that no worker took is shorter, so that it is
/// read as a whole: only a whole history shows that nothing started.
pub(super) const HISTORY_TAIL: usize = 1_000;

/// What the executions of the resource show of the update that failed.
pub(super) enum Evidence {
    /// It had no run.
    NoRun,
    /// It had a run that started no container, for this reason.
    NothingStarted(String),
    /// It had a run that may have started one.
    Run(Box<FailedRun>),
}

/// A run that may have started a container. `input` is `None` where it cannot be read.
pub(super) struct FailedRun {
    pub(super) listed: ListedExecution,
    pub(super) execution: Execution,
    pub(super) input: Option<ExecutionInput>,
}

impl Starter {
    /// What the update that failed had run. `failed` are its properties, if they can be read.
    ///
    /// CloudFormation sends a resource at most one Update before the rollback begins. Where the rollback was
    /// disabled, several updates belong to the operation. The newest run that may have started a container
    /// counts, and runs that roll another back do not.
    pub(super) async fn evidence(
        &self,
        arrival: &Arrival,
        failed: Option<&Properties>,
    ) -> Result<Evidence, ApiError> {
        let stack = &arrival.request.stack_id;
        let began = self.stacks.operation_began(stack).await?;
        let runs = self
            .runs_since(arrival, began.unwrap_or(Timestamp::MIN), None)
            .await?;
        let mut nothing_started = None;
        for listed in runs.listed {
            let execution = self.state_machine.describe(&listed.arn).await?;
            let input = input_of(&listed, &execution);
            let rolls_back = input
                .as_ref()
                .is_some_and(|input| input.rollback_of.is_some());
            if rolls_back || !self.is_of_earlier_request(arrival, &execution) {
                continue;
            }
            // Without the operation's begin the run may be that of an earlier release.
            if began.is_none() && !runs_task_of(failed, input.as_ref()) {
                return Err(begin_is_not_seen(stack));
            }
            // The history of a run that `start` has just stopped is read as well: the description may be
            // older than the stop.
            let events = if execution.status == ExecutionStatus::Succeeded {
                None
            } else {
                let events = self.state_machine.last_events(&listed.arn, HISTORY_TAIL);
                Some(events.await?)
            };
            match why_nothing_started(&execution, input.as_ref(), events.as_deref()) {
                None => {
                    return Ok(Evidence::Run(Box::new(FailedRun {
                        listed,
                        execution,
                        input,
                    })));
                }
                Some(why) if began.is_none() => return Ok(Evidence::NothingStarted(why)),
                Some(why) => nothing_started = nothing_started.or(Some(why)),
            }
        }
        match nothing_started {
            // An older run of the operation may have started a container.
            _ if runs.is_cut => Err(self.list_is_cut()),
            Some(why) => Ok(Evidence::NothingStarted(why)),
            None => Ok(Evidence::NoRun),
        }
    }
}

/// Whether an execution runs the task of these properties, as far as can be read.
fn runs_task_of(properties: Option<&Properties>, input: Option<&ExecutionInput>) -> bool {
    let (Some(properties), Some(input)) = (properties, input) else {
        return false;
    };
    let task = &input.task;
    let of_properties = properties.task_spec(&task.started_by, &task.client_token, task.deadline);
    *task
        == TaskSpec {
            deadline_set_by: task.deadline_set_by.clone(),
            began: task.began,
            ..of_properties
        }
}

/// The error of a stack whose events do not show where the operation began.
fn begin_is_not_seen(stack: &str) -> ApiError {
    ApiError::inconclusive(
        "cloudformation:DescribeStackEvents",
        format!("stack {stack}"),
        "The events that were read do not reach back to where the update began, and the resource's newest run has another task than the update",
    )
}
