//! The ECS tasks of an execution that ended without an answer. `rescue` stops them before it
//! answers, and afterwards for as long as the worker may not know yet that its execution has ended.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Rescued, Rescuer};
use crate::aws::ApiError;
use crate::clock::after;
use crate::cloudformation::event::RequestType;
use crate::execution::status::Execution;
use crate::functions::leftovers::tasks::{Leftovers, Owner};
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;
use crate::times::{RESCUE_FINAL_ATTEMPT, STATE_MACHINE_STOP_PATIENCE, WORKERS_INFORMED_AT_LATEST};

/// A task of a deleted resource that was launched more than this after the end of the Delete's
/// execution belongs to a later run of the resource.
const LATER_RUN: Duration = Duration::from_secs(30);
/// Pause between two looks at what still runs.
const CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// The tasks that one ended execution may have left running, and until when `rescue` stops them.
pub(super) struct LeftoversOfEnded<'a> {
    leftovers: &'a Leftovers,
    owner: Owner,
    task: &'a TaskSpec,
    reason: String,
    /// Until then `rescue` waits for tasks to stop; then it answers, whatever still runs.
    answer_at: Instant,
    /// From then on no worker launches anything for the execution.
    workers_informed_at: Instant,
}

/// What became of an execution's tasks before the answer.
pub(super) struct StoppedTasks {
    /// How many still ran at the last look that succeeded.
    pub(super) still_running: u32,
    /// All tasks of the execution as that look showed them, or why no look succeeded.
    pub(super) tasks: Result<Vec<TaskStatus>, String>,
}

impl Rescuer {
    pub(super) fn leftovers_of<'a>(
        &'a self,
        request_type: RequestType,
        task: &'a TaskSpec,
        execution: &Execution,
    ) -> LeftoversOfEnded<'a> {
        let now = Instant::now();
        let owner = match request_type {
            RequestType::Create | RequestType::Update => Owner::Execution,
            // When `rescue` is late, the resource may have been created again: tasks launched since
            // the end of the Delete belong to another run.
            RequestType::Delete => Owner::Resource {
                launched_until: execution.stopped.map(|ended| after(ended, LATER_RUN)),
            },
        };
        let until_answer = self
            .clock
            .until(after(task.deadline, STATE_MACHINE_STOP_PATIENCE))
            .min(self.limits.leftovers)
            .max(RESCUE_FINAL_ATTEMPT);
        let since_end = execution
            .stopped
            .map_or(Duration::ZERO, |stopped| self.clock.since(stopped));
        LeftoversOfEnded {
            leftovers: &self.leftovers,
            owner,
            task,
            reason: format!("The execution has ended ({})", task.started_by),
            answer_at: now + until_answer,
            workers_informed_at: now + WORKERS_INFORMED_AT_LATEST.saturating_sub(since_end),
        }
    }
}

impl LeftoversOfEnded<'_> {
    /// Stops the tasks and waits until they have stopped, at most until `answer_at`. Stops waiting at
    /// once when ECS cannot be asked.
    pub(super) async fn stop_before_answering(&self) -> StoppedTasks {
        let mut stopped = StoppedTasks {
            still_running: 0,
            tasks: Err("ECS did not answer in time".to_owned()),
        };
        loop {
            let stopping = self.leftovers.stop(self.owner, self.task, &self.reason);
            match timeout_at(self.answer_at, stopping).await {
                Ok(Ok(found)) => {
                    stopped = StoppedTasks {
                        still_running: u32::try_from(found.running).unwrap_or(u32::MAX),
                        tasks: Ok(found.tasks),
                    };
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "leftover tasks cannot be looked for; the request is answered all the same");
                    if stopped.tasks.is_err() {
                        stopped.tasks = Err(error.to_string());
                    }
                    return stopped;
                }
                Err(_) => return stopped,
            }
            if stopped.still_running == 0 || Instant::now() + CHECK_INTERVAL >= self.answer_at {
                return stopped;
            }
            sleep(CHECK_INTERVAL).await;
        }
    }

    /// Stops the tasks of an execution for which nobody waits. Where its worker may not know of the
    /// end, this goes on until `watch_until`.
    ///
    /// # Errors
    /// When ECS cannot be asked in the end. The invocation then fails: Lambda repeats it, and the
    /// dead-letter queue's alarm says that a task may run on.
    pub(super) async fn stop_all(&self, watch_until: Option<Instant>) -> Result<Rescued, ApiError> {
        let still_running = self.stop_before_answering().await.still_running;
        tracing::info!(
            started_by = self.task.started_by,
            still_running,
            "what an execution has left running was stopped; nobody is answered"
        );
        if let Some(end) = watch_until {
            self.stop_until_workers_are_informed(end).await;
        }
        self.leftovers
            .stop(self.owner, self.task, &self.reason)
            .await?;
        Ok(Rescued::LeftoversStopped)
    }

    /// The task that the execution ran.
    pub(super) fn task(&self) -> &TaskSpec {
        self.task
    }

    /// The reason with which the tasks are stopped. ECS repeats it as the tasks' own.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Goes on stopping tasks that the worker launches before it learns that its execution has
    /// ended. Nobody else would stop them: when the worker learns of the end, it drops the run and
    /// leaves its tasks running. The execution of a Delete has no worker.
    pub(super) async fn stop_until_workers_are_informed(&self, end: Instant) {
        while Instant::now() < self.workers_informed_at.min(end) {
            sleep(CHECK_INTERVAL).await;
            let stopping = self.leftovers.stop_launched(self.task, &self.reason);
            match timeout(RESCUE_FINAL_ATTEMPT, stopping).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "tasks launched after the execution's end cannot be looked for");
                }
                Err(_) => tracing::warn!(
                    "tasks launched after the execution's end could not be looked for in time"
                ),
            }
        }
    }
}
