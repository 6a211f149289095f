//! The task token, under which a worker sends heartbeats and the answer of a task.

use std::fmt;

/// A task token. Whoever has it can answer for the task, so it shows in no `Debug` print.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskToken(String);

impl TaskToken {
    pub(super) fn new(token: String) -> Self {
        Self(token)
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
