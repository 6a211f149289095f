//! A create, update or delete of a stack, followed event by event.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackEvent as ApiEvent;

use super::{Stack, StackEvent, describe, in_words};

/// How often a followed stack is asked for new events; the emulator is on this machine and answers
/// in milliseconds.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A create, update or delete in progress.
#[derive(Debug)]
#[must_use = "an operation goes on by itself, but only `follow` tells how it ends"]
pub struct Operation {
    pub(super) client: Client,
    pub(super) stack_id: String,
    pub(super) seen: HashSet<String>,
}

impl Operation {
    /// The ARN of the stack.
    #[must_use]
    pub fn stack_id(&self) -> &str {
        &self.stack_id
    }

    /// Waits for the operation's end and tells of each event as it comes. It waits as long as
    /// CloudFormation does: bound it from outside.
    ///
    /// # Errors
    /// When the stack's state cannot be read.
    pub async fn follow(mut self, mut on_event: impl FnMut(&StackEvent)) -> Result<Stack> {
        let mut events = Vec::new();
        loop {
            for event in self.new_events().await? {
                on_event(&event);
                events.push(event);
            }
            // By the events and not by the status, which may still be the one of the operation
            // before.
            let own = events
                .iter()
                .rev()
                .find(|event| self.concerns_stack_itself(event));
            if own.is_some_and(|event| is_final(&event.status)) {
                let stack = describe(&self.client, &self.stack_id).await?;
                let status = stack
                    .stack_status
                    .map_or_else(String::new, |status| status.as_str().to_owned());
                let outputs = stack.outputs.unwrap_or_default().into_iter();
                let outputs = outputs
                    .filter_map(|output| Some((output.output_key?, output.output_value?)))
                    .collect();
                return Ok(Stack {
                    id: self.stack_id,
                    status,
                    reason: stack.stack_status_reason,
                    outputs,
                    events,
                });
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn concerns_stack_itself(&self, event: &StackEvent) -> bool {
        // arn:aws:cloudformation:{region}:{account}:stack/{name}/{unique part}
        let name = self.stack_id.split('/').nth(1);
        event.resource_type == "AWS::CloudFormation::Stack" && name == Some(&event.logical_id)
    }

    /// The events not seen before, oldest first.
    pub(super) async fn new_events(&mut self) -> Result<Vec<StackEvent>> {
        let mut unseen = Vec::new();
        let mut page_token = None;
        loop {
            let page = self
                .client
                .describe_stack_events()
                .stack_name(&self.stack_id)
                .set_next_token(page_token)
                .send()
                .await;
            let page = page
                .map_err(in_words)
                .with_context(|| format!("The events of {} could not be read", self.stack_id))?;
            let events = page.stack_events.unwrap_or_default();
            let count = events.len();
            let new: Vec<_> = events
                .into_iter()
                .filter(|event| self.seen.insert(event.event_id.clone().unwrap_or_default()))
                .collect();
            // Newest first: a page with an event seen before has nothing new after it.
            let reached_seen = new.len() < count;
            unseen.extend(new.into_iter().map(StackEvent::from));
            page_token = page.next_token;
            if reached_seen || page_token.is_none() {
                unseen.reverse();
                return Ok(unseen);
            }
        }
    }
}

impl From<ApiEvent> for StackEvent {
    fn from(event: ApiEvent) -> Self {
        Self {
            at: event
                .timestamp
                .and_then(|at| SystemTime::try_from(at).ok())
                .unwrap_or(SystemTime::UNIX_EPOCH),
            logical_id: event.logical_resource_id.unwrap_or_default(),
            resource_type: event.resource_type.unwrap_or_default(),
            status: event
                .resource_status
                .map_or_else(String::new, |status| status.as_str().to_owned()),
            reason: event
                .resource_status_reason
                .filter(|reason| !reason.is_empty()),
        }
    }
}

/// Every status of a stack ends in `_IN_PROGRESS`, `_COMPLETE` or `_FAILED`.
fn is_final(status: &str) -> bool {
    status.ends_with("_COMPLETE") || status.ends_with("_FAILED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_over_when_nothing_is_in_progress() {
        for (status, expected) in [
            ("CREATE_IN_PROGRESS", false),
            ("CREATE_COMPLETE", true),
            ("CREATE_FAILED", true),
            ("ROLLBACK_IN_PROGRESS", false),
            ("ROLLBACK_COMPLETE", true),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false),
            ("UPDATE_ROLLBACK_COMPLETE", true),
            ("DELETE_COMPLETE", true),
            ("", false),
        ] {
            assert_eq!(is_final(status), expected, "{status}");
        }
    }
}
