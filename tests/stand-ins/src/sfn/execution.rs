//! One execution, and how DescribeExecution, ListExecutions and its history show it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Clock;

/// An execution.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) number: u64,
    pub(super) state_machine: String,
    pub(super) name: String,
    pub(super) input: String,
    pub(super) started_at: Duration,
    pub(super) ended: Option<(Duration, ExecutionEnd)>,
    pub(super) redrives: u32,
    pub(super) events: Vec<Value>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ExecutionEnd {
    /// SUCCEEDED, with this output.
    Succeeded(Value),
    /// FAILED.
    Failed {
        /// The error's name.
        error: String,
        /// The cause.
        cause: String,
    },
    /// TIMED_OUT.
    TimedOut,
    /// ABORTED, as StopExecution does.
    Aborted {
        /// The error's name, where StopExecution was given one.
        error: Option<String>,
        /// The cause, where StopExecution was given one.
        cause: Option<String>,
    },
}

/// An execution at the moment it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionView {
    /// The execution's ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its input, as sent.
    pub input: String,
    /// When it was started.
    pub started_at: Duration,
    /// When and how it ended, if it has.
    pub ended: Option<(Duration, ExecutionEnd)>,
}

impl Execution {
    pub(super) fn status(&self) -> &'static str {
        self.ended
            .as_ref()
            .map_or("RUNNING", |(_, end)| end.status())
    }

    pub(super) fn describe(&self, arn: &str, clock: &Clock) -> Value {
        let mut described = self.summary(arn, clock);
        described["input"] = self.input.clone().into();
        described["inputDetails"] = json!({"included": true});
        described["redriveCount"] = self.redrives.into();
        match self.ended.as_ref().map(|(_, end)| end) {
            None | Some(ExecutionEnd::TimedOut) => {}
            Some(ExecutionEnd::Succeeded(output)) => {
                described["output"] = output.to_string().into();
                described["outputDetails"] = json!({"included": true});
            }
            Some(ExecutionEnd::Failed { error, cause }) => {
                described["error"] = error.clone().into();
                described["cause"] = cause.clone().into();
            }
            Some(ExecutionEnd::Aborted { error, cause }) => {
                for (member, value) in [("error", error), ("cause", cause)] {
                    if let Some(value) = value {
                        described[member] = value.clone().into();
                    }
                }
            }
        }
        described
    }

    pub(super) fn summary(&self, arn: &str, clock: &Clock) -> Value {
        let mut summary = json!({
            "executionArn": arn,
            "stateMachineArn": self.state_machine,
            "name": self.name,
            "status": self.status(),
            "startDate": clock.epoch_seconds(self.started_at),
        });
        if let Some((at, _)) = self.ended {
            summary["stopDate"] = clock.epoch_seconds(at).into();
        }
        summary
    }
}

impl ExecutionEnd {
    fn status(&self) -> &'static str {
        match self {
            Self::Succeeded(_) => "SUCCEEDED",
            Self::Failed { .. } => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted { .. } => "ABORTED",
        }
    }

    pub(super) fn event(&self) -> Value {
        match self {
            Self::Succeeded(output) => {
                json!({"type": "ExecutionSucceeded", "executionSucceededEventDetails": {"output": output.to_string()}})
            }
            Self::Failed { error, cause } => {
                json!({"type": "ExecutionFailed", "executionFailedEventDetails": {"error": error, "cause": cause}})
            }
            Self::TimedOut => {
                json!({"type": "ExecutionTimedOut", "executionTimedOutEventDetails": {}})
            }
            Self::Aborted { error, cause } => {
                json!({"type": "ExecutionAborted", "executionAbortedEventDetails": {"error": error, "cause": cause}})
            }
        }
    }
}
