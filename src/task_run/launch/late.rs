//! Taking over a run that began about an hour ago or earlier.
//!
//! An hour after a task has ended, ECS forgets the client token that launched it, and no longer lists
//! the task. A worker that takes the run over later cannot know whether an earlier worker launched
//! such a task: a launch could then run the command a second time. So it launches nothing. It adopts
//! the tasks of the run that ECS lists, and fails the run where they are fewer than they should be.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Launcher, NotLaunched};
use crate::aws::ApiError;
use crate::task::error::ErrorName;
use crate::task::outcome::Failure;
use crate::task::status::{Phase, TaskStatus};
use crate::task_run::tasks::Tasks;
use crate::times::answer_by::TOKENS_TRUSTED;

/// How long after the first list the worker looks for more tasks. ECS lists a new task only after some
/// seconds (`API_RunTask`, eventual consistency), and an earlier worker may have launched one right
/// before it let go of the run.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two lists in that time.
const LIST_INTERVAL: Duration = Duration::from_secs(5);

impl Launcher<'_> {
    /// Whether an earlier worker may have launched a task of which ECS knows nothing any more. Not so
    /// once ECS has answered a launch of this worker, which then knows the tasks of the run.
    pub(super) fn launches_may_be_forgotten(&self) -> bool {
        !self.knows_what_was_launched
            && self
                .spec
                .began
                .is_some_and(|began| self.clock.since(began) > TOKENS_TRUSTED)
    }

    /// Adopts the tasks that ECS lists. Waits for the first list for as long as it takes: many runs may
    /// be taken over at once, and only ECS can say that a task is not there. The caller cancels this at
    /// the deadline.
    pub(super) async fn adopt_what_is_listed(
        &self,
        tasks: &mut Tasks<'_>,
    ) -> Result<(), NotLaunched> {
        let mut end = None;
        loop {
            let listed = self.list_until_it_succeeds().await;
            let found = listed.map_err(|error| self.cannot_be_listed(&error))?;
            let end = *end.get_or_insert_with(|| Instant::now() + PATIENCE);
            let is_last_look = Instant::now() + LIST_INTERVAL >= end;
            // A task that ended before any container started may have been replaced by one that ECS
            // does not list yet: only at the last look does it count.
            let found = found
                .into_iter()
                .filter(|task| is_last_look || !is_start_failure(&task.status));
            // A list does not show under which tokens the tasks were launched, so that none of them
            // may be relaunched.
            tasks.track(found.map(|task| task.status.arn), true);
            if tasks.missing() == 0 {
                return Ok(());
            }
            if is_last_look {
                return Err(self.may_have_run(tasks).into());
            }
            sleep(LIST_INTERVAL).await;
        }
    }

    fn cannot_be_listed(&self, error: &ApiError) -> Failure {
        Failure::new(
            ErrorName::Failed,
            format!(
                "Whether the work of this run was done cannot be seen: this worker received the run an hour or longer after it began, and {}. It launches nothing, since the command could run twice.",
                self.redaction.apply(&error.to_string())
            ),
        )
    }

    fn may_have_run(&self, tasks: &Tasks<'_>) -> Failure {
        Failure::new(
            ErrorName::Failed,
            format!(
                "Whether the work of this run was done cannot be seen: this worker received the run an hour or longer after it began, and found {} of its {} tasks on cluster {}, started as '{}'. ECS shows a task, and knows how it was launched, for an hour after its end; so this worker launches nothing, since the command could run twice. See in the task's log what was done, and start a new run if it must run again.",
                tasks.placed_count(),
                self.spec.task_count(),
                self.spec.cluster_name(),
                self.spec.started_by
            ),
        )
    }
}

/// Whether the task has ended and no container of it was seen to start.
fn is_start_failure(status: &TaskStatus) -> bool {
    status.phase == Phase::Stopped && !status.was_seen_running()
}
