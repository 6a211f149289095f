//! The ECS tasks that an execution has left behind which ended without an answer: stopped before
//! `rescue` answers, and for as long afterwards as a worker may not know yet that its execution has
//! ended.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Rescuer;
use crate::clock::after;
use crate::cloudformation::event::RequestType;
use crate::execution::status::Execution;
use crate::functions::leftovers::tasks::{Leftovers, Owner};
use crate::task::spec::TaskSpec;
use crate::times::{RESCUE_FINAL_ATTEMPT, STATE_MACHINE_STOP_PATIENCE, WORKERS_INFORMED_AT_LATEST};

/// Tasks of a deleted resource that were launched so long after the end of its Delete belong to a
/// later run of the resource.
const LATER_RUN: Duration = Duration::from_secs(30);
/// Pause between two looks at what still runs.
const CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// What one ended execution may have left, with the times that count.
pub(super) struct LeftoversOfEnded<'a> {
    leftovers: &'a Leftovers,
    owner: Owner,
    task: &'a TaskSpec,
    reason: String,
    /// When CloudFormation is answered at the latest, whatever still runs: it was told to wait no
    /// longer than this.
    answer_at: Instant,
    /// From then on no worker launches anything for the execution.
    workers_informed_at: Instant,
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
            // The resource may be back when `rescue` comes late: what was launched since the end of
            // the Delete belongs to another run.
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
    /// Stops the tasks and waits until they have stopped or CloudFormation must be answered. Gives
    /// how many still run then, as far as ECS told. When ECS cannot be asked, CloudFormation is
    /// answered at once.
    pub(super) async fn stop_before_answering(&self) -> u32 {
        let mut left = 0;
        loop {
            let stopping = self.leftovers.stop(self.owner, self.task, &self.reason);
            match timeout_at(self.answer_at, stopping).await {
                Ok(Ok(0)) => return 0,
                Ok(Ok(running)) => left = u32::try_from(running).unwrap_or(u32::MAX),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "leftover tasks cannot be looked for; the request is answered all the same");
                    return left;
                }
                Err(_) => return left,
            }
            if Instant::now() + CHECK_INTERVAL >= self.answer_at {
                return left;
            }
            sleep(CHECK_INTERVAL).await;
        }
    }

    /// Goes on stopping what a worker launches that does not know yet that its execution has ended.
    /// Nobody else would: the worker lets go of its task when it hears of the end.
    pub(super) async fn stop_until_workers_are_informed(&self, end: Instant) {
        while Instant::now() < self.workers_informed_at.min(end) {
            sleep(CHECK_INTERVAL).await;
            let stopping = self.leftovers.stop(self.owner, self.task, &self.reason);
            match timeout(RESCUE_FINAL_ATTEMPT, stopping).await {
                Ok(Ok(_)) => {}
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
