//! One run, as the order of things: launch or adopt, wait, judge, stop, tell.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::TaskRunner;
use super::launch::{Launcher, NotLaunched};
use super::report::{self, Sources};
use super::stop::stop_what_may_run;
use super::tasks::Tasks;
use crate::aws::backoff::Backoff;
use crate::task::outcome::{Failure, Output};
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;
use crate::times::WORKER_STOP_PATIENCE;

/// Pauses before a relaunch.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A worker that receives a run after its deadline still stops what it finds, for at least this
/// long.
const MIN_STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long a failure waits at most until its other tasks are told to stop, which is three attempts
/// at a call. The definition tells them again, but only those that it finds in lists, where ECS,
/// which is eventually consistent (`API_RunTask`), may not show a task that was just launched.
const STOP_BUDGET: Duration = Duration::from_secs(30);

/// How the waiting ended. Words are found for it afterwards: looking up logs must not race with the
/// deadline.
#[derive(Debug)]
enum RunEnd {
    Succeeded,
    /// The task of this index did not succeed.
    Ended(usize),
    /// The tasks could not be launched.
    Failed(Failure),
    /// The deadline has passed, on this machine's own clock or on the calendar alone.
    DeadlinePassed,
}

impl From<NotLaunched> for RunEnd {
    fn from(why: NotLaunched) -> Self {
        match why {
            NotLaunched::Failed(failure) => Self::Failed(failure),
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
    /// A run that begins now. `redaction` hides the values of `spec`.
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
            launcher: Launcher::new(&runner.ecs, &runner.clock, spec, redaction),
            tasks: Tasks::new(spec, &runner.watcher, &runner.task_definitions, deadline),
        }
    }

    /// Runs the tasks to their end, or to the deadline and no further.
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
            RunEnd::Ended(_) | RunEnd::Failed(_) => {
                self.stop_after_failure().await;
                end
            }
        };
        self.tell(end).await
    }

    /// Launches or adopts, waits for the end of every task, and launches again what has ended
    /// before it began. The caller holds the deadline.
    async fn launch_and_wait(&mut self) -> RunEnd {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
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
                        .map_or(RunEnd::Succeeded, RunEnd::Failed);
                }
                if let Some(index) = self.tasks.next_ending().await {
                    break index;
                }
            };
            if !self.tasks.may_relaunch(ended) {
                return RunEnd::Ended(ended);
            }
            self.pause_before_relaunch(ended, backoff.pause()).await;
        }
    }

    /// Gives a task up for another one, and waits until that one may be launched.
    async fn pause_before_relaunch(&mut self, index: usize, pause: Duration) {
        let task = self.tasks.replace(index);
        let reason = task
            .last_seen()
            .and_then(|status| status.stopped_reason.as_deref())
            .unwrap_or("it stopped before any container started");
        let reason = self.redaction.apply(reason);
        // An earlier worker may have waited already: the pause counts from the task's end.
        let ended = task
            .last_seen()
            .and_then(|status| status.stopped_at)
            .map_or(Duration::ZERO, |at| self.runner.clock.since(at));
        let pause = pause.saturating_sub(ended);
        tracing::warn!(
            task = task.arn(),
            reason,
            pause_ms = pause.as_millis(),
            "a task ended before any container started; it is launched again"
        );
        self.launcher.waits_for(reason);
        sleep(pause).await;
    }

    /// Tells what may run to stop, before the failure is told.
    async fn stop_after_failure(&self) {
        let end = Instant::now() + STOP_BUDGET;
        self.stop("The run has failed", end).await;
    }

    /// Stops what runs and waits for it to end. The tasks may have come to an end of their own
    /// meanwhile, which then is the run's.
    async fn stop_at_deadline(&mut self) -> RunEnd {
        let now = Instant::now();
        // The deadline can have passed on the calendar alone: timers stand still while a machine
        // is suspended.
        if self.tasks.deadline() > now {
            self.tasks.move_deadline_to_now();
        }
        let end = (self.tasks.deadline() + WORKER_STOP_PATIENCE).max(now + MIN_STOP_PATIENCE);
        // First, so that what was launched a moment ago is stopped, too.
        self.launcher
            .find_what_was_launched(&mut self.tasks, end)
            .await;
        // A stopped task brings no more news, and may have been waiting for its definition when the
        // deadline came.
        self.tasks.judge_what_has_stopped().await;
        tracing::warn!(deadline = %self.spec.deadline, "the deadline has passed; stopping what runs");
        self.stop(
            &format!("Deadline of {:.0} passed", self.spec.deadline),
            end,
        )
        .await;
        while self.tasks.any_live() {
            if timeout_at(end, self.tasks.next_ending()).await.is_err() {
                break;
            }
        }
        self.tasks.judge_what_has_stopped().await;
        // In this order: one task that failed by itself fails the run, whatever the others did.
        if let Some(index) = self.tasks.failed_by_itself() {
            RunEnd::Ended(index)
        } else if self.tasks.all_succeeded() {
            RunEnd::Succeeded
        } else {
            RunEnd::DeadlinePassed
        }
    }

    async fn stop(&self, reason: &str, end: Instant) {
        stop_what_may_run(&self.runner.ecs, self.spec, &self.tasks, reason, end).await;
    }

    /// Puts the end into words.
    async fn tell(&self, end: RunEnd) -> Result<Output, Failure> {
        let sources = Sources {
            spec: self.spec,
            definitions: &self.runner.task_definitions,
            logs: &self.runner.logs,
            redaction: self.redaction,
        };
        match end {
            RunEnd::Succeeded => Ok(report::output(&self.tasks, &sources).await),
            RunEnd::Ended(index) => Err(report::failure(&self.tasks, index, &sources).await),
            RunEnd::Failed(failure) => Err(failure),
            RunEnd::DeadlinePassed => {
                let obstacle = self.launcher.last_obstacle();
                Err(report::deadline_failure(&self.tasks, obstacle, &sources).await)
            }
        }
    }
}
