//! Answering for executions whose end no event reported: Step Functions sends EventBridge the
//! status changes of executions as best effort ("AWS Step Functions events", Amazon EventBridge
//! Events Reference).

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::{RescueError, Rescued, Rescuer};
use crate::aws::step_functions::EndedExecution;
use crate::clock::{after, before};
use crate::execution::history::Progress;
use crate::times::{EVENT_GRACE, LONGEST_EXECUTION, SWEEP_INTERVAL};

/// For how long after [`EVENT_GRACE`] sweeps look for an execution. That is long enough for many
/// sweeps, and for Lambda to repeat one that failed.
const SEARCH_SPAN: Duration = Duration::from_mins(15);
/// Histories read in one sweep: as many as for unclaimed runs, which use the same quota.
const MAX_CHECKED: usize = 300;
/// How many executions a sweep answers for at once. Most of the time of each is spent waiting for
/// its leftover tasks to stop.
const CONCURRENCY: usize = 8;
/// Events read from the end of each history. They suffice, since only the execution's last state
/// follows an answer that was given.
const HISTORY_TAIL: usize = 5;

/// What a look at one execution found.
enum Checked {
    WasAnswered,
    AnsweredNow,
    /// The sweep's time was over before the execution was answered for.
    OutOfTime,
}

impl Rescuer {
    /// Answers for executions whose event was lost, and returns how many. After `end` it begins no
    /// answer.
    ///
    /// An answer that cannot be given fails only the last sweep that looks for its execution; after
    /// every other one, the next sweep tries again. If each of them failed, Lambda would repeat
    /// each, and each would go to the dead-letter queue.
    ///
    /// # Errors
    /// When Step Functions could be asked about none of them, or an answer still failed in the last
    /// sweep that looks for its execution.
    pub(super) async fn answer_lost_events(&self, end: Instant) -> Result<usize, RescueError> {
        let now = self.clock.now();
        let earliest = before(now, EVENT_GRACE + SEARCH_SPAN);
        let latest = before(now, EVENT_GRACE);
        let mut ended = self
            .state_machine
            .ended_without_success(before(earliest, LONGEST_EXECUTION))
            .await?;
        // Executions known to be answered are left out before the list is cut to MAX_CHECKED.
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
                .map(|execution| self.check(execution, end)),
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
                            given_up = Some(error);
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

    async fn check(
        &self,
        execution: EndedExecution,
        end: Instant,
    ) -> (EndedExecution, Result<Checked, RescueError>) {
        let found = self.answer_if_event_was_lost(&execution, end).await;
        (execution, found)
    }

    async fn answer_if_event_was_lost(
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
        if Progress::of(&events).answer.is_settled() {
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
