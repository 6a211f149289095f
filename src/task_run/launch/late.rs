//! Taking over a run that is more than about an hour old.
//!
//! An hour after a task has ended, ECS forgets the client token that launched it, and no longer lists
//! the task. A worker that takes the run over later cannot know whether an earlier worker launched
//! such a task: a launch could then run the command a second time. So it launches nothing. It adopts
//! the tasks of the run that ECS lists, and fails the run where they are fewer than they should be.

use tokio::time::{Instant, sleep};

use std::time::Duration;

use super::{Launcher, NotLaunched};
use crate::task::error::ErrorName;
use crate::task::outcome::Failure;
use crate::task_run::tasks::Tasks;
use crate::times::answer_by::TOKENS_TRUSTED;

/// How long the worker looks for the tasks. ECS lists a new task only after some seconds
/// (`API_RunTask`, eventual consistency), and an earlier worker may have launched one right before it
/// let go of the run.
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

    /// Adopts the tasks that ECS lists.
    pub(super) async fn adopt_what_is_listed(
        &self,
        tasks: &mut Tasks<'_>,
    ) -> Result<(), NotLaunched> {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.look_for_tasks(end).await;
            // A list does not show under which tokens the tasks were launched, so that none of them
            // may be relaunched.
            tasks.track(found.into_iter().map(|task| task.status.arn), true);
            if tasks.missing() == 0 {
                return Ok(());
            }
            if Instant::now() + LIST_INTERVAL >= end {
                return Err(self.may_have_run(tasks).into());
            }
            sleep(LIST_INTERVAL).await;
        }
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
