//! Ending executions that no worker takes: after `ClaimTimeout`, or when their deadline has passed.

use std::time::Duration;

use tokio::time::Instant;

use super::{INCIDENT_NOT_CLAIMED, Rescuer};
use crate::aws::ApiError;
use crate::execution::ended_unanswered::not_claimed;
use crate::execution::error::NOT_CLAIMED;
use crate::execution::history::{Activity, Progress};
use crate::execution::status::ListedExecution;
use crate::times::CLAIM_CHECK_BUDGET;

/// Histories read in one sweep. `GetExecutionHistory` refills at 20 calls a second
/// (`service-quotas`) and a sweep comes every minute: this takes a quarter of that, and leaves the
/// rest to people and to answers.
const MAX_CHECKED: usize = 300;
/// A run whose deadline has passed is ended sooner than `ClaimTimeout`, but not before this wait: a
/// worker that polls would have claimed the run within it, and would report the end itself.
const MIN_WAIT: Duration = Duration::from_secs(20);
/// Events read from the end of each history. They suffice: while an attempt waits or runs, its
/// latest event is the last of the history.
const HISTORY_TAIL: usize = 5;

impl Rescuer {
    /// Stops those of the running executions that no worker has claimed in time. Returns how many
    /// executions were looked at, and how many of those were stopped.
    ///
    /// # Errors
    /// When Step Functions could be asked about none of them.
    pub(super) async fn stop_unclaimed(
        &self,
        running: &[ListedExecution],
    ) -> Result<(usize, usize), ApiError> {
        let end = Instant::now() + CLAIM_CHECK_BUDGET;
        let (requests, others): (Vec<_>, Vec<_>) = running
            .iter()
            .filter(|execution| self.clock.since(execution.started) >= MIN_WAIT)
            .filter(|execution| !self.was_held_lately(execution))
            .partition(|execution| execution.is_called_like_a_request());
        // Executions older than `ClaimTimeout` come before younger ones. Of these, only those whose
        // deadline has passed can be due, so they get what is left of the sweep.
        let is_ripe =
            |execution: &&ListedExecution| self.clock.since(execution.started) >= self.limits.claim;
        let (ripe_requests, young_requests) = requests.into_iter().partition(is_ripe);
        let (ripe, young) = others.into_iter().partition(is_ripe);
        let in_order: [Vec<&ListedExecution>; 4] = [ripe_requests, young_requests, ripe, young];
        let (mut checked, mut stopped, mut failure) = (0, 0, None);
        let minute = usize::try_from(self.clock.now().as_second() / 60).unwrap_or_default();
        for execution in in_turn(&in_order, minute) {
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
            // If every look failed, the invocation fails, so that the dead-letter queue's alarm
            // fires. If some failed, the next sweep looks again.
            Some(error) if checked == 0 => Err(error),
            _ => Ok((checked, stopped)),
        }
    }

    /// Whether a worker had the run so lately that it cannot have waited for another one for
    /// `ClaimTimeout`. Should its deadline pass meanwhile, it is ended at its `answerBy`.
    fn was_held_lately(&self, execution: &ListedExecution) -> bool {
        self.running
            .held(&execution.arn)
            .is_some_and(|seen| self.clock.since(seen) < self.limits.claim)
    }

    async fn stop_if_unclaimed(&self, execution: &ListedExecution) -> Result<bool, ApiError> {
        let events = self
            .state_machine
            .last_events(&execution.arn, HISTORY_TAIL)
            .await?;
        let progress = Progress::of(&events);
        let since = match progress.activity {
            Activity::Waiting { since } => since,
            Activity::Taken { .. } | Activity::GivenToFunction { .. } => {
                self.running.saw_held(&execution.arn, self.clock.now());
                return Ok(false);
            }
            Activity::Unknown | Activity::Ended => return Ok(false),
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
        // A worker may take the run between this look and the stop. The stop makes its token
        // invalid, and the event of the execution's end invokes `rescue`, which stops what the
        // worker has launched.
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

/// The executions that the sweep of this minute reads: of the first list as many as it can, and of
/// each further one what those before it leave room for. Executions that a worker has are among them,
/// since only a history shows that a worker has them.
fn in_turn<T>(lists: &[Vec<T>], minute: usize) -> impl Iterator<Item = &T> {
    lists
        .iter()
        .scan(MAX_CHECKED, move |left, list| {
            let room = *left;
            *left -= list.len().min(room);
            Some(part(list, room, minute))
        })
        .flatten()
}

/// At most `room` elements of the list, taken round in a circle. Each minute's part begins where
/// that of the minute before ended, as long as the list's length and the room stay the same; when
/// one of them changes, the next part begins anywhere.
///
/// A sweep that runs out of time does not reach the rest of its part, and no other sweep reads it
/// before the next round.
fn part<T>(list: &[T], room: usize, minute: usize) -> impl Iterator<Item = &T> {
    let first = if list.len() > room {
        minute.wrapping_mul(room) % list.len()
    } else {
        0
    };
    let (before, after) = list.split_at(first);
    after.iter().chain(before).take(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the sweeps of three minutes read, with this many ripe and young executions.
    fn three_sweeps(ripe: usize, young: usize) -> Vec<Vec<usize>> {
        let all: Vec<_> = (0..ripe + young).collect();
        let (ripe, young) = all.split_at(ripe);
        let minutes = 29_000_000..29_000_003;
        minutes
            .map(|minute| {
                in_turn(&[ripe.to_vec(), young.to_vec()], minute)
                    .copied()
                    .collect()
            })
            .collect()
    }

    #[test]
    fn young_executions_are_read_in_turn_beside_ripe_ones() {
        let sweeps = three_sweeps(200, 300);
        let mut young: Vec<usize> = Vec::new();
        for sweep in &sweeps {
            assert!(sweep[..200].iter().copied().eq(0..200));
            young.extend(&sweep[200..]);
        }
        young.sort_unstable();
        assert_eq!(young, (200..500).collect::<Vec<_>>());
    }

    #[test]
    fn ripe_executions_are_read_in_turn_and_leave_no_room_for_young_ones() {
        let mut read: Vec<_> = three_sweeps(900, 5).concat();
        read.sort_unstable();
        assert_eq!(read, (0..900).collect::<Vec<_>>());
    }

    #[test]
    fn a_sweep_with_room_for_all_reads_all() {
        for sweep in three_sweeps(100, 200) {
            assert_eq!(sweep, (0..300).collect::<Vec<_>>());
        }
        assert_eq!(three_sweeps(0, 0).concat(), Vec::<usize>::new());
    }
}
