//! Launching, and adopting what another worker launched.
//!
//! ECS's own idempotency is the journal: the same client token gives back the same tasks, so replaying the tokens in order shows
//! how far an earlier worker came. A token moves on only when tasks exist under it.

use std::time::Duration;

use tokio::time::sleep;

use super::run::Run;
use crate::aws::ecs::{Placement, PlacementFailure, RunTaskError, WhichTasks};
use crate::aws::{ApiError, ErrorKind};
use crate::backoff::Backoff;
use crate::error_name::ErrorName;
use crate::identity::launch_token;
use crate::outcome::Failure;
use crate::task_spec::TaskSpec;

/// Pauses between launches that came to nothing.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long `ListTasks` may be behind `StartTask` (`API_RunTask`, eventual consistency).
const LIST_DELAY: Duration = Duration::from_secs(5);

impl Run<'_> {
    /// Launches until every task of the run exists. Waits out what may pass; the caller holds the deadline.
    pub(super) async fn launch_what_is_missing(&mut self) -> Result<(), Failure> {
        if !self.spec.instances.is_empty() {
            return self.start_on_instances().await;
        }
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
            let obstacle = match self.runner.ecs.run_task(&spec, missing, &token).await {
                Ok(placement) => {
                    self.runner.run_task.succeeded();
                    self.take(placement)?
                }
                Err(RunTaskError::Conflict(arns)) if !arns.is_empty() => {
                    tracing::info!(tasks = arns.len(), "adopting tasks that were launched with other parameters under the same token");
                    self.next_token += 1;
                    // Nothing says what they did before: count them as started.
                    self.track(arns, true);
                    continue;
                }
                Err(error) => self.obstacle(error)?,
            };
            let Some(obstacle) = obstacle else { continue };
            let pause = backoff.pause();
            tracing::warn!(obstacle, missing, pause_ms = pause.as_millis(), "tasks could not be launched; they are launched later");
            self.waiting_for = Some(obstacle);
            sleep(pause).await;
        }
    }

    /// Takes what was placed. Gives what stood in the way of the rest, if it may pass.
    fn take(&mut self, placement: Placement) -> Result<Option<String>, Failure> {
        if !placement.tasks.is_empty() {
            self.next_token += 1;
            let may_have_started = placement.tasks.iter().any(crate::task_status::TaskStatus::may_have_started);
            self.track(placement.tasks.into_iter().map(|task| task.arn), may_have_started);
        }
        if self.missing() == 0 {
            return Ok(None);
        }
        let lasting = placement.failures.iter().find(|failure| !may_pass(failure) || !self.spec.retry_start_failures);
        if let Some(failure) = lasting {
            return Err(Failure::new(
                ErrorName::NotStarted,
                format!(
                    "ECS could not place a task of {} in cluster '{}': {}.",
                    self.spec.task_definition,
                    self.spec.cluster,
                    describe(failure)
                ),
            ));
        }
        Ok(Some(placement.failures.first().map_or_else(|| "ECS placed no task and gave no reason".to_owned(), describe)))
    }

    /// What an error keeps the launch from, if it may pass.
    fn obstacle(&self, error: RunTaskError) -> Result<Option<String>, Failure> {
        let error = match error {
            RunTaskError::Conflict(_) => {
                return Err(Failure::new(
                    ErrorName::Failed,
                    "ECS says that the run's client token was used with other parameters but does not name the tasks, so they can be neither adopted nor launched again.",
                ));
            }
            RunTaskError::NoTaskDefinition(error) => {
                return Err(Failure::new(
                    ErrorName::InvalidRequest,
                    format!("{error}. Check that TaskDefinition names an active task definition of this account and region."),
                ));
            }
            RunTaskError::Api(error) => error,
        };
        if is_capacity(&error) {
            if self.spec.retry_start_failures {
                return Ok(Some(error.message));
            }
            return Err(Failure::new(ErrorName::NotStarted, format!("{error}.")));
        }
        match error.kind {
            ErrorKind::Throttled => {
                self.runner.run_task.throttled();
                Ok(Some(error.to_string()))
            }
            ErrorKind::Unavailable => Ok(Some(error.to_string())),
            ErrorKind::AccessDenied => Err(Failure::new(
                ErrorName::AccessDenied,
                format!("{error}. Allow the worker's role this action, and iam:PassRole for the task's roles."),
            )),
            ErrorKind::Rejected => Err(Failure::new(ErrorName::InvalidRequest, format!("{error}."))),
        }
    }

    /// Starts a task on each named instance that has none of this run. `StartTask` has no client token, so what is there already
    /// is found by `startedBy`, and looked for twice since lists lag behind.
    async fn start_on_instances(&mut self) -> Result<(), Failure> {
        let spec = &self.with_network().await?;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut looked_twice = false;
        loop {
            let listed = match self
                .runner
                .ecs
                .list_tasks(&spec.cluster, WhichTasks::StartedBy { name: &spec.started_by, family: spec.family() })
                .await
            {
                Ok(listed) => listed,
                Err(error) => {
                    self.obstacle(RunTaskError::Api(error))?;
                    sleep(backoff.pause()).await;
                    continue;
                }
            };
            let free: Vec<String> = spec
                .instances
                .iter()
                .filter(|instance| !listed.iter().any(|task| is_same_instance(&task.container_instance_arn, instance)))
                .cloned()
                .collect();
            if !listed.is_empty() {
                self.track(listed.into_iter().map(|task| task.arn), true);
            }
            if free.is_empty() {
                return Ok(());
            }
            if !looked_twice {
                looked_twice = true;
                sleep(LIST_DELAY).await;
                continue;
            }
            self.runner.run_task.acquire().await;
            match self.runner.ecs.start_task(spec, &free).await {
                Ok(placement) => {
                    let failure = placement.failures.first().map(describe);
                    self.track(placement.tasks.into_iter().map(|task| task.arn), true);
                    return match failure {
                        None => Ok(()),
                        Some(failure) => Err(Failure::new(
                            ErrorName::NotStarted,
                            format!("ECS could not start a task of {} in cluster '{}': {failure}.", spec.task_definition, spec.cluster),
                        )),
                    };
                }
                // The call may have taken effect: look again before anything is started.
                Err(error) => {
                    self.waiting_for = self.obstacle(error)?;
                    looked_twice = false;
                    sleep(backoff.pause()).await;
                }
            }
        }
    }

    /// The parameters with what `NetworkFrom` names filled in.
    async fn with_network(&self) -> Result<TaskSpec, Failure> {
        let mut spec = self.spec.clone();
        let Some(service) = &self.spec.network_from else {
            return Ok(spec);
        };
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.runner.ecs.network_of_service(&spec.cluster, service).await {
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
                    self.obstacle(RunTaskError::Api(error))?;
                    sleep(backoff.pause()).await;
                }
            }
        }
    }
}

