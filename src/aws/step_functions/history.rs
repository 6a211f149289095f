//! `GetExecutionHistory`, from its end.

use aws_sdk_sfn::types::HistoryEvent;

use super::StateMachine;
use super::executions::timestamp;
use crate::aws::{ApiError, api_error};
use crate::execution_history::RecordedEvent;

/// Events per page, the most there is (`API_GetExecutionHistory`).
const PAGE: usize = 1_000;

impl StateMachine {
    /// The last `most` events of an execution, oldest first. The end of a history says where an execution stands, and its whole
    /// length may be 25,000 events.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn last_events(&self, execution_arn: &str, most: usize) -> Result<Vec<RecordedEvent>, ApiError> {
        let call = self.client.get_execution_history().execution_arn(execution_arn).reverse_order(true);
        let mut pages = call.into_paginator().page_size(i32::try_from(most.min(PAGE)).unwrap_or(i32::MAX)).send();
        let mut events = Vec::new();
        while events.len() < most
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| api_error("states:GetExecutionHistory", execution_arn, &error))?;
            events.extend(page.events.into_iter().map(recorded));
        }
        events.truncate(most);
        events.reverse();
        Ok(events)
    }
}

fn recorded(event: HistoryEvent) -> RecordedEvent {
    let resource = event
        .task_scheduled_event_details
        .map(|details| details.resource)
        .or_else(|| event.task_succeeded_event_details.map(|details| details.resource))
        .or_else(|| event.task_failed_event_details.map(|details| details.resource))
        .or_else(|| event.task_timed_out_event_details.map(|details| details.resource));
    let entered = event.state_entered_event_details;
    RecordedEvent {
        at: timestamp(event.timestamp),
        name: event.r#type.as_str().to_owned(),
        state: entered.as_ref().map(|details| details.name.clone()),
        input: entered.and_then(|details| details.input),
        resource,
        worker: event.activity_started_event_details.and_then(|details| details.worker_name),
    }
}
