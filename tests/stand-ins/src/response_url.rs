//! Where CloudFormation's custom resources send their answers: a sink that hands out URLs that look
//! like CloudFormation's and records what is PUT there. It judges nothing.

mod handle;
mod put;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use bytes::Bytes;
use http::request::Parts;
use http_body_util::BodyExt as _;
use tokio::net::ToSocketAddrs;
use tokio::sync::watch;

pub use self::handle::{Condition, Handle, Signal};
pub use self::put::{Put, Reaction};

use crate::StandIns;
use crate::aws_error::AwsError;
use crate::clock::Clock;
use crate::dispatch::Delivery;
use crate::faults::{Fault, Faults, run_detached};
use crate::http::{Served, in_process_answer, over_sockets, serve};
use crate::identifiers::{ACCOUNT, REGION};
use crate::lock::Lock;
use crate::protocol::{Reply, Service};

/// What the requests are to S3, and so to [`StandIns::faults`].
const OPERATION: &str = "PutObject";
/// When the URLs are signed, unless told otherwise.
const SIGNED: &str = "20260101T000000Z";

/// The sink; clones share it. Dropping the last one closes its port.
#[derive(Clone, Debug)]
pub struct ResponseUrls {
    inner: Arc<Inner>,
    origin: String,
    signed: String,
    /// Kept open.
    _served: Option<Arc<Served>>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    faults: Faults,
    state: Mutex<State>,
    arrived: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    issued: u64,
    puts: Vec<Put>,
    next: VecDeque<Reaction>,
    then: Reaction,
}

impl StandIns {
    /// Serves response URLs at this address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn response_urls(&self, address: impl ToSocketAddrs) -> io::Result<ResponseUrls> {
        let inner = Inner::new(self);
        let receiving = Arc::clone(&inner);
        let served = serve(address, move |request| {
            let inner = Arc::clone(&receiving);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
                over_sockets(inner.receive(parts, body).await)
            }
        })
        .await?;
        let origin = served.url();
        Ok(ResponseUrls {
            inner,
            origin,
            signed: SIGNED.to_owned(),
            _served: Some(Arc::new(served)),
        })
    }

    /// Response URLs that lead to CloudFormation's own bucket, and are taken by
    /// [`ResponseUrls::connector`] without a socket. `signed` is their `X-Amz-Date`.
    pub fn response_urls_in_process(&self, signed: &str) -> ResponseUrls {
        let origin = format!(
            "https://cloudformation-custom-resource-response-{}.s3.amazonaws.com",
            REGION.replace('-', "")
        );
        ResponseUrls {
            inner: Inner::new(self),
            origin,
            signed: signed.to_owned(),
            _served: None,
        }
    }
}

impl ResponseUrls {
    /// A URL as CloudFormation makes them for this resource; no two are the same.
    pub fn url(&self, stack: &str, logical_id: &str) -> String {
        let number = {
            let mut state = self.inner.state.locked();
            state.issued += 1;
            state.issued
        };
        format!(
            "{}/arn%3Aaws%3Acloudformation%3A{REGION}%3A{ACCOUNT}%3Astack/{stack}/51af3dc0-da77-11e4-872e-1234567db123\
             %7C{logical_id}%7C{number:08x}-0000-4000-8000-000000000000?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={}\
             &X-Amz-SignedHeaders=host&X-Amz-Expires=7200&X-Amz-Credential=AKIAEXAMPLE%2F20260101%2F{REGION}%2Fs3%2Faws4_request\
             &X-Amz-Signature={number:064x}",
            self.origin, self.signed
        )
    }

