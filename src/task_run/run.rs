//! One run: from launch or adoption to the end of every task.

use std::time::Duration;

use futures_util::future::{join_all, select_all};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::TaskRunner;
use super::report::LOOKUP_TIMEOUT;
use super::tracked::{TaskState, Tracked, WhyUnseen};
use super::watcher::View;
use crate::aws::backoff::Backoff;
use crate::aws::ecs::{Placement, RunTaskError};
use crate::task::error::ErrorName;
use crate::task::judgement::{Criteria, Verdict, judge};
use crate::task::outcome::{Failure, Output};
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;
use crate::task::status::{Phase, TaskStatus};

/// Pauses before a relaunch.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Pause before a call that failed is repeated.
pub(super) const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How the waiting ended. Words are found for it afterwards: looking up logs must not race with the
/// deadline.
#[derive(Debug)]
pub(super) enum RunEnd {
    Succeeded,
    /// The task of this index did not succeed.
    Ended(usize),
    /// The tasks could not be launched.
    Failed(Failure),
    /// The deadline passed on the calendar, though not on this machine's own clock.
    Late,
}

/// One run in progress.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) runner: &'a TaskRunner,
    pub(super) spec: &'a TaskSpec,
    pub(super) redaction: Redaction,
    pub(super) began: Instant,
    pub(super) deadline: Instant,
    pub(super) tasks: Vec<Tracked>,
    /// Number of the next client token; see [`crate::cloudformation::identity::launch_token`].
    pub(super) next_token: u32,
    /// A `RunTask` under way. It is never dropped: a call whose answer nobody takes can leave a
    /// task that nobody knows.
    pub(super) launching: Option<JoinHandle<Result<Placement, RunTaskError>>>,
    /// A launch got no answer and may have taken effect.
    pub(super) uncertain: bool,
    /// What the run last waited for before it could launch, for the reason of a deadline.
    pub(super) waiting_for: Option<String>,
}

impl<'a> Run<'a> {
    pub(super) fn new(runner: &'a TaskRunner, spec: &'a TaskSpec) -> Self {
        let began = Instant::now();
        Self {
            runner,
            spec,
            redaction: Redaction::of(&spec.overrides),
            began,
            deadline: began + runner.clock.until(spec.deadline),
            tasks: Vec::new(),
            next_token: 0,
            launching: None,
            uncertain: false,
            waiting_for: None,
        }
    }

    /// Launches or adopts, waits, judges; at the deadline, stops.
    pub(super) async fn execute(mut self) -> Result<Output, Failure> {
        if self.spec.task_count() == 0 {
            return Ok(Output::skipped("Count is 0"));
        }
        // Whoever comes after the deadline launches nothing.
        let is_late = self.deadline <= self.began;
        let decision = if is_late {
            None
        } else {
            timeout_at(self.deadline, self.decide()).await.ok()
        };
        let decision = match decision {
            Some(RunEnd::Succeeded) => decision,
            Some(RunEnd::Late) => {
                self.deadline = Instant::now();
                self.stop_at_deadline().await
            }
            Some(_) => {
                self.stop_after_failure().await;
                decision
            }
            None => self.stop_at_deadline().await,
        };
        match decision {
            Some(RunEnd::Succeeded) => Ok(self.output().await),
            Some(RunEnd::Ended(index)) => Err(self.failure(index).await),
            Some(RunEnd::Failed(failure)) => Err(failure),
            Some(RunEnd::Late) | None => Err(self.deadline_failure().await),
        }
    }

