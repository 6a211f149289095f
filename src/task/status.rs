//! What ECS says of a task (`API_Task`, `API_Container`), as far as a run needs it, in types
//! without the SDK. [`super::judgement`] says what it means.

use jiff::Timestamp;

use crate::arn::last_part;

/// Why ECS stopped a task (`API_Task`, `stopCode`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopCode {
    /// The task ended before all of its containers ran.
    TaskFailedToStart,
    /// An essential container exited by itself.
    EssentialContainerExited,
    /// A person or program called `StopTask`.
    UserInitiated,
    /// The scheduler of an ECS service stopped it. Not expected for tasks of a run, which belong to
    /// no service.
    ServiceSchedulerInitiated,
    /// AWS took the Spot capacity back.
    SpotInterruption,
    /// The host is being terminated.
    TerminationNotice,
    /// The host is unhealthy.
    InfrastructureHealth,
    /// A code that this version does not know. It counts as a stop from outside, since it does not
    /// prove that the work was done.
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
    /// The code as ECS spells it.
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

/// How far a task has come in its life (`task-lifecycle-explanation`), in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// PROVISIONING, PENDING, ACTIVATING, or a status that this version does not know: an unknown
    /// one must not pass for the end.
    Starting,
    /// RUNNING.
    Running,
    /// DEACTIVATING, STOPPING, DEPROVISIONING.
    Stopping,
    /// STOPPED or DELETED: ECS changes nothing of the task any more.
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

/// The host that a task runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A container instance, by ARN: an EC2 instance, or a machine outside of AWS.
    Instance(String),
    /// Fargate, which does not show its hosts.
    Fargate,
    /// None: ECS has not placed the task on a container instance.
    None,
    /// ECS did not tell.
    Unknown,
}

/// One container of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerStatus {
    /// Name of the container in the task definition.
    pub name: String,
    /// The exit code. ECS gives none for a container that did not run or is lost, and `None` must
    /// not be read as 0.
    pub exit_code: Option<i32>,
    /// ECS's sentence about the container, such as
    /// `OutOfMemoryError: Container killed due to memory usage`.
    pub reason: Option<String>,
    /// Whether ECS says at this moment that the container is RUNNING.
    pub running: bool,
    /// Whether the container runtime on the host has created the container. ECS may not know yet
    /// whether it has also started it.
    pub created: bool,
    /// The id that the container runtime gave the container.
    pub runtime_id: Option<String>,
}

/// A task as one answer of `DescribeTasks` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// ARN of the task.
    pub arn: String,
    /// ARN of the task definition with its revision; empty when ECS leaves it out.
    pub task_definition_arn: String,
    /// How far the task has come.
    pub phase: Phase,
    /// Why ECS stopped or is stopping the task, as a code.
    pub stop_code: Option<StopCode>,
    /// Why ECS stopped or is stopping the task, as a sentence.
    pub stopped_reason: Option<String>,
    /// Whether the host has begun to pull images. An EC2 host reports that only together with the
    /// first change of a container, so `false` does not prove that nothing was pulled.
    pub pull_began: bool,
    /// The host that the task runs on.
    pub host: Host,
    /// When the containers of the task were started.
    pub started_at: Option<Timestamp>,
    /// When the task stopped.
    pub stopped_at: Option<Timestamp>,
    /// The task's containers. ECS may list none for a task that never started.
    pub containers: Vec<ContainerStatus>,
}

impl TaskStatus {
    /// Whether ECS has seen a container of the task run. `false` does not prove that none ran;
    /// [`Ending::may_pass`](crate::task::judgement::Ending::may_pass) says when a relaunch is safe.
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
    fn a_stop_code_keeps_its_spelling_whether_it_is_known_or_not() {
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

    #[test]
    fn a_status_has_its_phase() {
        for (status, phase) in [
            ("PROVISIONING", Phase::Starting),
            ("PENDING", Phase::Starting),
            ("ACTIVATING", Phase::Starting),
            ("RUNNING", Phase::Running),
            ("DEACTIVATING", Phase::Stopping),
            ("STOPPING", Phase::Stopping),
            ("DEPROVISIONING", Phase::Stopping),
            ("STOPPED", Phase::Stopped),
            ("DELETED", Phase::Stopped),
        ] {
            assert_eq!(Phase::from(status), phase, "{status}");
        }
    }

    #[test]
    fn each_sign_of_a_start_is_enough() {
        let unseen = TaskStatus {
            arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c".to_owned(),
            task_definition_arn: String::new(),
            phase: Phase::Stopped,
            stop_code: None,
            stopped_reason: None,
            pull_began: true,
            host: Host::Fargate,
            started_at: None,
            stopped_at: None,
            containers: vec![ContainerStatus::default()],
        };
        assert!(!unseen.was_seen_running());
        let of_container = |container| TaskStatus {
            containers: vec![container],
            ..unseen.clone()
        };
        for seen in [
            TaskStatus {
                started_at: Some(Timestamp::UNIX_EPOCH),
                ..unseen.clone()
            },
            TaskStatus {
                phase: Phase::Running,
                ..unseen.clone()
            },
            of_container(ContainerStatus {
                running: true,
                ..ContainerStatus::default()
            }),
            of_container(ContainerStatus {
                exit_code: Some(0),
                ..ContainerStatus::default()
            }),
        ] {
            assert!(seen.was_seen_running(), "{seen:?}");
        }
        assert_eq!(unseen.id(), "0f1e2d3c");
    }
}
