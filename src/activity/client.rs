//! The calls that a worker makes: those for an activity, `GetActivityTask` and `DescribeActivity`,
//! and those for a task in hand, which need its token and no activity (`task_client`).

mod task_client;

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_sfn::config::timeout::TimeoutConfig;
use aws_sdk_sfn::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_sfn::operation::describe_activity::DescribeActivityError;

use super::{TaskToken, Vitals};
use crate::aws::{ApiError, Connection, api_error};
use crate::times::POLL_TIMEOUT;

pub(super) use task_client::CallOutcome;
pub use task_client::TaskClient;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Calls Step Functions for one activity.
///
/// Polls have a client of their own: they wait long, are never retried by the SDK (its retries
/// leave polls open on the server behind the caller's back), and must not use up the retry tokens
/// of the answers. Its futures are boxed as those of [`TaskClient`] are.
#[derive(Debug, Clone)]
pub struct ActivityClient {
    polls: Client,
    activity_arn: String,
    tasks: TaskClient,
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

impl ActivityClient {
    /// For the activity of this ARN. The worker's name shows in the execution's history.
    #[must_use]
    pub fn new(
        connection: &Connection,
        activity_arn: impl Into<String>,
        worker_name: impl Into<String>,
    ) -> Self {
        let polls = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(POLL_TIMEOUT)
            .operation_attempt_timeout(POLL_TIMEOUT)
            .build();
        Self {
            polls: client(connection, "activity-polls", polls),
            activity_arn: activity_arn.into(),
            tasks: TaskClient::new(connection, worker_name),
        }
    }

    /// The name the service knows this worker by.
    #[must_use]
    pub fn worker_name(&self) -> &str {
        self.tasks.worker_name()
    }

    /// Signs of life of the worker that this client serves.
    #[must_use]
    pub fn vitals(&self) -> &Vitals {
        self.tasks.vitals()
    }

    /// For the calls under the tokens of the tasks that polls bring.
    pub(super) fn tasks(&self) -> &TaskClient {
        &self.tasks
    }

    /// Looks the activity up, so that a worker with a wrong ARN ends at its start.
    ///
    /// # Errors
    /// When it does not exist or cannot be looked up.
    pub async fn check(&self) -> Result<(), ActivityError> {
        match self
            .tasks
            .client()
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
            .worker_name(self.worker_name());
        let answer = Box::pin(call.send()).await.map_err(|error| {
            api_error("states:GetActivityTask", self.activity_arn.as_str(), &error)
        })?;
        self.vitals().polled();
        Ok(answer
            .task_token
            .filter(|token| !token.is_empty())
            .map(|token| (TaskToken::new(token), answer.input.unwrap_or_default())))
    }
}

/// A client of Step Functions whose calls the SDK does not repeat.
fn client(connection: &Connection, partition: &'static str, timeouts: TimeoutConfig) -> Client {
    let config = Builder::from(connection.config())
        .retry_config(RetryConfig::disabled())
        .retry_partition(RetryPartition::new(partition))
        // A poll is silent for a minute by design.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts)
        .build();
    Client::from_conf(config)
}
