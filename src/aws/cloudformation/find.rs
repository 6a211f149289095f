//! `DescribeStacks`, `ListStacks`: where a stack is that a person names.

use aws_sdk_cloudformation::types::StackStatus;

use super::{Stacks, timestamp};
use crate::aws::{ApiError, api_error};
use crate::cloudformation::stack::Stack;

/// Pages of deleted stacks that are read. CloudFormation lists a deleted stack for 90 days
/// (`API_ListStacks`), some hundred on a page.
const MAX_PAGES: usize = 20;

impl Stacks {
    /// The stack of this name or ARN. `None` when there is none: a deleted stack is found here only
    /// by its ARN.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn find(&self, stack: &str) -> Result<Option<Stack>, ApiError> {
        let found = match self.describe(stack).await {
            Err(error) if does_not_exist(&error) => None,
            found => found?,
        };
        Ok(found.and_then(|stack| {
            Some(Stack {
                id: stack.stack_id?,
                created: stack.creation_time.as_ref().and_then(timestamp),
            })
        }))
    }

    /// The stack of this name that was deleted last; `None` when none was within 90 days, or more
    /// stacks were than are read.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn find_deleted(&self, name: &str) -> Result<Option<Stack>, ApiError> {
        let mut pages = self
            .client
            .list_stacks()
            .stack_status_filter(StackStatus::DeleteComplete)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else {
                break;
            };
            let page =
                page.map_err(|error| api_error("cloudformation:ListStacks", "stacks", &error))?;
            let stacks = page.stack_summaries.unwrap_or_default().into_iter();
            found.extend(stacks.filter(|stack| stack.stack_name() == Some(name)));
        }
        // The order of the list is documented nowhere.
        let last = found
            .into_iter()
            .max_by_key(|stack| stack.creation_time.as_ref().and_then(timestamp));
        Ok(last.and_then(|stack| {
            Some(Stack {
                id: stack.stack_id?,
                created: stack.creation_time.as_ref().and_then(timestamp),
            })
        }))
    }
}

/// CloudFormation has no error code of its own for this.
pub(super) fn does_not_exist(error: &ApiError) -> bool {
    error.code.as_deref() == Some("ValidationError") && error.message.contains("does not exist")
}
