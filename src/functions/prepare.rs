//! `prepare`: makes of a direct run's properties what the state machine runs.
//!
//! ```text
//! StartExecution {properties} ──▶ Prepare ─┬─▶ task, workers, answerBy ──▶ as for a request
//!                                          ├─▶ output ──▶ RunSucceeded: nothing is to be run
//!                                          └─▶ error ──▶ RunFailed: EcsTask.InvalidRequest
//! ```
//!
//! It calls nothing, and gives the same for the same execution however often it is invoked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::execution::direct::{DirectExecution, Prepared};
use crate::execution::input::{ExecutionInput, Workers};
use crate::task::outcome::{Failure, Output};

/// What the state `Prepare` invokes the function with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrepareEvent {
    /// ARN of the execution.
    execution: String,
    /// When the execution was started.
    started: Timestamp,
    /// The execution's input, whatever it is.
    #[serde(default)]
    properties: Value,
}

/// What takes the place of the execution's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PreparedState {
    /// The tasks are run.
    Run(Box<ExecutionInput>),
    /// Nothing is to be run. The execution succeeds with this output.
    Nothing {
        /// The outputs, which say why.
        output: Box<Output>,
    },
    /// The properties cannot be run. The execution fails with this error.
    Refused {
        /// Error and cause, as a `Catch` would give them.
        error: RefusedError,
    },
}

/// An error as the States Language writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefusedError {
    error: &'static str,
    cause: String,
}

/// Prepares direct runs.
#[derive(Debug, Clone, Copy)]
pub struct Preparer {
    workers: Workers,
}

impl Preparer {
    /// Prepares runs for these workers.
    #[must_use]
    pub const fn new(workers: Workers) -> Self {
        Self { workers }
    }

    /// Checks the properties, and adds identity, deadline, and who works on the run.
    #[must_use]
    pub fn prepare(&self, event: &PrepareEvent) -> PreparedState {
        let PrepareEvent {
            execution,
            started,
            properties,
        } = event;
        let direct = DirectExecution {
            arn: execution,
            started: *started,
        };
        match direct.prepare(properties, self.workers) {
            Ok(Prepared::Run(input)) => {
                tracing::info!(
                    execution,
                    started_by = input.task.started_by,
                    deadline = %input.task.deadline,
                    "the direct run is prepared"
                );
                PreparedState::Run(input)
            }
            Ok(Prepared::Nothing(output)) => {
                tracing::info!(execution, reason = output.skipped, "nothing is run");
                PreparedState::Nothing { output }
            }
            Err(Failure { error, cause }) => {
                tracing::warn!(execution, %error, cause, "the properties cannot be run");
                let error = error.as_str();
                PreparedState::Refused {
                    error: RefusedError { error, cause },
                }
            }
        }
    }
}
