//! What an execution is for, as far as an explanation needs it.

use super::ForeignExecution;
use crate::cloudformation::event::Request;
use crate::execution::direct::{DirectExecution, Prepared};
use crate::execution::input::{ExecutionInput, Workers};
use crate::execution::status::Execution;
use crate::task::error::ErrorName;
use crate::task::spec::TaskSpec;
use serde_json::Value;

/// The request and the task of an execution.
#[derive(Debug)]
pub(super) struct Subject {
    /// `None` for a direct run.
    pub(super) request: Option<Request>,
    /// `None` for a direct run whose properties say that nothing is to be run, or cannot be run.
    pub(super) task: Option<TaskSpec>,
}

impl Subject {
    /// Reads the input of an execution. A direct run's is its properties, of which the task is derived
    /// as the function `prepare` does.
    pub(super) fn of(arn: &str, execution: &Execution) -> Result<Self, ForeignExecution> {
        let input: Value = serde_json::from_str(&execution.input).map_err(|_| ForeignExecution)?;
        if input.get("task").is_some() {
            let ExecutionInput { request, task, .. } =
                serde_json::from_value(input).map_err(|_| ForeignExecution)?;
            return Ok(Self {
                request,
                task: Some(task),
            });
        }
        let direct = DirectExecution {
            arn,
            started: execution.started,
        };
        let task = match direct.prepare(&input, Workers::Fleet) {
            Ok(Prepared::Run(input)) => Some(input.task),
            Ok(Prepared::Nothing(_)) => None,
            // An input that cannot be run may be that of any state machine, unless the execution
            // failed for just that.
            Err(_) if is_refused(execution) => None,
            Err(_) => return Err(ForeignExecution),
        };
        Ok(Self {
            request: None,
            task,
        })
    }
}

fn is_refused(execution: &Execution) -> bool {
    execution.error.as_deref() == Some(ErrorName::InvalidRequest.as_str())
}
