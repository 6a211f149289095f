//! Where CloudFormation's custom resources send their answers: a sink that hands out URLs that look like CloudFormation's and
//! records what is PUT there. It judges nothing.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::net::ToSocketAddrs;
use tokio::sync::watch;

use crate::StandIns;
use crate::clock::Clock;
use crate::http::{Served, serve};
use crate::identifiers::{ACCOUNT, REGION};
use crate::lock::Lock;

/// A request that arrived at a response URL.
#[derive(Clone, Debug)]
pub struct Put {
    /// When it had arrived as a whole.
    pub at: Duration,
    /// Its method; only PUT is right.
    pub method: Method,
    /// The URL's path and query, as received.
    pub path: String,
    /// The headers as received: `content-length` and `content-type` among them, where they were sent.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How it was answered.
    pub reaction: Reaction,
}

/// How the sink answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// 200, as S3 does.
    Accept,
    /// This status, as 403 for an expired URL or 500.
    Status(u16),
    /// 200 after this time.
    Slow(Duration),
    /// The body is received, then the connection is closed without an answer.
    Cut,
}

/// The sink; clones share it. Dropping the last one closes its port.
#[derive(Clone, Debug)]
pub struct ResponseUrls {
    inner: Arc<Inner>,
    served: Arc<Served>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
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
        let state = State { issued: 0, puts: Vec::new(), next: VecDeque::new(), then: Reaction::Accept };
        let inner = Arc::new(Inner { clock: self.clock(), state: Mutex::new(state), arrived: watch::Sender::new(0) });
        let receiving = Arc::clone(&inner);
        let served = serve(address, move |request| {
            let inner = Arc::clone(&receiving);
            async move { inner.receive(request).await }
        })
        .await?;
        Ok(ResponseUrls { inner, served: Arc::new(served) })
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
             %7C{logical_id}%7C{number:08x}-0000-4000-8000-000000000000?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z\
             &X-Amz-SignedHeaders=host&X-Amz-Expires=7200&X-Amz-Credential=AKIAEXAMPLE%2F20260101%2F{REGION}%2Fs3%2Faws4_request\
             &X-Amz-Signature={number:064x}",
            self.served.url()
        )
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
            if let Some(put) = n.checked_sub(1).and_then(|index| self.puts().get(index).cloned()) {
                return put;
            }
            // The sender lives as long as `self`, so waiting cannot fail.
            let _changed = arrived.changed().await;
        }
    }
}

impl Inner {
    async fn receive(&self, request: http::Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let reaction = {
            let mut state = self.state.locked();
            let reaction = state.next.pop_front().unwrap_or(state.then);
            state.puts.push(Put {
                at: self.clock.now(),
                method: parts.method,
                path: parts.uri.to_string(),
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
            Reaction::Cut => return Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        };
        Response::builder().status(status).body(Full::default()).map_err(io::Error::other)
    }
}
