//! `respond`: puts the outcome of an execution to CloudFormation's response URL. `start` and
//! `rescue` answer through it as well.
//!
//! Where the properties name a wait condition's handle, the execution answers the request as soon as
//! it has begun (state `RespondStarted`), and the outcome goes to the handle.
//!
//! It also counts the runs that have ended ([`run_metrics`](super::run_metrics)), those for which nobody
//! waits among them.

mod event;
mod said;

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::run_metrics::{EndedRun, RunMetrics};
use super::seal::{Seal, UnsealError};
use crate::aws::ApiError;
use crate::aws::response_url::{PutError, ResponsePut};
use crate::cloudformation::event::{ReplyTo, Request, UrlKind};
use crate::cloudformation::response::{Status, TooLarge};
use crate::cloudformation::response_hosts::BadResponseUrl;
use crate::execution::reason::{reason, way_to_execution};
use crate::task::outcome::Output;
use crate::text::{byte_limit, printable};
use crate::times::RESPOND_ANSWER_TIMEOUT;
use event::ExecutionState;
pub use event::RespondEvent;
use said::Said;

/// Longest reason of a failed rollback in the output `Skipped`, bytes: short enough that the answer
/// has room for it, since outputs that are too long are emptied.
const MAX_IGNORED: usize = 2_000;

/// The answer could not be given.
#[derive(Debug, thiserror::Error)]
pub enum RespondError {
    /// The state is that of a run for which nobody waits, and the event does not say so.
    #[error("the execution's state has no request, so that there is nobody to answer")]
    NoRequest,
    /// The request's own ids are too long for an answer.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The URL cannot be unsealed.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    /// KMS did not answer in time.
    #[error("{0} could not be unsealed within {seconds} s: AWS KMS did not answer", seconds = .1.as_secs())]
    UnsealTimedOut(UrlKind, Duration),
    /// CloudFormation has not taken the answer.
    #[error(transparent)]
    Put(#[from] PutError),
}

/// Answers CloudFormation.
#[derive(Debug, Clone)]
pub struct Responder {
    put: ResponsePut,
    seal: Seal,
    metrics: Option<RunMetrics>,
}

impl Responder {
    /// Answers through `put`, at URLs that `seal` opens.
    #[must_use]
    pub fn new(put: ResponsePut, seal: Seal) -> Self {
        Self {
            put,
            seal,
            metrics: None,
        }
    }

