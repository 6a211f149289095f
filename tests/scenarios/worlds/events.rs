//! What CloudFormation and EventBridge send, and properties to send with it.

use ecs_task_runner::cloudformation::event::{Event, Request};
use ecs_task_runner::cloudformation::identity::Identity;
use serde_json::{Value, json};
use stand_ins::ResourceEvent;

use super::functions::{CLUSTER, FAMILY, LOGICAL_ID, STACK, World};

impl World {
    /// The event of a request; each has a response URL of its own.
    pub fn event(&self, request_type: &str, properties: &Value) -> Value {
        let mut event = json!({
            "RequestType": request_type,
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:start",
            "ResponseURL": self.urls.url(STACK, LOGICAL_ID),
            "StackId": self.aws.cloudformation().stack(STACK, "UPDATE_IN_PROGRESS"),
            "RequestId": "2f2b6f2d-6f2d-4c55-9d55-2f2b6f2d6f2d",
            "LogicalResourceId": LOGICAL_ID,
            "ResourceType": "Custom::EcsTask",
            "ResourceProperties": properties,
        });
        if request_type != "Create" {
            event["PhysicalResourceId"] = "MigrateTask-1a2b3c4d".into();
        }
        if request_type == "Update" {
            event["OldResourceProperties"] = properties.clone();
        }
        event
    }

    /// The same, but sent by CloudFormation at this moment, and not when the world began.
    pub fn sent_now(&self, request_type: &str, properties: &Value) -> Value {
        let mut event = self.event(request_type, properties);
        let url = event["ResponseURL"].as_str().unwrap();
        let (before, rest) = url.split_once("X-Amz-Date=").unwrap();
        let (_, after) = rest.split_once('&').unwrap();
        event["ResponseURL"] = format!(
            "{before}X-Amz-Date={}&{after}",
            self.clock.now().strftime("%Y%m%dT%H%M%SZ")
        )
        .into();
        event
    }

    /// The stack records that it is in this status from now on.
    pub fn stack_turns(&self, status: &str) {
        let stack = ResourceEvent {
            logical_id: STACK,
            resource_type: "AWS::CloudFormation::Stack",
            status,
            reason: "",
        };
        let now = self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
        let cloudformation = self.aws.cloudformation();
        cloudformation.event(STACK, &now.to_string(), stack);
    }

    /// An event of a stack that has this status from now on.
    pub fn in_stack(&self, status: &str, mut event: Value) -> Value {
        event["StackId"] = self.aws.cloudformation().stack(STACK, status).into();
        event
    }
}

/// The event with which EventBridge invokes `rescue` every minute.
pub fn every_minute() -> Value {
    json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}})
}

/// The event of an execution that somebody has stopped.
pub fn stopped(execution: &str, state_machine: &str) -> Value {
    json!({"detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": execution, "stateMachineArn": state_machine, "status": "ABORTED"}})
}

/// Properties with which a task is run.
pub fn properties() -> Value {
    json!({"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:start", "Cluster": CLUSTER, "TaskDefinition": FAMILY})
}

/// `value` with the members of `changes`.
pub fn with(mut value: Value, changes: &Value) -> Value {
    value
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    value
}

/// The request inside an event.
pub fn request(event: &Value) -> Request {
    Event::parse(event.clone()).unwrap().request
}

/// The names of an event's request.
pub fn identity(event: &Value) -> Identity {
    Identity::of(&request(event))
}
