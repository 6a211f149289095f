//! Tasks that ended without having been seen to run: which of them may have run all the same, and
//! which failures to start may pass by themselves, so that the same launch is worth another try.
//!
//! ECS tells in prose only (`stopped-task-error-codes`), so this matches on the phrases of its
//! documentation and of its agent. What matches nothing is reported at once: waiting out a
//! permanent mistake costs the user an hour.

use crate::task::status::{ContainerStatus, Host, StopCode, TaskStatus};

/// Why nobody can say whether a container of a task ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt<'t> {
    /// The host went away, and with it whatever it had not reported yet.
    HostLost,
    /// The host gave up waiting for a container, this one if ECS lists any. The agent itself
    /// assumes then that the container runs, and sends it a stop (amazon-ecs-agent,
    /// `handleEventError`).
    LostSight(Option<&'t ContainerStatus>),
}

/// Errors of starting that are the runtime's word on it, unless they tell that it did not answer.
const START_ERRORS: &[&str] = &[
    "cannotstartcontainererror",
    "containerruntimeerror",
    "containerruntimetimeouterror",
    "dockertimeouterror",
];

/// Signs that something did not answer: the container runtime, a registry, an API.
const NO_ANSWER: &[&str] = &[
    "timeout",
    "timed out",
    "deadline exceeded",
    "request canceled",
    "connection reset",
    "connection refused",
];

/// Further signs that the container runtime did not answer.
const NO_RUNTIME_ANSWER: &[&str] = &["eof", "broken pipe", "cannot connect"];

/// Signs of a permanent mistake. They win over [`PASSING`]: "pull access denied … timeout" is not
/// mended by waiting.
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

/// Further signs of a state that passes: network, rate limits, capacity, hosts.
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

/// Why a stopped task that was not seen to run may have run all the same.
pub(super) fn doubt(task: &TaskStatus) -> Option<Doubt<'_>> {
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

/// Whether a launch that ended as `task` did, before any container started, is worth repeating.
#[must_use]
pub fn may_pass(task: &TaskStatus) -> bool {
    if task.was_seen_running() || doubt(task).is_some() {
        return false;
    }
    if host_was_lost(task) {
        return true;
    }
    // Somebody stopped it on purpose: starting it again would be fighting them.
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

/// Whether the task ended because what it ran on did, or was about to.
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
        | None => task
            .stopped_reason
            .as_deref()
            .is_some_and(|reason| reason.starts_with("Host EC2") && reason.contains("terminated")),
    }
}

/// Whether a task whose host was lost ran nothing for certain. An EC2 host sends no word of a task
/// before its first container has changed, so only a task without a host is beyond doubt. Fargate
/// takes Spot capacity back with a warning two minutes ahead, in which it stops the task in order
/// and reports what it did, pull and containers included; of hardware that failed under a task it
/// cannot.
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

/// Whether a reason says that the host gave up waiting for a container that it had told to start,
/// or may have. Waiting for the image or for the container to be made comes before that.
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
    // A log driver that cannot reach its service keeps the container from being started.
    (runtime_did_not_answer && !reason.contains("logging driver"))
        || reason.contains("cannotinspectcontainererror")
        || reason.contains("cannotstopcontainererror")
}
