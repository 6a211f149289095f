//! Histories of the endpoint behind, as Step Functions has them: the events of an activity have names
//! of their own, and one says when a worker was given the task, and which.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::Front;
use crate::lock::Lock;
use crate::protocol::Reply;
use crate::sfn::Sfn;
use crate::sfn::activities::{ActivityTask, Origin};
use crate::sfn::request::string;

/// By the execution's ARN, who was given its tasks, oldest first.
#[derive(Debug, Default)]
pub(super) struct Starts(Mutex<HashMap<String, Vec<Start>>>);

#[derive(Clone, Debug)]
struct Start {
    /// In seconds since the Unix epoch.
    at: f64,
    worker: Option<String>,
}

impl Sfn {
    /// A worker was given a task of the endpoint behind.
    pub(in crate::sfn) fn note_start(&self, task: &ActivityTask, worker: Option<&str>) {
        let (Some(front), Origin::Upstream(upstream)) = (self.inner.front.get(), &task.origin)
        else {
            return;
        };
        let Some(execution) = &upstream.execution else {
            return;
        };
        let start = Start {
            at: self.inner.clock.epoch_seconds(self.inner.clock.now()),
            worker: worker.map(str::to_owned),
        };
        let mut starts = front.starts.0.locked();
        starts.entry(execution.clone()).or_default().push(start);
    }
}

impl Front {
    /// A page of an execution's history with the events of the starts that lie within it. What comes
    /// after a start has a number more.
    pub(super) fn history(&self, request: &Value, reply: Reply) -> Reply {
        let execution = string(request, "executionArn").unwrap_or_default();
        let starts = self.starts.0.locked().get(execution).cloned();
        let starts = starts.unwrap_or_default();
        let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else {
            return reply;
        };
        let is_reversed = request["reverseOrder"] == true;
        // The page with the latest events.
        let is_open = if is_reversed {
            request["nextToken"].is_null()
        } else {
            page["nextToken"].is_null()
        };
        let Some(events) = page["events"].as_array_mut() else {
            return reply;
        };
        if is_reversed {
            events.reverse();
        }
        let time = |event: &Value| event["timestamp"].as_f64().unwrap_or_default();
        let from = events.first().map_or(0.0, time);
        let to = events.last().map_or(0.0, time);
        for event in events.iter_mut() {
            name_as_step_functions(event);
            let before = starts.iter().filter(|start| start.at < time(event)).count();
            let id = event["id"].as_u64().unwrap_or_default();
            event["id"] = (id + before as u64).into();
        }
        for start in &starts {
            if start.at < from || (start.at >= to && !is_open) {
                continue;
            }
            let place = events.partition_point(|event| time(event) <= start.at);
            let previous = place
                .checked_sub(1)
                .and_then(|before| events[before]["id"].as_u64());
            let previous = previous.unwrap_or_default();
            let event = json!({
                "id": previous + 1,
                "previousEventId": previous,
                "timestamp": start.at,
                "type": "ActivityStarted",
                "activityStartedEventDetails": {"workerName": start.worker},
            });
            events.insert(place, event);
        }
        if is_reversed {
            events.reverse();
        }
        Reply {
            body: page.to_string().into(),
            ..reply
        }
    }
}

/// The endpoint behind names the events of an activity's task as those of other tasks, its timeouts
/// as failures, and calls of integrations by their ARNs.
fn name_as_step_functions(event: &mut Value) {
    let Some(kind) = string(event, "type").and_then(|kind| kind.strip_prefix("Task")) else {
        return;
    };
    let member = format!("task{kind}EventDetails");
    // Step Functions names the call of an integration without the rest of its ARN.
    if let Some((_, call)) = string(&event[&member], "resource")
        .and_then(|resource| resource.strip_prefix("arn:aws:states:::")?.rsplit_once(':'))
    {
        let call = call.to_owned();
        event[&member]["resource"] = call.into();
        return;
    }
    let mut details = event[&member].clone();
    let is_of_an_activity =
        string(&details, "resource").is_some_and(|resource| resource.contains(":activity:"));
    if !is_of_an_activity {
        return;
    }
    let is_timeout = matches!(
        string(&details, "error"),
        Some("States.HeartbeatTimeout" | "States.Timeout")
    );
    let kind = match kind {
        "Failed" if is_timeout => "TimedOut",
        kind => kind,
    }
    .to_owned();
    if let Some(members) = details.as_object_mut() {
        // What another task is given as parameters is an activity's input.
        if let Some(parameters) = members.remove("parameters") {
            members.insert("input".to_owned(), parameters);
        }
        if kind != "Scheduled" {
            members.remove("resource");
        }
        members.remove("resourceType");
        members.remove("region");
    }
    if let Some(members) = event.as_object_mut() {
        members.retain(|name, _| !(name.starts_with("task") && name.ends_with("EventDetails")));
    }
    event["type"] = format!("Activity{kind}").into();
    event[format!("activity{kind}EventDetails")] = details;
}
