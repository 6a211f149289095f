//! Stopping tasks: at the deadline, and when the run has failed.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout_at};

use super::run::{RETRY_PAUSE, Run, RunEnd};
use super::tracked::{TaskState, Tracked};
use crate::aws::ErrorKind;
use crate::task::status::Phase;
use crate::times::WORKER_STOP_PATIENCE;

/// A worker that comes after the deadline still stops what it finds, for at least this long.
const MIN_STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long a failure waits at most until its other tasks are told to stop, which is three attempts
/// at a call. The definition tells them again, but only those that it finds in lists, where ECS,
/// which is eventually consistent (`API_RunTask`), may not show a task that was just launched.
const STOP_BUDGET: Duration = Duration::from_secs(30);

impl Run<'_> {
    /// Tells what may run to stop, before the failure is told.
    pub(super) async fn stop_after_failure(&self) {
        self.stop_what_may_run("The run has failed", Instant::now() + STOP_BUDGET)
            .await;
    }

    /// Stops what runs and waits for it to end. Gives the decision when the tasks had come to one
    /// by themselves.
    pub(super) async fn stop_at_deadline(&mut self) -> Option<RunEnd> {
        let patience =
            (self.deadline + WORKER_STOP_PATIENCE).max(Instant::now() + MIN_STOP_PATIENCE);
        self.find_what_was_launched(patience).await;
        // A stopped task brings no more news, and may have been waiting for its definition when the
        // deadline came.
        self.judge_what_has_stopped().await;
        tracing::warn!(deadline = %self.spec.deadline, "the deadline has passed; stopping what runs");
        self.stop_what_may_run(
            &format!("Deadline of {} passed", self.spec.deadline),
            patience,
        )
        .await;
        while self.live().next().is_some() {
            if timeout_at(patience, self.next_ending()).await.is_err() {
                break;
            }
        }
        self.judge_what_has_stopped().await;
        let told_otherwise = |task: &Tracked| {
            matches!(&task.state, TaskState::Ended(_)) && !task.was_stopped_by_somebody()
        };
        if let Some(index) = self.tasks.iter().position(told_otherwise) {
            return Some(RunEnd::Ended(index));
        }
        let succeeded = self
            .tasks
            .iter()
            .filter(|task| matches!(task.state, TaskState::Succeeded { .. }))
            .count();
        (succeeded == self.spec.task_count()).then_some(RunEnd::Succeeded)
    }

    /// Tells ECS to stop every task that was not seen to have stopped, also those that were given
    /// up.
    async fn stop_what_may_run(&self, reason: &str, patience: Instant) {
        let has_stopped = |task: &&Tracked| {
            task.last_seen()
                .is_some_and(|status| status.phase == Phase::Stopped)
        };
        let running: Vec<_> = self
            .tasks
            .iter()
            .filter(|task| !has_stopped(task))
            .collect();
        join_all(
            running
                .iter()
                .map(|task| self.stop(&task.arn, reason, patience)),
        )
        .await;
    }

    /// Tells ECS to stop a task, again and again until it has taken the call.
    async fn stop(&self, arn: &str, reason: &str, patience: Instant) {
        let stopped = timeout_at(patience, async {
            loop {
                self.runner.stop_task.acquire().await;
                match self
                    .runner
                    .ecs
                    .stop_task(&self.spec.cluster, arn, reason)
                    .await
                {
                    Ok(()) => return self.runner.stop_task.succeeded(),
                    Err(error) if error.may_pass() => {
                        if error.kind == ErrorKind::Throttled {
                            self.runner.stop_task.throttled();
                        }
                        sleep(RETRY_PAUSE).await;
                    }
                    Err(error) => {
                        return tracing::warn!(%error, "a task could not be stopped; it is left to the definition");
                    }
                }
            }
        });
        if stopped.await.is_err() {
            tracing::warn!(
                task = arn,
                "a task could not be stopped; it is left to the definition"
            );
        }
    }
}
