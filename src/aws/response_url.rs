//! The PUT that answers CloudFormation: it checks the URL, tries until S3 gives a definite reply,
//! and sends nothing for which the URL was not signed. [`crate::cloudformation::response`] makes
//! the body.

use std::time::Duration;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Collected, Limited};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::error::with_causes;
use crate::aws::backoff::Backoff;
use crate::cloudformation::event::{ResponseUrl, UrlKind};
use crate::cloudformation::response_hosts::{BadResponseUrl, ResponseHosts};

/// Time for one attempt, from connecting to the end of the reply.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time to connect within an attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses between two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Largest part of a refusal that is read, in bytes. S3's error documents have a few hundred.
const MAX_REFUSAL: usize = 16_384;

/// Sends answers to response URLs.
///
/// It uses the SDK's connector without an SDK client around it. The URL is signed already: a client
/// would add AWS credentials and headers to the request, and might follow a redirect.
#[derive(Debug, Clone)]
pub struct ResponsePut {
    connector: SharedHttpConnector,
    hosts: ResponseHosts,
}

/// The answer was not delivered.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PutError {
    /// The URL may not be called; see [`BadResponseUrl`].
    #[error(transparent)]
    Elsewhere(#[from] BadResponseUrl),
    /// S3 refused the answer and would refuse it again, because the URL has expired or the request
    /// is not the one that was signed.
    #[error("{kind} refused the answer with HTTP status {status}: {code}")]
    Refused {
        /// What kind of URL it is.
        kind: UrlKind,
        /// The HTTP status.
        status: u16,
        /// S3's error code.
        code: String,
    },
    /// No attempt got through in time.
    #[error("{kind} could not be reached within {seconds} s; the last attempt ended with: {last}", seconds = .within.as_secs())]
    Unreachable {
        /// What kind of URL it is.
        kind: UrlKind,
        /// The time after which no further attempt was made.
        within: Duration,
        /// How the last attempt ended.
        last: String,
    },
}

impl ResponsePut {
    /// Sends answers to these hosts only, over HTTPS.
    #[must_use]
    pub fn new(hosts: ResponseHosts) -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        let https = Connector::builder()
            .connector_settings(settings)
            .tls_provider(tls::Provider::Rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .build();
        Self::through(SharedHttpConnector::new(https), hosts)
    }

    /// Sends answers through the given connector, such as one of a test.
    #[must_use]
    pub fn through(connector: SharedHttpConnector, hosts: ResponseHosts) -> Self {
        Self { connector, hosts }
    }

    /// Checks whether an answer may be sent to this URL, without sending anything.
    ///
    /// # Errors
    /// When the URL may not be called.
    pub fn check(&self, kind: UrlKind, url: &ResponseUrl) -> Result<(), BadResponseUrl> {
        self.hosts.check(kind, url).map(|_| ())
    }

    /// Sends the answer. An attempt without a definite reply is repeated until `within` is over.
    ///
    /// # Errors
    /// When the URL may not be called, when S3 refused the answer, or when no attempt got through
    /// in time.
    pub async fn put(
        &self,
        kind: UrlKind,
        url: &ResponseUrl,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<(), PutError> {
        let url = self.hosts.check(kind, url)?;
        let request = put_request(&url, body).ok_or(BadResponseUrl::NotAUrl(kind))?;
        let end = Instant::now() + within;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let last = match self.attempt(&request).await {
                Ok(()) => return Ok(()),
                Err(AttemptError::Refused(status, code)) => {
                    return Err(PutError::Refused { kind, status, code });
                }
                Err(AttemptError::Uncertain(last)) => last,
            };
            let pause = backoff.pause();
            if Instant::now() + pause >= end {
                return Err(PutError::Unreachable { kind, within, last });
            }
            tracing::warn!(
                error = last,
                pause_ms = pause.as_millis(),
                "the answer did not get through; it is sent again"
            );
            sleep(pause).await;
        }
    }

    /// Sends the request once.
    async fn attempt(&self, request: &HttpRequest) -> Result<(), AttemptError> {
        let request = request
            .try_clone()
            .expect("a body in memory can be sent again");
        let exchange = async {
            let response = self
                .connector
                .call(request)
                .await
                .map_err(|error| AttemptError::Uncertain(with_causes(&error)))?;
            outcome_of(response).await
        };
        // An exchange that takes too long is dropped. S3 may have taken the answer; the next
        // attempt does no harm then, since it sends the same body.
        match timeout(ATTEMPT_TIMEOUT, exchange).await {
            Ok(result) => result,
            Err(_) => Err(AttemptError::Uncertain(format!(
                "no reply within {} s",
                ATTEMPT_TIMEOUT.as_secs()
            ))),
        }
    }
}

/// The request that the URL was signed for. The signature covers an empty Content-Type. The body's
/// length is known, so the connector sends an exact Content-Length.
///
/// `None` when the HTTP library does not take the URL, although it meets the URL standard.
fn put_request(url: &Url, body: Vec<u8>) -> Option<HttpRequest> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("PUT").ok()?;
    request.set_uri(url.as_str()).ok()?;
    request.headers_mut().insert("content-type", "");
    Some(request)
}

/// Whether a reply says that the answer was taken.
async fn outcome_of(response: HttpResponse) -> Result<(), AttemptError> {
    /// Request Timeout and Too Many Requests: the HTTP statuses below 500 that may pass.
    const MAY_PASS: [u16; 2] = [408, 429];
    let status = response.status().as_u16();
    match status {
        200..300 => Ok(()),
        // A redirect is a refusal too: it may lead to a host that was not checked.
        300..500 if !MAY_PASS.contains(&status) => {
            // S3 names its reason in a <Code> element. Only that goes into the error: the rest of
            // the document can repeat parts of the request, which is secret.
            let document = Limited::new(response.into_body(), MAX_REFUSAL)
                .collect()
                .await
                .map(Collected::to_bytes)
                .unwrap_or_default();
            let document = String::from_utf8_lossy(&document);
            let code = document
                .split_once("<Code>")
                .and_then(|(_, rest)| rest.split_once("</Code>"))
                .map_or("no reason given", |(code, _)| code);
            Err(AttemptError::Refused(
                status,
                crate::text::printable::first_line(code, 100),
            ))
        }
        _ => Err(AttemptError::Uncertain(format!("HTTP status {status}"))),
    }
}

/// An attempt did not deliver the answer.
enum AttemptError {
    /// The reply refuses the answer for good: HTTP status and error code.
    Refused(u16, String),
    /// It is unknown whether S3 took the answer, and another attempt may succeed.
    Uncertain(String),
}
