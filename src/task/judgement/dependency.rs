//! Containers that were never started in a task that ran, most often because they depended on
//! another container (`API_ContainerDependency`) that did not reach the required state.
//!
//! The agent on the host marks them as stopped, with a made-up exit code or with none, and names
//! its dependency graph in the reason.

use super::exit_code;
use crate::task::status::{ContainerStatus, StopCode, TaskStatus};

/// Why a container did not run.
#[derive(Debug)]
pub(super) struct NotStarted<'t> {
    /// Words that follow the container's name.
    pub(super) in_words: String,
    /// The container that ran and whose end kept this one from being started, as far as ECS names
    /// it or the exit codes suggest it.
    pub(super) ran: Option<&'t ContainerStatus>,
}

impl<'t> NotStarted<'t> {
    /// `None` when the container ran or may have run.
    pub(super) fn of(task: &'t TaskStatus, container: &'t ContainerStatus) -> Option<Self> {
        if !container.was_never_started() {
            return Self::without_a_reason(task, container);
        }
        // A container may have waited for one that was never started itself. The loop has no more
        // steps than the task has containers, so it ends even if ECS's reasons go round in a
        // circle.
        let mut because = String::new();
        let mut waited_for = dependency(task, container);
        for _ in &task.containers {
            let Some(other) = waited_for else { break };
            if !other.was_never_started() {
                because += &match other.own_exit_code() {
                    Some(code) if !exit_code::is_signal(code) => {
                        format!(" because '{}' {}", other.name, exit_code::describe(other))
                    }
                    // The code of a container that was killed, perhaps only later, explains
                    // nothing.
                    _ => format!(" because '{}' did not get ready for it", other.name),
                };
                return Some(Self {
                    in_words: format!("was never started{because}"),
                    ran: other.own_exit_code().map(|_| other),
                });
            }
            because += &format!(" because '{}' was never started", other.name);
            waited_for = dependency(task, other);
        }
        let and_has_no_exit_code = if because.is_empty() && container.exit_code.is_none() {
            " and has no exit code"
        } else {
            ""
        };
        Some(Self {
            in_words: format!("was never started{because}{and_has_no_exit_code}"),
            ran: None,
        })
    }

    /// A container that shows no sign of a start, in a task in which another container ran and
    /// failed. The agent reports a container's runtime id together with its exit code, so a missing
    /// id is such a sign.
    fn without_a_reason(task: &'t TaskStatus, container: &ContainerStatus) -> Option<Self> {
        let is_reported = matches!(
            task.stop_code,
            Some(StopCode::EssentialContainerExited | StopCode::TaskFailedToStart)
        );
        let has_no_sign = container.reason.is_none()
            && !container.created
            && !container.running
            && container.exit_code.is_none_or(exit_code::is_signal);
        let failed = task.containers.iter().find(|other| {
            other.created
                && other
                    .own_exit_code()
                    .is_some_and(|code| code != 0 && !exit_code::is_signal(code))
        })?;
        (is_reported && has_no_sign).then(|| Self {
            in_words: format!(
                "was not seen to start, and '{}' {}",
                failed.name,
                exit_code::describe(failed)
            ),
            ran: Some(failed),
        })
    }
}

/// The container that this one waited for, which the agent names in its reason as
/// "…dependency [NAME(IMAGE) (STOPPED->RUNNING) - Exit: 1] for target…".
fn dependency<'t>(
    task: &'t TaskStatus,
    container: &ContainerStatus,
) -> Option<&'t ContainerStatus> {
    let (_, rest) = container.reason.as_deref()?.split_once("dependency [")?;
    let name = rest.split(['(', ']', ' ']).next()?;
    task.containers
        .iter()
        .find(|other| other.name == name && other.name != container.name)
}
