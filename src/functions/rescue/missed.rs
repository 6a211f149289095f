//! Answering for executions whose end nobody told: EventBridge gets the status changes of
//! executions as best effort ("AWS Step Functions events", Amazon EventBridge Events Reference).

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::{RescueError, Rescued, Rescuer};
use crate::aws::step_functions::EndedExecution;
use crate::clock::{after, before};
use crate::execution::history::{Answer, Progress};
use crate::times::{EVENT_GRACE, LONGEST_EXECUTION, SWEEP_INTERVAL};

/// For this long an execution is looked for: many looks, a minute apart, and the attempts that
/// Lambda makes of one that failed.
const SEARCH_SPAN: Duration = Duration::from_mins(15);
/// Histories read in one look, as many as are read of executions that wait; the quota is the same.
const MAX_CHECKED: usize = 300;
/// At once: most of the time leftover tasks are waited for.
const CONCURRENCY: usize = 8;
/// Events read of each history: an answer that was given is followed by the execution's last state.
const HISTORY_TAIL: usize = 5;

/// What came of one execution.
enum Checked {
    WasAnswered,
    AnsweredNow,
    /// There was no time for it.
    OutOfTime,
}

impl Rescuer {
    /// Answers how many executions were answered for. After `end` no answer is begun.
    ///
    /// An answer that cannot be given is an error of the last look that finds its execution only.
    /// Before, another look follows, and each of them would be repeated and fill the dead-letter
    /// queue.
    ///
    /// # Errors
    /// When Step Functions could be asked about none of them, or an answer could not be given to
    /// the end.
    pub(super) async fn answer_missed(&self, end: Instant) -> Result<usize, RescueError> {
        let now = self.clock.now();
        let earliest = before(now, EVENT_GRACE + SEARCH_SPAN);
        let latest = before(now, EVENT_GRACE);
        let mut ended = self
            .state_machine
            .ended_without_success(before(earliest, LONGEST_EXECUTION))
            .await?;
        // What is known to be answered makes room for the rest.
        ended.retain(|execution| {
            execution.ended > earliest
                && execution.ended <= latest
                && !self.answered.contains(&execution.arn)
        });
        let all = ended.len();
        ended.truncate(MAX_CHECKED);
        let (mut answered, mut looked, mut left) = (0, 0, all - ended.len());
        let (mut failure, mut given_up) = (None, None);
        let mut looks = stream::iter(
            ended
                .into_iter()
                .map(|execution| self.look_at(execution, end)),
        )
        .buffer_unordered(CONCURRENCY);
        while let Some((execution, found)) = looks.next().await {
            match found {
                Ok(Checked::WasAnswered) => looked += 1,
                Ok(Checked::AnsweredNow) => {
                    looked += 1;
                    answered += 1;
                }
                Ok(Checked::OutOfTime) => left += 1,
                Err(error) => {
                    tracing::error!(%error, execution = execution.arn, "the execution may have ended without an answer, and cannot be answered for now");
                    match error {
                        RescueError::Api(_) => failure = Some(error),
                        _ if execution.ended <= after(earliest, SWEEP_INTERVAL) => {
                            given_up = Some(error)
                        }
                        _ => looked += 1,
                    }
                }
            }
        }
        if left > 0 {
            tracing::warn!(
                left,
                "more executions ended than one look can read; the next ones go on with them"
            );
        }
        match (given_up, failure) {
            (Some(error), _) => Err(error),
            (None, Some(error)) if looked == 0 => Err(error),
            _ => Ok(answered),
        }
    }

    async fn look_at(
        &self,
        execution: EndedExecution,
        end: Instant,
    ) -> (EndedExecution, Result<Checked, RescueError>) {
        let found = self.answer_if_missed(&execution, end).await;
        (execution, found)
    }

    async fn answer_if_missed(
        &self,
        execution: &EndedExecution,
        end: Instant,
    ) -> Result<Checked, RescueError> {
        if Instant::now() >= end {
            return Ok(Checked::OutOfTime);
        }
        let events = self
            .state_machine
            .last_events(&execution.arn, HISTORY_TAIL)
            .await?;
        if Progress::of(&events).answer == Answer::Given {
            self.answered.remember(&execution.arn);
            return Ok(Checked::WasAnswered);
        }
        if Instant::now() >= end {
            return Ok(Checked::OutOfTime);
        }
        tracing::warn!(
            execution = execution.arn,
            "the event of the execution's end may not have brought its answer; it is looked after"
        );
        let rescued = self.answer_for(&execution.arn, execution.status).await?;
        Ok(if rescued == Rescued::Answered {
            Checked::AnsweredNow
        } else {
            Checked::WasAnswered
        })
    }
}
