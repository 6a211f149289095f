//! What a stopped task means: a pure function from ECS's answer to a verdict. Whatever is not known
//! to be a success is a failure.

mod counted;
mod ending;
mod exit_code;
mod start_failure;

#[cfg(test)]
mod tests;

use crate::task::error::ErrorName;
use crate::task::status::TaskStatus;

use counted::{containers_that_count, succeeded};
use ending::{failed_container, interrupted, may_have_run, never_started, unproven};
pub use start_failure::may_pass;

/// What counts as success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criteria {
    /// Names of the containers whose exit codes count; `None` when nothing says which, and then all
    /// of them do.
    pub containers: Option<Vec<String>>,
    /// Exit codes that are success.
    pub success_exit_codes: Vec<i32>,
}

/// How one task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every container that counts exited with a code of success.
    Succeeded {
        /// The first container that counts.
        container: String,
        /// Its exit code.
        exit_code: i32,
    },
    /// Anything else.
    Ended(Ending),
}

/// A task that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The error to answer with.
    pub error: ErrorName,
    /// What failed, a sentence.
    pub what: String,
    /// The container to show the log of, when one of them ran.
    pub container: Option<String>,
    /// No container started and the same launch may work later.
    pub may_pass: bool,
}

/// Judges a task that has stopped.
#[must_use]
pub fn judge(task: &TaskStatus, criteria: &Criteria) -> Verdict {
    if !task.was_seen_running() {
        return Verdict::Ended(match start_failure::doubt(task) {
            Some(doubt) => may_have_run(task, doubt),
            None => never_started(task),
        });
    }
    let counted = match containers_that_count(task, criteria) {
        Ok(counted) => counted,
        Err(ending) => return Verdict::Ended(ending),
    };
    if let Some(ending) = interrupted(task, &counted) {
        return Verdict::Ended(ending);
    }
    if let Some(failed) = counted
        .iter()
        .find(|container| !succeeded(container, criteria))
    {
        return Verdict::Ended(failed_container(task, failed, &counted, criteria));
    }
    if let Some(ending) = unproven(task, &counted) {
        return Verdict::Ended(ending);
    }
    match counted
        .first()
        .and_then(|first| first.exit_code.map(|code| (first.name.clone(), code)))
    {
        Some((container, exit_code)) => Verdict::Succeeded {
            container,
            exit_code,
        },
        None => Verdict::Ended(Ending {
            error: ErrorName::Failed,
            what:
                "ECS reported no container of the task, so nobody can say whether its work was done"
                    .to_owned(),
            container: None,
            may_pass: false,
        }),
    }
}
