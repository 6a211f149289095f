//! What CloudFormation asked of the custom resources of a stack, as the stack's events show it. A
//! request has no execution before `start` has handled its event, and none at all when `start`
//! answered it at once.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::RequestSummary;
use super::conceal::one_line;
use super::conclusion::{Conclusion, RunResult};
use super::report::write_time;
use super::span::Span;
use crate::cloudformation::event::RequestType;
use crate::cloudformation::stack::{StackEvent, is_custom};

/// A request of CloudFormation to a custom resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRequest {
    /// What CloudFormation asked for.
    pub request_type: RequestType,
    /// The resource's name in the template.
    pub logical_id: String,
    /// The resource's type in the template.
    pub resource_type: String,
    /// When CloudFormation began with the resource.
    pub began: Timestamp,
    /// What came of it, and when; `None` while CloudFormation waits.
    pub end: Option<RequestEnd>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEnd {
    /// When CloudFormation was done with the resource.
    pub at: Timestamp,
    /// Whether the resource failed.
    pub is_failure: bool,
    /// What CloudFormation says of it.
    pub reason: Option<String>,
}

/// The requests to custom resources of any type, by their beginning.
#[must_use]
pub fn requests(events: &[StackEvent]) -> Vec<ResourceRequest> {
    let mut requests: Vec<ResourceRequest> = Vec::new();
    for event in events {
        if !is_custom(&event.resource_type) {
            continue;
        }
        let Some((request_type, phase)) = split_status(&event.status) else {
            continue;
        };
        let end = (phase != "IN_PROGRESS").then(|| RequestEnd {
            at: event.at,
            is_failure: phase == "FAILED",
            reason: event.reason.clone(),
        });
        let under_way = requests.iter_mut().rev().find(|request| {
            request.logical_id == event.logical_id && request.request_type == request_type
        });
        // CloudFormation records IN_PROGRESS once more when it learns the physical id, and a
        // failure without IN_PROGRESS when it does not get as far as the request.
        match under_way.filter(|request| request.end.is_none()) {
            Some(request) => request.end = end,
            None => requests.push(ResourceRequest {
                request_type,
                logical_id: event.logical_id.clone(),
                resource_type: event.resource_type.clone(),
                began: event.at,
                end,
            }),
        }
    }
    requests
}

/// A resource's status, split into what is done and how far it is; `None` for what no custom
/// resource is asked.
fn split_status(status: &str) -> Option<(RequestType, &str)> {
    let (action, phase) = status.split_once('_')?;
    let request_type = RequestType::ALL
        .into_iter()
        .find(|request_type| action.eq_ignore_ascii_case(request_type.in_lower_case()))?;
    Some((request_type, phase))
}

impl ResourceRequest {
    /// What can be said of a request without an execution. `stack` is the stack's name.
    #[must_use]
    pub fn explain(self, stack: &str, now: Timestamp) -> RequestExplanation {
        let waited = Span::between(self.began, self.end.as_ref().map_or(now, |end| end.at));
        let conclusion = match &self.end {
            None => Conclusion {
                result: RunResult::Running,
                sentence: format!(
                    "Running. CloudFormation has waited for {waited}, and no execution is to be seen yet: the event has not reached the function start, or start could not handle it."
                ),
                error: None,
                reason: None,
                advice: Some("look again in a minute. If there is still no execution, read the log of the function start, and look for the event in the dead-letter queue, whose URL is the output DeadLetterQueueUrl of the task runner's stack. If the resource's ServiceToken is that of another task runner, name it with --task-runner".to_owned()),
            },
            Some(RequestEnd { is_failure: true, reason, .. }) => Conclusion {
                result: RunResult::Failed,
                sentence: "Failed, and among the executions looked at none is to be seen: the function start refused the request or never received it, CloudFormation did not send it, or the execution is another task runner's or no longer kept (90 days after its end).".to_owned(),
                error: None,
                reason: reason.clone(),
                advice: Some("correct what CloudFormation says, and start the stack's operation again. If the resource's ServiceToken is that of another task runner, name it with --task-runner".to_owned()),
            },
            Some(RequestEnd { is_failure: false, .. }) => Conclusion {
                result: RunResult::Succeeded,
                sentence: "Succeeded, and no execution is to be seen. Nothing is run for a rollback, for a Count of 0, and where RunOnCreate, RunOnUpdate or UpdateCriteria say so: the resource's output Skipped has the reason then. Step Functions keeps an execution for 90 days.".to_owned(),
                error: None,
                reason: None,
                advice: None,
            },
        };
        RequestExplanation {
            request: RequestSummary {
                request_type: self.request_type,
                logical_id: one_line(&self.logical_id),
                resource_type: one_line(&self.resource_type),
                stack: stack.to_owned(),
            },
            began: self.began,
            ended: self.end.map(|end| end.at),
            conclusion,
        }
    }
}

/// A request without an execution, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestExplanation {
    /// The request of CloudFormation.
    pub request: RequestSummary,
    /// When CloudFormation began with the resource.
    pub began: Timestamp,
    /// When CloudFormation was done with it; `None` while it waits.
    pub ended: Option<Timestamp>,
    /// What came of the request, or what it waits for.
    #[serde(rename = "verdict")]
    pub conclusion: Conclusion,
}

impl fmt::Display for RequestExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.request)?;
        write_time(f, self.began, self.ended)?;
        write!(f, "\n{}", self.conclusion)
    }
}

#[cfg(test)]
mod tests;
