//! `DescribeStacks`, `ListExports`: what a stack gives to others.

use super::Stacks;
use crate::aws::{ApiError, api_error};

/// A value that a stack exports for others of its account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The export's name, unique in the account and region.
    pub name: String,
    /// The exported value.
    pub value: String,
}

impl Stacks {
    /// An output of the stack; `None` when there is no such stack, or it has none of this name.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn output(&self, stack: &str, key: &str) -> Result<Option<String>, ApiError> {
        let described = self.describe_if_there(stack).await?;
        let outputs = described.and_then(|stack| stack.outputs);
        Ok(outputs
            .unwrap_or_default()
            .into_iter()
            .find(|output| output.output_key() == Some(key))
            .and_then(|output| output.output_value))
    }

    /// All exports of the account in the region.
    ///
    /// # Errors
    /// When a call fails; see [`ApiError`].
    pub async fn exports(&self) -> Result<Vec<Export>, ApiError> {
        let mut pages = self.client.list_exports().into_paginator().send();
        let mut exports = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| api_error("cloudformation:ListExports", "exports", &error))?;
            let named = page.exports.unwrap_or_default().into_iter();
            exports.extend(named.filter_map(|export| {
                Some(Export {
                    name: export.name?,
                    value: export.value?,
                })
            }));
        }
        Ok(exports)
    }
}
