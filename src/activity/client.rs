//! The activity's calls: `GetActivityTask`, `SendTaskHeartbeat`, `SendTaskSuccess`,
//! `SendTaskFailure`, `DescribeActivity`.

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_sfn::config::timeout::TimeoutConfig;
use aws_sdk_sfn::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_sfn::operation::describe_activity::DescribeActivityError;

use super::token::is_lost;
use super::{TaskFailure, TaskToken, Vitals};
use crate::aws::{ApiError, Connection, api_error};
use crate::text::byte_limit;
use crate::times::{ANSWER_ATTEMPT_TIMEOUT, POLL_TIMEOUT};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// `API_SendTaskFailure`, kept in bytes to be on the safe side of its characters.
const MAX_ERROR: usize = 256;
/// `API_SendTaskFailure`, likewise.
const MAX_CAUSE: usize = 32_768;
/// `API_SendTaskSuccess`, bytes.
const MAX_OUTPUT: usize = 262_144;
/// The error name for an output over [`MAX_OUTPUT`], which Step Functions uses itself for payloads
/// over its limit.
const OUTPUT_TOO_LARGE: &str = "States.DataLimitExceeded";

/// The service's word that it will never take an answer as it is (`API_SendTaskSuccess`,
/// `CommonErrors`).
const NEVER_TAKEN: &[&str] = &[
    "InvalidOutput",
    "ValidationException",
    "ValidationError",
    "SerializationException",
];

/// Calls Step Functions for one activity.
///
/// Polls have a client of their own: they wait long, are never retried by the SDK (its retries
/// leave polls open on the server behind the caller's back), and must not use up the retry tokens
/// of the answers.
///
/// The SDK's futures are several KB each. They are boxed, since a task in hand would otherwise keep
/// room for every call that it may come to make.
#[derive(Debug, Clone)]
pub struct ActivityClient {
    polls: Client,
    answers: Client,
    activity_arn: String,
    worker_name: String,
    vitals: Vitals,
}

/// The activity cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    /// Nobody created it, or somebody deleted it.
    #[error(
        "there is no activity {0}: check the ARN and its region, or deploy the stack that creates it"
    )]
    DoesNotExist(String),
    /// Asking for it failed.
    #[error("the activity cannot be looked up: {0}")]
    Unknown(ApiError),
}

/// What became of a heartbeat or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallOutcome {
    /// The service has it.
    Taken,
    /// The token is no longer valid: the task belongs to somebody else now, or to nobody.
    Lost(String),
    /// The service understood it and will not take it, now or later.
    Refused(String),
    /// It may or may not have arrived.
    Uncertain(String),
}

