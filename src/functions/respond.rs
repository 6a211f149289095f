//! `respond`: puts the outcome of an execution to CloudFormation's response URL. `start` and
//! `rescue` answer through it as well.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::seal::{Seal, UnsealError};
use crate::aws::ApiError;
use crate::aws::response_url::{PutError, ResponsePut};
use crate::cloudformation::event::Request;
use crate::cloudformation::response::{Response, Status, TooLarge};
use crate::cloudformation::response_hosts::BadResponseUrl;
use crate::execution::error::CaughtError;
use crate::execution::reason::{reason, way_to_execution};
use crate::task::outcome::Output;
use crate::text::{lenient, printable};
use crate::times::RESPOND_ANSWER_TIMEOUT;

/// What the state machine invokes the function with.
#[derive(Debug, Clone, Deserialize)]
pub struct RespondEvent {
    /// The answer that the state machine has decided on.
    pub status: Status,
    /// The execution's state, as the state machine passes it.
    pub state: ExecutionState,
}

/// The part of the execution's state that an answer needs. Only the request must be as `start`
/// makes it. A member of another form is read as if it were missing, since CloudFormation must be
/// answered in any case.
#[derive(Debug, Clone, Deserialize)]
pub struct ExecutionState {
    request: Request,
    /// The activity's output; none on Delete.
    #[serde(default, deserialize_with = "lenient::or_default")]
    output: Output,
    /// The error that the state machine caught; none on success.
    #[serde(default, deserialize_with = "lenient::or_default")]
    error: CaughtError,
    #[serde(default, deserialize_with = "lenient::or_default")]
    leftovers: Leftovers,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Leftovers {
    #[serde(deserialize_with = "lenient::or_default")]
    running: u32,
}

/// The answer could not be given.
#[derive(Debug, thiserror::Error)]
pub enum RespondError {
    /// The request's own ids are too long for an answer.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The response URL cannot be unsealed.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    /// KMS did not answer in time.
    #[error("the response URL could not be unsealed within {} s: AWS KMS did not answer", .0.as_secs())]
    UnsealTimedOut(Duration),
    /// CloudFormation has not taken the answer.
    #[error(transparent)]
    Put(#[from] PutError),
}

/// Answers CloudFormation.
#[derive(Debug, Clone)]
pub struct Responder {
    put: ResponsePut,
    seal: Seal,
}

impl Responder {
    /// Answers through `put`, at URLs that `seal` opens.
    #[must_use]
    pub fn new(put: ResponsePut, seal: Seal) -> Self {
        Self { put, seal }
    }

    /// The request with its response URL sealed, to be stored where others can read it.
    ///
    /// # Errors
    /// When KMS does not encrypt.
    pub(super) async fn seal(&self, request: &Request) -> Result<Request, ApiError> {
        self.seal.seal(request).await
    }

    /// Checks that the request's response URL may be called.
    ///
    /// # Errors
    /// When its response URL does not lead to CloudFormation.
    pub(super) fn check(&self, request: &Request) -> Result<(), BadResponseUrl> {
        self.put.check(&request.response_url)
    }

    /// Gives the answer that the event describes.
    ///
    /// # Errors
    /// When the answer could not be delivered. The state machine then invokes the function again.
    pub async fn respond(&self, event: RespondEvent) -> Result<(), RespondError> {
        let ExecutionState {
            request,
            output,
            error,
            leftovers,
        } = event.state;
        match event.status {
            Status::Success => self.succeed(&request, output, RESPOND_ANSWER_TIMEOUT).await,
            Status::Failed => {
                let reason = reason(&error, leftovers.running);
                self.fail_run(&request, &reason, RESPOND_ANSWER_TIMEOUT)
                    .await
            }
        }
    }

    /// Answers SUCCESS.
    pub(super) async fn succeed(
        &self,
        request: &Request,
        output: Output,
        within: Duration,
    ) -> Result<(), RespondError> {
        self.send(
            request,
            Response::success(request, fallback_id(request), output),
            within,
        )
        .await
    }

    /// Answers FAILED for an execution. The Reason ends with the way to it.
    pub(super) async fn fail_run(
        &self,
        request: &Request,
        reason: &str,
        within: Duration,
    ) -> Result<(), RespondError> {
        let last_line = way_to_execution(request);
        self.answer_failed(request, reason, last_line, within).await
    }

    /// Answers FAILED to a request that no execution has.
    pub(super) async fn fail(
        &self,
        request: &Request,
        reason: &str,
        within: Duration,
    ) -> Result<(), RespondError> {
        self.answer_failed(request, reason, None, within).await
    }

    async fn answer_failed(
        &self,
        request: &Request,
        reason: &str,
        last_line: Option<String>,
        within: Duration,
    ) -> Result<(), RespondError> {
        // Made fit to print for the log as well: parts of it may come from a worker of another
        // release.
        let reason = printable::clean(reason);
        tracing::warn!(reason = &*reason, "answering FAILED");
        self.send(
            request,
            Response::failure(request, fallback_id(request), &*reason).ending_with(last_line),
            within,
        )
        .await
    }

    async fn send(
        &self,
        request: &Request,
        response: Response,
        within: Duration,
    ) -> Result<(), RespondError> {
        let status = response.status();
        let body = response.body()?;
        let end = Instant::now() + within;
        let url = timeout_at(end, self.seal.open(request))
            .await
            .map_err(|_| RespondError::UnsealTimedOut(within))??;
        self.put.put(&url, body, end - Instant::now()).await?;
        tracing::info!(
            status = status.as_str(),
            logical_id = request.logical_resource_id,
            request_type = request.request_type.in_lower_case(),
            stack = request.stack_id,
            "CloudFormation has the answer"
        );
        Ok(())
    }
}

/// The physical resource id for a request that has none. `start` puts an id into every request, so
/// this is for an input of another origin. `Identity` cannot be used: it hashes the response URL in
/// clear, and here the URL is sealed.
fn fallback_id(request: &Request) -> &str {
    &request.logical_resource_id
}
