//! Tasks that ended and that ECS did not see running: which of them may have run all the same, and
//! which failed to start for a reason that may pass by itself, so that the same launch is worth
//! another try.
//!
//! ECS gives its reasons as prose (`stopped-task-error-codes`), so this matches on phrases from its
//! documentation and from its agent. A reason that matches no phrase counts as permanent and is
//! reported at once, since waiting for a permanent mistake to pass would cost the user an hour.

use crate::task::status::{ContainerStatus, Host, StopCode, TaskStatus};

/// Why ECS's answer does not tell whether a container of a task ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt<'t> {
    /// The host went away with a part of the task's history that it had not reported.
    HostLost,
    /// The agent on the host gave up waiting for a container, which is this one if ECS lists any.
    /// The agent then assumes that the container runs, and sends it a stop (amazon-ecs-agent,
    /// `handleEventError`).
    LostSight(Option<&'t ContainerStatus>),
}

/// Errors of the step that starts a container. They say that it did not start, unless they also say
/// that the container runtime did not answer.
const START_ERRORS: &[&str] = &[
    "cannotstartcontainererror",
    "containerruntimeerror",
    "containerruntimetimeouterror",
    "dockertimeouterror",
];

/// Phrases which say that something did not answer: the container runtime, a registry or an API.
const NO_ANSWER: &[&str] = &[
    "timeout",
    "timed out",
    "deadline exceeded",
    "request canceled",
    "connection reset",
    "connection refused",
];

/// Further phrases which say that the container runtime did not answer.
const NO_RUNTIME_ANSWER: &[&str] = &["eof", "broken pipe", "cannot connect"];

/// Phrases of a permanent mistake. They win over [`NO_ANSWER`] and [`PASSING`]: waiting does not
/// help against "pull access denied … timeout".
const PERMANENT: &[&str] = &[
    "access denied",
    "accessdenied",
    "not authorized",
    "unauthorized",
    "no basic auth credentials",
    "not found",
    "notfound",
    "no such",
    "does not exist",
    "manifest unknown",
    "invalid",
    "no matching manifest",
    "exec format error",
    "cannotstartcontainererror",
    "executable file",
];

/// Further phrases of trouble that passes: network, rate limits, capacity, hosts.
const PASSING: &[&str] = &[
    "unexpected eof",
    "temporary failure",
    "toomanyrequests",
    "too many requests",
    "rate exceeded",
    "rate limit",
    "throttl",
    "capacity is unavailable",
    "resource:",
    "no space left on device",
    "network interface",
    "eni provisioning",
    "service unavailable",
    "serviceunavailable",
    "internal error",
    "internalerror",
    "internal server error",
    "unexpected ec2 error",
    "bad gateway",
];

/// Why a stopped task may have run although ECS did not see it running; `None` when it ran nothing
/// for certain.
pub(super) fn doubt(task: &TaskStatus) -> Option<Doubt<'_>> {
    // The host comes first: it explains more than the reason of a container that went with it.
    if host_was_lost(task) && !certainly_ran_nothing(task) {
        return Some(Doubt::HostLost);
    }
    let lost_container = task
        .containers
        .iter()
        .find(|container| container.reason.as_deref().is_some_and(says_lost_sight));
    if lost_container.is_some() {
        return Some(Doubt::LostSight(lost_container));
    }
    task.stopped_reason
        .as_deref()
        .is_some_and(says_lost_sight)
        .then(|| Doubt::LostSight(task.containers.first()))
}

/// Whether the launch of a task that stopped before any container started is worth repeating.
/// `false` as soon as a container may have run.
#[must_use]
pub fn may_pass(task: &TaskStatus) -> bool {
    if task.was_seen_running() || doubt(task).is_some() {
        return false;
    }
    // The loss of a host is no fault of the task, and another host may run it.
    if host_was_lost(task) {
        return true;
    }
    // The task was stopped on purpose, and a relaunch would undo that.
    if matches!(
        task.stop_code,
        Some(StopCode::UserInitiated | StopCode::ServiceSchedulerInitiated)
    ) {
        return false;
    }
    let reasons = task
        .stopped_reason
        .iter()
        .chain(
            task.containers
                .iter()
                .filter_map(|container| container.reason.as_ref()),
        )
        .map(|reason| reason.to_ascii_lowercase());
    let mut has_passing_sign = false;
    for reason in reasons {
        if PERMANENT.iter().any(|sign| reason.contains(sign)) {
            return false;
        }
        has_passing_sign |= NO_ANSWER
            .iter()
            .chain(PASSING)
            .any(|sign| reason.contains(sign));
    }
    has_passing_sign
}

/// Whether the task ended because its host went away or was about to.
fn host_was_lost(task: &TaskStatus) -> bool {
    match &task.stop_code {
        Some(
            StopCode::SpotInterruption
            | StopCode::TerminationNotice
            | StopCode::InfrastructureHealth,
        ) => true,
        Some(StopCode::UserInitiated | StopCode::ServiceSchedulerInitiated) => false,
        Some(
            StopCode::TaskFailedToStart | StopCode::EssentialContainerExited | StopCode::Unknown(_),
        )
        // ECS tells of a terminated instance in prose.
        | None => task
            .stopped_reason
            .as_deref()
            .is_some_and(|reason| reason.starts_with("Host EC2") && reason.contains("terminated")),
    }
}

/// Whether a task whose host was lost ran nothing for certain.
///
/// An EC2 host reports a task only once its first container has changed, so only a task that never
/// had a host is certain. Fargate warns two minutes before it takes Spot capacity back; in that
/// time it stops the task in order and reports what the task did, the image pull and the containers
/// included. When hardware of Fargate fails, there is no such report.
fn certainly_ran_nothing(task: &TaskStatus) -> bool {
    let nothing_is_reported =
        !task.pull_began && task.containers.iter().all(|container| !container.created);
    nothing_is_reported
        && match task.host {
            Host::None => true,
            Host::Fargate => task.stop_code == Some(StopCode::SpotInterruption),
            Host::Instance(_) | Host::Unknown => false,
        }
}

/// Whether a reason says that the agent gave up waiting for a container that it had told to start,
/// or may have told. Reasons about waiting for the image or for the creation of the container do
/// not count, since both come before the start.
fn says_lost_sight(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    if let Some((_, transition)) = reason.split_once("could not transition to ") {
        return !(transition.starts_with("pull") || transition.starts_with("created"));
    }
    let runtime_did_not_answer = START_ERRORS.iter().any(|error| reason.contains(error))
        && NO_ANSWER
            .iter()
            .chain(NO_RUNTIME_ANSWER)
            .any(|sign| reason.contains(sign));
    // A log driver that cannot reach its service keeps the container from being started, so the
    // container did not run.
    (runtime_did_not_answer && !reason.contains("logging driver"))
        || reason.contains("cannotinspectcontainererror")
        || reason.contains("cannotstopcontainererror")
}
