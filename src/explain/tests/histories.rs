//! Histories as Step Functions records them, with their times in milliseconds since the execution
//! was started.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::execution::history::RecordedEvent;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::explain::{ExecutionArn, Explainer, Explanation};

pub(super) const NAME: &str = "MigrateTask-1a2b3c4d-create-0123456789ab";
pub(super) const DEADLINE: &str = "2026-11-23T06:55:00Z";
pub(super) const URL: &str = "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/key?X-Amz-Date=20261123T060000Z&X-Amz-Signature=abc";
pub(super) const SECRET: &str = "hunter2-hunter2";
const ACTIVITY: &str = "arn:aws:states:eu-west-1:123456789012:activity:ecs-task";

pub(super) fn arn() -> ExecutionArn {
    ExecutionArn::parse(&format!(
        "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:{NAME}"
    ))
    .unwrap()
}

pub(super) fn time(millis: i64) -> Timestamp {
    "2026-11-23T06:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_millis(millis)
}

/// An execution with an unsealed response URL.
pub(super) fn execution(request_type: &str, status: ExecutionStatus) -> Execution {
    let input = json!({
        "request": {
            "RequestType": request_type,
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid",
            "RequestId": "2f2b6f2d",
            "LogicalResourceId": "MigrateTask",
            "ResourceType": "Custom::EcsTask",
            "PhysicalResourceId": "MigrateTask-1a2b3c4d",
            "ResponseURL": URL
        },
        "task": {
            "cluster": "production",
            "taskDefinition": "migrate:7",
            "overrides": {"containerOverrides": [{"name": "migrate", "environment": [{"name": "PASSWORD", "value": SECRET}]}]},
            "startedBy": NAME,
            "clientToken": "token",
            "deadline": DEADLINE
        }
    });
    Execution {
        status,
        started: time(0),
        stopped: None,
        input: input.to_string(),
        error: None,
        cause: None,
    }
}

/// A history and the execution it belongs to.
#[derive(Debug, Clone)]
pub(super) struct History {
    execution: Execution,
    events: Vec<RecordedEvent>,
}

impl History {
    pub(super) fn of(request_type: &str) -> Self {
        let mut history = Self {
            execution: execution(request_type, ExecutionStatus::Running),
            events: Vec::new(),
        };
        history.event(0, "ExecutionStarted");
        history
    }

    /// A wait condition waits for the run's end.
    pub(super) fn name_handle(&mut self) -> &mut Self {
        let mut input: Value = serde_json::from_str(&self.execution.input).unwrap();
        input["request"]["WaitConditionHandle"] = json!({"URL": URL, "UniqueId": NAME});
        self.execution.input = input.to_string();
        self
    }

    /// The run rolls back that of the execution `update`.
    pub(super) fn roll_back(&mut self, update: &str) -> &mut Self {
        let mut input: Value = serde_json::from_str(&self.execution.input).unwrap();
        input["rollbackOf"] = json!({"execution": update, "request": NAME});
        self.execution.input = input.to_string();
        self
    }

    pub(super) fn override_environment(&mut self, value: &str) {
        self.execution.input = self.execution.input.replace(SECRET, value);
    }

    /// Has the execution run the task of `cargo local`.
    pub(super) fn of_local_run(&mut self) -> &mut Self {
        let mut input: Value = serde_json::from_str(&self.execution.input).unwrap();
        let cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/todobackend";
        input["task"]["cluster"] = json!(cluster);
        input["task"]["taskDefinition"] = json!("todobackend-migrate:1");
        self.execution.input = input.to_string();
        self
    }

    fn event(&mut self, at: i64, event_type: &str) -> &mut RecordedEvent {
        self.events.push(RecordedEvent {
            at: time(at),
            event_type: event_type.to_owned(),
            state: None,
            input: None,
            resource: None,
            worker: None,
            error: None,
            cause: None,
            time_limit: None,
            heartbeat_limit: None,
        });
        self.events.last_mut().unwrap()
    }

    fn failure(&mut self, at: i64, name: &str, error: &str, cause: &str) -> &mut RecordedEvent {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let event = self.event(at, name);
        (event.error, event.cause) = (given(error), given(cause));
        event
    }

