//! Ending executions that no worker takes: after `ClaimTimeout`, or when their deadline has passed.

use std::time::Duration;

use tokio::time::Instant;

use super::{INCIDENT_NOT_CLAIMED, Rescuer};
use crate::aws::ApiError;
use crate::aws::step_functions::RunningExecution;
use crate::execution::ended_unanswered::not_claimed;
use crate::execution::error::NOT_CLAIMED;
use crate::execution::history::{Activity, Progress};
use crate::times::CLAIM_CHECK_BUDGET;

/// Histories read in one sweep. `GetExecutionHistory` refills at 20 calls a second
/// (`service-quotas`) and a sweep comes every minute: this takes a quarter of that, and leaves the
/// rest to people and to answers.
const MAX_CHECKED: usize = 300;
/// A run whose deadline has passed is ended sooner than `ClaimTimeout`, but not before a fleet that
/// is there would have taken it: a worker then says how the run ended.
const MIN_WAIT: Duration = Duration::from_secs(20);
/// Events read from the end of each history: while an attempt waits or runs, its own last event is
/// the history's last.
const HISTORY_TAIL: usize = 5;

impl Rescuer {
    /// Gives how many executions were looked at, and how many of those were stopped.
    ///
    /// # Errors
    /// When Step Functions could be asked about none of them.
    pub(super) async fn stop_unclaimed(&self) -> Result<(usize, usize), ApiError> {
        let end = Instant::now() + CLAIM_CHECK_BUDGET;
        let mut running = self.state_machine.running().await?;
        running.retain(|execution| self.clock.since(execution.started) >= MIN_WAIT);
        // First those that have waited for `ClaimTimeout`. The others only have to be looked at for
        // their deadline, as far as there is time.
        let (ripe, young): (Vec<_>, Vec<_>) = running
            .into_iter()
            .partition(|execution| self.clock.since(execution.started) >= self.limits.claim);
        let (mut checked, mut stopped, mut failure) = (0, 0, None);
        for execution in self
            .in_turn(&ripe)
            .chain(self.in_turn(&young))
            .take(MAX_CHECKED)
        {
            if Instant::now() >= end {
                break;
            }
            match self.stop_if_unclaimed(execution).await {
                Ok(was_stopped) => {
                    checked += 1;
                    stopped += usize::from(was_stopped);
                }
                Err(error) => {
                    tracing::warn!(%error, execution = execution.name, "the execution cannot be looked at; the next look is a minute away");
                    failure = Some(error);
                }
            }
        }
        match failure {
            // If every look failed, fail the invocation, so that the dead-letter queue's alarm
            // fires. If some failed, the next sweep looks again.
            Some(error) if checked == 0 => Err(error),
            _ => Ok((checked, stopped)),
        }
    }

    /// Where more executions run than one sweep can read, each sweep begins where the one before
    /// ended. Those that a worker has are read as well: only a history tells which they are.
    fn in_turn<'e>(
        &self,
        running: &'e [RunningExecution],
    ) -> impl Iterator<Item = &'e RunningExecution> {
        let minute = usize::try_from(self.clock.now().as_second() / 60).unwrap_or_default();
        let first = minute.wrapping_mul(MAX_CHECKED) % running.len().max(1);
        let (later, earlier) = running.split_at(if running.len() > MAX_CHECKED {
            first
        } else {
            0
        });
        earlier.iter().chain(later)
    }

    async fn stop_if_unclaimed(&self, execution: &RunningExecution) -> Result<bool, ApiError> {
        let events = self
            .state_machine
            .last_events(&execution.arn, HISTORY_TAIL)
            .await?;
        let progress = Progress::of(&events);
        let Activity::Waiting { since } = progress.activity else {
            return Ok(false);
        };
        let waited = self.clock.since(since);
        let is_too_late = waited >= MIN_WAIT
            && progress
                .deadline
                .is_some_and(|deadline| deadline <= self.clock.now());
        if waited < self.limits.claim && !is_too_late {
            return Ok(false);
        }
        let waited = waited.min(self.limits.claim);
        // A worker may take the run between this look and the stop. Its token is void then, and the
        // end of the execution brings the rescue that stops what the worker has launched.
        self.state_machine
            .stop(&execution.arn, NOT_CLAIMED, &not_claimed(waited))
            .await?;
        tracing::error!(
            incident = INCIDENT_NOT_CLAIMED,
            execution = execution.name,
            waited_s = waited.as_secs(),
            "no worker took the run; it is given up"
        );
        Ok(true)
    }
}
