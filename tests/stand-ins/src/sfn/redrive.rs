//! RedriveExecution: an execution that failed goes on where it ended.

use std::time::Duration;

use serde_json::{Value, json};

use super::Sfn;
use super::execution::ExecutionEnd;
use super::executions::no_execution;
use super::request::required;
use crate::aws_error::AwsError;
use crate::lock::Lock;

/// For this long after its end an execution can be redriven (API_RedriveExecution).
const REDRIVABLE_FOR: Duration = Duration::from_hours(14 * 24);

impl Sfn {
    /// The execution runs again. Whoever plays it goes on in the state that it was in.
    pub(super) fn redrive_execution(&self, body: &Value) -> Result<Value, AwsError> {
        let arn = required(body, "executionArn")?;
        let now = self.inner.clock.now();
        let count = {
            let mut state = self.inner.state.locked();
            let execution = state
                .executions
                .get_mut(arn)
                .ok_or_else(|| no_execution(arn))?;
            match &execution.ended {
                Some((at, end))
                    if !matches!(end, ExecutionEnd::Succeeded(_)) && now < *at + REDRIVABLE_FOR => {
                }
                _ => {
                    return Err(AwsError::new(
                        "ExecutionNotRedrivable",
                        format!("Execution is not redrivable: '{arn}'"),
                    ));
                }
            }
            execution.ended = None;
            execution.redrives += 1;
            execution.redrives
        };
        self.history_event(
            arn,
            json!({"type": "ExecutionRedriven", "executionRedrivenEventDetails": {"redriveCount": count}}),
        );
        Ok(json!({"redriveDate": self.inner.clock.epoch_seconds(now)}))
    }

    /// The state that an execution entered last, and its input, if it has been redriven since.
    pub(super) fn redriven_state(&self, arn: &str) -> Option<(String, Value)> {
        let state = self.inner.state.locked();
        let execution = state.executions.get(arn)?;
        if execution.redrives == 0 {
            return None;
        }
        let mut entered = execution.events.iter().rev();
        let entered = entered.find_map(|event| event.get("stateEnteredEventDetails"))?;
        let input = entered["input"].as_str()?;
        Some((
            entered["name"].as_str()?.to_owned(),
            serde_json::from_str(input).ok()?,
        ))
    }
}
