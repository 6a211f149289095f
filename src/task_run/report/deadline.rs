//! The first sentence about a run whose deadline passed. People decide by it whether a migration
//! is run again, so it says how far the task was seen to come and no more.

use crate::task::error::ErrorName;
use crate::task::spec::TaskSpec;
use crate::task_run::tasks::{TaskState, Tasks, Tracked};
use crate::text::byte_limit;

/// For a task of which a container was seen to start.
const HALF_DONE: &str = "its work may be half done";
/// For a task that was not seen to have run, and may have.
const MAY_HAVE_BEGUN: &str = "if a container started unseen, its work may be half done";
/// Longest text about what set the deadline, in bytes. `start` writes about 80.
const MAX_LIMIT: usize = 200;

/// The task that the failure is about: first one that could not be seen to stop, else one of which
/// a container ran, else one of which a container may have run, else any other that ended without
/// success.
pub(super) fn most_telling<'t>(tasks: &'t Tasks<'_>) -> Option<&'t Tracked> {
    let rank = |task: &Tracked| match task.state() {
        TaskState::Live => Some(0),
        TaskState::Ended(_) if task.was_seen_running() => Some(1),
        TaskState::Ended(ending) if ending.error != ErrorName::NotStarted => Some(2),
        TaskState::Ended(_) => Some(3),
        TaskState::Replaced | TaskState::Succeeded { .. } => None,
    };
    tasks
        .all()
        .iter()
        .filter_map(|task| Some((rank(task)?, task)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, task)| task)
}

/// What happened to `task`, or to the run when `task` is `None`. `obstacle` is what the run last
/// waited for before it could launch.
pub(super) fn what_happened(
    spec: &TaskSpec,
    tasks: &Tasks<'_>,
    task: Option<&Tracked>,
    obstacle: Option<&str>,
) -> String {
    let passed = passed(spec);
    let Some(task) = task else {
        let succeeded = tasks
            .all()
            .iter()
            .filter(|task| matches!(task.state(), TaskState::Succeeded { .. }))
            .count();
        let what = if succeeded > 0 {
            let count = spec.task_count();
            format!(
                "{passed} when {succeeded} of {count} tasks had succeeded, and no other task was seen to start"
            )
        } else {
            format!("{passed} before a task was seen to start")
        };
        return match obstacle {
            Some(obstacle) => format!("{what}; the last obstacle was: {obstacle}"),
            None => what,
        };
    };
    let before = task.status_before_end();
    if task.is_live() {
        return match before {
            Some(status) if task.was_seen_running() => format!(
                "{passed}, and the task could not be seen to stop; it was {status} when it was last seen before; {HALF_DONE}"
            ),
            Some(status) => format!(
                "{passed} while the task was still {status}; no container was seen to start, and the task could not be seen to stop; {MAY_HAVE_BEGUN}"
            ),
            None => {
                format!("{passed}, and the task could not be seen to stop; {MAY_HAVE_BEGUN}")
            }
        };
    }
    if task.was_seen_running() {
        let started = task.last_seen().and_then(|status| status.started_at);
        // The containers may have started after ECS was asked to stop the task.
        return match (before, started) {
            (Some(status), Some(at)) if at > spec.deadline => format!(
                "{passed} while the task was still {status}; a container of it started after that, and the task was stopped; {HALF_DONE}"
            ),
            _ => format!("{passed} while the task ran, and the task was stopped; {HALF_DONE}"),
        };
    }
    let seen = match before {
        Some(status) => format!("{passed} while the task was still {status}; "),
        None => format!("{passed}; "),
    };
    match task.state() {
        TaskState::Ended(ending) if ending.error != ErrorName::NotStarted => format!(
            "{seen}no container was seen to start, though nobody can say that none did, and the task was stopped; {MAY_HAVE_BEGUN}"
        ),
        _ => format!("{seen}no container was seen to start, and the task was stopped"),
    }
}

/// That the deadline has passed: to the second, and with what set it, as far as the input says that.
fn passed(spec: &TaskSpec) -> String {
    let at = spec.deadline;
    match &spec.deadline_set_by {
        Some(limit) => format!(
            "The deadline {at:.0} ({}) passed",
            byte_limit::cut_end(limit, MAX_LIMIT)
        ),
        None => format!("The deadline {at:.0} passed"),
    }
}
