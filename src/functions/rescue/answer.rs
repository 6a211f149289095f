//! Answering for an execution that ended.
//!
//! `rescue` sends the answer that the execution would have sent. It may answer a request that was
//! answered before. That does no harm: the two answers differ at most in what they say of the tasks
//! and their log, and until CloudFormation has read the first, the second PUT overwrites it. It
//! happens in these cases:
//! - Two invocations handle the same execution. Both take the answer from the same history.
//! - The execution was stopped while `respond` was sending its answer. `rescue` takes that answer
//!   from the history.
//! - Another instance of the function has answered for the execution, and a sweep finds it. An
//!   instance remembers only what it has answered or found answered itself.
//! - The execution was stopped after its answer was delivered, and before the history recorded
//!   that.

use std::time::Duration;

use tokio::time::Instant;

use super::found::Found;
use super::leftovers::{LeftoversOfEnded, StoppedTasks};
use super::{INCIDENT_UNANSWERED, RescueError, Rescued, Rescuer};
use crate::clock::after;
use crate::cloudformation::event::{Request, RequestType};
use crate::execution::error::CaughtError;
use crate::execution::reason::{error_in_words, still_running_in_words};
use crate::execution::status::{Execution, ExecutionStatus};
use crate::functions::leftovers::executions::was_superseded;
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;
use crate::times::{
    RESCUE_BUDGET, RESCUE_LATE_REPORT_BUDGET, RESCUE_REPORT_BUDGET, STATE_MACHINE_STOP_PATIENCE,
};

impl Rescuer {
    /// Answers for the execution of whose end an event tells, and counts its run.
    ///
    /// # Errors
    /// As [`answer_for`](Self::answer_for).
    pub(super) async fn answer_ended(
        &self,
        execution_arn: &str,
        status: ExecutionStatus,
    ) -> Result<Rescued, RescueError> {
        let found = self.find(execution_arn, status, false).await?;
        let run = found.run();
        let rescued = self.answer_unless_answered(found).await?;
        // Only now: Lambda repeats an invocation that fails.
        self.responder.count(run);
        Ok(rescued)
    }

    /// Answers, unless the execution's history says that it has been answered. The run is not counted:
    /// another instance of the function may have done so, and the history does not tell.
    ///
    /// `status` is how the execution has ended according to the list that named it.
    ///
    /// # Errors
    /// When Step Functions cannot be asked, when the execution still runs, and when the answer is
    /// not delivered.
    pub(super) async fn answer_for(
        &self,
        execution_arn: &str,
        status: ExecutionStatus,
    ) -> Result<Rescued, RescueError> {
        let found = self.find(execution_arn, status, false).await?;
        self.answer_unless_answered(found).await
    }

    /// Answers for an execution whose time is over, and which could not be ended. The event of its end
    /// counts the run.
    ///
    /// # Errors
    /// When Step Functions cannot be asked, and when the answer is not delivered.
    pub(super) async fn answer_overdue(&self, execution_arn: &str) -> Result<Rescued, RescueError> {
        let status = ExecutionStatus::TimedOut;
        let found = self.find(execution_arn, status, true).await?;
        self.answer_unless_answered(found).await
    }

    async fn answer_unless_answered(&self, found: Found<'_>) -> Result<Rescued, RescueError> {
        let end = Instant::now() + RESCUE_BUDGET;
        let rescued = self.answer_found(&found, end).await?;
        self.answered.remember(found.arn);
        Ok(rescued)
    }

