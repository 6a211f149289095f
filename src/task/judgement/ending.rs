//! The ends of a task that did not succeed. Each function gives an error and a sentence that says
//! no more than what is known.

use super::dependency::NotStarted;
use super::exit_code::succeeded;
use super::mistake::what_to_correct;
use super::start_failure::{Doubt, may_pass, what_to_check};
use super::{Criteria, Ending, exit_code};
use crate::task::error::ErrorName;
use crate::task::status::{ContainerStatus, StopCode, TaskStatus};

/// The end of a task of which certainly no container started.
pub(super) fn never_started(task: &TaskStatus) -> Ending {
    let container_with_reason = task
        .containers
        .iter()
        .find(|container| container.reason.is_some());
    let may_pass = may_pass(task);
    // A StopTask call comes first, since it explains more than the reason of a container.
    let mut what = match (&task.stop_code, container_with_reason) {
        (Some(StopCode::UserInitiated), _) => {
            "The task was stopped by somebody before any of its containers started".to_owned()
        }
        (_, Some(container)) => format!(
            "No container of the task started: container '{}' could not be run",
            container.name
        ),
        (_, None) => "No container of the task started".to_owned(),
    };
    // What may pass is launched again, and whoever gives that up says what to check.
    let is_mistake = !may_pass && task.stop_code != Some(StopCode::UserInitiated);
    if let Some(check) = is_mistake.then(|| check_of_mistake(task)).flatten() {
        what += &format!("; {check}");
    }
    Ending {
        error: ErrorName::NotStarted,
        what,
        container: None,
        may_pass,
    }
}

/// What to check after a failure for which the task is not launched again.
fn check_of_mistake(task: &TaskStatus) -> Option<&'static str> {
    let of_containers = task
        .containers
        .iter()
        .filter_map(|one| one.reason.as_deref());
    let reasons = task.stopped_reason.as_deref().into_iter();
    let reasons: Vec<_> = reasons.chain(of_containers).collect();
    let was_starting = |reason: &&str| reason.starts_with("CannotStartContainerError");
    let of_network = what_to_check(task);
    // A container that could not reach the log service while it was started has no mistake in its task
    // definition. In any other reason, such as that of a pull, the words for the network may be those of a
    // name: a mistake that the reason names comes first.
    if reasons.iter().any(was_starting) {
        of_network.or_else(|| what_to_correct(reasons))
    } else {
        what_to_correct(reasons).or(of_network)
    }
}

/// The end of a task that may have run although ECS did not see it run. The error is not
/// [`ErrorName::NotStarted`], since people who read that name run the task again without looking at
/// what it did.
pub(super) fn may_have_run(task: &TaskStatus, doubt: Doubt<'_>) -> Ending {
    const ADVICE: &str = "Its work may be half done: look at what it did, then run it again";
    let (error, what, container) = match doubt {
        Doubt::HostLost => {
            let why = stopped_by(task.stop_code.as_ref())
                .unwrap_or_else(|| "because its host was terminated".to_owned());
            let what = format!(
                "The task was stopped {why}, and nobody can say whether a container of it had started. {ADVICE}"
            );
            (ErrorName::Interrupted, what, task.containers.first())
        }
        Doubt::LostSight(container) => {
            let named = container.map_or_else(
                || "A container of the task".to_owned(),
                |container| format!("Container '{}'", container.name),
            );
            let what = format!(
                "{named} may or may not have run: ECS lost sight of it while it was being started. {ADVICE}"
            );
            (ErrorName::Failed, what, container)
        }
    };
    Ending {
        error,
        what,
        container: container.map(|container| container.name.clone()),
        may_pass: false,
    }
}

/// The end of a task that was stopped from outside after a container had started; `None` if the
/// stop code does not say so. An exit code of 0 proves nothing here: a program may exit cleanly on
/// SIGTERM with half of its work done.
pub(super) fn interrupted(task: &TaskStatus, counted: &[&ContainerStatus]) -> Option<Ending> {
    let stopped_by = stopped_by(task.stop_code.as_ref())?;
    Some(Ending {
        error: ErrorName::Interrupted,
        what: format!(
            "The task was stopped {stopped_by} after a container had started; its work may be half done"
        ),
        container: counted.first().map(|container| container.name.clone()),
        may_pass: false,
    })
}

