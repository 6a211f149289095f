//! What a container of a scripted task does.

use std::time::Duration;

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
    pub(crate) waits_in_vain_for: Option<String>,
    pub(crate) settles: Duration,
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
            waits_in_vain_for: None,
            settles: Duration::ZERO,
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

    /// Waits (`dependsOn`) for another container to succeed and is never started, since that one
    /// ends and does not. The agent gives it a made-up exit code.
    pub fn waits_in_vain_for(other: impl Into<String>) -> Self {
        let other = other.into();
        let reason = format!(
            "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [{other}(registry.example/wait:1) (STOPPED->RUNNING) - Exit: 1] for target [app(registry.example/app:1) (NONE->RUNNING)] as dependency did not exit successfully."
        );
        Self {
            starts: Starts::Never,
            waits_in_vain_for: Some(other),
            ..Self::exits(143)
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

    /// ECS shows its exit code this long before it shows the container as STOPPED.
    pub fn settles(mut self, time: Duration) -> Self {
        self.settles = time;
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
