//! What the end of a task means: a pure function from ECS's answer to a verdict. A task that is not
//! known to have succeeded counts as failed.
//!
//! ```text
//! TaskStatus ─▶ is_decided: does ECS show enough of the end already
//!            └▶ judge ─┬─ not seen running ─▶ start_failure: may it have run, may a relaunch work
//!                      │                      └ mistake: what to correct where it cannot work
//!                      ├─ counted: the containers that count ─▶ exit_code: whether they succeeded
//!                      └─ ending: error and sentence of a task that did not succeed
//! ```
//!
//! It does not know when a task is relaunched: [`crate::task_run`] asks for [`Ending::may_pass`].

mod counted;
mod dependency;
mod ending;
mod exit_code;
mod mistake;
mod start_failure;

#[cfg(test)]
mod tests;

use crate::task::error::ErrorName;
use crate::task::status::{Phase, TaskStatus};

use counted::containers_that_count;
pub(crate) use counted::is_added_by_aws;
use ending::{failed_container, interrupted, may_have_run, never_started, unproven};
use exit_code::succeeded;
pub(crate) use exit_code::{describe as exit_in_words, named_in as exit_code_named_in};
pub use start_failure::{may_pass, what_to_check};

/// What counts as the success of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criteria {
    /// Names of the containers whose exit codes count. `None` when neither the properties nor the
    /// task definition say which: then all count except those that AWS adds.
    pub containers: Option<Vec<String>>,
    /// Whether the properties name the containers that count. If not, the sentence about a failure
    /// may advise to name them.
    pub containers_are_chosen: bool,
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
    /// The container whose log is most useful; `None` when none ran.
    pub container: Option<String>,
    /// Whether no container started and the same launch may work later, so that a relaunch is both
    /// safe and worth a try.
    pub may_pass: bool,
}

/// Whether a look at a task may show enough to judge it. Only then is it worth finding out which
/// containers count, which [`is_decided`] needs for its answer.
#[must_use]
pub fn may_be_decided(task: &TaskStatus) -> bool {
    task.phase == Phase::Stopped
        || (task.stop_code.is_some() && task.containers.iter().any(|container| container.stopped))
}

/// Whether a look at a task shows enough to judge it for good: the task is STOPPED, or ECS says why
/// it ends and every container that counts is STOPPED with its exit code. On Fargate the latter
/// comes 13 to 24 s before the former, and earlier still when a sidecar outlives the containers
/// that count.
///
/// An exit code or a stop code that is missing may still come until the task is STOPPED.
#[must_use]
pub fn is_decided(task: &TaskStatus, criteria: &Criteria) -> bool {
    if task.phase == Phase::Stopped {
        return true;
    }
    let have_ended = || {
        containers_that_count(task, criteria).is_ok_and(|counted| {
            !counted.is_empty()
                && counted
                    .iter()
                    .all(|container| container.stopped && container.exit_code.is_some())
        })
    };
    // A task that was not seen running may be launched again, so it is not decided before STOPPED:
    // only then do all workers see the same of it.
    task.stop_code.is_some() && task.was_seen_running() && have_ended()
}

/// Judges a task whose end is decided; see [`is_decided`].
///
/// The order of the checks matters: a stop from outside is reported before the exit codes that it
/// brought about, a failure before what remains unproven, and success comes last.
#[must_use]
pub fn judge(task: &TaskStatus, criteria: &Criteria) -> Verdict {
    // A task that ECS did not see running may have run. The error is NotStarted, after which people
    // run the task again, only if the task certainly did not run.
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
        .and_then(|first| first.own_exit_code().map(|code| (first.name.clone(), code)))
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
