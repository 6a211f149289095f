//! Launching the tasks of a run, and adopting what another worker launched.
//!
//! There are two ways: `RunTask` under client tokens (`tokens`), and `StartTask` on named container
//! instances (`instances`). A task of the run that no answer to these calls shows is found in ECS's
//! lists, by the name under which it was started.
//!
//! This module does not know how a task ends, nor when the deadline comes by this machine's timers.

mod calls;
mod containers;
mod instances;
mod late;
mod launch_error;
mod relaunch;
mod tokens;

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::definitions::TaskDefinitions;
use super::tasks::{RETRY_PAUSE, Tasks, Tracked};
use crate::aws::ApiError;
use crate::aws::backoff::Backoff;
use crate::aws::ecs::{Ecs, ListedTask, NamedService, Placement, RunTaskError, WhichTasks};
use crate::clock::Clock;
use crate::task::outcome::Failure;
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;

pub(super) use calls::LaunchCalls;
use relaunch::Relaunches;

/// How long the worker looks for tasks that may have been launched. It is short, since at the
/// deadline the worker must still stop them.
const LIST_PATIENCE: Duration = Duration::from_secs(15);
/// Pauses between launches that did not place all tasks.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why not every task of the run exists.
#[derive(Debug)]
pub(super) enum NotLaunched {
    /// The tasks cannot be launched.
    Failed(Failure),
    /// The deadline has passed by the wall clock.
    Late,
}

impl From<Failure> for NotLaunched {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Launches the tasks of one run.
#[derive(Debug)]
pub(super) struct Launcher<'a> {
    ecs: &'a Ecs,
    calls: &'a LaunchCalls,
    clock: &'a Clock,
    definitions: &'a TaskDefinitions,
    spec: &'a TaskSpec,
    redaction: &'a Redaction,
    /// When this worker received the run.
    began: Instant,
    /// Number of the next client token; see [`crate::cloudformation::identity::launch_token`].
    next_token: u32,
    /// A `RunTask` call under way, in a tokio task of its own. The deadline must not drop the call:
    /// ECS may have launched tasks, and the answer names them.
    launching: Option<oneshot::Receiver<Result<Placement, RunTaskError>>>,
    /// A launch got no answer, so ECS may have launched something.
    uncertain: bool,
    /// What the run last waited for before it could launch. A failure by deadline names it.
    waiting_for: Option<String>,
    /// ECS has answered a launch of this worker, so the worker knows the tasks under the run's tokens.
    knows_what_was_launched: bool,
    relaunches: Relaunches,
    /// When ECS first refused the launch because the cluster has no container instances, for a run
    /// with neither launch type nor capacity provider strategy.
    without_instances_since: Option<Instant>,
}

impl<'a> Launcher<'a> {
    /// A launcher for a run that begins now.
    pub(super) fn new(
        ecs: &'a Ecs,
        calls: &'a LaunchCalls,
        clock: &'a Clock,
        definitions: &'a TaskDefinitions,
        spec: &'a TaskSpec,
        redaction: &'a Redaction,
    ) -> Self {
        Self {
            ecs,
            calls,
            clock,
            definitions,
            spec,
            redaction,
            began: Instant::now(),
            next_token: 0,
            launching: None,
            uncertain: false,
            waiting_for: None,
            knows_what_was_launched: false,
            relaunches: Relaunches::new(),
            without_instances_since: None,
        }
    }

