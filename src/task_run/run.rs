//! One run: calls the steps in their order, from launching or adopting to the report.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::TaskRunner;
use super::launch::{Launcher, NotLaunched};
use super::report::{self, Sources};
use super::stop::{reason_at_deadline, stop_what_may_run};
use super::tasks::Tasks;
use crate::task::outcome::{Failure, Output};
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;
use crate::times::WORKER_STOP_PATIENCE;

/// A worker that reaches a run's deadline late, because its process or its machine stood still,
/// still has this long to stop the run's tasks.
const MIN_STOP_PATIENCE: Duration = Duration::from_secs(10);
/// After one task has failed, the worker spends at most this long, three attempts at a call, on
/// stopping the others before it reports the failure. The state machine stops leftovers later as well,
/// but only those in ECS's lists, which may not show a task that was just launched (`API_RunTask`,
/// eventual consistency).
const STOP_BUDGET: Duration = Duration::from_secs(30);

/// How the waiting ended. It holds no text yet: the log is read only after `timeout_at(deadline)`
/// has returned, so that the deadline cannot cut the reading short.
#[derive(Debug)]
enum RunEnd {
    Succeeded,
    /// The task of this index did not succeed.
    TaskFailed(usize),
    /// Not every task of the run could be launched.
    NotLaunched(Failure),
    /// The deadline has passed: by this machine's timers or, after the machine was suspended, by the
    /// wall clock only.
    DeadlinePassed,
}

impl From<NotLaunched> for RunEnd {
    fn from(why: NotLaunched) -> Self {
        match why {
            NotLaunched::Failed(failure) => Self::NotLaunched(failure),
            NotLaunched::Late => Self::DeadlinePassed,
        }
    }
}

/// One run in progress.
#[derive(Debug)]
pub(super) struct Run<'a> {
    runner: &'a TaskRunner,
    spec: &'a TaskSpec,
    redaction: &'a Redaction,
    launcher: Launcher<'a>,
    tasks: Tasks<'a>,
}

impl<'a> Run<'a> {
    /// A run of `spec`, made when it begins: the deadline, a time of the wall clock, becomes one of
    /// this machine's timers here. `redaction` hides the values of the environment overrides.
    pub(super) fn new(
        runner: &'a TaskRunner,
        spec: &'a TaskSpec,
        redaction: &'a Redaction,
    ) -> Self {
        let deadline = Instant::now() + runner.clock.until(spec.deadline);
        Self {
            runner,
            spec,
            redaction,
            launcher: Launcher::new(
                &runner.ecs,
                &runner.launch_calls,
                &runner.clock,
                &runner.task_definitions,
                spec,
                redaction,
            ),
            tasks: Tasks::new(spec, &runner.watcher, &runner.task_definitions, deadline),
        }
    }

    /// Runs the tasks to their end. At the deadline, stops them and waits for that a while.
    pub(super) async fn execute(mut self) -> Result<Output, Failure> {
        if self.spec.task_count() == 0 {
            return Ok(Output::skipped("Count is 0"));
        }
        // A worker that receives the run after its deadline must not launch; it only stops tasks.
        let end = if self.launcher.is_late() {
            RunEnd::DeadlinePassed
        } else {
            timeout_at(self.tasks.deadline(), self.launch_and_wait())
                .await
                .unwrap_or(RunEnd::DeadlinePassed)
        };
        let end = match end {
            RunEnd::Succeeded => RunEnd::Succeeded,
            RunEnd::DeadlinePassed => self.stop_at_deadline().await,
            RunEnd::TaskFailed(_) | RunEnd::NotLaunched(_) => {
                self.stop_after_failure().await;
                end
            }
        };
        self.report(end).await
    }

    /// Launches or adopts, waits until every task has succeeded or one has failed, and launches again
    /// a task that ended before any of its containers started. The caller cancels this at the
    /// deadline.
    async fn launch_and_wait(&mut self) -> RunEnd {
        loop {
            let launched = self.launcher.launch_what_is_missing(&mut self.tasks).await;
            if let Err(why) = launched {
                return why.into();
            }
            let ended = loop {
                if !self.tasks.any_live() {
                    return self
                        .launcher
                        .incomplete(&self.tasks)
                        .map_or(RunEnd::Succeeded, RunEnd::NotLaunched);
                }
                if let Some(index) = self.tasks.next_ending().await {
                    break index;
                }
            };
            let goes_on = self.tasks.may_relaunch(ended)
                && self.launcher.prepare_relaunch(&mut self.tasks, ended).await;
            if !goes_on {
                return RunEnd::TaskFailed(ended);
            }
        }
    }

    /// Stops every task that may still run, before the failure is reported.
    async fn stop_after_failure(&self) {
        let end = Instant::now() + STOP_BUDGET;
        self.stop("The run has failed", end).await;
    }

    /// Stops the tasks that run and waits for their end. If all tasks have ended by themselves
    /// meanwhile, their ends decide, and not the deadline.
    async fn stop_at_deadline(&mut self) -> RunEnd {
        let now = Instant::now();
        // The deadline may have passed by the wall clock only: timers stand still while a machine
        // is suspended.
        if self.tasks.deadline() > now {
            self.tasks.move_deadline_to_now();
        }
        let end = (self.tasks.deadline() + WORKER_STOP_PATIENCE).max(now + MIN_STOP_PATIENCE);
        // First, so that tasks launched a moment ago are stopped too.
        self.launcher
            .find_what_was_launched(&mut self.tasks, end)
            .await;
        // The watcher reports nothing more of a task that has ended. If the deadline came while this
        // worker looked up its task definition, the task has not been judged yet.
        self.tasks.judge_what_has_ended().await;
        tracing::warn!(deadline = %self.spec.deadline, "the deadline has passed; stopping what runs");
        self.stop(&reason_at_deadline(self.spec), end).await;
        while self.tasks.any_live() {
            if timeout_at(end, self.tasks.next_ending()).await.is_err() {
                break;
            }
        }
        self.tasks.judge_what_has_ended().await;
        // In this order: one task that failed by itself fails the run, whatever the others did.
        if let Some(index) = self.tasks.failed_by_itself() {
            RunEnd::TaskFailed(index)
        } else if self.tasks.all_succeeded() {
            RunEnd::Succeeded
        } else {
            RunEnd::DeadlinePassed
        }
    }

    async fn stop(&self, reason: &str, end: Instant) {
        stop_what_may_run(&self.runner.ecs, self.spec, &self.tasks, reason, end).await;
    }

    /// Gives the outputs of the run, or the failure in words.
    async fn report(&self, end: RunEnd) -> Result<Output, Failure> {
        let sources = Sources {
            spec: self.spec,
            definitions: &self.runner.task_definitions,
            logs: &self.runner.logs,
            redaction: self.redaction,
        };
        match end {
            RunEnd::Succeeded => Ok(report::output(&self.tasks, &sources).await),
            RunEnd::TaskFailed(index) => Err(report::failure(&self.tasks, index, &sources).await),
            RunEnd::NotLaunched(failure) => Err(failure),
            RunEnd::DeadlinePassed => {
                let obstacle = self.launcher.last_obstacle();
                Err(report::deadline_failure(&self.tasks, obstacle, &sources).await)
            }
        }
    }
}