    /// The same, with a line in the log for each run that has ended.
    #[must_use]
    pub fn with_metrics(self, metrics: Option<RunMetrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Counts the run, if it is one and runs are counted.
    pub(super) fn count(&self, run: Option<EndedRun>) {
        if let (Some(metrics), Some(run)) = (&self.metrics, run) {
            metrics.count(&run);
        }
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
        self.check_url(ReplyTo::Request(request))
    }

    /// Checks that the URL may be called.
    ///
    /// # Errors
    /// When it does not lead to CloudFormation.
    pub(super) fn check_url(&self, to: ReplyTo<'_>) -> Result<(), BadResponseUrl> {
        self.put.check(to.url_kind(), to.url())
    }

    /// Gives the answer that the event describes, and counts the run if it has ended.
    ///
    /// # Errors
    /// When the answer could not be delivered. The state machine then invokes the function again.
    pub async fn respond(&self, event: RespondEvent) -> Result<(), RespondError> {
        let run = EndedRun::reported(&event);
        if !event.nobody_waits {
            self.answer(event).await?;
        }
        // Only now: an attempt that fails is repeated, or `rescue` answers and counts.
        self.count(run);
        Ok(())
    }

    /// Gives the answer that the event describes.
    ///
    /// # Errors
    /// When the answer could not be delivered.
    pub(super) async fn answer(&self, event: RespondEvent) -> Result<(), RespondError> {
        let ExecutionState {
            request,
            output,
            error,
            leftovers,
            begun,
            ..
        } = event.state;
        let request = request.ok_or(RespondError::NoRequest)?;
        let within = RESPOND_ANSWER_TIMEOUT;
        if event.has_only_begun {
            let replied = self.succeed(&request, Output::default(), within);
            return Box::pin(replied).await;
        }
        // Boxed: each future would enlarge that of every invocation.
        let outcome = Box::pin(async {
            match event.status {
                Status::Success => self.succeed_run(&request, output, within).await,
                Status::Failed => {
                    let reason = reason(&error, leftovers.running);
                    self.fail_run(&request, &reason, within).await
                }
            }
        });
        if begun.is_some() {
            return outcome.await;
        }
        let repeated = Box::pin(self.repeat_that_it_began(&request, within));
        let (replied, repeated) = tokio::join!(outcome, repeated);
        replied.and(repeated)
    }

    /// Answers SUCCESS to CloudFormation.
    pub(super) async fn succeed(
        &self,
        request: &Request,
        output: Output,
        within: Duration,
    ) -> Result<(), RespondError> {
        let to = ReplyTo::Request(request);
        self.send(to, Said::Success(output), within).await
    }

    /// Reports that the run of the request succeeded, or that nothing was to be run.
    pub(super) async fn succeed_run(
        &self,
        request: &Request,
        output: Output,
        within: Duration,
    ) -> Result<(), RespondError> {
        let to = request.reply_of_run_to();
        self.send(to, Said::Success(output), within).await
    }

    /// Reports that the run of the request failed. The Reason ends with the way to its execution.
    pub(super) async fn fail_run(
        &self,
        request: &Request,
        reason: &str,
        within: Duration,
    ) -> Result<(), RespondError> {
        let last_line = way_to_execution(request);
        let to = request.reply_of_run_to();
        self.say_failure(to, reason, last_line, within).await
    }

    /// Answers FAILED to a request that no execution has.
    pub(super) async fn fail(
        &self,
        request: &Request,
        reason: &str,
        within: Duration,
    ) -> Result<(), RespondError> {
        let to = ReplyTo::Request(request);
        self.say_failure(to, reason, None, within).await
    }

    /// Answers once more that the run has begun, if a wait condition waits for its end: the answer may
    /// not have been given, and until it is, CloudFormation does not come to the condition. Repeating
    /// it does no harm.
    ///
    /// # Errors
    /// When the answer could not be delivered, and CloudFormation may still wait for it. It no longer
    /// does when the response URL refuses the answer, which has then expired.
    pub(super) async fn repeat_that_it_began(
        &self,
        request: &Request,
        within: Duration,
    ) -> Result<(), RespondError> {
        if request.wait_condition_handle.is_none() {
            return Ok(());
        }
        match self.succeed(request, Output::default(), within).await {
            Err(RespondError::Put(error @ PutError::Refused { .. })) => {
                tracing::info!(%error, "the answer that the run had begun is not taken any more");
                Ok(())
            }
            replied => replied,
        }
    }

    async fn say_failure(
        &self,
        to: ReplyTo<'_>,
        reason: &str,
        last_line: Option<String>,
        within: Duration,
    ) -> Result<(), RespondError> {
        // Made fit to print for the log as well: parts of it may come from a worker of another
        // release.
        let reason = printable::clean(reason).into_owned();
        if to.request().ignores_failure {
            tracing::warn!(reason, "answering SUCCESS, since RollbackFailure is ignore");
            let reason = byte_limit::cut_middle(&reason, MAX_IGNORED);
            let skipped = format!("RollbackFailure is ignore, and the rollback failed: {reason}");
            return self
                .send(to, Said::Success(Output::skipped(skipped)), within)
                .await;
        }
        tracing::warn!(reason, "answering FAILED");
        let said = Said::Failure { reason, last_line };
        self.send(to, said, within).await
    }

    async fn send(
        &self,
        to: ReplyTo<'_>,
        said: Said,
        within: Duration,
    ) -> Result<(), RespondError> {
        let status = said.status();
        let body = said.body(to)?;
        let end = Instant::now() + within;
        let url = timeout_at(end, self.seal.open(to))
            .await
            .map_err(|_| RespondError::UnsealTimedOut(to.url_kind(), within))??;
        self.put
            .put(to.url_kind(), &url, body, end - Instant::now())
            .await?;
        let request = to.request();
        tracing::info!(
            status = status.as_str(),
            logical_id = request.logical_resource_id,
            request_type = request.request_type.in_lower_case(),
            stack = request.stack_id,
            to = %to.url_kind(),
            "CloudFormation has the answer"
        );
        Ok(())
    }
}
