//! Launching with `RunTask`, under client tokens.
//!
//! A worker keeps no record of its launches, since ECS returns the same tasks for the same client
//! token. A later worker calls `RunTask` with the run's tokens in order and so learns how far an
//! earlier worker came. A worker goes on to the next token only when tasks exist under the current
//! one.
//!
//! A repeated call must ask for as many tasks under each token as the first call did, or ECS takes
//! it for another request. The counts follow from the tasks that the tokens gave, never from the
//! time of a look:
//! - A worker first launches until the run has all its tasks. Each token asks for the tasks that
//!   the tokens before it left missing. No task is judged until then.
//! - From then on each token asks for one task, in the place of one that ended before any container
//!   of it started. Whether a task ended so follows from the STOPPED task alone and never changes.
//!   Which of several such tasks a token replaces may differ between workers. That does not matter,
//!   since the tasks of a run are alike and there are as many tokens as tasks to replace.
//!
//! A container that has started bars only its own task from being replaced. So a later worker,
//! which finds some tasks running, replaces the same tasks as the first did and finds the same
//! tasks in their place. It may still see other tasks than the first did, if its version judges
//! more strictly, or if ECS refuses a token because the parameters differ and names the tasks under
//! it. It then waits for every task when there are too many, asks the next token for a missing one,
//! and fails the run over a task that it does not judge a start failure. In no case is a task
//! launched twice.
//!
//! ECS forgets a token an hour after the end of its task. A worker that takes over a run which is
//! older than that therefore launches nothing (`late`).

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
    /// Calls `RunTask` under one token after the other until no task of the run is missing.
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
            if self.launches_may_be_forgotten() {
                return Box::pin(self.adopt_what_is_listed(tasks)).await;
            }
            // A tokio task of its own, which goes on when the deadline drops this future;
            // `find_what_was_launched` then takes its answer.
            let (ecs, launched) = (self.ecs.clone(), spec.clone());
            let launching = self.launching.insert(
                self.calls
                    .begin(async move { ecs.run_task(permit, &launched, missing, &token).await }),
            );
            let answer = launching.await;
            self.launching = None;
            // The tokio task panicked: there is no answer, as when the connection is cut.
            let Ok(answer) = answer else {
                self.uncertain = true;
                continue;
            };
            self.knows_what_was_launched |= matches!(
                &answer,
                Ok(_) | Err(RunTaskError::Conflict(_) | RunTaskError::NoInstances(_))
            );
            self.uncertain = matches!(&answer, Err(RunTaskError::Api(error)) if error.kind == ErrorKind::Unavailable);
            let obstacle = match answer {
                Ok(placement) => self.track_placed(tasks, placement)?,
                Err(RunTaskError::Conflict(arns)) if !arns.is_empty() => {
                    tracing::info!(
                        tasks = arns.len(),
                        "adopting tasks that were launched with other parameters under the same token"
                    );
                    self.next_token += 1;
                    // `false`: this worker knows the token of their next launch, and relaunches
                    // none before a look has shown that no container of it started.
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

    /// What the run waits for in a cluster without container instances, or the failure of the run.
    /// The same stack may still be starting instances, so the worker waits a while. A later worker
    /// begins the wait anew, since ECS does not show when it began.
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

    /// Tracks the tasks that ECS placed. Returns why the missing ones must be launched later;
    /// `None` when none is missing.
    fn track_placed(
        &mut self,
        tasks: &mut Tasks<'_>,
        placement: Placement,
    ) -> Result<Option<String>, Failure> {
        if !placement.tasks.is_empty() {
            self.next_token += 1;
            for task in placement.tasks {
                let no_relaunch = task.was_seen_running();
                tasks.track([task.arn], no_relaunch);
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
