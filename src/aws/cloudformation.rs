//! AWS CloudFormation: what a stack is doing at the moment (`phase`, for the functions), and for
//! people who ask about a stack where it is (`find`), what became of its resources (`events`), and
//! what it gives to others (`outputs`).

mod events;
mod find;
mod outputs;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::Stack as SdkStack;

use super::{ApiError, Connection, api_error};

pub use outputs::Export;

/// Asks CloudFormation about stacks.
#[derive(Debug, Clone)]
pub struct Stacks {
    client: Client,
}

impl Stacks {
    /// Asks in the connection's region. A custom resource's function is always in the region of the
    /// stack (`crpg-ref-requesttypes`).
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
        let described = self.describe(stack_id).await?;
        Ok(StackPhase::from_status(
            described
                .as_ref()
                .and_then(|stack| stack.stack_status())
                .map_or("", |status| status.as_str()),
        ))
    }

    /// Asks for the stack of this name or ARN. CloudFormation refuses the call where there is none.
    async fn describe(&self, stack: &str) -> Result<Option<SdkStack>, ApiError> {
        let described = self
            .client
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await
            .map_err(|error| api_error("cloudformation:DescribeStacks", in_words(stack), &error))?;
        Ok(described.stacks.unwrap_or_default().into_iter().next())
    }

    /// Asks for the stack of this name or ARN; `None` where there is none.
    async fn describe_if_there(&self, stack: &str) -> Result<Option<SdkStack>, ApiError> {
        match self.describe(stack).await {
            // CloudFormation has no error code of its own for this.
            Err(error)
                if error.code.as_deref() == Some("ValidationError")
                    && error.message.contains("does not exist") =>
            {
                Ok(None)
            }
            described => described,
        }
    }
}

/// What a stack is doing, as far as it decides what becomes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackPhase {
    /// The stack is being deleted, or has been.
    Deleting,
    /// CloudFormation rolls back the stack's creation, or has done so: every resource that was
    /// created is deleted.
    CreateRollback,
    /// CloudFormation rolls back an update of the stack: what the update created is deleted, and
    /// what it changed is changed back.
    UpdateRollback,
    /// The last operation on the stack has ended, whether with success or not.
    Idle,
    /// The stack is being created or updated, or has a status that this version does not know.
    InProgress,
}

impl StackPhase {
    fn from_status(status: &str) -> Self {
        // From the most to the least definite. A status that begins with ROLLBACK_ means the
        // rollback of a creation. UPDATE_ROLLBACK_… and IMPORT_ROLLBACK_… mean that of an update or
        // import while they are in progress; afterwards the operation is over like any other.
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

/// A stack as errors name it.
fn in_words(stack: &str) -> String {
    format!("stack {stack}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_of_a_stack_belongs_to_one_phase() {
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
