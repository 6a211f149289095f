//! Plain HTTP to the servers of a run, for the few calls that need no SDK.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client for http URLs on this machine.
#[derive(Debug, Clone)]
pub(crate) struct LoopbackHttp {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl LoopbackHttp {
    pub(crate) fn new() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Bytes> {
        self.send("GET", url, Bytes::new()).await
    }

    pub(crate) async fn put(&self, url: &str, body: Bytes) -> Result<()> {
        self.send("PUT", url, body).await.map(drop)
    }

    pub(crate) async fn post(&self, url: &str, body: Bytes) -> Result<Bytes> {
        self.send("POST", url, body).await
    }

    async fn send(&self, method: &str, url: &str, body: Bytes) -> Result<Bytes> {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .body(Full::new(body))
            .context("The URL is not one")?;
        let response = self
            .client
            .request(request)
            .await
            .with_context(|| format!("{method} {url} got no answer"))?;
        let status = response.status();
        let answer = response
            .into_body()
            .collect()
            .await
            .with_context(|| format!("The answer to {method} {url} broke off"))?
            .to_bytes();
        if !status.is_success() {
            bail!(
                "{method} {url} was answered {status}: {}",
                String::from_utf8_lossy(&answer)
            );
        }
        Ok(answer)
    }
}
