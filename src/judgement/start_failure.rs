//! Which failures to start may pass by themselves, so that the same launch is worth another try.
//!
//! ECS tells in prose only (`stopped-task-error-codes`), so this matches on the phrases of its documentation. What matches
//! nothing is reported at once: waiting out a permanent mistake costs the user an hour.

use crate::task_status::{StopCode, TaskStatus};

/// Signs of a permanent mistake. They win over [`PASSING`]: "pull access denied … timeout" is not mended by waiting.
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

/// Signs of a state that passes: network, rate limits, capacity, hosts.
const PASSING: &[&str] = &[
    "timeout",
    "timed out",
    "deadline exceeded",
    "request canceled",
    "connection reset",
    "connection refused",
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

/// Whether a launch that ended as `task` did, before any container started, is worth repeating.
#[must_use]
pub fn may_pass(task: &TaskStatus) -> bool {
    if task.may_have_started() {
        return false;
    }
    match &task.stop_code {
        // Somebody stopped it on purpose: starting it again would be fighting them.
        Some(StopCode::UserInitiated | StopCode::ServiceSchedulerInitiated) => return false,
        Some(StopCode::SpotInterruption | StopCode::TerminationNotice | StopCode::InfrastructureHealth) => {
            return !host_may_have_started_it(task);
        }
        Some(StopCode::TaskFailedToStart | StopCode::EssentialContainerExited | StopCode::Unknown(_)) | None => {}
    }
    let reasons = task
        .stopped_reason
        .iter()
        .chain(task.containers.iter().filter_map(|container| container.reason.as_ref()))
        .map(|reason| reason.to_ascii_lowercase());
    let mut passing = false;
    for reason in reasons {
        if PERMANENT.iter().any(|sign| reason.contains(sign)) {
            return false;
        }
        let host_is_gone = reason.starts_with("host ec2") && reason.contains("terminated");
        passing |= PASSING.iter().any(|sign| reason.contains(sign)) || (host_is_gone && !host_may_have_started_it(task));
    }
    passing
}

/// A host that went away after it had begun to pull images may have started a container without having been able to say so.
fn host_may_have_started_it(task: &TaskStatus) -> bool {
    task.pull_began || task.containers.iter().any(|container| container.created)
}