    async fn decide(&mut self) -> RunEnd {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        if let Err(why) = self.launch_what_is_missing().await {
            return why.into();
        }
        loop {
            if self.live().next().is_none() {
                return self.incomplete().map_or(RunEnd::Succeeded, RunEnd::Failed);
            }
            let Some(index) = self.next_ending().await else {
                continue;
            };
            if !self.may_relaunch(index) {
                return RunEnd::Ended(index);
            }
            self.tasks[index].state = TaskState::Replaced;
            let last_seen = self.tasks[index].last_seen.as_ref();
            let reason = last_seen
                .and_then(|status| status.stopped_reason.as_deref())
                .unwrap_or("it stopped before any container started");
            let reason = self.redaction.apply(reason);
            // An earlier worker may have waited already: the pause counts from the task's end.
            let ended = last_seen
                .and_then(|status| status.stopped_at)
                .map_or(Duration::ZERO, |at| self.runner.clock.since(at));
            let pause = backoff.pause().saturating_sub(ended);
            tracing::warn!(
                task = self.tasks[index].arn,
                reason,
                pause_ms = pause.as_millis(),
                "a task ended before any container started; it is launched again"
            );
            self.waiting_for = Some(reason);
            sleep(pause).await;
            if let Err(why) = self.launch_what_is_missing().await {
                return why.into();
            }
        }
    }

    /// Whether the deadline has passed on the calendar. The clock that timers run on stands still
    /// while a machine is suspended.
    pub(super) fn is_late(&self) -> bool {
        self.runner.clock.until(self.spec.deadline).is_zero()
    }

