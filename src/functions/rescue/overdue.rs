//! Ending executions that still run at their `answerBy`, the instant by which they must have ended in
//! every case: the worker's answer was lost, no worker says how the run went, or the state machine
//! cannot go on.
//!
//! `answerBy` of a request leaves `rescue` a quarter of a minute before CloudFormation gives up. A
//! sweep comes each minute, so that it waits for the instants that come before the next sweep.

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::Rescuer;
use super::running::KnownInput;
use crate::aws::ApiError;
use crate::clock::after;
use crate::execution::direct::DirectExecution;
use crate::execution::ended_unanswered::error_of;
use crate::execution::history::Progress;
use crate::execution::input::ExecutionInput;
use crate::execution::status::{Execution, ExecutionStatus, ListedExecution};
use crate::times::CLAIM_CHECK_BUDGET;
use crate::times::answer_by::{OVERDUE_LOOK_AHEAD, RESCUE_LATE_BUDGET};

/// Inputs read in one sweep. `DescribeExecution` refills at 10 or 15 calls a second
/// (`service-quotas`): this takes a third to a half of that. An instance of the function reads each input once, so
/// that only a new instance with more running executions than this needs several sweeps.
const MAX_DESCRIBED: usize = 300;
/// How many inputs are read at once.
const CONCURRENCY: usize = 8;
/// Events read from the end of the history, which say who has the run.
const HISTORY_TAIL: usize = 5;

impl Rescuer {
    /// Ends those of the running executions that still run at their `answerBy`, and returns how many.
    /// What fails is logged, and tried again by the next sweep.
    pub(super) async fn end_overdue(&self, running: &[ListedExecution]) -> usize {
        let horizon = after(self.clock.now(), OVERDUE_LOOK_AHEAD);
        let mut due: Vec<_> = running
            .iter()
            .filter_map(|execution| Some((self.running.answer_by(&execution.arn)?, execution)))
            .filter(|(answer_by, _)| *answer_by <= horizon)
            .collect();
        due.sort_unstable_by_key(|(answer_by, _)| *answer_by);
        let mut ended = 0;
        for (answer_by, execution) in due {
            sleep(self.clock.until(answer_by)).await;
            match self.end_if_running(execution, answer_by).await {
                Ok(was_ended) => ended += usize::from(was_ended),
                Err(error) => {
                    tracing::error!(%error, execution = execution.name, "the execution still runs though its time is over, and cannot be ended");
                    self.answer_while_it_runs(execution).await;
                }
            }
        }
        ended
    }

    /// Reads the inputs that this instance has not read, oldest execution first.
    pub(super) async fn read_inputs(&self, running: &[ListedExecution]) {
        let end = Instant::now() + CLAIM_CHECK_BUDGET;
        let unread: Vec<_> = running
            .iter()
            .rev()
            .filter(|execution| self.running.answer_by(&execution.arn).is_none())
            .collect();
        if unread.len() > MAX_DESCRIBED {
            tracing::warn!(
                left = unread.len() - MAX_DESCRIBED,
                "more executions run than one look can read; the next ones go on with them"
            );
        }
        stream::iter(unread.into_iter().take(MAX_DESCRIBED))
            .for_each_concurrent(CONCURRENCY, |execution| async move {
                if Instant::now() >= end {
                    return;
                }
                match self.state_machine.describe(&execution.arn).await {
                    Ok(described) => self
                        .running
                        .remember(&execution.arn, known(execution, &described)),
                    Err(error) => {
                        tracing::warn!(%error, execution = execution.name, "the execution cannot be looked at; the next look is a minute away");
                    }
                }
            })
            .await;
    }

    /// Ends the execution. Its end reaches `rescue` as an event, which stops its tasks and, for a
    /// request, answers.
    async fn end_if_running(
        &self,
        execution: &ListedExecution,
        answer_by: Timestamp,
    ) -> Result<bool, ApiError> {
        let described = self.state_machine.describe(&execution.arn).await?;
        if described.status != ExecutionStatus::Running {
            self.running.forget(&execution.arn);
            return Ok(false);
        }
        let events = self
            .state_machine
            .last_events(&execution.arn, HISTORY_TAIL)
            .await;
        let events = events.unwrap_or_else(|error| {
            tracing::warn!(%error, execution = execution.name, "who has the run cannot be seen; the execution is ended all the same");
            Vec::new()
        });
        let why = error_of(
            ExecutionStatus::TimedOut,
            &described,
            &Progress::of(&events).activity,
        );
        self.state_machine
            .stop(&execution.arn, &why.error, &why.cause)
            .await?;
        self.running.forget(&execution.arn);
        tracing::warn!(
            execution = execution.name,
            %answer_by,
            error = why.error,
            "the run had not ended when its time was over; it is ended"
        );
        Ok(true)
    }

    /// Answers for an execution that cannot be ended: CloudFormation is about to give up. A worker that
    /// takes the run from now on launches nothing, since its deadline has passed.
    async fn answer_while_it_runs(&self, execution: &ListedExecution) {
        if self.answered.contains(&execution.arn) {
            return;
        }
        let end = Instant::now() + RESCUE_LATE_BUDGET;
        match self.answer_overdue(&execution.arn, end).await {
            Ok(rescued) => {
                tracing::warn!(
                    execution = execution.name,
                    ?rescued,
                    "the execution runs on"
                );
            }
            Err(error) => {
                tracing::error!(%error, execution = execution.name, "the execution could not be answered for either");
            }
        }
    }
}

/// What the execution's input says, or what its properties come to. An input that runs nothing, or that
/// a task runner does not know, says nothing.
fn known(execution: &ListedExecution, described: &Execution) -> KnownInput {
    let direct = DirectExecution {
        arn: &execution.arn,
        started: described.started,
    };
    match ExecutionInput::read(direct, &described.input) {
        Some(input) => KnownInput {
            answer_by: input.answer_by(),
            deployment: input.deployment,
        },
        None => KnownInput {
            answer_by: Timestamp::MAX,
            deployment: None,
        },
    }
}