    async fn answer_found(&self, found: &Found<'_>, end: Instant) -> Result<Rescued, RescueError> {
        if found.progress.answer.is_settled() {
            return Ok(Rescued::Nothing);
        }
        let (execution_arn, status) = (found.arn, found.status);
        let (execution, input) = (&found.execution, &found.input);
        let may_follow = found.may_follow;
        let is_given_up = execution.has_request() && self.is_given_up(execution, input);
        if is_given_up {
            tracing::warn!(
                execution = execution_arn,
                "the execution ended without an answer, and so late that CloudFormation has given up; nobody is answered"
            );
        }
        // Before anything else: an answer that was begun is sent as it is, and the state machine
        // had dealt with leftovers before it.
        if let Some(answer) = found.answer_begun() {
            if is_given_up {
                return Ok(Rescued::Nothing);
            }
            log_unanswered(execution_arn, status, execution);
            self.responder.answer(answer).await?;
            return Ok(Rescued::Answered);
        }
        let Ok(request) = serde_json::from_value::<Request>(input["request"].clone()) else {
            if execution.has_request() {
                tracing::warn!(
                    execution = execution_arn,
                    "the execution's request cannot be read; there is nobody to answer"
                );
                return Ok(Rescued::Nothing);
            }
            return Ok(self
                .stop_direct_run(execution_arn, execution, may_follow.then_some(end))
                .await?);
        };
        let task = serde_json::from_value::<TaskSpec>(input["task"].clone()).ok();
        let leftovers = task
            .as_ref()
            .map(|task| self.leftovers_of(request.request_type, task, execution));
        if is_given_up {
            return Ok(match leftovers {
                Some(leftovers) => leftovers.stop_all(may_follow.then_some(end)).await?,
                None => Rescued::Nothing,
            });
        }
        log_unanswered(execution_arn, status, execution);
        let stopped = match &leftovers {
            Some(leftovers) => Some((leftovers, leftovers.stop_before_answering().await)),
            None => None,
        };
        let caught = found.error();
        let reason = match stopped {
            // Nobody reads the Reason of an execution that CloudFormation no longer waits for, nor that
            // of a Delete, which succeeds.
            Some((leftovers, stopped))
                if request.request_type != RequestType::Delete && !was_superseded(execution) =>
            {
                self.reason(&caught, leftovers, &stopped, may_follow).await
            }
            _ => error_in_words(&caught),
        };
        self.answer(&request, &reason, execution).await?;
        if let Some(leftovers) = leftovers.filter(|_| may_follow) {
            leftovers.stop_until_workers_are_informed(end).await;
        }
        Ok(Rescued::Answered)
    }

    /// The Reason: why the execution ended, and what became of its tasks. The look-ups have a limit of
    /// their own, so that they delay the answer by no more than that. `may_follow` says that a worker
    /// may yet launch a task.
    async fn reason(
        &self,
        caught: &CaughtError,
        leftovers: &LeftoversOfEnded<'_>,
        stopped: &StoppedTasks,
        may_follow: bool,
    ) -> String {
        let mut why = error_in_words(caught);
        if !why.ends_with(['.', '?', '!']) {
            why.push('.');
        }
        let task = leftovers.task();
        let told = match &stopped.tasks {
            Ok(tasks) => {
                let end = Instant::now() + self.report_budget(task);
                self.reporter
                    .add_to(&why, task, tasks, leftovers.reason(), end)
                    .await
            }
            Err(error) => format!("{why} Whether it has run a task could not be seen: {error}."),
        };
        let none_ran = |tasks: &Vec<TaskStatus>| !tasks.iter().any(TaskStatus::was_seen_running);
        let followed = if may_follow && stopped.tasks.as_ref().is_ok_and(none_ran) {
            "\nIf a worker that has not heard of the end starts a task after this look, that task is stopped."
        } else {
            ""
        };
        told + followed + &still_running_in_words(stopped.still_running)
    }

    /// How long the tasks of the run may be looked up for the Reason. Long after the deadline
    /// CloudFormation may be about to give up.
    fn report_budget(&self, task: &TaskSpec) -> Duration {
        self.clock
            .until(after(task.deadline, STATE_MACHINE_STOP_PATIENCE))
            .clamp(RESCUE_LATE_REPORT_BUDGET, RESCUE_REPORT_BUDGET)
    }
}

/// Logs that the execution ended without an answer. That is an incident and raises an alarm, unless
/// `start` or `stop` stopped the execution because CloudFormation no longer waits for it.
fn log_unanswered(execution_arn: &str, status: ExecutionStatus, execution: &Execution) {
    if was_superseded(execution) {
        tracing::info!(
            execution = execution_arn,
            "the execution was stopped since CloudFormation had given it up; it is answered now"
        );
    } else {
        tracing::error!(
            incident = INCIDENT_UNANSWERED,
            execution = execution_arn,
            ?status,
            "the execution ended without an answer; it is answered now"
        );
    }
}