    /// The failure of a run that has fewer tasks than it should.
    pub(super) fn incomplete(&self) -> Option<Failure> {
        let missing = self.missing();
        (missing > 0).then(|| {
            let (placed, count) = (self.placed_count(), self.spec.task_count());
            let what = format!(
                "ECS started {placed} of {count} tasks and gave no reason for the other {missing}"
            );
            Failure::new(
                ErrorName::Failed,
                format!(
                    "{what}; {} in cluster '{}'.",
                    self.spec.task_definition, self.spec.cluster
                ),
            )
        })
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Tracked> {
        self.tasks
            .iter()
            .filter(|task| matches!(task.state, TaskState::Live))
    }

    /// How many tasks are still to be launched.
    pub(super) fn missing(&self) -> usize {
        self.spec.task_count().saturating_sub(self.placed_count())
    }

    fn placed_count(&self) -> usize {
        self.tasks
            .iter()
            .filter(|task| !matches!(task.state, TaskState::Replaced))
            .count()
    }

    fn may_relaunch(&self, index: usize) -> bool {
        let task = &self.tasks[index];
        // StartTask has no token under which a relaunch could be found again.
        self.spec.retry_start_failures
            && self.spec.instances.is_empty()
            && matches!(&task.state, TaskState::Ended(ending) if ending.may_pass)
            && !task.may_have_started
    }

    /// Takes responsibility for tasks. `may_have_started` says that they are never to be launched
    /// again, whatever is seen of them.
    pub(super) fn track(&mut self, arns: impl IntoIterator<Item = String>, may_have_started: bool) {
        for arn in arns {
            if self.tasks.iter().any(|task| task.arn == arn) {
                continue;
            }
            if self.tasks.is_empty() {
                tracing::Span::current().record("task", arn.as_str());
            }
            tracing::info!(task = arn, "waiting for the task to end");
            let view = self
                .runner
                .watcher
                .watch(&self.spec.cluster, &arn, self.deadline);
            self.tasks.push(Tracked {
                arn,
                may_have_started,
                view,
                last_seen: None,
                unseen: None,
                state: TaskState::Live,
            });
        }
    }

    /// Waits until something becomes known of a live task. Gives its index when it has ended, other
    /// than in success.
    pub(super) async fn next_ending(&mut self) -> Option<usize> {
        let index = self.next_change().await;
        let view = self.tasks[index].view.borrow_and_update().clone();
        let status = match view {
            View::Unseen => return None,
            View::Unanswered(then) => {
                self.tasks[index].not_answered(then);
                return None;
            }
            View::Missing => return self.not_seen(index, WhyUnseen::Missing),
            View::Refused(error) => return self.not_seen(index, WhyUnseen::Refused(error)),
            View::Seen(status) => status,
        };
        let task = &mut self.tasks[index];
        task.may_have_started |= status.was_seen_running();
        task.unseen = None;
        task.last_seen = Some(status.clone());
        if status.phase != Phase::Stopped {
            return None;
        }
        // This is the last news of it. If the judging is cut short by the deadline, it must be news
        // again.
        task.view.mark_changed();
        let criteria = self.criteria(&status).await;
        self.conclude(index, status, &criteria)
    }

    /// Judges the tasks that have stopped by what is known of them now.
    pub(super) async fn judge_what_has_stopped(&mut self) {
        let is_live = |(_, task): &(usize, &Tracked)| matches!(task.state, TaskState::Live);
        let stopped = self
            .tasks
            .iter()
            .enumerate()
            .filter(is_live)
            .filter_map(|(index, task)| match &*task.view.borrow() {
                View::Seen(status) if status.phase == Phase::Stopped => {
                    Some((index, status.clone()))
                }
                _ => None,
            });
        let stopped: Vec<_> = stopped.collect();
        let criteria = join_all(stopped.iter().map(|(_, status)| self.criteria(status))).await;
        for ((index, status), criteria) in stopped.into_iter().zip(criteria) {
            self.tasks[index].last_seen = Some(status.clone());
            self.conclude(index, status, &criteria);
        }
    }

    /// Takes a stopped task's end for what it is. Gives its index when it did not succeed.
    fn conclude(&mut self, index: usize, status: TaskStatus, criteria: &Criteria) -> Option<usize> {
        match judge(&status, criteria) {
            Verdict::Succeeded {
                container,
                exit_code,
            } => {
                self.tasks[index].state = TaskState::Succeeded {
                    status: Box::new(status),
                    container,
                    exit_code,
                };
                None
            }
            // Found by name, among tasks that an earlier worker launched in its place.
            Verdict::Ended(ending)
                if ending.error == ErrorName::NotStarted
                    && self.placed_count() > self.spec.task_count() =>
            {
                self.tasks[index].state = TaskState::Replaced;
                None
            }
            Verdict::Ended(ending) => {
                self.tasks[index].state = TaskState::Ended(ending);
                Some(index)
            }
        }
    }

    fn not_seen(&mut self, index: usize, why: WhyUnseen) -> Option<usize> {
        let task = &mut self.tasks[index];
        task.not_seen(why);
        if task.given_up_at().is_none_or(|at| at > Instant::now()) {
            return None;
        }
        task.state = TaskState::Ended(task.given_up());
        Some(index)
    }

    /// Index of a live task of which there is news, or which has not been seen for too long.
    async fn next_change(&mut self) -> usize {
        let given_up = self
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| matches!(task.state, TaskState::Live))
            .filter_map(|(index, task)| Some((task.given_up_at()?, index)))
            .min();
        let changes = self
            .tasks
            .iter_mut()
            .enumerate()
            .filter(|(_, task)| matches!(task.state, TaskState::Live))
            .map(|(index, task)| {
                Box::pin(async move {
                    if task.view.changed().await.is_err() {
                        // The watcher lives as long as the runner; without it there is no news, and
                        // the deadline ends the run.
                        std::future::pending::<()>().await;
                    }
                    index
                })
            });
        let change = select_all(changes);
        match given_up {
            Some((at, unseen)) => tokio::select! {
                biased;
                (index, _, _) = change => index,
                () = sleep_until(at) => unseen,
            },
            None => change.await.0,
        }
    }

    async fn criteria(&self, status: &TaskStatus) -> Criteria {
        let containers = if !self.spec.containers.is_empty() {
            Some(self.spec.containers.clone())
        } else if status.containers.len() > 1 {
            // Only the definition tells essential containers from sidecars. Without it all of them
            // count.
            let patience =
                LOOKUP_TIMEOUT.max(self.deadline.saturating_duration_since(Instant::now()));
            let essential = timeout(patience, async {
                loop {
                    match self.look_up_definition(status).await {
                        Ok(definition) => return Some(definition.essential()),
                        Err(error) if error.may_pass() => sleep(RETRY_PAUSE).await,
                        Err(_) => return None,
                    }
                }
            });
            essential.await.ok().flatten()
        } else {
            None
        };
        Criteria {
            containers,
            success_exit_codes: self.spec.success_exit_codes.clone(),
        }
    }
}
