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
    pub async fn doing(&self, stack_id: &str) -> Result<Doing, ApiError> {
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
        Ok(Doing::from_status(
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
pub enum Doing {
    /// It is being deleted, or was.
    Deleting,
    /// It takes its creation back, or has: every resource that it created goes.
    TakingCreationBack,
    /// It takes an update back: what the update created goes, and what it changed is changed back.
    TakingUpdateBack,
    /// It is at rest: what it did has ended, in whatever way.
    AtRest,
    /// It is created or updated, or does what is not known.
    GoingOn,
}

impl Doing {
    fn from_status(status: &str) -> Self {
        match status {
            _ if status.starts_with("DELETE_") => Self::Deleting,
            _ if status.starts_with("ROLLBACK_") => Self::TakingCreationBack,
            _ if status.contains("ROLLBACK") && status.contains("IN_PROGRESS") => {
                Self::TakingUpdateBack
            }
            _ if status.ends_with("_COMPLETE") || status.ends_with("_FAILED") => Self::AtRest,
            _ => Self::GoingOn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_says_what_becomes_of_the_stacks_resources() {
        for (status, expected) in [
            ("CREATE_IN_PROGRESS", Doing::GoingOn),
            ("UPDATE_IN_PROGRESS", Doing::GoingOn),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Doing::GoingOn),
            ("UPDATE_ROLLBACK_COMPLETE", Doing::AtRest),
            ("UPDATE_FAILED", Doing::AtRest),
            ("CREATE_COMPLETE", Doing::AtRest),
            ("SOMETHING_NEW", Doing::GoingOn),
            ("IMPORT_ROLLBACK_IN_PROGRESS", Doing::TakingUpdateBack),
            ("UPDATE_ROLLBACK_IN_PROGRESS", Doing::TakingUpdateBack),
            (
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                Doing::TakingUpdateBack,
            ),
            ("ROLLBACK_IN_PROGRESS", Doing::TakingCreationBack),
            ("ROLLBACK_COMPLETE", Doing::TakingCreationBack),
            ("DELETE_IN_PROGRESS", Doing::Deleting),
            ("DELETE_COMPLETE", Doing::Deleting),
            ("", Doing::GoingOn),
        ] {
            assert_eq!(Doing::from_status(status), expected, "{status}");
        }
    }
}