    /// Adds the entry of a state, whose input is the execution's input with these members added.
    pub(super) fn entered(&mut self, at: i64, state: &str, members: &Value) -> &mut Self {
        let mut input: Value = serde_json::from_str(&self.execution.input).unwrap();
        input
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let event = self.event(at, "TaskStateEntered");
        (event.state, event.input) = (Some(state.to_owned()), Some(input.to_string()));
        self
    }

    pub(super) fn scheduled(&mut self, at: i64) -> &mut Self {
        self.event(at, "ActivityScheduled").time_limit = Some(Duration::from_secs(3_555));
        self
    }

    pub(super) fn claimed(&mut self, at: i64, worker: &str) -> &mut Self {
        self.event(at, "ActivityStarted").worker = Some(worker.to_owned());
        self
    }

    pub(super) fn succeeded(&mut self, at: i64) -> &mut Self {
        self.event(at, "ActivitySucceeded");
        self
    }

    pub(super) fn failed(&mut self, at: i64, error: &str, cause: &str) -> &mut Self {
        self.failure(at, "ActivityFailed", error, cause);
        self
    }

    pub(super) fn timed_out(&mut self, at: i64, error: &str) -> &mut Self {
        self.failure(at, "ActivityTimedOut", error, "");
        self
    }

    /// The run is given to the function `work`.
    pub(super) fn given(&mut self, at: i64) -> &mut Self {
        let event = self.work_event(at, "Scheduled", "");
        event.time_limit = Some(Duration::from_secs(3_555));
        event.heartbeat_limit = Some(Duration::from_secs(60));
        self.work_event(at, "Started", "");
        self.work_event(at + 50, "Submitted", "");
        self
    }

    /// Adds an event of a run that the function `work` was given.
    pub(super) fn work(&mut self, at: i64, kind: &str, error: &str) -> &mut Self {
        self.work_event(at, kind, error);
        self
    }

    fn work_event(&mut self, at: i64, kind: &str, error: &str) -> &mut RecordedEvent {
        let event = self.failure(at, &format!("Task{kind}"), error, "");
        event.resource = Some("invoke.waitForTaskToken".to_owned());
        event
    }

    /// Adds an event of the activity as an emulator names it.
    pub(super) fn emulated(&mut self, at: i64, kind: &str, error: Option<&str>) -> &mut Self {
        self.failure(at, &format!("Task{kind}"), error.unwrap_or_default(), "")
            .resource = Some(ACTIVITY.to_owned());
        self
    }

    pub(super) fn invoked(&mut self, at: i64, kind: &str) -> &mut Self {
        self.event(at, &format!("Task{kind}")).resource = Some("invoke".to_owned());
        self
    }

    pub(super) fn function_failed(&mut self, at: i64, error: &str, cause: &str) -> &mut Self {
        self.failure(at, "TaskFailed", error, cause).resource = Some("invoke".to_owned());
        self
    }

    pub(super) fn ended(&mut self, at: i64, kind: &str, error: &str, cause: &str) -> &mut Self {
        self.failure(at, &format!("Execution{kind}"), error, cause);
        self
    }

    /// Has the execution's description tell this end.
    pub(super) fn described_end(&mut self, at: i64, error: &str) {
        self.execution.stopped = Some(time(at));
        self.execution.error = Some(error.to_owned());
    }

    pub(super) fn redriven(&mut self, at: i64) -> &mut Self {
        self.event(at, "ExecutionRedriven");
        self
    }

    pub(super) fn explain(&self, status: ExecutionStatus) -> Explanation {
        self.explain_at(status, 3_600_000)
    }

    /// Explains the history at this time.
    pub(super) fn explain_at(&self, status: ExecutionStatus, now: i64) -> Explanation {
        let mut explainer = Explainer::new(
            arn(),
            Execution {
                status,
                ..self.execution.clone()
            },
        )
        .unwrap();
        for event in &self.events {
            explainer.note(event.clone());
        }
        explainer.explain(time(now))
    }
}
