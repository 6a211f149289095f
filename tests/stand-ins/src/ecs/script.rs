//! What a scripted task does, written down by a test: how long each phase takes, how its containers
//! end, what cuts it short.

use std::time::Duration;

/// The course of a task. All durations are short by default, so that scenarios over real sockets
/// are quick too.
#[derive(Clone, Debug)]
#[must_use]
pub struct Script {
    pub(crate) provisioning: Duration,
    pub(crate) pending: Duration,
    pub(crate) activating: Duration,
    pub(crate) deactivating: Duration,
    pub(crate) deprovisioning: Duration,
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
            deprovisioning: Duration::from_millis(10),
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

    /// How long the task is DEPROVISIONING after its containers ended.
    pub fn deprovisioning(mut self, time: Duration) -> Self {
        self.deprovisioning = time;
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

/// The course of one container.
#[derive(Clone, Debug)]
#[must_use]
pub struct Container {
    /// `None`: until it is stopped.
    pub(crate) runs_for: Option<Duration>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
    pub(crate) on_sigterm: OnSigterm,
    pub(crate) log: Vec<(Duration, String)>,
    pub(crate) starts: Starts,
}

/// Whether a container starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Starts {
    WithTheTask,
    Never,
    /// It has started when another one, or the task as a whole, fails to.
    BeforeTheFailure,
}

/// What a container does when it gets the stop signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSigterm {
    /// Exits this long after the signal with this code (if the stop timeout leaves it the time).
    Exits {
        /// Time from the signal to the exit.
        after: Duration,
        /// Its exit code.
        code: i32,
    },
    /// Runs on until SIGKILL ends it after the stop timeout, with exit code 137.
    Ignored,
}

impl Container {
    /// Runs for 100 ms, then exits with this code. SIGTERM ends it at once with 143.
    pub fn exits(code: i32) -> Self {
        Self {
            runs_for: Some(Duration::from_millis(100)),
            exit_code: Some(code),
            reason: None,
            on_sigterm: OnSigterm::Exits {
                after: Duration::ZERO,
                code: 143,
            },
            log: Vec::new(),
            starts: Starts::WithTheTask,
        }
    }

    /// Runs until it is stopped.
    pub fn runs_forever() -> Self {
        Self {
            runs_for: None,
            ..Self::exits(0)
        }
    }

    /// Is never started, for this reason: it will have no exit code.
    pub fn never_starts(reason: impl Into<String>) -> Self {
        Self {
            exit_code: None,
            starts: Starts::Never,
            ..Self::exits(0)
        }
        .reason(reason)
    }

    /// Was killed for its memory: exit code 137 and the reason on the container.
    pub fn out_of_memory() -> Self {
        Self::exits(137).reason("OutOfMemoryError: Container killed due to memory usage")
    }

    /// How long it runs.
    pub fn after(mut self, time: Duration) -> Self {
        self.runs_for = Some(time);
        self
    }

    /// The reason shown on the container once it has stopped.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// It ran, but ECS never learns its exit code.
    pub fn without_exit_code(mut self) -> Self {
        self.exit_code = None;
        self
    }

    /// In a task that fails to start or is interrupted before its start: this container had started
    /// all the same.
    pub fn started_before_the_failure(mut self) -> Self {
        self.starts = Starts::BeforeTheFailure;
        self
    }

    /// What it does on SIGTERM.
    pub fn on_sigterm(mut self, reaction: OnSigterm) -> Self {
        self.on_sigterm = reaction;
        self
    }

    /// A line it prints, this long after its start, if it still runs then.
    pub fn log(mut self, after: Duration, line: impl Into<String>) -> Self {
        self.log.push((after, line.into()));
        self
    }
}
