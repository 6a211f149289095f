//! `DescribeStacks`, `ListStacks`: where a stack is that a person names.

use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::StackStatus;

use super::Stacks;
use crate::aws::{ApiError, api_error, timestamp};
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
        let found = self.describe_if_there(stack).await?;
        Ok(found.and_then(|found| of_sdk(found.stack_id, found.creation_time.as_ref())))
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
        Ok(last.and_then(|last| of_sdk(last.stack_id, last.creation_time.as_ref())))
    }
}

/// `None` for a stack without an id, which the service never gives.
fn of_sdk(id: Option<String>, created: Option<&DateTime>) -> Option<Stack> {
    Some(Stack {
        id: id?,
        created: created.and_then(timestamp),
    })
}
