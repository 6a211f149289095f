//! Executions of a state machine: `ListExecutions`, `DescribeExecution`, `StopExecution`.

use std::ops::ControlFlow;

use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus as SdkStatus;
use jiff::Timestamp;

use super::StateMachine;
use crate::aws::{ApiError, api_error};
use crate::execution::status::{Execution, ExecutionStatus, ListedExecution};
use crate::text::byte_limit;

/// Executions on a page of the list: the most that the API gives (`API_ListExecutions`).
const PAGE_SIZE: i32 = 1_000;
/// The most executions that are listed at once. The API allows 5 pages a second, so that reading
/// more would take too much of a function's time.
const MAX_LISTED: usize = 20_000;
/// Longest cause of `StopExecution` in characters (`API_StopExecution`). The cause is cut to as
/// many bytes, since a text never has fewer bytes than characters.
const MAX_CAUSE: usize = 32_768;

/// An execution that failed, timed out or was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedExecution {
    /// ARN of the execution.
    pub arn: String,
    /// How the execution ended.
    pub status: ExecutionStatus,
    /// When the execution ended.
    pub ended: Timestamp,
}

/// How much of a list was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Number of executions.
    pub executions: usize,
    /// Whether there are older ones, which were not looked at since there are too many.
    pub is_cut: bool,
}

impl StateMachine {
    /// Shows the executions, or those of this status, to `visit`, newest first, until it breaks off,
    /// up to 20,000. The list is sorted by the start (`API_ListExecutions`).
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn newest_first(
        &self,
        status: Option<ExecutionStatus>,
        mut visit: impl FnMut(ListedExecution) -> ControlFlow<()>,
    ) -> Result<Extent, ApiError> {
        let call = self
            .client
            .list_executions()
            .state_machine_arn(&self.arn)
            .set_status_filter(status.map(|status| SdkStatus::from(status.name())));
        let mut pages = call.into_paginator().page_size(PAGE_SIZE).send();
        let mut extent = Extent {
            executions: 0,
            is_cut: false,
        };
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                api_error(
                    "states:ListExecutions",
                    format!("state machine {}", self.arn),
                    &error,
                )
            })?;
            // One look ahead: a list that ends here is not cut.
            if extent.executions >= MAX_LISTED {
                extent.is_cut = true;
                break;
            }
            for execution in page.executions {
                extent.executions += 1;
                let listed = ListedExecution {
                    arn: execution.execution_arn,
                    name: execution.name,
                    status: ExecutionStatus::from_name(execution.status.as_str()),
                    started: timestamp(&execution.start_date),
                    stopped: execution.stop_date.as_ref().map(timestamp),
                };
                if visit(listed).is_break() {
                    return Ok(extent);
                }
            }
        }
        Ok(extent)
    }

    /// The executions that run, newest first, up to 20,000, and whether there are more.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn running(&self) -> Result<(Vec<ListedExecution>, Extent), ApiError> {
        let mut running = Vec::new();
        let extent = self
            .newest_first(Some(ExecutionStatus::Running), |execution| {
                running.push(execution);
                ControlFlow::Continue(())
            })
            .await?;
        Ok((running, extent))
    }

    /// The executions that failed, timed out or were stopped, of those that were started at
    /// `started_since` or later, up to 20,000.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub(crate) async fn ended_without_success(
        &self,
        started_since: Timestamp,
    ) -> Result<Vec<EndedExecution>, ApiError> {
        let mut ended = Vec::new();
        // Failed executions come last. Nearly all of them have answered, so they matter least if
        // the list is cut short.
        for status in [
            ExecutionStatus::Aborted,
            ExecutionStatus::TimedOut,
            ExecutionStatus::Failed,
        ] {
            self.newest_first(Some(status), |execution| {
                // After one that is too old, all are.
                if execution.started < started_since || ended.len() >= MAX_LISTED {
                    return ControlFlow::Break(());
                }
                ended.extend(execution.stopped.map(|stopped| EndedExecution {
                    arn: execution.arn,
                    status,
                    ended: stopped,
                }));
                ControlFlow::Continue(())
            })
            .await?;
            if ended.len() >= MAX_LISTED {
                tracing::warn!(
                    ended = ended.len(),
                    "too many executions ended to look at all of them"
                );
                break;
            }
        }
        Ok(ended)
    }

    /// The names of the executions that were stopped at `since` or later. Only one page is read: of
    /// all stopped executions, the 1,000 that were started last.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub(crate) async fn stopped_since(&self, since: Timestamp) -> Result<Vec<String>, ApiError> {
        let mut stopped = Vec::new();
        let mut looked_at = 0;
        self.newest_first(Some(ExecutionStatus::Aborted), |execution| {
            if execution.stopped.is_some_and(|time| time >= since) {
                stopped.push(execution.name);
            }
            looked_at += 1;
            if looked_at < PAGE_SIZE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .await?;
        Ok(stopped)
    }

    /// Describes an execution. The description may be a moment old, since `DescribeExecution` is
    /// eventually consistent.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn describe(&self, execution_arn: &str) -> Result<Execution, ApiError> {
        let call = self.client.describe_execution();
        match call.execution_arn(execution_arn).send().await {
            Ok(described) => Ok(execution(described)),
            Err(error) => Err(api_error("states:DescribeExecution", execution_arn, &error)),
        }
    }

    /// Describes the execution of this name; `None` when there is none, running or ended. See
    /// [`describe`](Self::describe).
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Execution>, ApiError> {
        let arn = self.execution_arn(name);
        let call = self.client.describe_execution();
        match call.execution_arn(&arn).send().await {
            Ok(described) => Ok(Some(execution(described))),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                Ok(None)
            }
            Err(error) => Err(api_error("states:DescribeExecution", arn, &error)),
        }
    }

    /// Ends an execution as `ABORTED`. An execution that has ended already stays as it is, without
    /// an error.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn stop(
        &self,
        execution_arn: &str,
        error: &str,
        cause: &str,
    ) -> Result<(), ApiError> {
        let call = self
            .client
            .stop_execution()
            .execution_arn(execution_arn)
            .error(error)
            .cause(byte_limit::cut_end(cause, MAX_CAUSE));
        call.send()
            .await
            .map_err(|error| api_error("states:StopExecution", execution_arn, &error))?;
        Ok(())
    }
}

fn execution(described: DescribeExecutionOutput) -> Execution {
    Execution {
        status: ExecutionStatus::from_name(described.status.as_str()),
        started: timestamp(&described.start_date),
        stopped: described.stop_date.as_ref().map(timestamp),
        input: described.input.unwrap_or_default(),
        error: described.error,
        cause: described.cause,
    }
}

/// A time of the SDK; 1970 if it is out of range, which no time of the service is.
pub(super) fn timestamp(time: &DateTime) -> Timestamp {
    crate::aws::timestamp(time).unwrap_or_default()
}
