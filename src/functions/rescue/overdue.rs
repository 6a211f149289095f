//! Ending executions that still run at their `answerBy`, the instant by which they must have ended in
//! every case: the worker's answer was lost, no worker says how the run went, or the state machine
//! cannot go on.
//!
//! `answerBy` of a request leaves `rescue` a quarter of a minute before CloudFormation gives up. A
//! sweep comes each minute, so that it waits for the instants that come before the next sweep.

use std::future::ready;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

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
use crate::times::answer_by::{OVERDUE_LOOK_AHEAD, RESCUE_END_ATTEMPT, RESCUE_LATE_BUDGET};

/// Inputs read in one sweep. `DescribeExecution` refills at 10 or 15 calls a second
/// (`service-quotas`): this takes a third to a half of that. An instance of the function reads each input once, so
/// that only a new instance with more running executions than this needs several sweeps.
const MAX_DESCRIBED: usize = 300;
/// How many inputs are read at once.
const CONCURRENCY: usize = 8;
/// How many executions are ended at once that have no request's name. Those that have are all ended at
/// once: each has a quarter of a minute, and is not to wait for a call that is not answered.
const OTHERS_AT_ONCE: usize = 8;
/// Events read from the end of the history, which say who has the run.
const HISTORY_TAIL: usize = 5;
/// How long these events are waited for: the execution is ended without them.
const HISTORY_PATIENCE: Duration = Duration::from_secs(1);

/// What one sweep keeps to.
struct Sweep {
    /// What is due by then is ended.
    horizon: Timestamp,
    /// When all must be done.
    end: Instant,
    others: Semaphore,
}

impl Rescuer {
    /// Ends those of the running executions that still run at their `answerBy`, and returns how many.
    /// What fails is logged, and tried again by the next sweep.
    ///
    /// All are ended beside one another, and while inputs are still being read: none waits for a call
    /// that concerns another one.
    pub(super) async fn end_overdue(&self, running: &[ListedExecution]) -> usize {
        let sweep = Sweep {
            horizon: after(self.clock.now(), OVERDUE_LOOK_AHEAD),
            end: Instant::now() + OVERDUE_LOOK_AHEAD + RESCUE_LATE_BUDGET,
            others: Semaphore::new(OTHERS_AT_ONCE),
        };
        let (known, unread): (Vec<_>, Vec<_>) = running
            .iter()
            .partition(|execution| self.running.answer_by(&execution.arn).is_some());
        let read_until = Instant::now() + CLAIM_CHECK_BUDGET;
        // The streams own their executions: the compiler takes no borrowed ones here.
        let read = stream::iter(in_order(unread).into_iter().cloned())
            .map(|execution| self.read_input(execution, read_until))
            .buffer_unordered(CONCURRENCY);
        stream::iter(known.into_iter().cloned())
            .chain(read)
            .map(|execution| self.end_when_due(execution, &sweep))
            // As many as there are: most of them are not due.
            .buffer_unordered(usize::MAX)
            .filter(|was_ended| ready(*was_ended))
            .count()
            .await
    }

    /// Reads the execution's input, unless `end` has passed.
    pub(super) async fn read_input(
        &self,
        execution: ListedExecution,
        end: Instant,
    ) -> ListedExecution {
        if Instant::now() < end {
            match self.state_machine.describe(&execution.arn).await {
                Ok(described) => self
                    .running
                    .remember(&execution.arn, known(&execution, &described)),
                Err(error) => {
                    tracing::warn!(%error, execution = execution.name, "the execution cannot be looked at; the next look is a minute away");
                }
            }
        }
        execution
    }

    /// Waits for the `answerBy` of the execution, if it is known and this sweep's, and then ends the
    /// execution. Returns whether it was ended.
    async fn end_when_due(&self, execution: ListedExecution, sweep: &Sweep) -> bool {
        let answer_by = self.running.answer_by(&execution.arn);
        let Some(answer_by) = answer_by.filter(|answer_by| *answer_by <= sweep.horizon) else {
            return false;
        };
        sleep(self.clock.until(answer_by)).await;
        // Boxed: the future would enlarge that of every execution that is not due.
        let ending = Box::pin(async {
            let _turn = if execution.is_called_like_a_request() {
                None
            } else {
                sweep.others.acquire().await.ok()
            };
            self.end_or_answer(&execution, answer_by).await
        });
        timeout_at(sweep.end, ending).await.unwrap_or_else(|_| {
            tracing::error!(
                execution = execution.name,
                "the execution still runs though its time is over, and could not be ended in time; the next sweep tries again"
            );
            false
        })
    }

    /// Ends the execution, or answers for it if that cannot be done. Returns whether it was ended.
    async fn end_or_answer(&self, execution: &ListedExecution, answer_by: Timestamp) -> bool {
        let ending = timeout(
            RESCUE_END_ATTEMPT,
            self.end_if_running(execution, answer_by),
        );
        match ending.await {
            Ok(Ok(was_ended)) => return was_ended,
            Ok(Err(error)) => {
                tracing::error!(%error, execution = execution.name, "the execution still runs though its time is over, and cannot be ended");
            }
            Err(_) => tracing::error!(
                execution = execution.name,
                "the execution still runs though its time is over, and Step Functions does not answer in time for it to be ended"
            ),
        }
        self.answer_while_it_runs(execution).await;
        false
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
        let reading = self.state_machine.last_events(&execution.arn, HISTORY_TAIL);
        let problem = match timeout(HISTORY_PATIENCE, reading).await {
            Ok(Ok(events)) => Ok(events),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("Step Functions did not answer in time".to_owned()),
        };
        let events = problem.unwrap_or_else(|error| {
            tracing::warn!(
                error,
                execution = execution.name,
                "who has the run cannot be seen; the execution is ended all the same"
            );
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
        match self.answer_overdue(&execution.arn).await {
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

/// The executions in the order in which their inputs are read, of those that run, newest first: a
/// stack waits for what is called like a request. Of the others, the oldest are the first that can be
/// due. What there is no room for is left to the next sweeps.
fn in_order(unread: Vec<&ListedExecution>) -> Vec<&ListedExecution> {
    let (mut ordered, others): (Vec<_>, Vec<_>) = unread
        .into_iter()
        .partition(|execution| execution.is_called_like_a_request());
    ordered.extend(others.into_iter().rev());
    if ordered.len() > MAX_DESCRIBED {
        tracing::warn!(
            left = ordered.len() - MAX_DESCRIBED,
            "more executions run than one look can read; the next ones go on with them"
        );
        ordered.truncate(MAX_DESCRIBED);
    }
    ordered
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
            begun: input
                .request
                .filter(|request| request.wait_condition_handle.is_some())
                .map(Box::new),
        },
        None => KnownInput {
            answer_by: Timestamp::MAX,
            deployment: None,
            begun: None,
        },
    }
}
