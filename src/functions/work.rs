//! The function `work`: where there is no fleet, it does for one run what a worker does.
//!
//! ```text
//! RunTaskOnLambda ─event with a task token─▶ heartbeat ─┬─ taken ─▶ run, heartbeats ─┬─▶ answer
//!                                                       │                            └─▶ less than a
//!                                                       └─ lost ──▶ nothing        minute is left:
//!                                                                             Worker.HandedOver
//! ```
//!
//! Step Functions invokes it asynchronously and waits for the token, so that nothing which it returns
//! reaches the execution. What the invocation has begun has ended when it returns: Lambda freezes the
//! process until the next event, and a call that is frozen on its way would go on with the next run.
//!
//! Two invocations may hold the same token, since Lambda may deliver an event twice at the same time.
//! Both then find the same ECS task under its client token, and Step Functions takes the first answer.
//! `StartTask`, with which tasks are launched on named instances, has no such token: `start` refuses
//! `Instances` where there is no fleet.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::sleep;

use crate::activity::{self, GivenTask, NotBegun, ShutdownTrigger, TaskClient, TaskToken};
use crate::aws::ecs::Ecs;
use crate::aws::logs::Logs;
use crate::clock::Clock;
use crate::task_run::TaskRunner;
use crate::times::work::INVOCATION_MARGIN;

/// The field of the event that holds the task token. The others are the input that a worker gets.
const TASK_TOKEN: &str = "taskToken";

/// Works for one run after the other, one invocation at a time.
#[derive(Debug)]
pub struct LambdaWorker {
    client: TaskClient,
    ecs: Ecs,
    logs: Logs,
    clock: Clock,
}

/// Why an invocation has worked on nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// Nobody waits for an answer.
    #[error(
        "the event cannot be answered: its field \"taskToken\" is missing, empty or no text. The state RunTaskOnLambda passes it; nothing else is meant to invoke this function"
    )]
    NoToken,
    /// Nothing was begun, though the token may be valid. The state machine gives the run to another
    /// invocation.
    #[error(transparent)]
    NotBegun(#[from] NotBegun),
}

impl LambdaWorker {
    /// Keeps the clients, with their connections and the rates of their calls, over invocations.
    #[must_use]
    pub fn new(client: TaskClient, ecs: Ecs, logs: Logs, clock: Clock) -> Self {
        Self {
            client,
            ecs,
            logs,
            clock,
        }
    }

    /// Works for the run of an event until it is answered, handed over or lost. `end` is when Lambda
    /// ends the invocation. An event that comes late or again is no error: its token is not valid any
    /// more, and nothing is begun. An input that cannot be read is answered as the run's failure.
    ///
    /// # Errors
    /// When the event has no task token, and when Step Functions could not be asked about it. Lambda
    /// counts them, so that an alarm can tell of a function that works on nothing.
    ///
    /// # Panics
    /// Never: nobody but this function has the runner.
    pub async fn work(&self, event: Value, end: Timestamp) -> Result<(), WorkError> {
        let task = given_task(event)?;
        let (trigger, hand_over) = activity::shutdown();
        let runner = TaskRunner::for_one_run(&self.ecs, self.logs.clone(), self.clock.clone());
        let runner = Arc::new(runner);
        let attended = activity::attend_one(
            self.client.clone(),
            task,
            |task| Arc::clone(&runner).handle(task),
            hand_over,
        );
        let time = self.clock.until(end).saturating_sub(INVOCATION_MARGIN);
        if time.is_zero() {
            // Here, and not by the timer below, so that the run does not begin.
            trigger.request();
        }
        let attended = tokio::select! {
            attended = attended => attended,
            never = request_after(time, &trigger) => match never {},
        };
        let runner = Arc::into_inner(runner).expect("the handler, which had a clone, is dropped");
        runner.end().await;
        Ok(attended?)
    }
}

/// Requests the hand-over after this time. It never ends: the invocation ends when the task is handed
/// over.
async fn request_after(time: Duration, trigger: &ShutdownTrigger) -> Infallible {
    sleep(time).await;
    trigger.request();
    std::future::pending().await
}

/// The task of an event: what is beside its token is the input, whatever it is.
fn given_task(mut event: Value) -> Result<GivenTask, WorkError> {
    let token = event
        .as_object_mut()
        .and_then(|fields| fields.remove(TASK_TOKEN));
    match token {
        Some(Value::String(token)) if !token.is_empty() => Ok(GivenTask {
            token: TaskToken::new(token),
            input: event.to_string(),
        }),
        _ => Err(WorkError::NoToken),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_input_is_the_event_without_its_token() {
        let task = given_task(json!({"taskToken": "AAAA", "execution": "x", "task": {}})).unwrap();
        assert_eq!(task.token, TaskToken::new("AAAA"));
        assert_eq!(
            serde_json::from_str::<Value>(&task.input).unwrap(),
            json!({"execution": "x", "task": {}})
        );
    }

    #[test]
    fn an_event_without_a_token_is_an_error_that_does_not_repeat_it() {
        for event in [
            json!({"task": {"secret": "hunter2"}}),
            json!({"taskToken": "", "task": {"secret": "hunter2"}}),
            json!({"taskToken": {"secret": "hunter2"}}),
            json!("hunter2"),
            json!(null),
        ] {
            let error = given_task(event).unwrap_err().to_string();
            assert!(error.contains("taskToken") && !error.contains("hunter2"));
        }
    }
}
