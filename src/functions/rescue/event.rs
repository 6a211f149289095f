//! The two events with which EventBridge invokes `rescue`.

use serde::Deserialize;
use serde_json::Value;

use crate::execution::status::ExecutionStatus;

/// Why `rescue` is invoked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "detail-type", content = "detail")]
pub enum RescueEvent {
    /// An execution ended.
    #[serde(rename = "Step Functions Execution Status Change")]
    Ended(Ended),
    /// A minute has passed.
    #[serde(rename = "Scheduled Event", deserialize_with = "anything")]
    Schedule,
}

/// The execution that ended. `rescue` does not read the execution's input from the event, which
/// leaves it out above some size and can be made up; it asks `DescribeExecution` for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    pub(super) execution_arn: String,
    pub(super) state_machine_arn: String,
    #[serde(deserialize_with = "status")]
    pub(super) status: ExecutionStatus,
}

/// The event is neither of the two.
#[derive(Debug, thiserror::Error)]
#[error(
    "the event is neither a status change of an execution nor the schedule's: {0}. Invoke this function only from the rules of its stack"
)]
pub struct NotARescueEvent(#[from] serde_json::Error);

impl RescueEvent {
    /// Reads an event.
    ///
    /// # Errors
    /// When it is neither of the two.
    pub fn parse(event: Value) -> Result<Self, NotARescueEvent> {
        Ok(serde_json::from_value(event)?)
    }
}

/// `FAILED`, `TIMED_OUT` or `ABORTED`.
fn status<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ExecutionStatus, D::Error> {
    String::deserialize(deserializer).map(|name| ExecutionStatus::from_name(&name))
}

/// Ignores the detail of the schedule's event.
fn anything<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_events_are_read() {
        let ended = json!({
            "version": "0",
            "id": "315c1398-40ff-a850-213b-158f73e60175",
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "account": "123456789012",
            "time": "2026-11-23T19:42:21Z",
            "region": "us-east-1",
            "resources": ["arn:aws:states:us-east-1:123456789012:execution:task-runner:name"],
            "detail": {
                "executionArn": "arn:aws:states:us-east-1:123456789012:execution:task-runner:name",
                "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:task-runner",
                "name": "name",
                "status": "ABORTED",
                "startDate": 1_551_225_271_984_u64,
                "stopDate": 1_551_225_291_984_u64,
                "input": null,
                "inputDetails": {"included": false},
                "output": null,
                "outputDetails": null
            }
        });
        let RescueEvent::Ended(ended) = RescueEvent::parse(ended).unwrap() else {
            panic!("an execution ended")
        };
        assert_eq!(ended.status, ExecutionStatus::Aborted);
        for detail in [json!({}), json!(null), json!([1])] {
            let scheduled =
                json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": detail});
            assert_eq!(
                RescueEvent::parse(scheduled).unwrap(),
                RescueEvent::Schedule
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for event in [
            json!(null),
            json!({}),
            json!({"detail-type": "Scheduled Events", "detail": {}}),
            json!({"detail-type": "Step Functions Execution Status Change"}),
            json!({"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": 1}}),
            json!({"RequestType": "Create"}),
        ] {
            assert!(RescueEvent::parse(event.clone()).is_err(), "{event}");
        }
    }
}
