//! The input that `start` gives an execution, and the input that the state machine gives the
//! activity.

use serde::{Deserialize, Serialize};

use crate::cloudformation::event::Request;
use crate::task::spec::TaskSpec;

/// Input of an execution. The state machine, the worker and the other functions learn nothing of
/// the event beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionInput {
    /// The request of CloudFormation. Its response URL is sealed, unless the functions have no key.
    pub request: Request,
    /// The task to run; on Delete, the cluster, family and name by which leftover tasks of the
    /// resource are found.
    pub task: TaskSpec,
}

/// Input of the activity. It never carries the response URL, since a worker does not answer
/// CloudFormation and must not be able to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInput {
    /// ARN of the execution; empty when the state machine does not pass it.
    #[serde(default)]
    pub execution: String,
    /// The state's `HeartbeatSeconds`. The state machine's definition repeats the number here,
    /// since Step Functions does not give it to a worker. 0 when the state machine does not pass
    /// it.
    #[serde(default)]
    pub heartbeat_seconds: u64,
    /// The task to run.
    pub task: TaskSpec,
}