/// Who or what stopped a task from outside, in words that follow "The task was stopped". `None`
/// when the stop code says otherwise or is missing.
fn stopped_by(stop_code: Option<&StopCode>) -> Option<String> {
    Some(match stop_code? {
        StopCode::EssentialContainerExited | StopCode::TaskFailedToStart => return None,
        StopCode::UserInitiated => "by a StopTask call".to_owned(),
        StopCode::ServiceSchedulerInitiated => "by the ECS service scheduler".to_owned(),
        StopCode::SpotInterruption => "because AWS reclaimed its Spot capacity".to_owned(),
        StopCode::TerminationNotice => "because its host is being terminated".to_owned(),
        StopCode::InfrastructureHealth => "because its host is unhealthy".to_owned(),
        StopCode::Unknown(code) => format!("for a reason this version does not know ({code})"),
    })
}

/// The end of a task whose counted containers all exited with success, although ECS gives another
/// reason for its end than theirs. Such exit codes do not prove that the work was done. `None` when
/// ECS gives no other reason.
pub(super) fn unproven(task: &TaskStatus, counted: &[&ContainerStatus]) -> Option<Ending> {
    let what = match (&task.stop_code, &task.stopped_reason) {
        (Some(StopCode::TaskFailedToStart), _) => {
            "The task was stopped because a container of it could not be started; the work of the others may be half done".to_owned()
        }
        // When a container ended by itself, ECS has always given a stop code or this sentence.
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

/// The end of a task in which a container that counts did not succeed; `failed` is the first such
/// container.
pub(super) fn failed_container(
    task: &TaskStatus,
    failed: &ContainerStatus,
    counted: &[&ContainerStatus],
    criteria: &Criteria,
) -> Ending {
    // Name the container that ended by itself. ECS then stopped the others, which were killed by a
    // signal or have no exit code.
    let culprit = counted
        .iter()
        .copied()
        .filter(|container| !succeeded(container, criteria))
        .find(|container| ended_by_itself(container))
        .unwrap_or(failed);
    if let Some(not_started) = NotStarted::of(task, culprit) {
        // The container that this one waited for may be the one with the mistake. One that has run has said
        // more in its log.
        let never_started = task.containers.iter().filter(|one| one.was_never_started());
        let reasons = never_started.filter_map(|one| one.reason.as_deref());
        let waited = |reason: &&str| reason.contains("dependency [");
        let check = what_to_correct(reasons.filter(|reason| !waited(reason)));
        let check = check.filter(|_| not_started.ran.is_none());
        let check = check.map_or_else(String::new, |check| format!("; {check}"));
        return Ending {
            error: ErrorName::Failed,
            what: format!(
                "Container '{}' {}{check}",
                culprit.name, not_started.in_words
            ),
            container: not_started.ran.map(|container| container.name.clone()),
            may_pass: false,
        };
    }
    let mut what = format!(
        "Container '{}' {}",
        culprit.name,
        exit_code::describe(culprit)
    );
    // A container that does not count may be the one that ended first, and the reason why ECS
    // killed those that count.
    let sidecar = task
        .containers
        .iter()
        .filter(|container| !counts(container, counted))
        .find(|container| ended_by_itself(container));
    if let Some(sidecar) = sidecar.filter(|_| !ended_by_itself(culprit)) {
        what += &format!(
            "; container '{}' {} and may have taken the task down with it",
            sidecar.name,
            exit_code::describe(sidecar)
        );
    }
    if counted
        .iter()
        .any(|container| succeeded(container, criteria))
    {
        what += &other_exit_codes(task, culprit);
        if !criteria.containers_are_chosen {
            what += &format!(
                "; if '{}' need not succeed, name only the others in the property Containers",
                culprit.name
            );
        }
    }
    let ran = culprit.own_exit_code().is_some() || culprit.running;
    Ending {
        error: ErrorName::Failed,
        what,
        container: ran.then(|| culprit.name.clone()),
        may_pass: false,
    }
}

/// How the other containers of the task ended, each after a semicolon, as far as ECS knows their
/// exit codes.
fn other_exit_codes(task: &TaskStatus, culprit: &ContainerStatus) -> String {
    let mut text = String::new();
    for container in &task.containers {
        if container.name != culprit.name && container.own_exit_code().is_some() {
            let ended = exit_code::describe(container);
            text += &format!("; container '{}' {ended}", container.name);
        }
    }
    text
}

fn counts(container: &ContainerStatus, counted: &[&ContainerStatus]) -> bool {
    counted.iter().any(|counts| counts.name == container.name)
}

/// Whether the container ended without a signal from outside. One that ran out of memory did, even
/// though the kernel killed it.
fn ended_by_itself(container: &ContainerStatus) -> bool {
    container
        .own_exit_code()
        .is_some_and(|code| !exit_code::is_signal(code))
        || exit_code::ran_out_of_memory(container)
}
