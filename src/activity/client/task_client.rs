//! The calls for a task in hand, under its token: `SendTaskHeartbeat`, `SendTaskSuccess`,
//! `SendTaskFailure`.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::timeout::TimeoutConfig;

use super::{CONNECT_TIMEOUT, client};
use crate::activity::token::is_lost;
use crate::activity::{TaskFailure, TaskToken, Vitals};
use crate::aws::{ApiError, Connection, api_error};
use crate::text::byte_limit;
use crate::times::ANSWER_ATTEMPT_TIMEOUT;

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

/// Calls Step Functions for tasks whose tokens a worker holds, whether an activity's poll brought them
/// or the worker was given them otherwise.
///
/// The SDK's futures are several KB each. They are boxed, since a task in hand would otherwise keep
/// room for every call that it may come to make.
#[derive(Debug, Clone)]
pub struct TaskClient {
    client: Client,
    worker_name: String,
    vitals: Vitals,
}

/// What became of a heartbeat or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::activity) enum CallOutcome {
    /// The service has it.
    Taken,
    /// The token is no longer valid: the task belongs to somebody else now, or to nobody.
    Lost(String),
    /// The service understood it and will not take it, now or later.
    Refused(String),
    /// It may or may not have arrived.
    Uncertain(String),
}

impl TaskClient {
    /// For a worker of this name, which the cause of a hand-over shows.
    #[must_use]
    pub fn new(connection: &Connection, worker_name: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ANSWER_ATTEMPT_TIMEOUT)
            .build();
        Self {
            client: client(connection, "activity-answers", timeouts),
            worker_name: worker_name.into(),
            vitals: Vitals::new(),
        }
    }

    pub(in crate::activity) fn worker_name(&self) -> &str {
        &self.worker_name
    }

    pub(in crate::activity) fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// For calls of the same kind that are answered at once.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(in crate::activity) async fn heartbeat(&self, token: &TaskToken) -> CallOutcome {
        let call = self.client.send_task_heartbeat().task_token(token.expose());
        match Box::pin(call.send()).await {
            Ok(_) => {
                self.vitals.heartbeat_taken();
                CallOutcome::Taken
            }
            Err(error) => outcome_of(&api_error("states:SendTaskHeartbeat", "its task", &error)),
        }
    }

    pub(in crate::activity) async fn succeed(
        &self,
        token: &TaskToken,
        output: &str,
    ) -> CallOutcome {
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
            .client
            .send_task_success()
            .task_token(token.expose())
            .output(output);
        match Box::pin(call.send()).await {
            Ok(_) => CallOutcome::Taken,
            Err(error) => outcome_of(&api_error("states:SendTaskSuccess", "its task", &error)),
        }
    }

    pub(in crate::activity) async fn fail(
        &self,
        token: &TaskToken,
        failure: &TaskFailure,
    ) -> CallOutcome {
        let error = byte_limit::cut_end(&failure.error, MAX_ERROR);
        let cause = byte_limit::cut_middle(&failure.cause, MAX_CAUSE);
        let call = self
            .client
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
