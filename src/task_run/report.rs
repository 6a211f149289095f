//! The end of a run: outputs of a success, cause of a failure.

mod cause;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::run::Run;
use super::tracked::TaskState;
use crate::aws::ecs::TaskDefinition;
use crate::aws::{ApiError, ErrorKind};
use crate::task::console;
use crate::task::error::ErrorName;
use crate::task::outcome::{Failure, Output};
use crate::task::status::{TaskStatus, task_id};
use cause::{CauseParts, LogTail, compose};

/// Looking up definition and log must not hold up the answer for longer.
pub(crate) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a failure waits for its turn among the worker's log look-ups. When many runs fail
/// together, their answers must not be late for their logs' sake.
const LOG_CALL_WAIT: Duration = Duration::from_secs(15);
/// A container's lines reach the log in batches. An empty or missing stream is looked at once more
/// after this.
const SECOND_READ_AFTER: Duration = Duration::from_millis(1_500);

impl Run<'_> {
    /// The definition of a task.
    pub(crate) async fn look_up_definition(
        &self,
        status: &TaskStatus,
    ) -> Result<Arc<TaskDefinition>, ApiError> {
        let name = if status.task_definition_arn.is_empty() {
            &self.spec.task_definition
        } else {
            &status.task_definition_arn
        };
        self.runner.task_definitions.get(name).await
    }

    /// The definition of a task, or nothing: what it adds to the words of an answer is welcome but
    /// not needed.
    async fn task_definition(&self, status: &TaskStatus) -> Option<Arc<TaskDefinition>> {
        match timeout(LOOKUP_TIMEOUT, self.look_up_definition(status)).await {
            Ok(Ok(definition)) => Some(definition),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the task definition could not be read; the answer does without it");
                None
            }
            Err(_) => {
                tracing::warn!(
                    "the task definition could not be read in time; the answer does without it"
                );
                None
            }
        }
    }

    /// The outputs once every task has succeeded.
    pub(crate) async fn output(&self) -> Output {
        let succeeded: Vec<_> = self
            .tasks
            .iter()
            .filter_map(|task| match &task.state {
                TaskState::Succeeded {
                    status,
                    container,
                    exit_code,
                } => Some((status, container, exit_code)),
                TaskState::Live | TaskState::Replaced | TaskState::Ended(_) => None,
            })
            .collect();
        let Some((first, container, exit_code)) = succeeded.first() else {
            return Output::default();
        };
        let started = succeeded
            .iter()
            .filter_map(|(status, ..)| status.started_at)
            .min();
        let stopped = succeeded
            .iter()
            .filter_map(|(status, ..)| status.stopped_at)
            .max();
        let definition = self.task_definition(first).await;
        let log = definition
            .as_deref()
            .and_then(|definition| definition.log(container));
        let output = Output {
            task_arn: first.arn.clone(),
            task_arns: succeeded
                .iter()
                .map(|(status, ..)| status.arn.as_str())
                .collect::<Vec<_>>()
                .join(","),
            exit_code: exit_code.to_string(),
            started_at: started.map(|time| time.to_string()).unwrap_or_default(),
            stopped_at: stopped.map(|time| time.to_string()).unwrap_or_default(),
            duration_seconds: started
                .zip(stopped)
                .map(|(from, to)| to.duration_since(from).as_secs().max(0).to_string())
                .unwrap_or_default(),
            log_group: log.map(|log| log.group.clone()).unwrap_or_default(),
            log_stream: log
                .map(|log| log.stream(container, first.id()))
                .unwrap_or_default(),
            console_url: console::task_url(&first.arn),
            skipped: String::new(),
        };
        tracing::info!(
            exit_code,
            seconds = output.duration_seconds,
            "the run succeeded"
        );
        output
    }

    /// The failure that one task's ending makes of the run.
    pub(crate) async fn failure(&self, index: usize) -> Failure {
        let task = &self.tasks[index];
        let TaskState::Ended(ending) = &task.state else {
            return Failure::new(
                ErrorName::Failed,
                format!("The task {} ended, and nobody can say how.", task.arn),
            );
        };
        let log = self
            .log_tail(task.last_seen(), ending.container.as_deref())
            .await;
        let what = match self.tasks.len() {
            0 | 1 => ending.what.clone(),
            count => format!("{} (one of {count} tasks)", ending.what),
        };
        self.compose(ending.error, &what, Some(&task.arn), task.last_seen(), &log)
    }

    /// The failure of a run whose deadline passed.
    pub(crate) async fn deadline_failure(&self) -> Failure {
        let task = self
            .tasks
            .iter()
            .find(|task| matches!(task.state, TaskState::Live | TaskState::Ended(_)));
        let what = match (task, &self.waiting_for) {
            (Some(task), _) if matches!(task.state, TaskState::Live) => {
                format!(
                    "The deadline {} passed, and the task could not be seen to stop",
                    self.spec.deadline
                )
            }
            (Some(_), _) => format!(
                "The deadline {} passed while the task ran, and the task was stopped",
                self.spec.deadline
            ),
            (None, Some(obstacle)) => {
                format!(
                    "The deadline {} passed before a task could be started; the last obstacle was: {obstacle}",
                    self.spec.deadline
                )
            }
            (None, None) => format!(
                "The deadline {} passed before a task was started",
                self.spec.deadline
            ),
        };
        let status = task.and_then(|task| task.last_seen());
        let ran = status.filter(|status| status.was_seen_running());
        let container = ran.and_then(|status| {
            status
                .containers
                .iter()
                .find(|container| self.counts(&container.name))
        });
        let log = self
            .log_tail(status, container.map(|container| container.name.as_str()))
            .await;
        self.compose(
            ErrorName::DeadlineExceeded,
            &what,
            task.map(|task| task.arn.as_str()),
            status,
            &log,
        )
    }

    fn counts(&self, container: &str) -> bool {
        self.spec.containers.is_empty() || self.spec.containers.iter().any(|name| name == container)
    }

    fn compose(
        &self,
        error: ErrorName,
        what: &str,
        task_arn: Option<&str>,
        status: Option<&TaskStatus>,
        log: &LogTail,
    ) -> Failure {
        let parts = CauseParts {
            what,
            task_arn,
            status,
            task_definition: &self.spec.task_definition,
            cluster: &self.spec.cluster,
            log,
        };
        let failure = Failure::new(error, compose(&parts, &self.redaction));
        tracing::warn!(error = %failure.error, cause = failure.cause, "the run failed");
        failure
    }

    /// The last lines of one container's log. What stands in the way becomes a note, never an error
    /// of its own.
    async fn log_tail(&self, status: Option<&TaskStatus>, container: Option<&str>) -> LogTail {
        let (Some(status), Some(container)) = (status, container) else {
            return LogTail::NotAsked;
        };
        if self.spec.log_lines == 0 {
            return LogTail::NotAsked;
        }
        let Some(definition) = self.task_definition(status).await else {
            return LogTail::Unavailable(
                "the task definition, which names the log, could not be read.".to_owned(),
            );
        };
        let Some(place) = definition.log(container) else {
            return LogTail::Unavailable(format!(
                "container '{container}' does not log through awslogs with a stream prefix, so its stream cannot be found."
            ));
        };
        let stream = place.stream(container, task_id(&status.arn));
        let budget = &self.runner.get_log_events;
        let read = async || {
            let lines = self
                .runner
                .logs
                .last_lines(
                    place.region.as_deref(),
                    &place.group,
                    &stream,
                    self.spec.log_lines,
                )
                .await;
            match &lines {
                Ok(_) => budget.succeeded(),
                Err(error) if error.kind == ErrorKind::Throttled => budget.throttled(),
                Err(_) => {}
            }
            lines
        };
        let turns_end = Instant::now() + LOG_CALL_WAIT;
        if timeout_at(turns_end, budget.acquire()).await.is_err() {
            return LogTail::Unavailable(format!(
                "so many runs of this worker failed together that it had no call for stream '{stream}' of log group '{}' within {} s.",
                place.group,
                LOG_CALL_WAIT.as_secs()
            ));
        }
        let mut lines = timeout(LOOKUP_TIMEOUT, read()).await;
        if lines
            .as_ref()
            .is_ok_and(|answer| answer.as_ref().map_or(true, Vec::is_empty))
        {
            sleep(SECOND_READ_AFTER).await;
            if timeout_at(turns_end, budget.acquire()).await.is_ok() {
                lines = timeout(LOOKUP_TIMEOUT, read()).await;
            }
        }
        match lines {
            Ok(Ok(lines)) => LogTail::Lines {
                container: container.to_owned(),
                lines,
            },
            Ok(Err(error)) => LogTail::Unavailable(format!("{error}.")),
            Err(_) => LogTail::Unavailable(format!(
                "CloudWatch Logs did not answer within {} s.",
                LOOKUP_TIMEOUT.as_secs()
            )),
        }
    }
}
