//! What a stopped task means: a pure function from ECS's answer to a verdict. What is not known to
//! be a success is a failure.
//!
//! ```text
//! TaskStatus ─▶ judge ─┬─ not seen running ─▶ start_failure: may it have run, may a relaunch work
//!                      ├─ counted: the containers that count ─▶ exit_code: what their codes mean
//!                      └─ ending: error and sentence of a task that did not succeed
//! ```
//!
//! It does not know when a task is relaunched: [`crate::task_run`] asks for [`Ending::may_pass`].

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
pub use start_failure::{in_words_of_ecs, may_pass, what_to_check};

/// What counts as the success of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criteria {
    /// Names of the containers whose exit codes count. `None` when neither the properties nor the
    /// task definition say which: then all count, but for those that AWS adds.
    pub containers: Option<Vec<String>>,
    /// The exit codes that mean success.
    pub success_exit_codes: Vec<i32>,
}

/// How one task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every container that counts exited with a code that means success.
    Succeeded {
        /// Name of the first container that counts.
        container: String,
        /// Exit code of that container.
        exit_code: i32,
    },
    /// The task did not succeed, or nothing proves that it did.
    Ended(Ending),
}

/// How a task ended that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The error with which the run ends if no relaunch follows.
    pub error: ErrorName,
    /// What failed: the first sentence of the cause, without its full stop.
    pub what: String,
    /// The container whose log tells most; `None` when none ran.
    pub container: Option<String>,
    /// Whether no container started and the same launch may work later, so that a relaunch is both
    /// safe and worth a try.
    pub may_pass: bool,
}

/// Judges a task that has stopped.
///
/// The order of the checks matters: a stop from outside is reported before the exit codes that it
/// brought about, a failure before what remains unproven, and success comes last.
#[must_use]
pub fn judge(task: &TaskStatus, criteria: &Criteria) -> Verdict {
    // Also a task that ECS did not see running may have run. Only if it certainly did not is the
    // error NotStarted, after which people run the task again.
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
