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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_is_no_end_is_running() {
        for (name, status) in [
            ("RUNNING", ExecutionStatus::Running),
            ("PENDING_REDRIVE", ExecutionStatus::Running),
            ("SOMETHING_OF_TOMORROW", ExecutionStatus::Running),
            ("SUCCEEDED", ExecutionStatus::Succeeded),
            ("FAILED", ExecutionStatus::Failed),
            ("TIMED_OUT", ExecutionStatus::TimedOut),
            ("ABORTED", ExecutionStatus::Aborted),
        ] {
            assert_eq!(ExecutionStatus::from_name(name), status, "{name}");
        }
    }
}
