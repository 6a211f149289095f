//! The tasks that a run is responsible for: what is known of each, and how each has ended.
//!
//! This module does not know how tasks are launched (`launch`) and stopped (`stop`).

mod tracked;

use std::time::Duration;

use futures_util::future::{join_all, select_all};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::definitions::TaskDefinitions;
use super::watcher::{View, Watcher};
use crate::task::error::ErrorName;
use crate::task::judgement::{Criteria, Verdict, is_decided, judge, may_be_decided};
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;
use crate::times::LOOKUP_TIMEOUT;

use tracked::WhyUnseen;
pub(super) use tracked::{TaskState, Tracked};

/// Pause before a call that failed is repeated.
pub(super) const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The tasks of one run.
#[derive(Debug)]
pub(super) struct Tasks<'a> {
    spec: &'a TaskSpec,
    watcher: &'a Watcher,
    definitions: &'a TaskDefinitions,
    deadline: Instant,
    tracked: Vec<Tracked>,
}

impl<'a> Tasks<'a> {
    /// No tasks yet, of a run that must have ended by `deadline`.
    pub(super) fn new(
        spec: &'a TaskSpec,
        watcher: &'a Watcher,
        definitions: &'a TaskDefinitions,
        deadline: Instant,
    ) -> Self {
        Self {
            spec,
            watcher,
            definitions,
            deadline,
            tracked: Vec::new(),
        }
    }

    /// When the run's deadline comes, by this machine's timers.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Moves the deadline to this moment, for a run whose deadline has passed by the wall clock
    /// while timers stood still. The watcher keeps the old deadline, by which it decides only which
    /// tasks to look at more often.
    pub(super) fn move_deadline_to_now(&mut self) {
        self.deadline = Instant::now();
    }

    /// Takes responsibility for tasks, and has the watcher watch them. With `no_relaunch` no other
    /// task may take their place, whatever ECS shows of them later: a container of theirs may have
    /// run, or this worker does not know the token of their next launch.
    pub(super) fn track(&mut self, arns: impl IntoIterator<Item = String>, no_relaunch: bool) {
        for arn in arns {
            if self.has(&arn) {
                continue;
            }
            if self.tracked.is_empty() {
                tracing::Span::current().record("task", arn.as_str());
            }
            tracing::info!(task = arn, "waiting for the task to end");
            let view = self.watcher.watch(&self.spec.cluster, &arn, self.deadline);
            self.tracked.push(Tracked::new(arn, no_relaunch, view));
        }
    }

    /// Every task that was ever tracked, in the order of tracking.
    pub(super) fn all(&self) -> &[Tracked] {
        &self.tracked
    }

    /// Whether a task of this ARN was ever tracked.
    pub(super) fn has(&self, arn: &str) -> bool {
        self.tracked.iter().any(|task| task.arn == arn)
    }

    /// Whether any task is not yet known to have ended.
    pub(super) fn any_live(&self) -> bool {
        self.tracked.iter().any(Tracked::is_live)
    }

    /// How many tasks count for the run: a task that another one replaced does not.
    pub(super) fn placed_count(&self) -> usize {
        self.tracked
            .iter()
            .filter(|task| !matches!(task.state, TaskState::Replaced))
            .count()
    }

    /// How many tasks are still to be launched.
    pub(super) fn missing(&self) -> usize {
        self.spec.task_count().saturating_sub(self.placed_count())
    }

    /// Whether every task of the run has succeeded.
    pub(super) fn all_succeeded(&self) -> bool {
        let succeeded = |task: &&Tracked| matches!(task.state, TaskState::Succeeded { .. });
        self.tracked.iter().filter(succeeded).count() == self.spec.task_count()
    }

    /// Index of a task that ended without success and not through `StopTask`. A task that was given
    /// up, because ECS no longer showed it, is among them.
    pub(super) fn failed_by_itself(&self) -> Option<usize> {
        self.tracked.iter().position(|task| {
            matches!(task.state, TaskState::Ended(_)) && !task.was_stopped_by_somebody()
        })
    }

    /// Whether another task may take the place of this one, which has ended.
    pub(super) fn may_relaunch(&self, index: usize) -> bool {
        let task = &self.tracked[index];
        // Tasks on named instances are launched with StartTask. It takes no client token, so a worker
        // that repeats an unanswered relaunch could start a second task.
        self.spec.retry_start_failures
            && self.spec.instances.is_empty()
            && matches!(&task.state, TaskState::Ended(ending) if ending.may_pass)
            && !task.no_relaunch
    }

    /// Marks a task as replaced, so that it no longer counts for the run. The caller launches the
    /// task that takes its place.
    pub(super) fn replace(&mut self, index: usize) -> &Tracked {
        let task = &mut self.tracked[index];
        task.state = TaskState::Replaced;
        task
    }

    /// Adds `more` to the sentence about how a task has ended.
    pub(super) fn explain_end(&mut self, index: usize, more: &str) {
        if let TaskState::Ended(ending) = &mut self.tracked[index].state {
            ending.what += more;
        }
    }

