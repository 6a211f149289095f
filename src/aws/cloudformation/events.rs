//! `DescribeStackEvents`: what became of a stack's resources lately.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::{Stacks, in_words};
use crate::aws::{ApiError, api_error, timestamp};
use crate::cloudformation::stack::{OperationStart, StackEvent};
use crate::text::printable;

/// Pages of events that are read, some hundred events on each. A deployment of 500 resources, the
/// most that a template may have, records some 2,000.
const MAX_PAGES: usize = 20;

impl Stacks {
    /// When the operation began that a rollback of the stack undoes; see [`OperationStart`]. `None`
    /// when there are too many events since then.
    ///
    /// # Errors
    /// When a call fails, or the events do not show the rollback yet; see [`ApiError`].
    pub(crate) async fn operation_began(&self, stack: &str) -> Result<Option<Timestamp>, ApiError> {
        let mut start = OperationStart::default();
        let is_cut = self.newest_first(stack, |event| start.note(&event)).await?;
        if !is_cut && !start.shows_rollback() {
            return Err(ApiError::inconclusive(
                "cloudformation:DescribeStackEvents",
                in_words(stack),
                "The events do not show the rollback of the update yet",
            ));
        }
        Ok(start.began().filter(|_| !is_cut))
    }

    /// When the newest operation of the stack began that creates or updates resources; see
    /// [`StackEvent::begins_updates`]. `None` when there are too many events since then.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub(crate) async fn newest_beginning(
        &self,
        stack: &str,
    ) -> Result<Option<Timestamp>, ApiError> {
        let mut newest = None;
        self.newest_first(stack, |event| {
            if !event.begins_updates() {
                return ControlFlow::Continue(());
            }
            newest = Some(event.at);
            ControlFlow::Break(())
        })
        .await?;
        Ok(newest)
    }

    /// The events of the stack since its last deployment began, oldest first.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn last_events(&self, stack: &str) -> Result<Vec<StackEvent>, ApiError> {
        let mut events = Vec::new();
        self.newest_first(stack, |event| {
            let is_first = event.begins_deployment();
            events.push(event);
            if is_first {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .await?;
        events.reverse();
        Ok(events)
    }

    /// Shows the stack's events to `visit`, newest first, until it breaks off. Returns whether there are
    /// older ones, which were not read since there are too many.
    async fn newest_first(
        &self,
        stack: &str,
        mut visit: impl FnMut(StackEvent) -> ControlFlow<()>,
    ) -> Result<bool, ApiError> {
        let mut pages = self
            .client
            .describe_stack_events()
            .stack_name(stack)
            .into_paginator()
            .send();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else {
                return Ok(false);
            };
            let page = page.map_err(|error| {
                api_error(
                    "cloudformation:DescribeStackEvents",
                    in_words(stack),
                    &error,
                )
            })?;
            let events = page.stack_events.unwrap_or_default().into_iter();
            for event in events.filter_map(recorded) {
                if visit(event).is_break() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
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
