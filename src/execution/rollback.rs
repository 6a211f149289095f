//! Whether the run of an update that is rolled back may have started a container. Only then is there
//! something to roll back, and the evidence is the update's execution.
//!
//! Whatever the evidence leaves open counts as started: a rollback that has nothing to do does less
//! harm than one that is left out.

use jiff::Timestamp;

use super::history::{RecordedEvent, ends_with_its_end, was_taken};
use super::input::{EarlierRun, ExecutionInput};
use super::status::{Execution, ExecutionStatus};
use crate::clock::after;
use crate::task::error::{ErrorName, LAUNCHED};
use crate::times::WORKERS_INFORMED_AT_LATEST;

/// The first event of every history (`API_HistoryEvent`).
const FIRST_EVENT: &str = "ExecutionStarted";

/// Why the execution shows that no container of its run was started. `None` when one may have been.
/// `events` are the last of its history, and `None` where that was not read.
#[must_use]
pub(crate) fn why_nothing_started(
    execution: &Execution,
    input: Option<&ExecutionInput>,
    events: Option<&[RecordedEvent]>,
) -> Option<String> {
    if execution.status == ExecutionStatus::Succeeded {
        return None;
    }
    let is_whole = |events: &&[RecordedEvent]| {
        let first = events.first();
        first.is_some_and(|first| first.event_type == FIRST_EVENT)
    };
    let history = events.filter(is_whole);
    if history.is_some_and(|events| ends_with_its_end(events) && !was_taken(events)) {
        return Some("no worker had taken the run".to_owned());
    }
    if execution.status != ExecutionStatus::Failed {
        return None;
    }
    // Of several tasks, one may have run although another was not started.
    let is_of_one_task = input.is_some_and(|input| input.task.task_count() == 1);
    let error = execution.error.as_deref().and_then(ErrorName::find)?;
    let cause = execution.cause.as_deref().unwrap_or_default();
    let is_before_launch = match error {
        ErrorName::NotStarted => true,
        // Of several workers only the last one's launch was refused: one before may have launched.
        ErrorName::InvalidRequest | ErrorName::AccessDenied => {
            let is_of_one_worker = history.is_some_and(|events| attempts(events) <= 1);
            is_of_one_worker && !cause.starts_with(LAUNCHED)
        }
        ErrorName::Failed | ErrorName::Interrupted | ErrorName::DeadlineExceeded => false,
    };
    (is_of_one_task && is_before_launch)
        .then(|| format!("it had failed with {error} before a container was started"))
}

/// How often a worker took the run, or it was given to the function `work`.
fn attempts(events: &[RecordedEvent]) -> usize {
    let is_attempt = |event: &&RecordedEvent| match event.event_type.as_str() {
        "ActivityStarted" => true,
        "TaskScheduled" => event.concerns_activity() || event.concerns_work_function(),
        _ => false,
    };
    events.iter().filter(is_attempt).count()
}

impl EarlierRun {
    /// The run of an execution, of which tasks may be left. `None` when its input cannot be read.
    #[must_use]
    pub(crate) fn of(
        execution: &Execution,
        input: Option<&ExecutionInput>,
        now: Timestamp,
    ) -> Option<Self> {
        let task = &input?.task;
        // A worker that has answered launches nothing more. One whose execution was stopped, timed out
        // or failed with an error of Step Functions learns of it with a heartbeat.
        let has_answered = match execution.status {
            ExecutionStatus::Succeeded => true,
            ExecutionStatus::Failed => {
                let error = execution.error.as_deref();
                error.and_then(ErrorName::find).is_some()
            }
            ExecutionStatus::Running | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {
                false
            }
        };
        let until = after(execution.stopped.unwrap_or(now), WORKERS_INFORMED_AT_LATEST);
        Some(Self {
            started_by: task.started_by.clone(),
            cluster: task.cluster.clone(),
            task_definition: task.task_definition.clone(),
            may_launch_until: (!has_answered && until > now).then_some(until),
        })
    }
}

#[cfg(test)]
mod tests;
