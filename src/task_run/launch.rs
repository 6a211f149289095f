//! Launching, and adopting what another worker launched.
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

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::launch_error::{describe, is_capacity, may_pass};
use super::run::{RETRY_PAUSE, Run, RunEnd};
use super::tracked::Tracked;
use crate::aws::backoff::Backoff;
use crate::aws::ecs::{ListedTask, Placement, RunTaskError, WhichTasks};
use crate::aws::{ApiError, ErrorKind};
use crate::cloudformation::identity::launch_token;
use crate::task::error::ErrorName;
use crate::task::outcome::Failure;
use crate::task::spec::TaskSpec;

/// Why not every task of the run exists.
#[derive(Debug)]
pub(super) enum NotLaunched {
    /// It cannot be made to.
    Failed(Failure),
    /// The deadline has passed on the calendar.
    Late,
}

impl From<Failure> for NotLaunched {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<NotLaunched> for RunEnd {
    fn from(why: NotLaunched) -> Self {
        match why {
            NotLaunched::Failed(failure) => Self::Failed(failure),
            NotLaunched::Late => Self::Late,
        }
    }
}

/// How long tasks are looked for that may have been launched: part of the time in which they must
/// be stopped as well.
const LIST_PATIENCE: Duration = Duration::from_secs(15);
/// Pauses between launches that came to nothing.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Run<'_> {
    /// Launches until every task of the run exists. Waits out what may pass; the caller holds the
    /// deadline.
    ///
    /// When a launch cannot be made, tasks of this run may exist all the same: an earlier worker
    /// launched them before the definition, the service or the permission went away. Then they are
    /// adopted.
    pub(super) async fn launch_what_is_missing(&mut self) -> Result<(), NotLaunched> {
        // Boxed: few runs take this way, and all would keep room for it.
        let launched = if self.spec.instances.is_empty() {
            self.run_tasks().await
        } else {
            Box::pin(self.start_on_instances()).await
        };
        let failure = match launched {
            Ok(()) => return Ok(()),
            Err(NotLaunched::Failed(failure)) if self.tasks.is_empty() => failure,
            Err(why) => return Err(why),
        };
        let found = self.look_for_tasks(Instant::now() + LIST_PATIENCE).await;
        if found.len() < self.spec.task_count() {
            return Err(failure.into());
        }
        tracing::info!(
            tasks = found.len(),
            obstacle = failure.cause,
            "adopting tasks that an earlier worker launched"
        );
        // Nothing says which tokens they are under, so none of them could be replaced under the
        // next.
        self.track(found.into_iter().map(|task| task.arn), true);
        Ok(())
    }

    /// Before anything is stopped: takes the answer of a launch under way, and finds tasks whose
    /// launch got none, or which an earlier worker launched in the place of others.
    pub(super) async fn find_what_was_launched(&mut self, patience: Instant) {
        if let Some(launching) = self.launching.take() {
            match timeout_at(patience, launching).await {
                Ok(Ok(Ok(placement))) => {
                    self.track(placement.tasks.into_iter().map(|task| task.arn), true)
                }
                Ok(Ok(Err(RunTaskError::Conflict(arns)))) => self.track(arns, true),
                Ok(_) | Err(_) => self.uncertain = true,
            }
        }
        // What takes the place of a task that did not start may be there, launched by an earlier
        // worker, before this one has come to it.
        let may_be_replaced = self.tasks.iter().any(Tracked::may_be_replaced);
        if self.uncertain || self.missing() > 0 || may_be_replaced {
            let found = self
                .look_for_tasks(patience.min(Instant::now() + LIST_PATIENCE))
                .await;
            self.track(found.into_iter().map(|task| task.arn), true);
        }
    }

