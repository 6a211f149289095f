//! What a stopped task means: a pure function from ECS's answer to a verdict. Whatever is not known
//! to be a success is a failure.

mod exit_code;
mod start_failure;

#[cfg(test)]
mod tests;

use crate::task::error::ErrorName;
use crate::task::status::{ContainerStatus, StopCode, TaskStatus};

use start_failure::Doubt;
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
    if !task.may_have_started() {
        return Verdict::Ended(match start_failure::doubt(task) {
            Some(doubt) => perhaps_started(task, doubt),
            None => never_started(task),
        });
    }
    let counted = match counted(task, criteria) {
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

fn never_started(task: &TaskStatus) -> Ending {
    let container_with_reason = task
        .containers
        .iter()
        .find(|container| container.reason.is_some());
    let what = match (&task.stop_code, container_with_reason) {
        (Some(StopCode::UserInitiated), _) => {
            "The task was stopped by somebody before any of its containers started".to_owned()
        }
        (_, Some(container)) => format!(
            "No container of the task started: container '{}' could not be run",
            container.name
        ),
        (_, None) => "No container of the task started".to_owned(),
    };
    Ending {
        error: ErrorName::NotStarted,
        what,
        container: None,
        may_pass: may_pass(task),
    }
}

/// A task that was not seen to run, and may have run all the same. It is no
/// [`ErrorName::NotStarted`]: whoever reads that name runs the task again without a second look.
fn perhaps_started(task: &TaskStatus, doubt: Doubt<'_>) -> Ending {
    const ADVICE: &str = "look at what it did, then update the stack again";
    let (error, what, container) = match doubt {
        Doubt::HostLost => {
            let why = by_whom(task.stop_code.as_ref())
                .unwrap_or_else(|| "because its host was terminated".to_owned());
            let what = format!(
                "The task was stopped {why}, and nobody can say whether a container of it had started; {ADVICE}"
            );
            (ErrorName::Interrupted, what, task.containers.first())
        }
        Doubt::LostSight(container) => {
            let which = container.map_or_else(
                || "A container of the task".to_owned(),
                |one| format!("Container '{}'", one.name),
            );
            let what = format!(
                "{which} may or may not have run: ECS lost sight of it while it was being started; {ADVICE}"
            );
            (ErrorName::Failed, what, container)
        }
    };
    Ending {
        error,
        what,
        container: container.map(|one| one.name.clone()),
        may_pass: false,
    }
}

/// The containers whose exit codes count, in the order ECS lists them. Without
/// `criteria.containers`, containers that ECS adds itself do not count.
fn counted<'t>(
    task: &'t TaskStatus,
    criteria: &Criteria,
) -> Result<Vec<&'t ContainerStatus>, Ending> {
    let Some(names) = &criteria.containers else {
        return Ok(task
            .containers
            .iter()
            .filter(|container| !is_added_by_aws(&container.name))
            .collect());
    };
    let missing: Vec<_> = names
        .iter()
        .filter(|name| {
            !task
                .containers
                .iter()
                .any(|container| container.name == **name)
        })
        .collect();
    if let Some(name) = missing.first() {
        let present: Vec<_> = task
            .containers
            .iter()
            .map(|container| format!("'{}'", container.name))
            .collect();
        return Err(Ending {
            error: ErrorName::Failed,
            what: format!(
                "Container '{name}' counts, but the task has no container of that name (it has {}), so nobody can say whether its work was done",
                if present.is_empty() {
                    "none".to_owned()
                } else {
                    present.join(", ")
                }
            ),
            container: None,
            may_pass: false,
        });
    }
    Ok(task
        .containers
        .iter()
        .filter(|container| names.contains(&container.name))
        .collect())
}

/// Sidecars that `GuardDuty` and Service Connect put into tasks without the task definition naming
/// them.
fn is_added_by_aws(name: &str) -> bool {
    name.starts_with("aws-guardduty-agent") || name.starts_with("ecs-service-connect")
}

