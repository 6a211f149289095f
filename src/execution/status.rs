//! Whether and how an execution has ended (`API_DescribeExecution`).

use jiff::Timestamp;

/// An execution, whether it runs or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Whether and how it has ended.
    pub status: ExecutionStatus,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended, if it has.
    pub stopped: Option<Timestamp>,
    /// Its input, JSON.
    pub input: String,
    /// The error it failed with or was stopped with.
    pub error: Option<String>,
    /// What was said of that.
    pub cause: Option<String>,
}

/// Where an execution stands (`API_DescribeExecution`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// Not over: `RUNNING`, `PENDING_REDRIVE`, and whatever comes to exist.
    Running,
    /// `SUCCEEDED`.
    Succeeded,
    /// `FAILED`.
    Failed,
    /// `TIMED_OUT`.
    TimedOut,
    /// `ABORTED`.
    Aborted,
}

impl ExecutionStatus {
    /// Reads the name that the API and its events use.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "TIMED_OUT" => Self::TimedOut,
            "ABORTED" => Self::Aborted,
            _ => Self::Running,
        }
    }
}
