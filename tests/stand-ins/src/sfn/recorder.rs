//! What happens to an activity, in the history of its execution.

use std::sync::{Arc, Weak};

use serde_json::{Value, json};

use super::schedule::EventKind;
use super::{Inner, Sfn};

/// Writes into the history of an execution what happens to the activity of one of its states.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    /// Weak: the stand-in holds the activities whose events this records.
    sfn: Weak<Inner>,
    /// ARN of the execution.
    execution: String,
    /// ARN of the activity.
    activity: String,
    /// What the state gives to the activity.
    input: String,
}

impl Recorder {
    pub(super) fn new(sfn: &Sfn, execution: &str, activity: &str, input: &Value) -> Self {
        Self {
            sfn: Arc::downgrade(&sfn.inner),
            execution: execution.to_owned(),
            activity: activity.to_owned(),
            input: input.to_string(),
        }
    }

    /// Step Functions writes nothing more once the execution has ended.
    pub(super) fn record(&self, kind: &EventKind) {
        let (name, details) = match kind {
            EventKind::Scheduled => (
                "Scheduled",
                json!({"resource": self.activity, "input": self.input}),
            ),
            EventKind::Started { worker, .. } => ("Started", json!({"workerName": worker})),
            EventKind::Succeeded { output } => ("Succeeded", json!({"output": output.to_string()})),
            EventKind::Failed { error, cause } => {
                ("Failed", json!({"error": error, "cause": cause}))
            }
            EventKind::HeartbeatTimedOut => timed_out("States.HeartbeatTimeout"),
            EventKind::TimedOut => timed_out("States.Timeout"),
            // The history has the end of the execution in place of what was aborted.
            EventKind::Heartbeat | EventKind::Aborted => return,
        };
        let Some(inner) = self.sfn.upgrade() else {
            return;
        };
        let sfn = Sfn { inner };
        if !sfn.has_ended(&self.execution) {
            let event = json!({
                "type": format!("Activity{name}"),
                format!("activity{name}EventDetails"): details,
            });
            sfn.history_event(&self.execution, event);
        }
    }
}

fn timed_out(error: &str) -> (&'static str, Value) {
    ("TimedOut", json!({"error": error}))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::*;
    use crate::clock::Clock;
    use crate::sfn::{ExecutionEnd, Schedule};

    #[tokio::test(start_paused = true)]
    async fn what_happens_to_an_activity_is_shown_at_once_and_nothing_is_after_the_end() {
        let sfn = Sfn::new(Clock::start());
        let activity = sfn.activity("tasks");
        let machine = sfn.state_machine("ecs-task");
        let started = sfn.start_execution(&json!({"stateMachineArn": machine, "name": "one"}));
        let execution = started.unwrap()["executionArn"]
            .as_str()
            .unwrap()
            .to_owned();
        let kinds = || {
            let events = sfn.history(&execution).into_iter();
            let kinds = events.map(|event| event["type"].as_str().unwrap().to_owned());
            kinds.collect::<Vec<_>>()
        };
        let poll = async || {
            let body = json!({"activityArn": activity});
            let polled = sfn.get_activity_task(&body, &HeaderMap::new()).await;
            assert!(polled.unwrap()["taskToken"].is_string());
        };
        let schedule = || {
            let recorder = Recorder::new(&sfn, &execution, &activity, &json!({}));
            let retrying = Schedule::retrying().heartbeat(Duration::from_secs(95));
            sfn.schedule(&activity, &json!({}), retrying.recorded(recorder))
        };
        let (_one, _other) = (schedule(), schedule());
        poll().await;
        let taken = [
            "ExecutionStarted",
            "ActivityScheduled",
            "ActivityScheduled",
            "ActivityStarted",
        ];
        assert_eq!(kinds(), taken);
        let end = ExecutionEnd::Aborted {
            error: None,
            cause: None,
        };
        sfn.end_execution(&execution, end);
        poll().await;
        tokio::time::sleep(Duration::from_secs(200)).await;
        assert_eq!(kinds(), [&taken[..], &["ExecutionAborted"]].concat());
    }
}
