//! Tasks that ended and that ECS did not see running: which of them may have run unseen, and which
//! failed to start for a reason that may pass, so that the same launch is worth another try.
//!
//! ECS gives its reasons as prose (`stopped-task-error-codes`), so this matches on phrases from its
//! documentation and from its agent. A reason that matches no phrase counts as permanent and is
//! reported at once, since waiting for a permanent mistake to pass would cost the user an hour.

use crate::task::status::{ContainerStatus, Host, StopCode, TaskStatus};

/// Why ECS's answer does not show whether a container of a task ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt<'t> {
    /// The host went away and may not have reported the last part of the task's history.
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

/// Phrases of a permanent mistake. They win over all phrases of trouble that may pass: waiting does
/// not help against "pull access denied … timeout".
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

/// Phrases of trouble that passes by itself, sooner or later, and is no mistake in the account:
/// rate limits, capacity, trouble of the services. In [`what_to_check`] they win over [`NO_ANSWER`]
/// and [`LASTING`].
const PASSES_BY_ITSELF: &[&str] = &[
    "toomanyrequests",
    "too many requests",
    "rate exceeded",
    "rate limit",
    "throttl",
    "capacity is unavailable",
    "resource:",
    "insufficientfreeaddresses",
    "insufficient free addresses",
    "service unavailable",
    "serviceunavailable",
    "internal error",
    "internalerror",
    "internal server error",
    "bad gateway",
];

/// Further phrases of trouble that may pass, but usually is a mistake in the account's network.
const LASTING: &[&str] = &[
    "unexpected eof",
    "temporary failure",
    "network interface",
    "eni provisioning",
];

const NO_SPACE: &str = "no space left on device";

const CHECK_DISK: &str = "check that the image and what the containers write fit on the task's disk: EphemeralStorage, in Overrides or in the task definition, makes it larger";
const CHECK_MOUNT: &str = "check that the file system of the volume can be reached: a mount target in the task's subnets or Availability Zones, a security group that lets the task in (NFS: port 2049), a volume plugin that runs on the instance, and a task role that may mount it";
const CHECK_LOG: &str = "check the way from the task's subnets to CloudWatch Logs: a route through a NAT gateway, or through an internet gateway with AssignPublicIp ENABLED, or the VPC endpoint 'logs', and security groups that let HTTPS out and into the endpoint";
const CHECK_SECRETS: &str = "check the way from the task's subnets to Secrets Manager, Systems Manager and the registry: a route through a NAT gateway, or through an internet gateway with AssignPublicIp ENABLED, or VPC endpoints (secretsmanager, ssm, ecr.api), security groups that let HTTPS out and into the endpoints, and the task's execution role";
const CHECK_PULL: &str = "check the way from the task's subnets to the registry: a route through a NAT gateway, or through an internet gateway with AssignPublicIp ENABLED, or VPC endpoints (ecr.api, ecr.dkr and s3), and security groups that let HTTPS out and into the endpoints";
const CHECK_INTERFACE: &str = "check the task's subnets (free addresses) and security groups, the quota of network interfaces, and the service-linked role of ECS";
const CHECK_NETWORK: &str = "check the task's route out, its security groups, the VPC endpoints that it needs, and its execution role";

/// What to check when a reason contains one of the words. The first match counts, so the more
/// specific words come first: a reason that names secrets also says "pull".
const CHECKS: &[(&[&str], &str)] = &[
    (&[NO_SPACE], CHECK_DISK),
    (&["cannotpull"], CHECK_PULL),
    (&["secret", "ssm", "registry auth"], CHECK_SECRETS),
    (&["logging driver", "awslogs"], CHECK_LOG),
    (&["efs", "mount", "volume", "nfs"], CHECK_MOUNT),
    (&["network interface", "eni provisioning"], CHECK_INTERFACE),
    (&["pull", "registry", "ecr"], CHECK_PULL),
];

/// Why a stopped task may have run although ECS did not see it running; `None` when it ran nothing
/// for certain.
pub(super) fn doubt(task: &TaskStatus) -> Option<Doubt<'_>> {
    // The loss of the host comes first: it explains more than the reason of a container that was
    // lost with it.
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
    let mut has_passing_sign = false;
    for reason in reasons(task) {
        if PERMANENT.iter().any(|sign| reason.contains(sign)) {
            return false;
        }
        has_passing_sign |= NO_ANSWER
            .iter()
            .chain(PASSES_BY_ITSELF)
            .chain(LASTING)
            .chain(&[NO_SPACE, "unexpected ec2 error"])
            .any(|sign| reason.contains(sign));
    }
    has_passing_sign
}

/// What a person should check when the same launch fails like this again and again, such as a
/// closed route in the network or a disk that is too small. `None` when waiting helps, as with
/// capacity, rate limits, lost hosts and trouble of the services. Of a task for which [`may_pass`] does not
/// hold it is a guess: a word that it goes by may be part of a name.
#[must_use]
pub fn what_to_check(task: &TaskStatus) -> Option<&'static str> {
    if host_was_lost(task) {
        return None;
    }
    let reasons: Vec<_> = reasons(task).collect();
    let says = |signs: &[&str]| {
        let said = |sign: &&str| reasons.iter().any(|reason| reason.contains(*sign));
        signs.iter().any(said)
    };
    // On Fargate each task has a new disk of the same size, so a relaunch finds no more room. On an
    // instance the agent may remove images of other tasks meanwhile.
    let disk_is_too_small = task.host == Host::Fargate && says(&[NO_SPACE]);
    let lasts = disk_is_too_small || says(NO_ANSWER) || says(LASTING);
    if says(PASSES_BY_ITSELF) || !lasts {
        return None;
    }
    let check = CHECKS.iter().find(|(signs, _)| says(signs));
    Some(check.map_or(CHECK_NETWORK, |(_, check)| check))
}

/// The reasons of the task and of its containers, in lower case.
fn reasons(task: &TaskStatus) -> impl Iterator<Item = String> {
    let of_containers = task.containers.iter().filter_map(|one| one.reason.as_ref());
    let reasons = task.stopped_reason.iter().chain(of_containers);
    reasons.map(|reason| reason.to_ascii_lowercase())
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
        // ECS reports a terminated instance in prose only.
        | None => task
            .stopped_reason
            .as_deref()
            .is_some_and(|reason| reason.starts_with("Host EC2") && reason.contains("terminated")),
    }
}

/// Whether a task whose host was lost ran nothing for certain.
///
/// An EC2 host reports a task only once its first container has changed, so it is certain only for
/// a task that never had a host. Fargate warns two minutes before it takes Spot capacity back; in
/// that time it stops the task in order and reports what the task did, the image pull and the
/// containers included. When hardware of Fargate fails, there is no such report.
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

/// Whether a reason says that the agent gave up waiting for a container that it had started or may
/// have started. Reasons about waiting for the image or for the creation of the container do not
/// count, since both come before the start.
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

#[cfg(test)]
mod tests;
