//! What ECS says of a task (`API_Task`, `API_Container`), in types of our own.

use jiff::Timestamp;

use crate::arn::last_part;

/// Why ECS stopped a task (`API_Task`, `stopCode`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopCode {
    /// The task ended before its containers ran.
    TaskFailedToStart,
    /// An essential container exited by itself.
    EssentialContainerExited,
    /// Somebody called `StopTask`.
    UserInitiated,
    /// A service's scheduler stopped it; not expected for tasks we run.
    ServiceSchedulerInitiated,
    /// Spot capacity was taken back.
    SpotInterruption,
    /// The host is going away.
    TerminationNotice,
    /// The host is unhealthy.
    InfrastructureHealth,
    /// A code this version does not know. Treated as a failure: nobody can say what it means for
    /// the work.
    Unknown(String),
}

impl From<&str> for StopCode {
    fn from(code: &str) -> Self {
        match code {
            "TaskFailedToStart" => Self::TaskFailedToStart,
            "EssentialContainerExited" => Self::EssentialContainerExited,
            "UserInitiated" => Self::UserInitiated,
            "ServiceSchedulerInitiated" => Self::ServiceSchedulerInitiated,
            "SpotInterruption" => Self::SpotInterruption,
            "TerminationNotice" => Self::TerminationNotice,
            "InfrastructureHealth" => Self::InfrastructureHealth,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl StopCode {
    /// The code in ECS's own spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::SpotInterruption => "SpotInterruption",
            Self::TerminationNotice => "TerminationNotice",
            Self::InfrastructureHealth => "InfrastructureHealth",
            Self::Unknown(code) => code,
        }
    }
}

/// Where a task is on its way, as far as a run needs to tell (`task-lifecycle-explanation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// PROVISIONING, PENDING, ACTIVATING, or a status this version does not know.
    Starting,
    /// RUNNING.
    Running,
    /// DEACTIVATING, STOPPING, DEPROVISIONING.
    Stopping,
    /// STOPPED: nothing changes any more.
    Stopped,
}

impl From<&str> for Phase {
    fn from(last_status: &str) -> Self {
        match last_status {
            "RUNNING" => Self::Running,
            "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" => Self::Stopping,
            "STOPPED" | "DELETED" => Self::Stopped,
            _ => Self::Starting,
        }
    }
}

/// What a task runs on, as far as ECS tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A container instance, by its ARN: an EC2 instance or a machine elsewhere.
    Instance(String),
    /// Fargate, whose hosts nobody sees.
    Fargate,
    /// No container instance was found for it yet.
    None,
    /// ECS did not say.
    Unknown,
}

/// One container of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerStatus {
    /// Name in the task definition.
    pub name: String,
    /// Absent for a container that never ran. Never read as 0.
    pub exit_code: Option<i32>,
    /// ECS's word on the container, such as
    /// `OutOfMemoryError: Container killed due to memory usage`.
    pub reason: Option<String>,
    /// Seen RUNNING by ECS at this look.
    pub running: bool,
    /// The runtime on the host has made the container. Whether it has started it too, ECS may not
    /// know yet.
    pub created: bool,
}

/// One task at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// ARN of the task.
    pub arn: String,
    /// ARN of the task definition with its revision, empty when ECS left it out.
    pub task_definition_arn: String,
    /// Where it is on its way.
    pub phase: Phase,
    /// Why it stopped or is being stopped.
    pub stop_code: Option<StopCode>,
    /// ECS's sentence about it.
    pub stopped_reason: Option<String>,
    /// The host has begun to pull images. An EC2 host says so no sooner than with its first report
    /// of a container, so that its silence proves nothing.
    pub pull_began: bool,
    /// What it runs on.
    pub host: Host,
    /// When its containers were started.
    pub started_at: Option<Timestamp>,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
    /// Its containers; can be empty for a task that never got anywhere.
    pub containers: Vec<ContainerStatus>,
}

impl TaskStatus {
    /// Whether ECS has seen a container of the task run. That it has not is no proof that none did;
    /// see [`crate::task::judgement::Ending::may_pass`] for when a relaunch is safe.
    #[must_use]
    pub fn was_seen_running(&self) -> bool {
        self.started_at.is_some()
            || self.phase == Phase::Running
            || self
                .containers
                .iter()
                .any(|container| container.running || container.exit_code.is_some())
    }

    /// The task's id: the last part of its ARN.
    #[must_use]
    pub fn id(&self) -> &str {
        task_id(&self.arn)
    }
}

/// The id of a task: the last part of its ARN.
#[must_use]
pub fn task_id(arn: &str) -> &str {
    last_part(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_codes_keep_their_spelling_known_or_not() {
        for code in [
            "TaskFailedToStart",
            "EssentialContainerExited",
            "UserInitiated",
            "ServiceSchedulerInitiated",
            "SpotInterruption",
            "TerminationNotice",
            "InfrastructureHealth",
            "SomethingOfTomorrow",
        ] {
            assert_eq!(StopCode::from(code).as_str(), code);
        }
        assert_eq!(
            StopCode::from("SomethingOfTomorrow"),
            StopCode::Unknown("SomethingOfTomorrow".to_owned())
        );
    }

    #[test]
    fn an_unknown_status_is_not_taken_for_stopped() {
        assert_eq!(Phase::from("HIBERNATING"), Phase::Starting);
        assert!(Phase::from("STOPPED") > Phase::from("DEPROVISIONING"));
    }
}