/// Stopped from outside once a container had started. An exit code of 0 is no proof then: a program
/// may exit cleanly on SIGTERM with half of its work done.
fn interrupted(task: &TaskStatus, counted: &[&ContainerStatus]) -> Option<Ending> {
    let by_whom = by_whom(task.stop_code.as_ref())?;
    Some(Ending {
        error: ErrorName::Interrupted,
        what: format!(
            "The task was stopped {by_whom} after a container had started; its work may be half done"
        ),
        container: counted.first().map(|container| container.name.clone()),
        may_pass: false,
    })
}

/// Who or what stopped a task from outside, as "stopped …" goes on.
fn by_whom(stop_code: Option<&StopCode>) -> Option<String> {
    Some(match stop_code? {
        StopCode::EssentialContainerExited | StopCode::TaskFailedToStart => return None,
        StopCode::UserInitiated => "by a StopTask call".to_owned(),
        StopCode::ServiceSchedulerInitiated => "by the ECS service scheduler".to_owned(),
        StopCode::SpotInterruption => "because its Spot capacity was taken back".to_owned(),
        StopCode::TerminationNotice => "because its host is being terminated".to_owned(),
        StopCode::InfrastructureHealth => "because its host is unhealthy".to_owned(),
        StopCode::Unknown(code) => format!("for a reason this version does not know ({code})"),
    })
}

/// Exit codes of success that prove nothing, since something else than the containers' own end may
/// have brought them.
fn unproven(task: &TaskStatus, counted: &[&ContainerStatus]) -> Option<Ending> {
    let what = match (&task.stop_code, &task.stopped_reason) {
        (Some(StopCode::TaskFailedToStart), _) => {
            "The task was taken down because a container of it could not be started; the work of the others may be half done".to_owned()
        }
        // ECS has always given a code or this sentence when a container ended by itself.
        (None, Some(reason)) if !reason.starts_with("Essential container in task exited") => {
            "The task was stopped without a stop code, so nobody can say whether its work was done".to_owned()
        }
        _ => return None,
    };
    let container = counted.first().map(|container| container.name.clone());
    Some(Ending {
        error: ErrorName::Failed,
        what,
        container,
        may_pass: false,
    })
}

fn succeeded(container: &ContainerStatus, criteria: &Criteria) -> bool {
    container
        .exit_code
        .is_some_and(|code| criteria.success_exit_codes.contains(&code))
        && !exit_code::ran_out_of_memory(container)
}

fn failed_container(
    task: &TaskStatus,
    failed: &ContainerStatus,
    counted: &[&ContainerStatus],
    criteria: &Criteria,
) -> Ending {
    // A container that ended by itself explains more than those ECS then took down with it (killed,
    // or without any code).
    let cause = counted
        .iter()
        .copied()
        .filter(|container| !succeeded(container, criteria))
        .find(|container| {
            container
                .exit_code
                .is_some_and(|code| !exit_code::is_signal(code))
                || exit_code::ran_out_of_memory(container)
        })
        .unwrap_or(failed);
    let mut what = format!("Container '{}' {}", cause.name, exit_code::describe(cause));
    let bystander = task.containers.iter().find(|container| {
        !counted.iter().any(|one| one.name == container.name)
            && container
                .exit_code
                .is_some_and(|code| !exit_code::is_signal(code))
    });
    if cause.exit_code.is_none_or(exit_code::is_signal)
        && !exit_code::ran_out_of_memory(cause)
        && let Some(sidecar) = bystander
    {
        what += &format!(
            "; container '{}' {} and may have taken the task down with it",
            sidecar.name,
            exit_code::describe(sidecar)
        );
    }
    let ran = cause.exit_code.is_some() || cause.running;
    Ending {
        error: ErrorName::Failed,
        what,
        container: ran.then(|| cause.name.clone()),
        may_pass: false,
    }
}
