//! `DescribeStackEvents`: what became of a stack's resources lately.

use jiff::Timestamp;

use super::{Stacks, in_words};
use crate::aws::{ApiError, api_error, timestamp};
use crate::cloudformation::stack::StackEvent;
use crate::text::printable;

/// Pages of events that are read, some hundred events on each. A deployment of 500 resources, the
/// most that a template may have, records some 2,000.
const MAX_PAGES: usize = 20;

impl Stacks {
    /// When the stack's last deployment began; a rollback belongs to the deployment before. `None`
    /// when there are too many events since then.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub(crate) async fn operation_began(&self, stack: &str) -> Result<Option<Timestamp>, ApiError> {
        let events = self.last_events(stack).await?;
        let first = events.first().filter(|event| event.begins_deployment());
        Ok(first.map(|event| event.at))
    }

    /// The events of the stack since its last deployment began, oldest first.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn last_events(&self, stack: &str) -> Result<Vec<StackEvent>, ApiError> {
        let mut pages = self
            .client
            .describe_stack_events()
            .stack_name(stack)
            .into_paginator()
            .send();
        let mut events = Vec::new();
        'pages: for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else {
                break;
            };
            let page = page.map_err(|error| {
                api_error(
                    "cloudformation:DescribeStackEvents",
                    in_words(stack),
                    &error,
                )
            })?;
            for event in page.stack_events.unwrap_or_default() {
                let Some(event) = recorded(event) else {
                    continue;
                };
                let is_first = event.begins_deployment();
                events.push(event);
                if is_first {
                    break 'pages;
                }
            }
        }
        events.reverse();
        Ok(events)
    }
}

/// `None` for an event without a time, which the service never gives.
fn recorded(event: aws_sdk_cloudformation::types::StackEvent) -> Option<StackEvent> {
    Some(StackEvent {
        at: event.timestamp.as_ref().and_then(timestamp)?,
        // The physical id of a stack is its ARN; that of a nested stack is the nested one's.
        is_of_stack: event.physical_resource_id.is_some()
            && event.physical_resource_id == event.stack_id,
        logical_id: event.logical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        status: event
            .resource_status
            .map_or_else(String::new, |status| status.as_str().to_owned()),
        reason: printable::given(event.resource_status_reason.as_deref()),
    })
}
