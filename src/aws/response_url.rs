//! The PUT that answers CloudFormation.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use tokio::time::{Instant, sleep};

use super::error::with_causes;
use crate::backoff::Backoff;
use crate::event::ResponseUrl;
use crate::response_hosts::{Refused, ResponseHosts};

/// Time for one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Puts answers to response URLs.
#[derive(Debug, Clone)]
pub struct ResponsePut {
    client: Client,
    hosts: ResponseHosts,
}

/// The answer was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PutError {
    /// The URL does not lead to CloudFormation.
    #[error(transparent)]
    Elsewhere(#[from] Refused),
    /// Storage said no, and will say so again: the URL has expired or the request is not what was signed.
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
    /// Puts answers to these hosts and no others. The client is its own: the URL is signed already, and no AWS credentials may go
    /// with it.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(hosts: ResponseHosts) -> Result<Self, reqwest::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // An error only says that a provider was installed before.
        let _ = rustls::crypto::CryptoProvider::install_default(Arc::unwrap_or_clone(provider));
        let client = Client::builder()
            .timeout(ATTEMPT_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            // A presigned URL answers by itself. Following a redirect would send the answer to a place CloudFormation did not name.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, hosts })
    }

    /// Whether answers may be sent to this URL.
    ///
    /// # Errors
    /// When it leads elsewhere.
    pub fn check(&self, url: &ResponseUrl) -> Result<(), Refused> {
        self.hosts.check(url).map(|_| ())
    }

    /// Sends the answer, repeating attempts that got no definite reply until `within` is over.
    ///
    /// # Errors
    /// When the URL does not lead to CloudFormation, when the answer was refused, or when it could not be delivered in time.
    pub async fn put(&self, url: &ResponseUrl, body: Vec<u8>, within: Duration) -> Result<(), PutError> {
        let url = self.hosts.check(url)?;
        let end = Instant::now() + within;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let last = match self.attempt(&url, body.clone()).await {
                Ok(()) => return Ok(()),
                Err(Attempt::Refused(status, reply)) => return Err(PutError::Refused(status.as_u16(), reply)),
                Err(Attempt::Uncertain(last)) => last,
            };
            let pause = backoff.pause();
            if Instant::now() + pause >= end {
                return Err(PutError::Unreachable { within, last });
            }
            tracing::warn!(error = last, pause_ms = pause.as_millis(), "the answer did not get through; it is sent again");
            sleep(pause).await;
        }
    }

    async fn attempt(&self, url: &Url, body: Vec<u8>) -> Result<(), Attempt> {
        // The signature covers an empty Content-Type; a body of known length makes the client send its exact Content-Length.
        let sent = self.client.put(url.clone()).header(CONTENT_TYPE, HeaderValue::from_static("")).body(body).send().await;
        let reply = match sent {
            Ok(reply) => reply,
            // The URL is a secret, and errors show it unless it is taken out.
            Err(error) => return Err(Attempt::Uncertain(with_causes(&error.without_url()))),
        };
        let status = reply.status();
        if status.is_success() {
            return Ok(());
        }
        let is_definite = status.is_client_error() && !matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        if is_definite || status.is_redirection() {
            // S3 names its reason in a <Code> element; the rest of the document repeats parts of the request.
            let reply = reply.text().await.unwrap_or_default();
            let code =
                reply.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("no reason given", |(code, _)| code);
            return Err(Attempt::Refused(status, crate::byte_limit::cut_end(code, 100)));
        }
        Err(Attempt::Uncertain(format!("HTTP status {}", status.as_u16())))
    }
}

enum Attempt {
    Refused(StatusCode, String),
    Uncertain(String),
}
