//! AWS CloudFormation: what a stack is doing.

use aws_sdk_cloudformation::Client;

use super::{ApiError, Connection, api_error};

/// Asks about stacks.
#[derive(Debug, Clone)]
pub struct Stacks {
    client: Client,
}

impl Stacks {
    /// In the connection's region, where the stacks are whose events reach us.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self { client: Client::new(connection.config()) }
    }

    /// Whether the stack is taking a failed operation back (`API_DescribeStacks`).
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn is_rolling_back(&self, stack_id: &str) -> Result<bool, ApiError> {
        let described = self
            .client
            .describe_stacks()
            .stack_name(stack_id)
            .send()
            .await
            .map_err(|error| api_error("cloudformation:DescribeStacks", format!("stack {stack_id}"), &error))?;
        let status = described.stacks().first().and_then(|stack| stack.stack_status()).map_or("", |status| status.as_str());
        Ok(status.contains("ROLLBACK") && status.contains("IN_PROGRESS"))
    }
}
