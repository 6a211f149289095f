//! What `start` hands to the state machine, and what the definition hands on to the worker.

use serde::{Deserialize, Serialize};

use crate::cloudformation::event::Request;
use crate::task::spec::TaskSpec;

/// Input of an execution: the only thing the rest of the flow reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionInput {
    /// Who asks, and where the answer goes; the response URL is sealed unless the functions have no
    /// key.
    pub request: Request,
    /// What to run; on Delete, what to stop.
    pub task: TaskSpec,
}

/// Input of the activity. It never carries the response URL: a worker has no business answering
/// CloudFormation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInput {
    /// ARN of the execution.
    #[serde(default)]
    pub execution: String,
    /// The state's `HeartbeatSeconds`, which Step Functions does not tell a worker.
    #[serde(default)]
    pub heartbeat_seconds: u64,
    /// What to run.
    pub task: TaskSpec,
}