    /// Waits until the watcher reports something of a live task. Gives the task's index when the task
    /// has ended without success. At least one task must be live.
    ///
    /// A caller may drop this future at any time: a report that it has not dealt with in full comes
    /// again at the next call.
    pub(super) async fn next_ending(&mut self) -> Option<usize> {
        let index = self.next_change().await;
        let view = self.tracked[index].view.borrow_and_update().clone();
        let status = match view {
            View::Unseen => return None,
            View::Unanswered(then) => {
                self.tracked[index].not_answered(then);
                return None;
            }
            View::Missing => return self.not_seen(index, WhyUnseen::Missing),
            View::Refused(error) => return self.not_seen(index, WhyUnseen::Refused(error)),
            View::Seen(status) => status,
        };
        let task = &mut self.tracked[index];
        task.seen(&status);
        if !may_be_decided(&status) {
            return None;
        }
        // This may be the final update. If the deadline cancels this future before the task is
        // judged, the next call must see the change again.
        task.view.mark_changed();
        let criteria = self.criteria(&status).await;
        if is_decided(&status, &criteria) {
            return self.conclude(index, status, &criteria);
        }
        // Not decided yet. Take back the mark above, unless a newer view came while the task
        // definition was looked up.
        let view = &mut self.tracked[index].view;
        if *view.borrow_and_update() != View::Seen(status) {
            view.mark_changed();
        }
        None
    }

    /// Judges the tasks whose end is known and that have not been judged, without waiting for news.
    pub(super) async fn judge_what_has_ended(&mut self) {
        let live = self.tracked.iter().enumerate();
        let live = live.filter(|(_, task)| task.is_live());
        let ended = live.filter_map(|(index, task)| match &*task.view.borrow() {
            View::Seen(status) if may_be_decided(status) => Some((index, status.clone())),
            _ => None,
        });
        let ended: Vec<_> = ended.collect();
        let criteria = join_all(ended.iter().map(|(_, status)| self.criteria(status))).await;
        for ((index, status), criteria) in ended.into_iter().zip(criteria) {
            if is_decided(&status, &criteria) {
                self.tracked[index].seen(&status);
                self.conclude(index, status, &criteria);
            }
        }
    }

    /// Judges a task whose end is decided. Gives its index when it did not succeed.
    fn conclude(&mut self, index: usize, status: TaskStatus, criteria: &Criteria) -> Option<usize> {
        match judge(&status, criteria) {
            Verdict::Succeeded {
                container,
                exit_code,
            } => {
                self.tracked[index].state = TaskState::Succeeded {
                    status: Box::new(status),
                    container,
                    exit_code,
                };
                None
            }
            // The run has more tasks than it asks for. So an earlier worker had already replaced
            // this task, which never started, and this worker found the replacement in a list.
            Verdict::Ended(ending)
                if ending.error == ErrorName::NotStarted
                    && self.placed_count() > self.spec.task_count() =>
            {
                self.tracked[index].state = TaskState::Replaced;
                None
            }
            Verdict::Ended(ending) => {
                self.tracked[index].state = TaskState::Ended(ending);
                Some(index)
            }
        }
    }

    /// Notes that ECS answered a look and did not show the task. When that has lasted too long,
    /// gives the task up and returns its index.
    fn not_seen(&mut self, index: usize, why: WhyUnseen) -> Option<usize> {
        let task = &mut self.tracked[index];
        task.not_seen(why);
        if task.given_up_at().is_none_or(|at| at > Instant::now()) {
            return None;
        }
        task.state = TaskState::Ended(task.ending_when_given_up());
        Some(index)
    }

    /// Index of a live task of which the watcher has news, or which must be given up. At least one
    /// task must be live: `select_all` panics on an empty list.
    async fn next_change(&mut self) -> usize {
        let given_up = self
            .tracked
            .iter()
            .enumerate()
            .filter(|(_, task)| task.is_live())
            .filter_map(|(index, task)| Some((task.given_up_at()?, index)))
            .min();
        let changes = self
            .tracked
            .iter_mut()
            .enumerate()
            .filter(|(_, task)| task.is_live())
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
                // News first: a task that is seen in the last moment is not given up.
                biased;
                (index, _, _) = change => index,
                () = sleep_until(at) => unseen,
            },
            None => change.await.0,
        }
    }

    /// What a task that may have ended is judged by.
    async fn criteria(&self, status: &TaskStatus) -> Criteria {
        if !needs_definition(self.spec, status) {
            return criteria(self.spec, None);
        }
        // The look-up is repeated until the run's deadline; after the deadline there is time for a
        // last one. Without the task definition all containers count except those that AWS adds.
        let patience = LOOKUP_TIMEOUT.max(self.deadline.saturating_duration_since(Instant::now()));
        let essential = timeout(patience, async {
            loop {
                match self.definitions.of_task(self.spec, status).await {
                    Ok(definition) => return Some(definition.essential()),
                    Err(error) if error.may_pass() => sleep(RETRY_PAUSE).await,
                    Err(_) => return None,
                }
            }
        });
        criteria(self.spec, essential.await.ok().flatten())
    }
}

/// Whether only the task definition says which containers' end ends the task: those that are
/// essential. The properties name none, and the task has several.
pub(super) fn needs_definition(spec: &TaskSpec, status: &TaskStatus) -> bool {
    spec.containers.is_empty() && status.containers.len() >= 2
}

/// What a task is judged by. `essential` are the names of the containers whose end ends it, where
/// they are known; they count unless the properties name others.
pub(super) fn criteria(spec: &TaskSpec, essential: Option<Vec<String>>) -> Criteria {
    let containers_are_chosen = !spec.containers.is_empty();
    Criteria {
        containers: if containers_are_chosen {
            Some(spec.containers.clone())
        } else {
            essential
        },
        containers_are_chosen,
        success_exit_codes: spec.success_exit_codes.clone(),
    }
}
