//! Errors as an execution catches them, and those error names that come neither from a run
//! ([`crate::task::error`]) nor from a worker ([`crate::activity`]): the names that Step Functions
//! gives, and the name for a run that no worker claimed.

use serde::{Deserialize, Deserializer};

use crate::text::lenient;

/// A worker that has the run sent no heartbeat in time. The States Language defines this name, but
/// recorded histories show [`TIMEOUT`] for a missed heartbeat. The state machine and [`is_timeout`]
/// match both.
pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
/// A state, or a worker's heartbeat, took longer than it may.
pub const TIMEOUT: &str = "States.Timeout";
/// The state machine cannot go on, for example because its activity was deleted. No Catch matches
/// this error, not even one for `States.ALL`.
pub const RUNTIME: &str = "States.Runtime";
/// The name used for an error that has none.
pub const UNKNOWN: &str = "States.Unknown";
/// No worker took the run: `rescue` stops the execution with this error. The `EcsTask.…` errors say
/// what became of a task; this one says that no worker polls, which concerns the operators of the
/// fleet. It is not `EcsTask.NotStarted`, since a run that its worker handed over may have a
/// running task.
pub const NOT_CLAIMED: &str = "Worker.NotClaimed";

/// What the names of Step Functions' own errors begin with (`concepts-error-handling`).
const STATES: &str = "States.";

/// An error as a Catch puts it into the execution's state (`concepts-error-handling`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CaughtError {
    /// Name of the error, such as `EcsTask.Failed`.
    #[serde(deserialize_with = "name")]
    pub error: String,
    /// What happened, in words; empty for most errors that Step Functions gives.
    #[serde(deserialize_with = "lenient::text")]
    pub cause: String,
}

/// An error of which nothing is known.
impl Default for CaughtError {
    fn default() -> Self {
        Self {
            error: UNKNOWN.to_owned(),
            cause: String::new(),
        }
    }
}

/// An error without a name is an unknown one.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = lenient::text(deserializer)?;
    Ok(if name.is_empty() {
        UNKNOWN.to_owned()
    } else {
        name
    })
}

/// Whether the error says that a worker sent no heartbeat in time, or that a state took too long.
#[must_use]
pub fn is_timeout(error: &str) -> bool {
    error == HEARTBEAT_TIMEOUT || error == TIMEOUT
}

/// The part of the name after `States.`, if Step Functions gives this error; `None` for errors of
/// workers, runs and functions.
#[must_use]
pub(crate) fn states_error_name(error: &str) -> Option<&str> {
    error.strip_prefix(STATES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_step_functions_itself_are_known_by_their_name() {
        assert_eq!(states_error_name("States.Timeout"), Some("Timeout"));
        assert_eq!(states_error_name("EcsTask.Failed"), None);
        assert!(is_timeout("States.Timeout") && is_timeout("States.HeartbeatTimeout"));
        assert!(!is_timeout("States.Runtime"));
    }
}
