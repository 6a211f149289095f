//! How much time passes between two looks at a task.

use std::time::Duration;

use tokio::time::Instant;

use crate::aws::backoff::jitter;
use crate::aws::budget::ApiBudget;
use crate::aws::ecs::MAX_TASKS_PER_CALL;
use crate::clock::Clock;
use crate::task::status::{Phase, TaskStatus};

/// Time between two looks at a task while there are few tasks.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);
/// A task this close to its deadline is looked at as often as if there were few, or as if it had
/// just begun.
const NEAR_DEADLINE: Duration = Duration::from_secs(30);
/// Pause after a call that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// In a function, a task is looked at every [`SHORTEST_PERIOD`] until it has this age. From then on
/// the period grows evenly, and the end of a run of many minutes is noticed some seconds later.
const YOUNG: Duration = Duration::from_secs(120);
/// A task of this age or more is looked at every [`LONGEST_PERIOD`].
const OLD: Duration = Duration::from_secs(1_200);
/// See [`OLD`].
const LONGEST_PERIOD: Duration = Duration::from_secs(10);
/// In a function, a look may come earlier by this part of the period, at random: functions that
/// were invoked together must not go on asking together.
const JITTER: f64 = 0.2;
/// In a function, the pause after a call that failed is up to this many times [`AFTER_FAILURE`], at
/// random. Were it the same for all functions, those whose turn comes when the account's bucket is
/// empty could miss it time and again.
const LONGEST_PAUSE: f64 = 2.0;

/// By what a watcher decides how often to look.
#[derive(Debug)]
pub(in crate::task_run) enum Pace {
    /// For all runs of a worker, with the budget of one of a few workers: a call describes many
    /// tasks, and the period is what the budget allows.
    AllRuns,
    /// For the one run of a function, with the budget of one of many: each task costs a call of its
    /// own, so that the period follows the budget's rate and the task's age, by this clock.
    OneRun(Clock),
}

impl Pace {
    /// Time between two looks at a young task when so many are watched.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of tasks is far below 2^52"
    )]
    pub(super) fn period(&self, watched: usize, budget: &ApiBudget) -> Duration {
        match self {
            Self::AllRuns => {
                let seconds = watched as f64 / (MAX_TASKS_PER_CALL as f64 * budget.rate());
                SHORTEST_PERIOD.max(Duration::from_secs_f64(seconds))
            }
            // The looks take a tenth of the budget. The rest is for the repetition of those that
            // are throttled, which must not wait as long as the next look would.
            Self::OneRun(_) => SHORTEST_PERIOD.div_f64(budget.part()),
        }
    }

    /// The part of its time after which the next look comes. It is the same for all tasks of a call,
    /// so that they stay together.
    pub(super) fn part(&self) -> f64 {
        match self {
            Self::AllRuns => 1.0,
            Self::OneRun(_) => jitter(1.0 - JITTER),
        }
    }

    /// Time until the next look at a task that is watched since `since` and was seen as `status`.
    /// `period` is that of a young task.
    pub(super) fn until_next(
        &self,
        period: Duration,
        status: Option<&TaskStatus>,
        since: Instant,
        deadline: Instant,
    ) -> Duration {
        let is_near = deadline.saturating_duration_since(Instant::now()) <= NEAR_DEADLINE;
        match self {
            Self::AllRuns if is_near => SHORTEST_PERIOD,
            Self::AllRuns => period,
            Self::OneRun(clock) => {
                // The run's end follows soon on the end of its first container.
                let is_ending = status.is_some_and(|status| {
                    status.phase >= Phase::Stopping || status.stop_code.is_some()
                });
                let started_at = status.and_then(|status| status.started_at);
                // An earlier function may have watched the task before.
                let age = started_at.map_or_else(|| since.elapsed(), |at| clock.since(at));
                let by_age = if is_near || is_ending {
                    SHORTEST_PERIOD
                } else {
                    period_at(age)
                };
                period.max(by_age)
            }
        }
    }

    /// Pause before a look that failed is repeated.
    pub(super) fn after_failure(&self) -> Duration {
        match self {
            Self::AllRuns => AFTER_FAILURE,
            Self::OneRun(_) => AFTER_FAILURE.mul_f64(LONGEST_PAUSE * jitter(1.0 / LONGEST_PAUSE)),
        }
    }
}

/// Time between two looks at a task of this age that nothing else delays.
fn period_at(age: Duration) -> Duration {
    let grown = age
        .saturating_sub(YOUNG)
        .div_duration_f64(OLD.saturating_sub(YOUNG));
    SHORTEST_PERIOD
        + LONGEST_PERIOD
            .saturating_sub(SHORTEST_PERIOD)
            .mul_f64(grown.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_looked_at_every_second_for_two_minutes_and_then_less_and_less_often() {
        for (age, period) in [
            (0, 1.0),
            (120, 1.0),
            (660, 5.5),
            (1_200, 10.0),
            (100_000, 10.0),
        ] {
            assert_eq!(
                period_at(Duration::from_secs(age)),
                Duration::from_secs_f64(period),
                "{age} s"
            );
        }
    }

    #[test]
    fn looks_that_failed_are_repeated_after_one_to_two_seconds() {
        fastrand::seed(1);
        let pace = Pace::OneRun(Clock::system());
        let pauses: Vec<_> = (0..1_000).map(|_| pace.after_failure()).collect();
        let (least, most) = (AFTER_FAILURE, 2 * AFTER_FAILURE);
        assert!(pauses.iter().all(|pause| (least..=most).contains(pause)));
        assert!(pauses.iter().any(|&pause| pause < least + least / 10));
        assert!(pauses.iter().any(|&pause| pause + least / 10 > most));
    }
}