/// Failures that clear when capacity arrives or an agent reconnects, as agents do every hour (`api_failures_messages`).
fn may_pass(failure: &PlacementFailure) -> bool {
    failure.reason.starts_with("RESOURCE") || failure.reason == "AGENT" || failure.reason.contains("Capacity is unavailable")
}

fn is_capacity(error: &ApiError) -> bool {
    error.message.contains("Capacity is unavailable") || error.message.contains("No Container Instances were found")
}

fn is_same_instance(listed: &str, asked: &str) -> bool {
    listed == asked || listed.rsplit('/').next() == asked.rsplit('/').next()
}

fn describe(failure: &PlacementFailure) -> String {
    let explained = match failure.reason.as_str() {
        "RESOURCE:CPU" => " (no instance has the CPU units free)",
        "RESOURCE:MEMORY" => " (no instance has the memory free)",
        "RESOURCE:PORTS" | "RESOURCE:PORT" => " (no instance has the host port free)",
        "RESOURCE:ENI" => " (no instance has a network interface free)",
        "RESOURCE:GPU" => " (no instance has a GPU free)",
        "AGENT" => " (the ECS agent of the instance is not connected)",
        "ATTRIBUTE" => " (no instance has an attribute that the task definition or a placement constraint asks for)",
        _ => "",
    };
    let mut text = format!("{}{explained}", failure.reason);
    if !failure.detail.is_empty() {
        text += &format!(", {}", failure.detail);
    }
    if !failure.arn.is_empty() {
        text += &format!(", at {}", failure.arn);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_and_agents_pass_and_attributes_do_not() {
        for (reason, expected) in [
            ("RESOURCE:CPU", true),
            ("RESOURCE:MEMORY", true),
            ("RESOURCE:ENI", true),
            ("AGENT", true),
            ("Capacity is unavailable at this time. Please try again later or in a different availability zone", true),
            ("ATTRIBUTE", false),
            ("MISSING", false),
            ("INACTIVE", false),
            ("", false),
        ] {
            let failure = PlacementFailure { reason: reason.to_owned(), detail: String::new(), arn: String::new() };
            assert_eq!(may_pass(&failure), expected, "{reason}");
        }
    }
}
