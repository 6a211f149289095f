//! `GetExecutionHistory`: the last events of a history, or all of them.
//! [`crate::execution::history`] says what they mean.

use std::time::Duration;

use aws_sdk_sfn::types::HistoryEvent;

use super::StateMachine;
use super::executions::timestamp;
use crate::aws::{ApiError, api_error};
use crate::execution::history::RecordedEvent;

/// Events on a page. The API gives up to 1,000 (`API_GetExecutionHistory`), but many events carry
/// the execution's whole state, up to 262,144 bytes, and a page must fit into memory.
const PAGE_SIZE: i32 = 100;

impl StateMachine {
    /// The last `most` events of an execution, oldest first. The end of a history is enough to see
    /// how far the execution has come; a whole one may have 25,000 events.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub(crate) async fn last_events(
        &self,
        execution_arn: &str,
        most: usize,
    ) -> Result<Vec<RecordedEvent>, ApiError> {
        let call = self
            .client
            .get_execution_history()
            .execution_arn(execution_arn)
            .reverse_order(true);
        let mut pages = call
            .into_paginator()
            .page_size(i32::try_from(most).unwrap_or(PAGE_SIZE).min(PAGE_SIZE))
            .send();
        let mut events = Vec::new();
        while events.len() < most
            && let Some(page) = pages.next().await
        {
            let page = page
                .map_err(|error| api_error("states:GetExecutionHistory", execution_arn, &error))?;
            events.extend(page.events.into_iter().map(recorded));
        }
        events.truncate(most);
        events.reverse();
        Ok(events)
    }

    /// Gives every event of an execution to `note`, oldest first, a page at a time.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn each_event(
        &self,
        execution_arn: &str,
        mut note: impl FnMut(RecordedEvent),
    ) -> Result<(), ApiError> {
        let mut pages = self
            .client
            .get_execution_history()
            .execution_arn(execution_arn)
            .into_paginator()
            .page_size(PAGE_SIZE)
            .send();
        while let Some(page) = pages.next().await {
            let page = page
                .map_err(|error| api_error("states:GetExecutionHistory", execution_arn, &error))?;
            page.events
                .into_iter()
                .for_each(|event| note(recorded(event)));
        }
        Ok(())
    }
}

/// The parts of an event that are read. Each type of event has its details in a field of its own.
fn recorded(event: HistoryEvent) -> RecordedEvent {
    let (error, cause) = failure(&event);
    let resource = resource(&event);
    let called = event.task_scheduled_event_details;
    let entered = event.state_entered_event_details;
    let scheduled = event.activity_scheduled_event_details;
    RecordedEvent {
        at: timestamp(&event.timestamp),
        event_type: event.r#type.as_str().to_owned(),
        state: entered.as_ref().map(|details| details.name.clone()),
        time_limit: seconds(
            scheduled
                .as_ref()
                .and_then(|details| details.timeout_in_seconds)
                .or_else(|| called.as_ref()?.timeout_in_seconds),
        ),
        heartbeat_limit: seconds(
            scheduled
                .as_ref()
                .and_then(|details| details.heartbeat_in_seconds)
                .or_else(|| called.as_ref()?.heartbeat_in_seconds),
        ),
        input: entered
            .and_then(|details| details.input)
            .or_else(|| scheduled.and_then(|details| details.input)),
        resource,
        worker: event
            .activity_started_event_details
            .and_then(|details| details.worker_name),
        error,
        cause,
    }
}

fn seconds(seconds: Option<i64>) -> Option<Duration> {
    u64::try_from(seconds?).ok().map(Duration::from_secs)
}

/// What a `Task…` event concerns, for the types of event that are read.
fn resource(event: &HistoryEvent) -> Option<String> {
    macro_rules! first_of {
        ($($details:ident)*) => {
            $(if let Some(details) = &event.$details {
                return Some(details.resource.clone());
            })*
        };
    }
    first_of! {
        task_scheduled_event_details
        task_succeeded_event_details
        task_failed_event_details
        task_timed_out_event_details
        task_start_failed_event_details
        task_submit_failed_event_details
    }
    None
}

/// Error and cause of an event, for the types of event that have them.
fn failure(event: &HistoryEvent) -> (Option<String>, Option<String>) {
    macro_rules! first_of {
        ($($details:ident)*) => {
            $(if let Some(details) = &event.$details {
                return (details.error.clone(), details.cause.clone());
            })*
        };
    }
    first_of! {
        activity_failed_event_details
        activity_schedule_failed_event_details
        activity_timed_out_event_details
        task_failed_event_details
        task_start_failed_event_details
        task_submit_failed_event_details
        task_timed_out_event_details
        lambda_function_failed_event_details
        lambda_function_schedule_failed_event_details
        lambda_function_start_failed_event_details
        lambda_function_timed_out_event_details
        execution_failed_event_details
        execution_aborted_event_details
        execution_timed_out_event_details
    }
    (None, None)
}
