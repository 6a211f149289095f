//! What became of the tasks of a run whose execution was ended, in the words of the Reason. No worker
//! reports such a run, so the function `rescue` does, by what ECS shows of the tasks after it has
//! stopped them.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::cause::{CauseParts, compose};
use super::log_tail::{LogTail, log_tail};
use super::{Sources, among_tasks, first_that_counts};
use crate::aws::ecs::Ecs;
use crate::aws::logs::Logs;
use crate::task::error::ErrorName;
use crate::task::judgement::{Verdict, is_decided, judge};
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;
use crate::task::status::TaskStatus;
use crate::task_run::definitions::TaskDefinitions;
use crate::task_run::tasks::{criteria, needs_definition};

/// Reports tasks of runs that were ended. Clones share what they have looked up.
#[derive(Debug, Clone)]
pub struct TaskReporter {
    definitions: Arc<TaskDefinitions>,
    logs: Logs,
}

/// A task, and how it ended if that is known.
struct Seen<'t> {
    status: &'t TaskStatus,
    verdict: Option<Verdict>,
}

impl TaskReporter {
    /// Reads task definitions through `ecs` and log lines through `logs`.
    #[must_use]
    pub fn new(ecs: Ecs, logs: Logs) -> Self {
        Self {
            definitions: Arc::new(TaskDefinitions::new(ecs)),
            logs,
        }
    }

    /// Adds to `what`, which says why the run was ended, what became of its tasks: a sentence, what
    /// ECS says, the last log lines and the link. `tasks` are all tasks of the run that ECS shows,
    /// and `our_reason` is the reason with which they were stopped. After `end` it looks nothing up
    /// any more, and says that instead.
    pub(crate) async fn add_to(
        &self,
        what: &str,
        spec: &TaskSpec,
        tasks: &[TaskStatus],
        our_reason: &str,
        end: Instant,
    ) -> String {
        let redaction = Redaction::of(&spec.overrides);
        let sources = Sources {
            spec,
            definitions: &self.definitions,
            logs: &self.logs,
            redaction: &redaction,
        };
        let mut seen = Vec::with_capacity(tasks.len());
        for status in tasks {
            let essential = timeout_at(end, essential(&sources, status)).await;
            let criteria = criteria(spec, essential.ok().flatten());
            let is_over = status.runs_nothing() || is_decided(status, &criteria);
            seen.push(Seen {
                status,
                verdict: is_over.then(|| judge(status, &criteria)),
            });
        }
        let Some(task) = most_telling(&seen) else {
            return format!("{what} ECS showed no task of the run.");
        };
        let container = match &task.verdict {
            Some(Verdict::Succeeded { container, .. }) => Some(container.as_str()),
            Some(Verdict::Ended(ending)) => ending.container.as_deref(),
            None => None,
        };
        let container = container.or_else(|| {
            let ran = task.status.was_seen_running();
            ran.then(|| first_that_counts(spec, task.status)).flatten()
        });
        let log = timeout_at(end, log_tail(&sources, Some(task.status), container));
        let log = log
            .await
            .unwrap_or_else(|_| LogTail::Unavailable("there was no time for it.".to_owned()));
        let became = among_tasks(spec, &what_became_of(task, our_reason));
        let parts = CauseParts {
            what: &format!("{what} {became}"),
            task_arn: Some(&task.status.arn),
            status: Some(task.status),
            spec,
            our_reason: Some(our_reason),
            log: &log,
        };
        compose(&parts, &redaction)
    }
}

/// Names of the containers whose end ends the task; `None` where nobody needs them, or they cannot be
/// looked up.
async fn essential(sources: &Sources<'_>, status: &TaskStatus) -> Option<Vec<String>> {
    if !needs_definition(sources.spec, status) {
        return None;
    }
    let definition = sources.definitions.of_task_in_time(sources.spec, status);
    Some(definition.await?.essential())
}

/// The task that people must know of first: one that may still run, else one of which a container ran
/// or may have run and which did not succeed, else one that succeeded, else one that never started.
/// The last comes after success, since another task may have taken its place.
fn most_telling<'s, 't>(seen: &'s [Seen<'t>]) -> Option<&'s Seen<'t>> {
    seen.iter().min_by_key(|task| match &task.verdict {
        None => 0,
        Some(Verdict::Ended(_)) if task.status.was_seen_running() => 1,
        Some(Verdict::Ended(ending)) if ending.error != ErrorName::NotStarted => 2,
        Some(Verdict::Succeeded { .. }) => 3,
        Some(Verdict::Ended(_)) => 4,
    })
}

/// A sentence about the task without its full stop. People decide by it whether a migration is run
/// again, so it says no more than ECS has shown.
fn what_became_of(task: &Seen<'_>, our_reason: &str) -> String {
    let stopped_by_us = task.status.stopped_reason.as_deref() == Some(our_reason);
    match &task.verdict {
        None if task.status.was_seen_running() => {
            "Its task could not be seen to stop; a container of it had started, and its work may be half done"
                .to_owned()
        }
        None => "Its task could not be seen to stop; no container of it was seen to start".to_owned(),
        Some(Verdict::Succeeded { container, exit_code }) => format!(
            "Its task had succeeded all the same: container '{container}' exited with code {exit_code}"
        ),
        Some(Verdict::Ended(_)) if stopped_by_us && task.status.was_seen_running() => {
            "Its task was then stopped after a container had started; its work may be half done".to_owned()
        }
        Some(Verdict::Ended(ending)) if stopped_by_us && ending.error == ErrorName::NotStarted => {
            "Its task was then stopped before any of its containers started".to_owned()
        }
        Some(Verdict::Ended(ending)) => ending.what.clone(),
    }
}

#[cfg(test)]
mod tests;
