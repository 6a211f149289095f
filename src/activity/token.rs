//! The task token, under which a worker sends heartbeats and the answer of a task, and how it is
//! lost.
//!
//! A token is lost when Step Functions answers a heartbeat or an answer with one of [`LOST_CODES`],
//! or when no heartbeat gets through for as long as Step Functions waits for one (`heartbeat`). The
//! worker then drops the handler and answers nothing (`attend`, `let_go`): Step Functions may have
//! given the task to another worker, which adopts what this one has started.

use std::fmt;

/// A task token. Anybody who has it can answer for the task, so `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskToken(String);

/// The error codes that say a token is not valid, or not any more (`API_SendTaskHeartbeat`).
const LOST_CODES: [&str; 3] = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"];

/// Whether the error code of a call says that the call's token is lost.
pub(super) fn is_lost(code: &str) -> bool {
    LOST_CODES.contains(&code)
}

impl TaskToken {
    /// The token as Step Functions gave it.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskToken(hidden)")
    }
}
