//! Histories of executions, written by tests: GetExecutionHistory.

use serde_json::{Value, json};

use super::Sfn;
use super::executions::{no_execution, page};
use super::request::required;
use crate::aws_error::AwsError;
use crate::lock::Lock;

impl Sfn {
    /// Adds an event to an execution's history, as in
    /// `{"type": "ActivityScheduled", "activityScheduledEventDetails": {…}}`. Its `id`,
    /// `previousEventId` and `timestamp` (now) are filled in where they are missing.
    ///
    /// # Panics
    /// When there is no such execution.
    pub fn history_event(&self, execution_arn: &str, mut event: Value) {
        let now = self.inner.clock.epoch_seconds(self.inner.clock.now());
        let mut state = self.inner.state.locked();
        let execution = state
            .executions
            .get_mut(execution_arn)
            .expect("a history belongs to an execution");
        let previous = execution.events.len();
        for (member, value) in [
            ("id", json!(previous + 1)),
            ("previousEventId", json!(previous)),
            ("timestamp", json!(now)),
        ] {
            if event.get(member).is_none() {
                event[member] = value;
            }
        }
        execution.events.push(event);
    }

    /// The events of an execution, oldest first, as [`Sfn::history_event`] has added them.
    ///
    /// # Panics
    /// When there is no such execution.
    pub fn history(&self, execution_arn: &str) -> Vec<Value> {
        self.inner
            .state
            .locked()
            .executions
            .get(execution_arn)
            .expect("a history belongs to an execution")
            .events
            .clone()
    }

    pub(super) fn get_execution_history(&self, body: &Value) -> Result<Value, AwsError> {
        let arn = required(body, "executionArn")?;
        let mut events = {
            let state = self.inner.state.locked();
            let execution = state.executions.get(arn).ok_or_else(|| no_execution(arn))?;
            let shown = self.inner.clock.now().saturating_sub(state.lag.histories);
            let shown = self.inner.clock.epoch_seconds(shown);
            let is_shown = |event: &&Value| event["timestamp"].as_f64() <= Some(shown);
            if state.lag.histories.is_zero() {
                execution.events.clone()
            } else {
                execution.events.iter().filter(is_shown).cloned().collect()
            }
        };
        if body["reverseOrder"] == true {
            events.reverse();
        }
        page(events, std::convert::identity, "events", body)
    }
}