impl ActivityClient {
    /// For the activity of this ARN. The worker's name shows in the execution's history.
    #[must_use]
    pub fn new(
        connection: &Connection,
        activity_arn: impl Into<String>,
        worker_name: impl Into<String>,
    ) -> Self {
        let client = |partition: &'static str, timeouts: TimeoutConfig| {
            let config = Builder::from(connection.config())
                .retry_config(RetryConfig::disabled())
                .retry_partition(RetryPartition::new(partition))
                // A poll is silent for a minute by design.
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                .timeout_config(timeouts)
                .build();
            Client::from_conf(config)
        };
        let polls = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(POLL_TIMEOUT)
            .operation_attempt_timeout(POLL_TIMEOUT)
            .build();
        let answers = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ANSWER_ATTEMPT_TIMEOUT)
            .build();
        Self {
            polls: client("activity-polls", polls),
            answers: client("activity-answers", answers),
            activity_arn: activity_arn.into(),
            worker_name: worker_name.into(),
            vitals: Vitals::new(),
        }
    }

    /// The name the service knows this worker by.
    #[must_use]
    pub fn worker_name(&self) -> &str {
        &self.worker_name
    }

    /// Signs of life of the worker that this client serves.
    #[must_use]
    pub fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// Looks the activity up, so that a worker with a wrong ARN ends at its start.
    ///
    /// # Errors
    /// When it does not exist or cannot be looked up.
    pub async fn check(&self) -> Result<(), ActivityError> {
        match self
            .answers
            .describe_activity()
            .activity_arn(&self.activity_arn)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeActivityError::is_activity_does_not_exist) =>
            {
                Err(ActivityError::DoesNotExist(self.activity_arn.clone()))
            }
            Err(error) => Err(ActivityError::Unknown(api_error(
                "states:DescribeActivity",
                self.activity_arn.as_str(),
                &error,
            ))),
        }
    }

    /// Waits up to a minute for a task. The future must be driven to its end: dropping it can
    /// swallow a task.
    pub(super) async fn poll(&self) -> Result<Option<(TaskToken, String)>, ApiError> {
        let call = self
            .polls
            .get_activity_task()
            .activity_arn(&self.activity_arn)
            .worker_name(&self.worker_name);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            api_error("states:GetActivityTask", self.activity_arn.as_str(), &error)
        })?;
        self.vitals.polled();
        Ok(answer
            .task_token
            .filter(|token| !token.is_empty())
            .map(|token| (TaskToken::new(token), answer.input.unwrap_or_default())))
    }

    pub(super) async fn heartbeat(&self, token: &TaskToken) -> CallOutcome {
        let call = self
            .answers
            .send_task_heartbeat()
            .task_token(token.expose());
        match Box::pin(call.send()).await {
            Ok(_) => {
                self.vitals.heartbeat_taken();
                CallOutcome::Taken
            }
            Err(error) => outcome_of(&api_error("states:SendTaskHeartbeat", "its task", &error)),
        }
    }

    pub(super) async fn succeed(&self, token: &TaskToken, output: &str) -> CallOutcome {
        if output.len() > MAX_OUTPUT {
            let cause = format!(
                "The output has {} bytes, and Step Functions takes {MAX_OUTPUT}.",
                output.len()
            );
            return self
                .fail(
                    token,
                    &TaskFailure {
                        error: OUTPUT_TOO_LARGE.to_owned(),
                        cause,
                    },
                )
                .await;
        }
        let call = self
            .answers
            .send_task_success()
            .task_token(token.expose())
            .output(output);
        match Box::pin(call.send()).await {
            Ok(_) => CallOutcome::Taken,
            Err(error) => outcome_of(&api_error("states:SendTaskSuccess", "its task", &error)),
        }
    }

    pub(super) async fn fail(&self, token: &TaskToken, failure: &TaskFailure) -> CallOutcome {
        let error = byte_limit::cut_end(&failure.error, MAX_ERROR);
        let cause = byte_limit::cut_middle(&failure.cause, MAX_CAUSE);
        let call = self
            .answers
            .send_task_failure()
            .task_token(token.expose())
            .error(error)
            .cause(cause);
        match Box::pin(call.send()).await {
            Ok(_) => CallOutcome::Taken,
            Err(error) => outcome_of(&api_error("states:SendTaskFailure", "its task", &error)),
        }
    }
}

fn outcome_of(error: &ApiError) -> CallOutcome {
    match error.code.as_deref() {
        Some(code) if is_lost(code) => CallOutcome::Lost(error.to_string()),
        Some(code) if NEVER_TAKEN.contains(&code) => CallOutcome::Refused(error.to_string()),
        // Anything else can come right while the token lives: credentials and permissions return, a
        // clock is set, a proxy goes.
        _ => CallOutcome::Uncertain(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::ErrorKind;

    #[test]
    fn only_a_definite_answer_of_the_service_ends_the_attempts() {
        let answered = |code: Option<&str>| {
            outcome_of(&ApiError {
                action: "states:SendTaskSuccess",
                resource: "its task".to_owned(),
                kind: ErrorKind::Rejected,
                code: code.map(str::to_owned),
                message: String::new(),
            })
        };
        for code in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
            assert!(
                matches!(answered(Some(code)), CallOutcome::Lost(_)),
                "{code}"
            );
        }
        for code in ["InvalidOutput", "ValidationException"] {
            assert!(
                matches!(answered(Some(code)), CallOutcome::Refused(_)),
                "{code}"
            );
        }
        for code in [
            Some("InvalidSignatureException"),
            Some("RequestTimeTooSkewed"),
            Some("MissingAuthenticationTokenException"),
            Some("UnrecognizedClientException"),
            Some("OptInRequired"),
            None,
        ] {
            assert!(
                matches!(answered(code), CallOutcome::Uncertain(_)),
                "{code:?}"
            );
        }
    }
}
