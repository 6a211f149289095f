//! AWS Step Functions, as the functions use it. The worker's calls live with [`crate::activity`].

mod executions;
mod history;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;

use super::{ApiError, Connection, api_error};

pub use executions::{EndedExecution, RunningExecution};

/// Calls Step Functions.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    client: Client,
}

/// The executions of one state machine.
#[derive(Debug, Clone)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

/// What became of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The execution runs: it was started by this call, or by an earlier one with the same input.
    Running,
    /// An execution of this name exists and has ended, or has another input. The request was taken
    /// care of before.
    Already,
}

impl StepFunctions {
    /// In the connection's region, with the SDK's own retries.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: Client::new(connection.config()),
        }
    }

    /// The state machine of this ARN.
    #[must_use]
    pub fn state_machine(&self, arn: impl Into<String>) -> StateMachine {
        StateMachine {
            client: self.client.clone(),
            arn: arn.into(),
        }
    }
}

impl StateMachine {
    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Starts an execution under a name that makes the start idempotent (`API_StartExecution`).
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn start(&self, name: &str, input: &str) -> Result<Started, ApiError> {
        let started = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(name)
            .input(input)
            .send()
            .await;
        match started {
            Ok(_) => Ok(Started::Running),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                Ok(Started::Already)
            }
            Err(error) => Err(api_error(
                "states:StartExecution",
                format!("state machine {}", self.arn),
                &error,
            )),
        }
    }

    /// Whether there is an execution of this name, whatever its state.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn has(&self, name: &str) -> Result<bool, ApiError> {
        let arn = format!(
            "{}:{name}",
            self.arn.replacen(":stateMachine:", ":execution:", 1)
        );
        match self
            .client
            .describe_execution()
            .execution_arn(&arn)
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                Ok(false)
            }
            Err(error) => Err(api_error("states:DescribeExecution", arn, &error)),
        }
    }
}
