//! Launching, and adopting what another worker launched.
//!
//! ECS's own idempotency is the journal: the same client token gives back the same tasks, so replaying the tokens in order shows
//! how far an earlier worker came. A token moves on only when tasks exist under it.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::run::Run;
use crate::aws::ecs::{ListedTask, Placement, PlacementFailure, RunTaskError, WhichTasks};
use crate::aws::{ApiError, ErrorKind};
use crate::backoff::Backoff;
use crate::error_name::ErrorName;
use crate::identity::launch_token;
use crate::outcome::Failure;
use crate::task_spec::TaskSpec;

/// Pauses between launches that came to nothing.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a new IAM role may be unknown to ECS.
const NEW_ROLE: Duration = Duration::from_secs(120);

impl Run<'_> {
    /// Launches until every task of the run exists. Waits out what may pass; the caller holds the deadline.
    ///
    /// When a launch cannot be made, tasks of this run may exist all the same: an earlier worker launched them before the
    /// definition, the service or the permission went away. Then they are adopted.
    pub(super) async fn launch_what_is_missing(&mut self) -> Result<(), Failure> {
        // Boxed: few runs take this way, and all would keep room for it.
        let launched = if self.spec.instances.is_empty() { self.run_tasks().await } else { Box::pin(self.start_on_instances()).await };
        let Err(failure) = launched else { return Ok(()) };
        if !self.tasks.is_empty() {
            return Err(failure);
        }
        let found = self.list().await.unwrap_or_default();
        if found.len() < self.spec.task_count() {
            return Err(failure);
        }
        tracing::info!(tasks = found.len(), obstacle = failure.cause, "adopting tasks that an earlier worker launched");
        self.track(found.into_iter().map(|task| task.arn), true);
        Ok(())
    }

    /// Before anything is stopped: takes the answer of a launch under way, and finds tasks whose launch got none.
    pub(super) async fn find_what_was_launched(&mut self, patience: Instant) {
        if let Some(launching) = self.launching.take() {
            match timeout_at(patience, launching).await {
                Ok(Ok(Ok(placement))) => self.track(placement.tasks.into_iter().map(|task| task.arn), true),
                Ok(Ok(Err(RunTaskError::Conflict(arns)))) => self.track(arns, true),
                Ok(_) | Err(_) => self.uncertain = true,
            }
        }
        if self.uncertain || self.missing() > 0 {
            match timeout_at(patience, self.list()).await {
                Ok(Ok(found)) if !found.is_empty() => self.track(found.into_iter().map(|task| task.arn), true),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "tasks whose launch got no answer could not be looked for"),
                Err(_) => tracing::warn!("tasks whose launch got no answer could not be looked for in time"),
            }
        }
    }

    /// All tasks of this run that ECS knows, by the name they were started under.
    pub(super) async fn list(&self) -> Result<Vec<ListedTask>, ApiError> {
        self.runner.list_tasks.acquire().await;
        let which = WhichTasks::StartedBy { name: &self.spec.started_by, family: self.spec.family() };
        // Boxed for the same reason.
        Box::pin(self.runner.ecs.list_tasks(&self.spec.cluster, which)).await
    }

    async fn run_tasks(&mut self) -> Result<(), Failure> {
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
            let (ecs, launched) = (self.runner.ecs.clone(), spec.clone());
            let launching = self.launching.insert(tokio::spawn(async move { ecs.run_task(&launched, missing, &token).await }));
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
                    tracing::info!(tasks = arns.len(), "adopting tasks that were launched with other parameters under the same token");
                    self.next_token += 1;
                    // Nothing says what they did before: count them as started.
                    self.track(arns, true);
                    continue;
                }
                Err(error) => {
                    if matches!(&error, RunTaskError::Api(error) if error.kind == ErrorKind::Throttled && !is_capacity(error)) {
                        self.runner.run_task.throttled();
                    }
                    self.obstacle(error)?
                }
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
            return Err(self.not_placed(failure));
        }
        Ok(Some(placement.failures.first().map_or_else(|| "ECS placed no task and gave no reason".to_owned(), describe)))
    }

    /// What an error keeps the launch from, if it may pass.
    pub(super) fn obstacle(&self, error: RunTaskError) -> Result<Option<String>, Failure> {
        let error = match error {
            RunTaskError::Conflict(_) => {
                return Err(Failure::new(
                    ErrorName::Failed,
                    "ECS says that the run's client token was used with other parameters but does not name the tasks, so they can be neither adopted nor launched again.",
                ));
            }
            RunTaskError::NoTaskDefinition(error) => {
                let error = self.redaction.apply(&error.to_string());
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
        let (kind, action) = (error.kind, error.action);
        let error = self.redaction.apply(&error.to_string());
        match kind {
            ErrorKind::Throttled | ErrorKind::Unavailable => Ok(Some(error)),
            // IAM is eventually consistent: a role made by the same stack cannot be assumed for some seconds.
            ErrorKind::Rejected if error.contains("unable to assume the") && self.began.elapsed() < NEW_ROLE => Ok(Some(error)),
            ErrorKind::AccessDenied if matches!(action, "ecs:RunTask" | "ecs:StartTask") => Err(Failure::new(
                ErrorName::AccessDenied,
                format!("{error}. Allow the worker's role this action, and iam:PassRole for the task's roles."),
            )),
            ErrorKind::AccessDenied => Err(Failure::new(ErrorName::AccessDenied, format!("{error}. Allow the worker's role this action."))),
            ErrorKind::Rejected => Err(Failure::new(ErrorName::InvalidRequest, format!("{error}."))),
        }
    }

    /// Tasks could not be placed, now or later.
    pub(super) fn not_placed(&self, failure: &PlacementFailure) -> Failure {
        let reason = self.redaction.apply(&describe(failure));
        let what = format!("a task of {} in cluster '{}': {reason}", self.spec.task_definition, self.spec.cluster);
        match self.tasks.len() {
            0 => Failure::new(ErrorName::NotStarted, format!("ECS could not place {what}.")),
            placed => Failure::new(
                ErrorName::Failed,
                format!("ECS placed {placed} of {} tasks, which are stopped, and could not place {what}.", self.spec.task_count()),
            ),
        }
    }

    /// The parameters with what `NetworkFrom` names filled in.
    pub(super) async fn with_network(&mut self) -> Result<TaskSpec, Failure> {
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
                    self.waiting_for = self.obstacle(RunTaskError::Api(error))?;
                    sleep(backoff.pause()).await;
                }
            }
        }
    }
}