    /// A connector that leads here whatever a request's URL is.
    pub fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(InProcess {
            inner: Arc::clone(&self.inner),
        })
    }

    /// How the next requests are answered, one each; those after them are accepted.
    pub fn react(&self, next: impl IntoIterator<Item = Reaction>) {
        let mut state = self.inner.state.locked();
        state.next = next.into_iter().collect();
        state.then = Reaction::Accept;
    }

    /// How every request is answered from now on.
    pub fn react_always(&self, reaction: Reaction) {
        let mut state = self.inner.state.locked();
        state.next.clear();
        state.then = reaction;
    }

    /// Everything received so far, in order.
    pub fn puts(&self) -> Vec<Put> {
        self.inner.state.locked().puts.clone()
    }

    /// Waits until `n` requests have been received in all. Answers the last of these.
    pub async fn put(&self, n: usize) -> Put {
        let mut arrived = self.inner.arrived.subscribe();
        loop {
            if let Some(put) = n
                .checked_sub(1)
                .and_then(|index| self.puts().get(index).cloned())
            {
                return put;
            }
            // The sender lives as long as `self`, so waiting cannot fail.
            let _changed = arrived.changed().await;
        }
    }
}

#[derive(Debug)]
struct InProcess {
    inner: Arc<Inner>,
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inner = Arc::clone(&self.inner);
        HttpConnectorFuture::new(async move {
            let (parts, body) = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .into_parts();
            let body = body
                .collect()
                .await
                .map_err(ConnectorError::user)?
                .to_bytes();
            in_process_answer(inner.receive(parts, body).await)
        })
    }
}

impl Inner {
    fn new(aws: &StandIns) -> Arc<Self> {
        let state = State {
            issued: 0,
            puts: Vec::new(),
            next: VecDeque::new(),
            then: Reaction::Accept,
        };
        Arc::new(Self {
            clock: aws.clock(),
            faults: aws.faults().clone(),
            state: Mutex::new(state),
            arrived: watch::Sender::new(0),
        })
    }

    async fn receive(self: Arc<Self>, parts: Parts, body: Bytes) -> Delivery {
        let strike = self.faults.strike(Service::S3, OPERATION, None);
        if strike.delay.is_zero() {
            return self.undergo(strike.fault, parts, body).await;
        }
        run_detached(async move {
            tokio::time::sleep(strike.delay).await;
            self.undergo(strike.fault, parts, body).await
        })
        .await
    }

    /// What happens to a request that `fault` strikes.
    async fn undergo(&self, fault: Option<Fault>, parts: Parts, body: Bytes) -> Delivery {
        let error = match fault {
            None | Some(Fault::Delay(_)) => return self.take(parts, body).await,
            Some(Fault::Duplicate) => {
                let _lost = self.take(parts.clone(), body.clone()).await;
                return self.take(parts, body).await;
            }
            Some(Fault::Refuse) => return Delivery::Refused,
            Some(Fault::CutBefore) => return Delivery::Closed,
            Some(Fault::CutAfter) => {
                let _lost = self.take(parts, body).await;
                return Delivery::Closed;
            }
            Some(Fault::InternalError) => AwsError::internal(Service::S3),
            Some(Fault::Throttle) => AwsError::throttled(Service::S3),
            Some(Fault::AccessDenied) => AwsError::access_denied(Service::S3, OPERATION),
            Some(Fault::Error(error)) => error,
        };
        Delivery::Reply(Reply::error(Service::S3, &error))
    }

    async fn take(&self, parts: Parts, body: Bytes) -> Delivery {
        let reaction = {
            let mut state = self.state.locked();
            let reaction = state.next.pop_front().unwrap_or(state.then);
            state.puts.push(Put {
                at: self.clock.now(),
                method: parts.method,
                path: parts
                    .uri
                    .path_and_query()
                    .map_or_else(String::new, ToString::to_string),
                headers: parts.headers,
                body,
                reaction,
            });
            reaction
        };
        self.arrived.send_modify(|arrived| *arrived += 1);
        let status = match reaction {
            Reaction::Accept => 200,
            Reaction::Status(status) => status,
            Reaction::Slow(time) => {
                tokio::time::sleep(time).await;
                200
            }
            Reaction::Cut => return Delivery::Closed,
        };
        Delivery::Reply(Reply {
            status,
            content_type: "application/xml".into(),
            body: Bytes::new(),
        })
    }
}