    /// Tasks of this run that ECS lists, until `end` at the latest. What stands in the way is
    /// logged, and gives none.
    async fn look_for_tasks(&self, end: Instant) -> Vec<ListedTask> {
        match timeout_at(end, self.list_for_certain()).await {
            Ok(Ok(found)) => return found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "tasks that may have been launched could not be looked for")
            }
            Err(_) => {
                tracing::warn!("tasks that may have been launched could not be looked for in time")
            }
        }
        Vec::new()
    }

    /// The same as [`Self::list`], again and again while it fails for what may pass.
    async fn list_for_certain(&self) -> Result<Vec<ListedTask>, ApiError> {
        loop {
            match self.list().await {
                Err(error) if error.may_pass() => sleep(RETRY_PAUSE).await,
                listed => return listed,
            }
        }
    }

    /// All tasks of this run that ECS knows, by the name they were started under.
    pub(super) async fn list(&self) -> Result<Vec<ListedTask>, ApiError> {
        self.runner.list_tasks.acquire().await;
        let which = WhichTasks::StartedBy {
            name: &self.spec.started_by,
            family: self.spec.family(),
        };
        // Boxed for the same reason.
        Box::pin(self.runner.ecs.list_tasks(&self.spec.cluster, which)).await
    }

    async fn run_tasks(&mut self) -> Result<(), NotLaunched> {
        let spec = self.with_network().await?;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let missing = self.missing();
            if missing == 0 {
                self.waiting_for = None;
                return Ok(());
            }
            let token = launch_token(&spec.client_token, self.next_token);
            self.runner.run_task.acquire().await;
            if self.is_late() {
                return Err(NotLaunched::Late);
            }
            let (ecs, launched) = (self.runner.ecs.clone(), spec.clone());
            let launching = self.launching.insert(tokio::spawn(async move {
                ecs.run_task(&launched, missing, &token).await
            }));
            let answer = launching.await;
            self.launching = None;
            // A call that panicked is a call without an answer.
            let Ok(answer) = answer else {
                self.uncertain = true;
                continue;
            };
            self.uncertain = matches!(&answer, Err(RunTaskError::Api(error)) if error.kind == ErrorKind::Unavailable);
            let obstacle = match answer {
                Ok(placement) => {
                    self.runner.run_task.succeeded();
                    self.take(placement)?
                }
                Err(RunTaskError::Conflict(arns)) if !arns.is_empty() => {
                    tracing::info!(
                        tasks = arns.len(),
                        "adopting tasks that were launched with other parameters under the same token"
                    );
                    self.next_token += 1;
                    // What they did, the next look tells.
                    self.track(arns, false);
                    continue;
                }
                Err(error) => {
                    if matches!(&error, RunTaskError::Api(error) if error.kind == ErrorKind::Throttled && !is_capacity(error))
                    {
                        self.runner.run_task.throttled();
                    }
                    self.retryable_reason(error)?
                }
            };
            let Some(obstacle) = obstacle else { continue };
            let pause = backoff.pause();
            tracing::warn!(
                obstacle,
                missing,
                pause_ms = pause.as_millis(),
                "tasks could not be launched; they are launched later"
            );
            self.waiting_for = Some(obstacle);
            sleep(pause).await;
        }
    }

    /// Takes what was placed. Gives what stood in the way of the rest, if it may pass.
    fn take(&mut self, placement: Placement) -> Result<Option<String>, Failure> {
        if !placement.tasks.is_empty() {
            self.next_token += 1;
            for task in placement.tasks {
                let may_have_started = task.was_seen_running();
                self.track([task.arn], may_have_started);
            }
        }
        if self.missing() == 0 {
            return Ok(None);
        }
        let lasting = placement
            .failures
            .iter()
            .find(|failure| !may_pass(failure) || !self.spec.retry_start_failures);
        if let Some(failure) = lasting {
            return Err(self.not_placed(failure));
        }
        Ok(Some(placement.failures.first().map_or_else(
            || "ECS placed no task and gave no reason".to_owned(),
            describe,
        )))
    }

    /// The parameters with what `NetworkFrom` names filled in.
    pub(super) async fn with_network(&mut self) -> Result<TaskSpec, Failure> {
        let mut spec = self.spec.clone();
        let Some(service) = &self.spec.network_from else {
            return Ok(spec);
        };
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self
                .runner
                .ecs
                .network_of_service(&spec.cluster, service)
                .await
            {
                Ok(Some(network)) => {
                    spec.network_configuration = network.network_configuration;
                    spec.launch_type = network.launch_type;
                    spec.capacity_provider_strategy = network.capacity_provider_strategy;
                    spec.platform_version = spec.platform_version.or(network.platform_version);
                    return Ok(spec);
                }
                Ok(None) => {
                    return Err(Failure::new(
                        ErrorName::InvalidRequest,
                        format!(
                            "NetworkFrom names service '{service}', but cluster '{}' has no active service of that name.",
                            spec.cluster
                        ),
                    ));
                }
                Err(error) => {
                    self.waiting_for = self.retryable_reason(RunTaskError::Api(error))?;
                    sleep(backoff.pause()).await;
                }
            }
        }
    }
}
