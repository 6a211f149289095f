//! CloudFormation's requests, and what it takes for an answer to one.

use std::time::Duration;

use ecs_task_runner::cloudformation::event::Event;
use ecs_task_runner::cloudformation::identity::Identity;
use serde_json::{Value, json};
use stand_ins::response_url::Put;

/// The physical id of a resource that exists, as its Create answered it.
const PHYSICAL_ID: &str = "MigrateTask-0a1b2c3d";

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub event: Value,
    /// When it was made.
    pub at: Duration,
    /// What its answer must call the resource.
    physical_id: String,
}

/// An answer that CloudFormation can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// When it came.
    pub at: Duration,
    pub status: String,
    pub reason: String,
    pub body: String,
}

impl Request {
    pub fn new(
        request_type: &str,
        at: Duration,
        stack: &str,
        url: &str,
        properties: &Value,
        before: &Value,
    ) -> Self {
        let mut event = json!({
            "RequestType": request_type,
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:start",
            "ResponseURL": url,
            "StackId": stack,
            "RequestId": format!("2f2b6f2d-6f2d-4c55-9d55-{}", &url[url.len() - 12..]),
            "LogicalResourceId": "MigrateTask",
            "ResourceType": "Custom::EcsTask",
            "ResourceProperties": properties,
        });
        if request_type != "Create" {
            event["PhysicalResourceId"] = PHYSICAL_ID.into();
        }
        if request_type == "Update" {
            event["OldResourceProperties"] = before.clone();
        }
        let physical_id = match &event["PhysicalResourceId"] {
            Value::String(sent) => sent.clone(),
            _ => Identity::of(&Event::parse(event.clone()).unwrap().request).physical_resource_id,
        };
        Self {
            event,
            at,
            physical_id,
        }
    }

    /// What was put, if it is an answer to this request: at its URL, with its ids.
    pub fn answer(&self, put: &Put) -> Option<Answer> {
        let url = self.event["ResponseURL"].as_str().unwrap();
        let (_, path) = url
            .strip_prefix("https://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let body: Value = serde_json::from_slice(&put.body).ok()?;
        let has_its_ids = ["StackId", "RequestId", "LogicalResourceId"]
            .iter()
            .all(|id| body[id] == self.event[id]);
        let is_its = put.method == "PUT" && put.path.strip_prefix('/') == Some(path) && has_its_ids;
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (status, reason, body_text) = (
            text("Status"),
            text("Reason"),
            String::from_utf8_lossy(&put.body).into_owned(),
        );
        (is_its && body["PhysicalResourceId"] == *self.physical_id).then_some(Answer {
            at: put.at,
            status,
            reason,
            body: body_text,
        })
    }
}
