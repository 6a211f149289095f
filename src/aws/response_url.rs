//! The PUT that answers CloudFormation.

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
use crate::cloudformation::event::ResponseUrl;
use crate::cloudformation::response_hosts::{BadResponseUrl, ResponseHosts};

/// Time for one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Bytes read of a refusal. S3's error documents have a few hundred.
const MAX_REFUSAL: usize = 16_384;

/// Puts answers to response URLs.
///
/// The connector is used as it is, without a client of the SDK around it: the URL is signed
/// already, and no AWS credentials, no further headers and no redirect may go with it.
#[derive(Debug, Clone)]
pub struct ResponsePut {
    connector: SharedHttpConnector,
    hosts: ResponseHosts,
}

/// The answer was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PutError {
    /// The URL does not lead to CloudFormation.
    #[error(transparent)]
    Elsewhere(#[from] BadResponseUrl),
    /// Storage said no, and will say so again: the URL has expired or the request is not what was
    /// signed.
    #[error("CloudFormation's response URL refused the answer with HTTP status {0}: {1}")]
    Refused(u16, String),
    /// No attempt got through in time.
    #[error("CloudFormation's response URL could not be reached within {seconds} s; the last attempt ended with: {last}", seconds = .within.as_secs())]
    Unreachable {
        /// How long it was tried.
        within: Duration,
        /// How the last attempt ended.
        last: String,
    },
}

impl ResponsePut {
    /// Puts answers to these hosts and no others, over HTTPS.
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

    /// Puts answers through this connector, such as one of a test.
    #[must_use]
    pub fn through(connector: SharedHttpConnector, hosts: ResponseHosts) -> Self {
        Self { connector, hosts }
    }

    /// Whether answers may be sent to this URL.
    ///
    /// # Errors
    /// When it leads elsewhere.
    pub fn check(&self, url: &ResponseUrl) -> Result<(), BadResponseUrl> {
        self.hosts.check(url).map(|_| ())
    }

    /// Sends the answer, repeating attempts that got no definite reply until `within` is over.
    ///
    /// # Errors
    /// When the URL does not lead to CloudFormation, when the answer was refused, or when it could
    /// not be delivered in time.
    pub async fn put(
        &self,
        url: &ResponseUrl,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<(), PutError> {
        let url = self.hosts.check(url)?;
        let request = put_request(&url, body).ok_or(BadResponseUrl::NotAUrl)?;
        let end = Instant::now() + within;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let last = match self.attempt(&request).await {
                Ok(()) => return Ok(()),
                Err(AttemptError::Refused(status, code)) => {
                    return Err(PutError::Refused(status, code));
                }
                Err(AttemptError::Uncertain(last)) => last,
            };
            let pause = backoff.pause();
            if Instant::now() + pause >= end {
                return Err(PutError::Unreachable { within, last });
            }
            tracing::warn!(
                error = last,
                pause_ms = pause.as_millis(),
                "the answer did not get through; it is sent again"
            );
            sleep(pause).await;
        }
    }

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
        match timeout(ATTEMPT_TIMEOUT, exchange).await {
            Ok(result) => result,
            Err(_) => Err(AttemptError::Uncertain(format!(
                "no reply within {} s",
                ATTEMPT_TIMEOUT.as_secs()
            ))),
        }
    }
}

/// The request that the URL was signed for. The signature covers an empty Content-Type; a body of
/// known length makes the connector send its exact Content-Length.
///
/// What the URL standard lets pass, and the HTTP library does not, has no request.
fn put_request(url: &Url, body: Vec<u8>) -> Option<HttpRequest> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("PUT").ok()?;
    request.set_uri(url.as_str()).ok()?;
    request.headers_mut().insert("content-type", "");
    Some(request)
}

async fn outcome_of(response: HttpResponse) -> Result<(), AttemptError> {
    /// Request Timeout and Too Many Requests: the client errors that may pass.
    const MAY_PASS: [u16; 2] = [408, 429];
    let status = response.status().as_u16();
    match status {
        200..300 => Ok(()),
        300..500 if !MAY_PASS.contains(&status) => {
            // S3 names its reason in a <Code> element; the rest of the document repeats parts of
            // the request.
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
                crate::text::byte_limit::cut_end(code, 100),
            ))
        }
        _ => Err(AttemptError::Uncertain(format!("HTTP status {status}"))),
    }
}

enum AttemptError {
    Refused(u16, String),
    Uncertain(String),
}
