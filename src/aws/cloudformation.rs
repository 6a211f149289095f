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
        Self {
            client: Client::new(connection.config()),
        }
    }

    /// What the stack is doing (`API_DescribeStacks`).
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn phase(&self, stack_id: &str) -> Result<StackPhase, ApiError> {
        let described = self
            .client
            .describe_stacks()
            .stack_name(stack_id)
            .send()
            .await
            .map_err(|error| {
                api_error(
                    "cloudformation:DescribeStacks",
                    format!("stack {stack_id}"),
                    &error,
                )
            })?;
        Ok(StackPhase::from_status(
            described
                .stacks()
                .first()
                .and_then(|stack| stack.stack_status())
                .map_or("", |status| status.as_str()),
        ))
    }
}

/// What a stack is doing, as far as it matters to a resource of its.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackPhase {
    /// It is being deleted, or was.
    Deleting,
    /// It takes its creation back, or has: every resource that it created goes.
    CreateRollback,
    /// It takes an update back: what the update created goes, and what it changed is changed back.
    UpdateRollback,
    /// It is at rest: what it did has ended, in whatever way.
    Idle,
    /// It is created or updated, or does what is not known.
    InProgress,
}

impl StackPhase {
    fn from_status(status: &str) -> Self {
        match status {
            _ if status.starts_with("DELETE_") => Self::Deleting,
            _ if status.starts_with("ROLLBACK_") => Self::CreateRollback,
            _ if status.contains("ROLLBACK") && status.contains("IN_PROGRESS") => {
                Self::UpdateRollback
            }
            _ if status.ends_with("_COMPLETE") || status.ends_with("_FAILED") => Self::Idle,
            _ => Self::InProgress,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_says_what_becomes_of_the_stacks_resources() {
        for (status, expected) in [
            ("CREATE_IN_PROGRESS", StackPhase::InProgress),
            ("UPDATE_IN_PROGRESS", StackPhase::InProgress),
            (
                "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                StackPhase::InProgress,
            ),
            ("UPDATE_ROLLBACK_COMPLETE", StackPhase::Idle),
            ("UPDATE_FAILED", StackPhase::Idle),
            ("CREATE_COMPLETE", StackPhase::Idle),
            ("SOMETHING_NEW", StackPhase::InProgress),
            ("IMPORT_ROLLBACK_IN_PROGRESS", StackPhase::UpdateRollback),
            ("UPDATE_ROLLBACK_IN_PROGRESS", StackPhase::UpdateRollback),
            (
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                StackPhase::UpdateRollback,
            ),
            ("ROLLBACK_IN_PROGRESS", StackPhase::CreateRollback),
            ("ROLLBACK_COMPLETE", StackPhase::CreateRollback),
            ("DELETE_IN_PROGRESS", StackPhase::Deleting),
            ("DELETE_COMPLETE", StackPhase::Deleting),
            ("", StackPhase::InProgress),
        ] {
            assert_eq!(StackPhase::from_status(status), expected, "{status}");
        }
    }
}
