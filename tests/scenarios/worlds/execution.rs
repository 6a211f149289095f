//! An execution as a test tells its course: what happened in it, and how it ended.

use std::time::Duration;

use ecs_task_runner::clock::{Clock, after};
use serde_json::{Value, json};
use stand_ins::sfn::ExecutionEnd;

use super::events::{identity, properties, with};
use super::functions::World;

pub const NOW: Duration = Duration::ZERO;

/// An execution that a request has started, with the history that a test writes for it.
pub struct Execution<'w> {
    world: &'w World,
    pub arn: String,
    pub name: String,
    pub input: Value,
}

impl<'w> Execution<'w> {
    pub async fn of(world: &'w World, request_type: &str) -> Self {
        Self::of_event(world, &world.event(request_type, &properties())).await
    }

    pub async fn of_event(world: &'w World, event: &Value) -> Self {
        world.start(event).await.unwrap();
        let name = identity(event).name;
        let execution = world.aws.sfn().execution(&name);
        Self {
            world,
            arn: execution.arn,
            name,
            input: serde_json::from_str(&execution.input).unwrap(),
        }
    }

    pub fn happened(&self, event: Value) -> &Self {
        self.world.aws.sfn().history_event(&self.arn, event);
        self
    }

    pub fn entered(&self, state: &str, changes: &Value) -> &Self {
        let input = with(self.input.clone(), changes).to_string();
        self.happened(json!({"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state, "input": input}}))
    }

    /// An activity's event, so long after now.
    pub fn activity(&self, kind: &str, later: Duration) -> &Self {
        let at = after(Clock::system().now(), later).as_second();
        let mut event = json!({"type": format!("Activity{kind}"), "timestamp": at});
        if kind == "Scheduled" {
            let input =
                json!({"execution": self.arn, "heartbeatSeconds": 60, "task": self.input["task"]})
                    .to_string();
            event["activityScheduledEventDetails"] = json!({"resource": "arn:aws:states:us-east-1:123456789012:activity:ecs-task", "input": input});
        }
        if kind == "Started" {
            event["activityStartedEventDetails"] = json!({"workerName": "i-0abc"});
        }
        self.happened(event)
    }

    /// The run waits for a worker.
    pub fn scheduled(&self) -> &Self {
        self.entered("RunTask", &json!({}))
            .activity("Scheduled", NOW)
    }

    /// A worker has the run.
    pub fn taken(&self) -> &Self {
        self.scheduled().activity("Started", NOW)
    }

    /// The run was given to the function `work`, where there is no fleet.
    pub fn given(&self) -> &Self {
        let details = json!({"resourceType": "lambda", "resource": "invoke.waitForTaskToken", "region": "us-east-1", "parameters": "{}",
            "heartbeatInSeconds": 60, "timeoutInSeconds": 3555});
        self.entered("RunTaskOnLambda", &json!({}))
            .happened(json!({"type": "TaskScheduled", "taskScheduledEventDetails": details}))
            .happened(json!({"type": "TaskStarted", "taskStartedEventDetails": {"resourceType": "lambda", "resource": "invoke.waitForTaskToken"}}))
    }

    pub fn invoked(&self, kind: &str) -> &Self {
        let details = json!({"resourceType": "lambda", "resource": "invoke"});
        let mut event = json!({"type": format!("Task{kind}")});
        event[format!("task{kind}EventDetails")] = match kind {
            "Scheduled" => with(details, &json!({"region": "us-east-1", "parameters": "{}"})),
            _ => details,
        };
        self.happened(event)
    }

    /// A function is invoked in a state, and returns.
    pub fn returned(&self, state: &str, changes: &Value) -> &Self {
        self.entered(state, changes)
            .invoked("Scheduled")
            .invoked("Succeeded")
    }

    /// Ends the execution and answers the event that EventBridge sends.
    pub fn ends(&self, end: ExecutionEnd) -> Value {
        let status = match end {
            ExecutionEnd::Succeeded(_) => "SUCCEEDED",
            ExecutionEnd::Failed { .. } => "FAILED",
            ExecutionEnd::TimedOut => "TIMED_OUT",
            ExecutionEnd::Aborted { .. } => "ABORTED",
        };
        self.world.aws.sfn().end_execution(&self.arn, end);
        self.event(status)
    }

    pub fn event(&self, status: &str) -> Value {
        json!({
            "version": "0",
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "detail": {
                "executionArn": self.arn,
                "stateMachineArn": self.world.state_machine,
                "name": self.name,
                "status": status,
                "input": null,
                "inputDetails": {"included": false}
            }
        })
    }
}
