//! Errors as an execution has them, and the names that neither a run nor a worker gives: those of
//! Step Functions itself, and that of a run which no worker claimed.

use serde::Deserialize;

/// A worker that holds a run sent no heartbeat in time. In recorded histories the service says
/// [`TIMEOUT`] of that too, and the States Language has this name: both are matched everywhere.
pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
/// A state, or a worker's heartbeat, took longer than it may.
pub const TIMEOUT: &str = "States.Timeout";
/// The state machine cannot go on, as when its activity was deleted. No Catch matches it.
pub const RUNTIME: &str = "States.Runtime";
/// Stands for an error that was given no name.
pub const UNKNOWN: &str = "States.Unknown";
/// No worker took the run. It is none of the `EcsTask.…` errors, which say what became of a task:
/// this one says that there is no fleet, which is somebody else's alarm. A run that was handed over
/// may even have a task, so it is not `EcsTask.NotStarted` either.
pub const NOT_CLAIMED: &str = "Worker.NotClaimed";

/// What the names of Step Functions' own errors begin with (`concepts-error-handling`).
const STATES: &str = "States.";

/// An error as a Catch puts it into the execution's state (`concepts-error-handling`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CaughtError {
    /// Its name.
    pub error: String,
    /// What happened; empty for most of Step Functions' own errors.
    #[serde(default)]
    pub cause: String,
}

/// Whether a worker that had the run was not heard of any more, or a state took too long.
#[must_use]
pub fn is_timeout(error: &str) -> bool {
    error == HEARTBEAT_TIMEOUT || error == TIMEOUT
}

/// The rest of the name, if Step Functions itself gives this error.
#[must_use]
pub fn states_error_name(error: &str) -> Option<&str> {
    error.strip_prefix(STATES)
}
