//! Another endpoint behind this one: calls of its own, and requests passed on byte by byte.

use std::fmt;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Method};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::aws_error::AwsError;
use crate::protocol::{Reply, Service};

/// Headers that belong to one connection and are not passed on.
const NOT_PASSED: [HeaderName; 4] = [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];

/// An endpoint that speaks the AWS JSON protocol over plain HTTP.
#[derive(Clone)]
pub(crate) struct Upstream {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Upstream {
    pub(crate) fn new(url: &str) -> Self {
        let url = format!("{}/", url.trim_end_matches('/'));
        Self {
            url,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Calls an operation. `headers` are those of a request of our caller: its credentials are
    /// used.
    pub(crate) async fn call(
        &self,
        service: Service,
        operation: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        self.call_target(&service.target(operation), body, headers)
            .await
    }

    /// Calls an operation by its `X-Amz-Target`, also of a service that has no stand-in.
    pub(crate) async fn call_target(
        &self,
        target: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        let mut headers = headers.clone();
        headers.insert(
            "x-amz-target",
            target.parse().map_err(|_| self.unreachable(&target))?,
        );
        let reply = self.pass(&headers, body.to_string().into()).await?;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if reply.status < 400 {
            return Ok(answer);
        }
        let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        let code = text("__type");
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        Err(AwsError::new(code, text("message")).with_status(reply.status))
    }

    /// Invokes a Lambda function, and gives its reply, or the error that it ended with.
    pub(crate) async fn invoke(&self, function: &str, payload: &Value) -> Result<Value, String> {
        let path = format!("2015-03-31/functions/{function}/invocations");
        let body = payload.to_string().into();
        let reply = self.send(&path, &HeaderMap::new(), body).await;
        let reply = reply.map_err(|error| error.message)?;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        // A function that ends with an error replies with the error's type (Lambda API, Invoke).
        if reply.status >= 400 || answer.get("errorType").is_some() {
            return Err(answer.to_string());
        }
        Ok(answer)
    }

    /// Passes a request on and its answer back.
    pub(crate) async fn pass(&self, headers: &HeaderMap, body: Bytes) -> Result<Reply, AwsError> {
        self.send("", headers, body).await
    }

    async fn send(&self, path: &str, headers: &HeaderMap, body: Bytes) -> Result<Reply, AwsError> {
        let uri = format!("{}{path}", self.url);
        let mut request = http::Request::builder().method(Method::POST).uri(uri);
        for (name, value) in headers
            .iter()
            .filter(|(name, _)| !NOT_PASSED.contains(name))
        {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| self.unreachable(&error))?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| self.unreachable(&error))?;
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| self.unreachable(&error))?
            .to_bytes();
        let content_type = parts
            .headers
            .get("content-type")
            .and_then(|value| value.to_str().ok());
        Ok(Reply {
            status: parts.status.as_u16(),
            content_type: content_type
                .unwrap_or("application/x-amz-json-1.0")
                .to_owned()
                .into(),
            body,
        })
    }

    fn unreachable(&self, why: &dyn fmt::Display) -> AwsError {
        let message = format!(
            "The endpoint {} behind this one could not be asked: {why}",
            self.url
        );
        AwsError::new("ServiceUnavailable", message).with_status(503)
    }
}
