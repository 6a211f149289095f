//! An HTTP client for the AWS SDKs that calls the stand-ins in the same process, so that real SDK
//! clients run under a paused tokio clock.

use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;

use crate::StandIns;
use crate::dispatch::{Delivery, Request};

impl StandIns {
    /// A client for the `http_client` setting of any AWS SDK configuration. Dropping a call in
    /// flight closes its connection. The SDK's read timeout (`TimeoutConfig::read_timeout`) is kept
    /// as a real connector keeps it.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(InProcess {
            stand_ins: self.clone(),
            read_timeout: None,
        })
    }
}

#[derive(Debug)]
struct InProcess {
    stand_ins: StandIns,
    read_timeout: Option<Duration>,
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            stand_ins: self.stand_ins.clone(),
            read_timeout: settings.read_timeout(),
        })
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let stand_ins = self.stand_ins.clone();
        let read_timeout = self.read_timeout;
        HttpConnectorFuture::new(async move {
            let (parts, body) = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .into_parts();
            // Read to its end, and not just looked into: the SDK's stalled-stream protection
            // watches the reading.
            let body = body
                .collect()
                .await
                .map_err(ConnectorError::user)?
                .to_bytes();
            let call = stand_ins.deliver(Request {
                headers: parts.headers,
                body,
            });
            let delivery = match read_timeout {
                None => call.await,
                Some(limit) => tokio::time::timeout(limit, call).await.map_err(|_| {
                    ConnectorError::timeout(
                        io::Error::new(
                            io::ErrorKind::TimedOut,
                            "no answer within the read timeout",
                        )
                        .into(),
                    )
                })?,
            };
            let mut response = in_process_answer(delivery)?;
            response
                .headers_mut()
                .insert("x-amzn-requestid", stand_ins.request_id());
            Ok(response)
        })
    }
}

/// What the caller sees of a delivery.
pub(crate) fn in_process_answer(delivery: Delivery) -> Result<HttpResponse, ConnectorError> {
    match delivery {
        Delivery::Reply(reply) => {
            let status = StatusCode::try_from(reply.status)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
            response
                .headers_mut()
                .insert("content-type", reply.content_type.into_owned());
            Ok(response)
        }
        Delivery::Closed => {
            let closed = io::Error::new(
                io::ErrorKind::ConnectionReset,
                "connection closed before message completed",
            );
            Err(ConnectorError::io(closed.into()))
        }
        Delivery::Refused => {
            let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
            Err(ConnectorError::io(refused.into()).never_connected())
        }
    }
}
