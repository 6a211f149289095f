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
    /// status must not be taken for the end.
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
    /// ECS's answer does not show it.
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
    /// Whether ECS says that the container is STOPPED. Its exit code is final then.
    pub stopped: bool,
    /// Whether the container runtime on the host has created the container. ECS may not know yet
    /// whether it has also started it.
    pub created: bool,
    /// The id that the container runtime gave the container.
    pub runtime_id: Option<String>,
}

impl ContainerStatus {
    /// The exit code of the container's process. `None` also for the code that the agent on the
    /// host makes up for a container that it never started: 143 or 137 without a container of the
    /// runtime (amazon-ecs-agent, issues 2579 and 3218).
    #[must_use]
    pub fn own_exit_code(&self) -> Option<i32> {
        self.exit_code.filter(|_| !self.was_never_started())
    }

    /// Whether ECS says that the container was never started: the runtime has no container of it,
    /// and its reason names a step before the start. `false` proves nothing.
    #[must_use]
    pub fn was_never_started(&self) -> bool {
        const MADE_UP: [i32; 2] = [137, 143];
        !self.created
            && !self.running
            && self.exit_code.is_none_or(|code| MADE_UP.contains(&code))
            && self
                .reason
                .as_deref()
                .is_some_and(names_a_step_before_the_start)
    }
}

/// Whether a container's reason says that its start failed, or a step before it.
fn names_a_step_before_the_start(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    // A start error that reports a missing answer does not count: the container may have started.
    let start_failed = reason.contains("cannotstartcontainererror")
        && !["timeout", "timed out", "deadline exceeded", "eof"]
            .iter()
            .any(|sign| reason.contains(sign));
    start_failed
        || [
            "dependency graph",
            "container ordering dependency",
            "cannotcreatecontainererror",
            "cannotpullcontainererror",
            "cannotpullecrcontainererror",
            "resourceinitializationerror",
        ]
        .iter()
        .any(|step| reason.contains(step))
}

/// A task as one answer of `DescribeTasks` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// ARN of the task.
    pub arn: String,
    /// ARN of the task definition with its revision; empty when ECS leaves it out.
    pub task_definition_arn: String,
    /// `lastStatus` as ECS spells it; empty when ECS leaves it out.
    pub last_status: String,
    /// How far the task has come, which `last_status` says.
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
    /// When ECS began to stop the task.
    pub stopping_at: Option<Timestamp>,
    /// When the first essential container of the task stopped. ECS shows it at the latest once all
    /// containers have stopped, and leaves it out when none ran.
    pub execution_stopped_at: Option<Timestamp>,
    /// When the task was STOPPED. On Fargate that is 13 to 24 s after its containers have stopped,
    /// since the network interface is detached in between.
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
                .any(|container| container.running || container.own_exit_code().is_some())
    }

    /// Whether nothing of the task runs any more and nothing of it will: it is STOPPED, or ECS has
    /// decided to stop it and all of its containers have stopped. Without that decision a container
    /// may be started again (`API_ContainerRestartPolicy`).
    #[must_use]
    pub fn runs_nothing(&self) -> bool {
        self.phase == Phase::Stopped
            || (self.stop_code.is_some()
                && !self.containers.is_empty()
                && self.containers.iter().all(|container| container.stopped))
    }

    /// When the containers' work ended, as far as ECS shows it: not when the network interface was
    /// gone.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        // `stoppingAt` comes last: ECS shows it alone while a sidecar outlives the container whose
        // end stops the task.
        self.execution_stopped_at
            .or(self.stopped_at)
            .or(self.stopping_at)
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
mod tests;
