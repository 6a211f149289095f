//! Launching with `RunTask`, under client tokens.
//!
//! ECS's own idempotency is the journal: the same client token gives back the same tasks, so
//! replaying the tokens in order shows how far an earlier worker came. A token moves on only when
//! tasks exist under it.
//!
//! A replay must ask for as many tasks under each token as the first call did, or ECS takes it for
//! another request. The counts follow from what a token gave, never from when it was looked at:
//! - A run first launches until it has all its tasks: each token is for what the tokens before it
//!   left missing. Nothing is judged until then.
//! - From then on each token replaces one task that ended before any container of it started, and
//!   asks for one. Whether a task ended so is told by the task alone, once it is STOPPED, and never
//!   changes. Which of several such tasks a token replaces depends on who looks when, and does not
//!   matter: the tasks of a run are alike, and there are as many tokens as tasks to replace.
//!
//! A container of one task that starts says nothing of the others, so that a later worker, which
//! finds some of them running, replaces the same tasks as the first did and finds the same tasks in
//! their place. Should a later version judge a task more strictly, or a token be refused with other
//! parameters and name other tasks, then tasks are missing from the later worker's picture or there
//! are too many in it. Too many are waited for; for a missing one the next token is asked, which
//! gives what is under it; and a task that is judged no start failure fails the run. None of this
//! launches a task twice.

use tokio::time::{Instant, sleep};

use super::{FIRST_PAUSE, LONGEST_PAUSE, Launcher, NotLaunched, launch_error};
use crate::aws::backoff::Backoff;
use crate::aws::ecs::{Placement, RunTaskError};
use crate::aws::{ApiError, ErrorKind};
use crate::cloudformation::identity::launch_token;
use crate::task::outcome::Failure;
use crate::task::spec::TaskSpec;
use crate::task_run::tasks::Tasks;

impl Launcher<'_> {
    /// Launches under one token after the other until no task of the run is missing.
    pub(super) async fn run_tasks(&mut self, tasks: &mut Tasks<'_>) -> Result<(), NotLaunched> {
        let spec = self.with_network().await?;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let missing = tasks.missing();
            if missing == 0 {
                self.waiting_for = None;
                return Ok(());
            }
            let token = launch_token(&spec.client_token, self.next_token);
            let permit = self.ecs.budgets().run_task.acquire().await;
            // After the permit: the machine may have been suspended while the run waited for it.
            if self.is_late() {
                return Err(NotLaunched::Late);
            }
            // A task of its own, which goes on when the deadline drops this future: its answer is
            // then taken by `find_what_was_launched`.
            let (ecs, launched) = (self.ecs.clone(), spec.clone());
            let launching = self.launching.insert(
                self.calls
                    .begin(async move { ecs.run_task(permit, &launched, missing, &token).await }),
            );
            let answer = launching.await;
            self.launching = None;
            // The call panicked: there is no answer, as when the connection is cut.
            let Ok(answer) = answer else {
                self.uncertain = true;
                continue;
            };
            self.uncertain = matches!(&answer, Err(RunTaskError::Api(error)) if error.kind == ErrorKind::Unavailable);
            let obstacle = match answer {
                Ok(placement) => self.track_placed(tasks, placement)?,
                Err(RunTaskError::Conflict(arns)) if !arns.is_empty() => {
                    tracing::info!(
                        tasks = arns.len(),
                        "adopting tasks that were launched with other parameters under the same token"
                    );
                    self.next_token += 1;
                    // Their state is unknown until the next DescribeTasks.
                    tasks.track(arns, false);
                    continue;
                }
                Err(RunTaskError::NoInstances(error)) if launch_error::names_no_capacity(&spec) => {
                    Some(self.without_instances(&error, &spec, tasks)?)
                }
                Err(error) => Some(self.retryable_reason(error)?),
            };
            if let Some(obstacle) = obstacle {
                let pause = backoff.pause();
                tracing::warn!(
                    obstacle,
                    missing,
                    pause_ms = pause.as_millis(),
                    "tasks could not be launched; they are launched later"
                );
                self.waits_for(obstacle);
                sleep(pause).await;
            }
        }
    }

    /// The obstacle that a cluster without container instances is. Instances of the same stack may
    /// still be on their way, so that it is waited for them, and not for long. Nothing of ECS shows
    /// since when it is waited: a later worker begins anew.
    fn without_instances(
        &mut self,
        error: &ApiError,
        launched: &TaskSpec,
        tasks: &Tasks<'_>,
    ) -> Result<String, Failure> {
        let since = self
            .without_instances_since
            .get_or_insert_with(Instant::now);
        let since = since.elapsed();
        launch_error::without_instances(error, launched, tasks, self.redaction, since)
    }

    /// Tracks the tasks that were placed. Gives the reason for which the rest is launched later, or
    /// nothing when none is missing.
    fn track_placed(
        &mut self,
        tasks: &mut Tasks<'_>,
        placement: Placement,
    ) -> Result<Option<String>, Failure> {
        if !placement.tasks.is_empty() {
            self.next_token += 1;
            for task in placement.tasks {
                let may_have_started = task.was_seen_running();
                tasks.track([task.arn], may_have_started);
            }
        }
        if tasks.missing() == 0 {
            return Ok(None);
        }
        launch_error::check_failures(&placement.failures, self.spec, tasks, self.redaction)?;
        Ok(Some(placement.failures.first().map_or_else(
            || "ECS placed no task and gave no reason".to_owned(),
            launch_error::describe,
        )))
    }
}
