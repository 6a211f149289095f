//! AWS Step Functions: starts, finds, lists, describes and stops executions and reads their
//! histories, for the functions, `explain` and `run`. The worker's calls are in [`crate::activity`].
//!
//! When Step Functions cannot be asked, the calls here give an [`ApiError`] whose
//! [`may_pass`](ApiError::may_pass) says whether a later call may succeed. Then
//! - `start` fails and Lambda delivers the event once more, if that comes in time; otherwise it
//!   answers FAILED, or SUCCESS to a Delete;
//! - `stop` goes on with the tasks, and asks for the executions again at its next check;
//! - `rescue` fails, and Lambda or the next sweep invokes it again;
//! - a worker polls again, and keeps a task until no heartbeat has got through for as long as Step
//!   Functions waits for one;
//! - `explain` says so and ends with exit code 2;
//! - `run` goes on asking for five minutes, and ends with exit code 75 while the execution goes on.

mod executions;
mod history;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;

use super::{ApiError, Connection, api_error};

pub use executions::{EndedExecution, Extent};

/// Step Functions in one region.
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

/// What became of the start of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The execution runs. This call started it, or an earlier call with an equal input.
    Running,
    /// An earlier call started an execution of this name, which has ended or has another input.
    Already,
}

impl StepFunctions {
    /// Calls Step Functions in the connection's region. The SDK retries failed calls.
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
    /// ARN of the state machine.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// ARN of the execution of this name, whether there is one or not.
    #[must_use]
    pub fn execution_arn(&self, name: &str) -> String {
        let executions = self.arn.replacen(":stateMachine:", ":execution:", 1);
        format!("{executions}:{name}")
    }

    /// Starts an execution. Step Functions starts none under a name that exists, so a start can be
    /// repeated (`API_StartExecution`).
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

    /// Whether an execution of this name exists, running or ended.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn has(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.find(name).await?.is_some())
    }
}
