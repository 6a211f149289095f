//! `StartTask` on named container instances. The call takes no client token, so a worker finds
//! tasks that were started before by their `startedBy`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{FIRST_PAUSE, LONGEST_PAUSE, Launcher, NotLaunched, launch_error};
use crate::arn::last_part;
use crate::aws::backoff::Backoff;
use crate::aws::ecs::RunTaskError;
use crate::aws::{ApiError, ErrorKind};
use crate::task::error::ErrorName;
use crate::task::outcome::Failure;
use crate::task_run::tasks::Tasks;

/// How long a task that `StartTask` has started may be missing from `ListTasks` (`API_RunTask`,
/// eventual consistency; seconds in practice).
const LIST_LAG: Duration = Duration::from_secs(15);
/// How long the worker looks for tasks whose `StartTask` got no answer.
const UNANSWERED_START_PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two lists in that time.
const LIST_INTERVAL: Duration = Duration::from_secs(5);

impl Launcher<'_> {
    /// Starts a task on each named instance that has none of this run.
    ///
    /// Tasks that another worker started are found in lists by `startedBy`. Two lists are read
    /// before the first call, since ECS lists a new task only after some seconds. A call that got
    /// no answer is never repeated: its tasks are looked for instead.
    pub(super) async fn start_on_instances(
        &mut self,
        tasks: &mut Tasks<'_>,
    ) -> Result<(), NotLaunched> {
        let spec = self.with_network().await?;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut free = self.free_instances(tasks, &mut backoff).await?;
        if !free.is_empty() {
            sleep(LIST_LAG).await;
            free = self.free_instances(tasks, &mut backoff).await?;
        }
        while !free.is_empty() {
            let permit = self.ecs.budgets().run_task.acquire().await;
            // Right before the call, since another worker may have started tasks while this one
            // waited or its machine was suspended. The list can only remove instances from `free`,
            // since it may not yet show the tasks that this worker has started.
            let unused = self.free_instances(tasks, &mut backoff).await?;
            free.retain(|instance| unused.contains(instance));
            if free.is_empty() {
                break;
            }
            if self.is_late() {
                return Err(NotLaunched::Late);
            }
            if self.launches_may_be_forgotten() {
                return Box::pin(self.adopt_what_is_listed(tasks)).await;
            }
            // Set before the call: if the deadline drops this future during the call, tasks may
            // have been started.
            self.uncertain = true;
            let obstacle = match self.ecs.start_task(permit, &spec, &free).await {
                Ok(placement) => {
                    self.uncertain = false;
                    self.knows_what_was_launched = true;
                    tasks.track(placement.tasks.into_iter().map(|task| task.arn), true);
                    let failures = &placement.failures;
                    launch_error::check_failures(failures, self.spec, tasks, self.redaction)?;
                    // Each failure names the instance on which no task was started.
                    free.retain(|instance| {
                        failures
                            .iter()
                            .any(|failure| is_same_instance(&failure.arn, instance))
                    });
                    if let Some(incomplete) = self
                        .incomplete(tasks)
                        .filter(|_| free.len() < tasks.missing())
                    {
                        return Err(incomplete.into());
                    }
                    failures.first().map(launch_error::describe)
                }
                Err(RunTaskError::Api(error)) if error.kind == ErrorKind::Unavailable => {
                    return Ok(self.find_unanswered_starts(tasks, &error).await?);
                }
                Err(error) => {
                    self.uncertain = false;
                    Some(self.retryable_reason(error)?)
                }
            };
            if let Some(obstacle) = obstacle {
                let pause = backoff.pause();
                tracing::warn!(
                    obstacle,
                    pause_ms = pause.as_millis(),
                    "tasks could not be started; they are started later"
                );
                self.waits_for(obstacle);
                sleep(pause).await;
            }
        }
        self.waiting_for = None;
        Ok(())
    }

    /// The instances without a task of this run. Tracks the tasks that it finds.
    async fn free_instances(
        &mut self,
        tasks: &mut Tasks<'_>,
        backoff: &mut Backoff,
    ) -> Result<Vec<String>, Failure> {
        loop {
            match self.list().await {
                Ok(listed) => {
                    let has_none = |instance: &&String| {
                        !listed
                            .iter()
                            .any(|task| is_same_instance(&task.container_instance_arn, instance))
                    };
                    let instances = self.spec.instances.iter();
                    let free = instances.filter(has_none).cloned().collect();
                    tasks.track(listed.into_iter().map(|task| task.status.arn), true);
                    return Ok(free);
                }
                Err(error) => {
                    let obstacle = self.retryable_reason(RunTaskError::Api(error))?;
                    self.waits_for(obstacle);
                    sleep(backoff.pause()).await;
                }
            }
        }
    }

    /// Looks for the tasks of a `StartTask` call that got no answer, until each instance has one.
    async fn find_unanswered_starts(
        &mut self,
        tasks: &mut Tasks<'_>,
        error: &ApiError,
    ) -> Result<(), Failure> {
        let end = Instant::now() + UNANSWERED_START_PATIENCE;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        while Instant::now() < end {
            sleep(LIST_INTERVAL).await;
            if self.free_instances(tasks, &mut backoff).await?.is_empty() {
                self.uncertain = false;
                return Ok(());
            }
        }
        Err(Failure::new(
            ErrorName::Failed,
            format!(
                "{}. Nobody can say on which instances tasks were started, and starting them again could run them twice.",
                self.redaction.apply(&error.to_string())
            ),
        ))
    }
}

/// ECS lists instances by ARN; the properties may name them by id alone.
fn is_same_instance(listed: &str, asked: &str) -> bool {
    last_part(listed) == last_part(asked)
}
