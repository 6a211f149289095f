//! `GetExecutionHistory`, from its end or from its beginning.

use aws_sdk_sfn::types::HistoryEvent;

use super::StateMachine;
use super::executions::timestamp;
use crate::aws::{ApiError, api_error};
use crate::execution::history::RecordedEvent;

/// Events per page, of at most 1,000 (`API_GetExecutionHistory`). Many events carry the whole
/// input, up to 262,144 bytes: only so many may be in memory at once.
const PAGE_SIZE: i32 = 100;

impl StateMachine {
    /// The last `most` events of an execution, oldest first. The end of a history says where an
    /// execution stands, and its whole length may be 25,000 events.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn last_events(
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

fn recorded(event: HistoryEvent) -> RecordedEvent {
    let (error, cause) = failure(&event);
    let resource = event
        .task_scheduled_event_details
        .map(|details| details.resource)
        .or_else(|| {
            event
                .task_succeeded_event_details
                .map(|details| details.resource)
        })
        .or_else(|| {
            event
                .task_failed_event_details
                .map(|details| details.resource)
        })
        .or_else(|| {
            event
                .task_timed_out_event_details
                .map(|details| details.resource)
        });
    let entered = event.state_entered_event_details;
    RecordedEvent {
        at: timestamp(event.timestamp),
        event_type: event.r#type.as_str().to_owned(),
        state: entered.as_ref().map(|details| details.name.clone()),
        input: entered.and_then(|details| details.input).or_else(|| {
            event
                .activity_scheduled_event_details
                .and_then(|details| details.input)
        }),
        resource,
        worker: event
            .activity_started_event_details
            .and_then(|details| details.worker_name),
        error,
        cause,
    }
}

/// The error and cause of an event, if it is of a kind that has them.
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