    /// Launches until every task of the run exists. While errors may pass it tries again; the
    /// caller cancels it at the deadline.
    ///
    /// When a launch cannot be made and this worker tracks no task yet, it looks for the run's
    /// tasks in a list, and adopts them if all are there: an earlier worker may have launched them
    /// before the task definition, the service or the permission went away.
    pub(super) async fn launch_what_is_missing(
        &mut self,
        tasks: &mut Tasks<'_>,
    ) -> Result<(), NotLaunched> {
        let failure = match self.launch(tasks).await {
            Ok(()) => return Ok(()),
            Err(NotLaunched::Failed(failure)) if tasks.all().is_empty() => failure,
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
        // A list does not show under which tokens the tasks were launched. The next token is
        // therefore unknown, and none of the tasks may be relaunched.
        tasks.track(found.into_iter().map(|task| task.status.arn), true);
        Ok(())
    }

    /// Launches in the one way or the other. Before the first launch of this worker it looks at the
    /// names of containers. An earlier worker may have launched all the same, when it could not read
    /// the task definition or found another revision: what it launched must be adopted, which only
    /// the launch's client tokens show whole. So a wrong name fails the run only where ECS lists no
    /// task of it.
    async fn launch(&mut self, tasks: &mut Tasks<'_>) -> Result<(), NotLaunched> {
        // Boxed: the looks are over before the run waits, and would enlarge every waiting run.
        if tasks.all().is_empty()
            && let Err(failure) = Box::pin(self.look_for_containers()).await
            && Box::pin(self.lists_no_task()).await
        {
            return Err(failure.into());
        }
        if self.spec.instances.is_empty() {
            return self.run_tasks(tasks).await;
        }
        // Boxed: few runs name instances, and every other run's future would reserve room for this
        // one.
        Box::pin(self.start_on_instances(tasks)).await
    }

    /// Called at the deadline, before tasks are stopped. Takes the answer of a launch under way,
    /// and looks for tasks whose launch got no answer or which an earlier worker launched in the
    /// place of others. Waits until `end` at the latest.
    pub(super) async fn find_what_was_launched(&mut self, tasks: &mut Tasks<'_>, end: Instant) {
        if let Some(launching) = self.launching.take() {
            // The answer comes first, since it may make the list unnecessary.
            match timeout_at(end, launching).await {
                Ok(Ok(Ok(placement))) => {
                    tasks.track(placement.tasks.into_iter().map(|task| task.arn), true);
                }
                Ok(Ok(Err(RunTaskError::Conflict(arns)))) => tasks.track(arns, true),
                Ok(_) | Err(_) => self.uncertain = true,
            }
        }
        // An earlier worker may have launched a task in the place of one that did not start, and
        // this worker has not yet repeated that launch's token.
        let may_be_replaced = tasks.all().iter().any(Tracked::may_be_replaced);
        if self.uncertain || tasks.missing() > 0 || may_be_replaced {
            let found = self
                .look_for_tasks(end.min(Instant::now() + LIST_PATIENCE))
                .await;
            tasks.track(found.into_iter().map(|task| task.status.arn), true);
        }
    }

    /// The failure of a run that has fewer tasks than it should.
    pub(super) fn incomplete(&self, tasks: &Tasks<'_>) -> Option<Failure> {
        launch_error::incomplete(self.spec, tasks)
    }

    /// Whether the deadline has passed by the wall clock. Timers stand still while a machine is
    /// suspended.
    pub(super) fn is_late(&self) -> bool {
        self.clock.until(self.spec.deadline).is_zero()
    }

    /// What the run last waited for before it could launch.
    pub(super) fn last_obstacle(&self) -> Option<&str> {
        self.waiting_for.as_deref()
    }

    /// Notes what the run waits for before it can launch.
    fn waits_for(&mut self, obstacle: String) {
        self.waiting_for = Some(obstacle);
    }

    /// Why a launch must be repeated later, or the failure when it can never succeed.
    fn retryable_reason(&self, error: RunTaskError) -> Result<String, Failure> {
        launch_error::retryable_reason(error, self.spec, self.redaction, self.began.elapsed())
    }

    /// The tasks of this run that ECS lists. When there is no list by `end`, logs that and returns
    /// none.
    async fn look_for_tasks(&self, end: Instant) -> Vec<ListedTask> {
        match timeout_at(end, self.list_until_it_succeeds()).await {
            Ok(Ok(found)) => return found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "tasks that may have been launched could not be looked for");
            }
            Err(_) => {
                tracing::warn!("tasks that may have been launched could not be looked for in time");
            }
        }
        Vec::new()
    }

    /// Whether ECS lists no task of this run. `false` when it cannot be asked.
    async fn lists_no_task(&self) -> bool {
        let listed = timeout(LIST_PATIENCE, self.list_until_it_succeeds()).await;
        matches!(listed, Ok(Ok(found)) if found.is_empty())
    }

    /// Calls [`Self::list`], again and again while the error may pass.
    async fn list_until_it_succeeds(&self) -> Result<Vec<ListedTask>, ApiError> {
        loop {
            match self.list().await {
                Err(error) if error.may_pass() => sleep(RETRY_PAUSE).await,
                listed => return listed,
            }
        }
    }

    /// The tasks of this run that ECS lists, found by the name under which they were started.
    async fn list(&self) -> Result<Vec<ListedTask>, ApiError> {
        let which = WhichTasks::StartedBy {
            name: &self.spec.started_by,
            family: self.spec.family(),
        };
        // Boxed: the future is several KB, which every waiting run would otherwise reserve.
        Box::pin(self.ecs.list_tasks(&self.spec.cluster, which)).await
    }

    /// The run's spec, completed with the network of the service that `NetworkFrom` names.
    async fn with_network(&mut self) -> Result<TaskSpec, Failure> {
        let mut spec = self.spec.clone();
        let Some(service) = &self.spec.network_from else {
            return Ok(spec);
        };
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.ecs.network_of_service(&spec.cluster, service).await {
                Ok(NamedService::Runs(network)) => {
                    spec.network_configuration = network.network_configuration;
                    spec.launch_type = network.launch_type;
                    spec.capacity_provider_strategy = network.capacity_provider_strategy;
                    spec.platform_version = spec.platform_version.or(network.platform_version);
                    return Ok(spec);
                }
                Ok(NamedService::None) => {
                    let why = format!(
                        "but cluster '{}' has no active service of that name",
                        spec.cluster_name()
                    );
                    return Err(launch_error::no_network(service, &why));
                }
                Ok(NamedService::NoPrimaryTaskSet { controller }) => {
                    let why = format!(
                        "which has no network to take: {controller} deploys it, and it has no PRIMARY task set. Wait for its first deployment, or give NetworkConfiguration instead"
                    );
                    return Err(launch_error::no_network(service, &why));
                }
                Err(error) => {
                    let obstacle = self.retryable_reason(RunTaskError::Api(error))?;
                    self.waits_for(obstacle);
                    sleep(backoff.pause()).await;
                }
            }
        }
    }
}
