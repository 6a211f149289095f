//! The end of a run in words: outputs of a success, cause of a failure.
//!
//! This module decides nothing: it reads the verdicts that the tasks already carry.

mod cause;
mod deadline;
mod log_tail;
mod without_worker;

use super::definitions::TaskDefinitions;
use super::stop::reason_at_deadline;
use super::tasks::{TaskState, Tasks, Tracked};
use crate::aws::logs::Logs;
use crate::task::console;
use crate::task::error::ErrorName;
use crate::task::outcome::{Failure, Output};
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;

use cause::{CauseParts, compose};
use log_tail::{LogTail, log_tail};
pub use without_worker::TaskReporter;

/// What the words are made from, beside the tasks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) spec: &'a TaskSpec,
    pub(super) definitions: &'a TaskDefinitions,
    pub(super) logs: &'a Logs,
    pub(super) redaction: &'a Redaction,
}

/// The outputs once every task has succeeded.
pub(super) async fn output(tasks: &Tasks<'_>, sources: &Sources<'_>) -> Output {
    let succeeded: Vec<_> = tasks
        .all()
        .iter()
        .filter_map(|task| match task.state() {
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
        .filter_map(|(status, ..)| status.ended_at())
        .max();
    let definition = sources
        .definitions
        .of_task_in_time(sources.spec, first)
        .await;
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
            .and_then(|log| log.stream(first, container))
            .unwrap_or_default(),
        console_url: console::task_url(&first.arn, &sources.spec.cluster),
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
pub(super) async fn failure(tasks: &Tasks<'_>, index: usize, sources: &Sources<'_>) -> Failure {
    let task = &tasks.all()[index];
    let TaskState::Ended(ending) = task.state() else {
        return Failure::new(
            ErrorName::Failed,
            format!("The task {} ended, and nobody can say how.", task.arn()),
        );
    };
    let log = log_tail(sources, task.last_seen(), ending.container.as_deref()).await;
    let what = among_tasks(sources.spec, &ending.what);
    failed(sources, ending.error, &what, Some(task), None, &log)
}

/// The failure of a run whose deadline passed. `obstacle` is what the run last waited for before it
/// could launch.
pub(super) async fn deadline_failure(
    tasks: &Tasks<'_>,
    obstacle: Option<&str>,
    sources: &Sources<'_>,
) -> Failure {
    let task = deadline::most_telling(tasks);
    let what = deadline::what_happened(sources.spec, tasks, task, obstacle);
    let what = match task {
        Some(_) => among_tasks(sources.spec, &what),
        None => what,
    };
    let status = task.and_then(Tracked::last_seen);
    let container = status
        .filter(|status| status.was_seen_running())
        .and_then(|status| first_that_counts(sources.spec, status));
    let log = log_tail(sources, status, container).await;
    let error = ErrorName::DeadlineExceeded;
    let our_reason = reason_at_deadline(sources.spec);
    failed(sources, error, &what, task, Some(&our_reason), &log)
}

/// What happened to one task, with the number of the run's tasks when there are several. A task
/// that another one replaced does not count.
fn among_tasks(spec: &TaskSpec, what: &str) -> String {
    match spec.task_count() {
        0 | 1 => what.to_owned(),
        count => format!("{what} (one of {count} tasks)"),
    }
}

/// Name of the container whose log goes into the cause of a passed deadline: the first that ECS
/// lists among `Containers`. Without `Containers` it is the first of all, which may be a sidecar.
fn first_that_counts<'a>(spec: &TaskSpec, status: &'a TaskStatus) -> Option<&'a str> {
    let counts = |name: &str| {
        spec.containers.is_empty() || spec.containers.iter().any(|counted| counted == name)
    };
    let mut names = status
        .containers
        .iter()
        .map(|container| container.name.as_str());
    names.find(|name| counts(name))
}

/// Puts the cause together and logs it. `our_reason` is the reason with which ECS was asked to stop
/// the task.
fn failed(
    sources: &Sources<'_>,
    error: ErrorName,
    what: &str,
    task: Option<&Tracked>,
    our_reason: Option<&str>,
    log: &LogTail,
) -> Failure {
    let parts = CauseParts {
        what,
        task_arn: task.map(Tracked::arn),
        status: task.and_then(Tracked::last_seen),
        spec: sources.spec,
        our_reason,
        log,
    };
    let failure = Failure::new(error, compose(&parts, sources.redaction));
    tracing::warn!(error = %failure.error, cause = failure.cause, "the run failed");
    failure
}
