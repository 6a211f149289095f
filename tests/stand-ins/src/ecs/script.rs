//! What a scripted task does, written down by a test: how long each phase takes, how its containers
//! end, what cuts it short.

use std::time::Duration;

use super::container::{Container, OnSigterm};

/// The course of a task. All durations are short by default, so that scenarios over real sockets
/// are quick too.
#[derive(Clone, Debug)]
#[must_use]
pub struct Script {
    pub(crate) provisioning: Duration,
    pub(crate) pending: Duration,
    pub(crate) activating: Duration,
    pub(crate) deactivating: Duration,
    /// `None`: as the account has it.
    pub(crate) deprovisioning: Option<Duration>,
    pub(crate) end: End,
    /// For the containers that are not named in `named`.
    pub(crate) others: Container,
    pub(crate) named: Vec<(String, Container)>,
    pub(crate) stop_code: Option<String>,
    pub(crate) stopped_reason: Option<String>,
    pub(crate) shows_containers: bool,
    pub(crate) vanishes_after: Option<Duration>,
}

/// What ends a task, if nobody stops it.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// An essential container exits.
    Containers,
    /// A container, or something before it, cannot be started at the end of this phase.
    NotStarted { phase: Phase, reason: String },
    /// Something outside ends the task, this long after its launch.
    Interrupted {
        after: Duration,
        stop_code: String,
        reason: String,
        /// The host is gone: no signal, no exit codes.
        host_gone: bool,
    },
}

/// The phases before a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Network interfaces, capacity.
    Provisioning,
    /// Image pull, secrets, log driver.
    Pending,
    /// Start of the containers.
    Activating,
}

impl Script {
    fn new(end: End, others: Container) -> Self {
        Self {
            provisioning: Duration::from_millis(10),
            pending: Duration::from_millis(30),
            activating: Duration::from_millis(10),
            deactivating: Duration::ZERO,
            deprovisioning: None,
            end,
            others,
            named: Vec::new(),
            stop_code: None,
            stopped_reason: None,
            shows_containers: true,
            vanishes_after: None,
        }
    }

    /// All containers run for 100 ms and exit with this code.
    pub fn exits(code: i32) -> Self {
        Self::new(End::Containers, Container::exits(code))
    }

    /// The task runs until somebody stops it; its containers exit with 143 on SIGTERM.
    pub fn runs_forever() -> Self {
        Self::new(End::Containers, Container::runs_forever())
    }

    /// No container starts: the task stops after its pending phase as `TaskFailedToStart` with this
    /// reason. A reason that is about a container (`CannotPullContainerError`,
    /// `CannotStartContainerError`…) also stands on the first container.
    pub fn fails_to_start(reason: impl Into<String>) -> Self {
        let end = End::NotStarted {
            phase: Phase::Pending,
            reason: reason.into(),
        };
        Self::new(end, Container::exits(0))
    }

    /// Something outside ends the task this long after its launch, whether its containers started
    /// by then or not. They get SIGTERM.
    pub fn interrupted(
        after: Duration,
        stop_code: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        let end = End::Interrupted {
            after,
            stop_code: stop_code.into(),
            reason: reason.into(),
            host_gone: false,
        };
        Self::new(end, Container::runs_forever())
    }

    /// Spot capacity is taken away this long after the launch.
    pub fn spot_interruption(after: Duration) -> Self {
        Self::interrupted(after, "SpotInterruption", "Your Spot Task was interrupted.")
    }

    /// The EC2 host is terminated this long after the launch: the containers leave no exit code.
    pub fn host_terminated(after: Duration) -> Self {
        let end = End::Interrupted {
            after,
            stop_code: "TerminationNotice".to_owned(),
            reason: "Host EC2 (instance i-0123456789abcdef0) terminated.".to_owned(),
            host_gone: true,
        };
        Self::new(end, Container::runs_forever())
    }

    /// How long the containers that have no script of their own run.
    pub fn running(mut self, time: Duration) -> Self {
        self.others.runs_for = Some(time);
        self
    }

    /// A log line of the containers that have no script of their own, this long after their start.
    pub fn log(mut self, after: Duration, line: impl Into<String>) -> Self {
        self.others = self.others.log(after, line);
        self
    }

    /// What the containers that have no script of their own do on SIGTERM.
    pub fn on_sigterm(mut self, reaction: OnSigterm) -> Self {
        self.others.on_sigterm = reaction;
        self
    }

    /// The script of one container.
    pub fn container(mut self, name: impl Into<String>, container: Container) -> Self {
        self.named.push((name.into(), container));
        self
    }

    /// How long the task is PROVISIONING (network interface, capacity). Zero: it begins as PENDING,
    /// as on EC2 without awsvpc.
    pub fn provisioning(mut self, time: Duration) -> Self {
        self.provisioning = time;
        self
    }

    /// How long the task is PENDING (image pull).
    pub fn pending(mut self, time: Duration) -> Self {
        self.pending = time;
        self
    }

    /// How long the task is ACTIVATING.
    pub fn activating(mut self, time: Duration) -> Self {
        self.activating = time;
        self
    }

    /// How long the task is DEACTIVATING before its containers get SIGTERM.
    pub fn deactivating(mut self, time: Duration) -> Self {
        self.deactivating = time;
        self
    }

    /// How long the task is DEPROVISIONING after its containers ended, whether it has a network
    /// interface or not.
    pub fn deprovisioning(mut self, time: Duration) -> Self {
        self.deprovisioning = Some(time);
        self
    }

    /// For [`Script::fails_to_start`]: the phase at whose end it fails.
    pub fn during(mut self, failing: Phase) -> Self {
        if let End::NotStarted { phase, .. } = &mut self.end {
            *phase = failing;
        }
        self
    }

    /// The stop code shown, in place of the one that ECS would show. An empty one is not shown.
    pub fn stop_code(mut self, code: impl Into<String>) -> Self {
        self.stop_code = Some(code.into());
        self
    }

    /// The stopped reason shown, in place of the one that ECS would show. An empty one is not
    /// shown.
    pub fn stopped_reason(mut self, reason: impl Into<String>) -> Self {
        self.stopped_reason = Some(reason.into());
        self
    }

    /// The task's answers list no containers.
    pub fn without_containers(mut self) -> Self {
        self.shows_containers = false;
        self
    }

    /// ECS knows the task no longer, this long after its launch: MISSING for good.
    pub fn vanishes(mut self, after: Duration) -> Self {
        self.vanishes_after = Some(after);
        self
    }

    pub(crate) fn of_container(&self, name: &str) -> &Container {
        self.named
            .iter()
            .find(|(named, _)| named == name)
            .map_or(&self.others, |(_, container)| container)
    }
}