/// What ECS says while Fargate has no room, for anybody or for this account: "You've reached the limit on the number of vCPUs you
/// can run concurrently" clears when other tasks end.
const NO_ROOM: [&str; 2] = ["Capacity is unavailable", "reached the limit on the number of"];

/// Failures that clear when capacity arrives or an agent reconnects, as agents do every hour (`api_failures_messages`).
pub(super) fn may_pass(failure: &PlacementFailure) -> bool {
    failure.reason.starts_with("RESOURCE") || failure.reason == "AGENT" || NO_ROOM.iter().any(|says| failure.reason.contains(says))
}

fn is_capacity(error: &ApiError) -> bool {
    error.message.contains("No Container Instances were found") || NO_ROOM.iter().any(|says| error.message.contains(says))
}

pub(super) fn describe(failure: &PlacementFailure) -> String {
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
            ("You've reached the limit on the number of vCPUs you can run concurrently", true),
            ("ATTRIBUTE", false),
            ("MISSING", false),
            ("INACTIVE", false),
            ("", false),
        ] {
            let failure = PlacementFailure { reason: reason.to_owned(), detail: String::new(), arn: String::new() };
            assert_eq!(may_pass(&failure), expected, "{reason}");
        }
    }

    #[test]
    fn no_room_is_waited_out_whether_ecs_says_it_as_failure_or_error() {
        for (message, expected) in [
            ("Capacity is unavailable at this time. Please try again later or in a different availability zone", true),
            ("You've reached the limit on the number of vCPUs you can run concurrently.", true),
            ("No Container Instances were found in your cluster.", true),
            ("Rate exceeded", false),
            ("The requested CPU configuration is above your limit", false),
        ] {
            let error = ApiError {
                action: "ecs:RunTask",
                resource: "cluster 'production'".to_owned(),
                kind: crate::aws::ErrorKind::Rejected,
                code: None,
                message: message.to_owned(),
            };
            assert_eq!(is_capacity(&error), expected, "{message}");
        }
    }
}
