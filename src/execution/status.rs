//! Whether and how an execution has ended (`API_DescribeExecution`).

use jiff::Timestamp;
use serde_json::Value;

use crate::cloudformation::identity::NameParts;

/// An execution as Step Functions describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Whether and how it has ended.
    pub status: ExecutionStatus,
    /// When the execution was started.
    pub started: Timestamp,
    /// When the execution ended; `None` while it runs.
    pub stopped: Option<Timestamp>,
    /// The execution's input, JSON; see [`ExecutionInput`](super::input::ExecutionInput).
    pub input: String,
    /// Name of the error with which it failed, or which was given when it was stopped.
    pub error: Option<String>,
    /// Cause of the error, in words.
    pub cause: Option<String>,
}

impl Execution {
    /// Whether CloudFormation has requested the execution. Otherwise it is a direct run, for which
    /// nobody waits, or its input is none of a task runner's.
    #[must_use]
    pub(crate) fn has_request(&self) -> bool {
        serde_json::from_str::<Value>(&self.input).is_ok_and(|input| input.get("request").is_some())
    }

    /// Whether the end of the execution's run goes to a wait condition, and the request was answered when
    /// it began.
    #[must_use]
    pub(crate) fn reports_to_condition(&self) -> bool {
        serde_json::from_str::<Value>(&self.input)
            .is_ok_and(|input| input["request"]["WaitConditionHandle"].is_object())
    }

    /// When CloudFormation sent the request. Inputs of earlier releases do not say it; `start` started
    /// their executions soon after.
    #[must_use]
    pub(crate) fn request_sent(&self) -> Timestamp {
        serde_json::from_str::<Value>(&self.input)
            .ok()
            .and_then(|input| input["sent"].as_str()?.parse().ok())
            .unwrap_or(self.started)
    }

    /// Whether the execution rolls back another's run for the request that would give an execution this
    /// `name`.
    #[must_use]
    pub(crate) fn rolls_back_for(&self, name: &str) -> bool {
        serde_json::from_str::<Value>(&self.input)
            .is_ok_and(|input| input["rollbackOf"]["request"].as_str() == Some(name))
    }
}

/// An execution as the list of a state machine's executions shows it (`API_ExecutionListItem`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedExecution {
    /// ARN of the execution.
    pub arn: String,
    /// Name of the execution, which is also `startedBy` of its tasks.
    pub name: String,
    /// Whether and how the execution has ended.
    pub status: ExecutionStatus,
    /// When the execution was started.
    pub started: Timestamp,
    /// When the execution ended; `None` while it runs.
    pub stopped: Option<Timestamp>,
}

impl ListedExecution {
    /// Whether the execution has the name of a request of CloudFormation. A person may have given a
    /// direct run such a name; no request has another.
    #[must_use]
    pub(crate) fn is_called_like_a_request(&self) -> bool {
        NameParts::of(&self.name).is_some()
    }
}

/// Whether and how an execution has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// `RUNNING`, `PENDING_REDRIVE`, and any status that this version does not know: an unknown
    /// status must not be taken for an end.
    Running,
    /// `SUCCEEDED`: it ended in the state that follows an answer SUCCESS.
    Succeeded,
    /// `FAILED`: it ended with an error, answered or not.
    Failed,
    /// `TIMED_OUT`: it ran longer than the state machine's `TimeoutSeconds`.
    TimedOut,
    /// `ABORTED`: a person or a function called `StopExecution`.
    Aborted,
}

impl ExecutionStatus {
    /// Reads a status as the API and the status-change events spell it.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "TIMED_OUT" => Self::TimedOut,
            "ABORTED" => Self::Aborted,
            _ => Self::Running,
        }
    }

    /// The status as the API spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
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
