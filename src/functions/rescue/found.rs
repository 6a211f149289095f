//! What Step Functions shows of an execution that is to be answered for.

use serde_json::Value;

use super::{RescueError, Rescuer};
use crate::cloudformation::event::Request;
use crate::execution::direct::DirectExecution;
use crate::execution::ended_unanswered::error_of;
use crate::execution::error::CaughtError;
use crate::execution::history::{Answer, Progress, ends_with_its_end, was_taken};
use crate::execution::input::ExecutionInput;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::functions::respond::RespondEvent;
use crate::functions::run_metrics::{EndedRun, Whose};

/// Events read from a history's end. The states that follow the run record some 600 at most (30
/// checks for leftovers of four attempts each, and six attempts to answer), so the run's last
/// attempt is among the events read.
const HISTORY_TAIL: usize = 1_000;

/// An execution with its history.
pub(super) struct Found<'a> {
    pub(super) arn: &'a str,
    pub(super) execution: Execution,
    pub(super) progress: Progress,
    /// The execution's input; null when it is no JSON.
    pub(super) input: Value,
    /// How the execution has ended.
    pub(super) status: ExecutionStatus,
    /// Whether a worker may yet launch a task.
    pub(super) may_follow: bool,
}

impl Rescuer {
    /// Looks at an execution that has ended with this status, according to the event or the list that
    /// named it.
    ///
    /// `is_overdue` says that the time of the execution is over, and that it may still run. A worker
    /// that takes it from now on launches nothing, so that no further tasks are looked for.
    ///
    /// # Errors
    /// When Step Functions cannot be asked, and when the execution still runs.
    pub(super) async fn find<'a>(
        &self,
        arn: &'a str,
        status: ExecutionStatus,
        is_overdue: bool,
    ) -> Result<Found<'a>, RescueError> {
        let execution = self.state_machine.describe(arn).await?;
        let events = self.state_machine.last_events(arn, HISTORY_TAIL).await?;
        let status = match execution.status {
            // The description may lag behind the event, so the history decides. A made-up event
            // must not make `rescue` answer for an execution that runs.
            ExecutionStatus::Running if is_overdue || ends_with_its_end(&events) => status,
            ExecutionStatus::Running => return Err(RescueError::StillRuns(arn.to_owned())),
            status => status,
        };
        Ok(Found {
            arn,
            progress: Progress::of(&events),
            input: serde_json::from_str(&execution.input).unwrap_or_default(),
            execution,
            status,
            may_follow: !is_overdue && was_taken(&events),
        })
    }
}

impl Found<'_> {
    /// The error for an end that the state machine could not catch.
    pub(super) fn error(&self) -> CaughtError {
        error_of(self.status, &self.execution, &self.progress.activity)
    }

    /// The event with which the execution had invoked `respond`. `None` when it had not, or its state is
    /// not that of an execution that `start` began.
    pub(super) fn answer_begun(&self) -> Option<RespondEvent> {
        let Answer::Begun { status, state } = &self.progress.answer else {
            return None;
        };
        let state = serde_json::from_str(state).ok()?;
        RespondEvent::repeated(*status, state, self.arn, self.execution.started)
    }

    /// The run of the execution. `None` where it was answered or had come to its end before, and was
    /// counted then, and for an execution that is none of a task runner's.
    pub(super) fn run(&self) -> Option<EndedRun> {
        if self.progress.answer.is_settled() {
            return None;
        }
        if let Some(begun) = self.answer_begun() {
            return EndedRun::reported(&begun);
        }
        let whose = if self.execution.has_request() {
            let request: Request = serde_json::from_value(self.input["request"].clone()).ok()?;
            Whose::of(Some(&request), None)
        } else {
            let started = self.execution.started;
            let direct = DirectExecution {
                arn: self.arn,
                started,
            };
            let input = ExecutionInput::read(direct, &self.execution.input)?;
            Whose::of(None, input.deployment.as_ref())
        };
        let started = self.execution.started;
        Some(EndedRun::ended_early(
            self.arn,
            started,
            whose?,
            self.error(),
        ))
    }
}
