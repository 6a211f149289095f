//! A request that arrived at a response URL, and how it was answered.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

/// A request that arrived at a response URL.
#[derive(Clone, Debug)]
pub struct Put {
    /// When it had arrived as a whole.
    pub at: Duration,
    /// Its method; only PUT is right.
    pub method: Method,
    /// The URL's path and query, as received.
    pub path: String,
    /// The headers as received: `content-length` and `content-type` among them, where they were
    /// sent.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How it was answered, as far as no fault came in between.
    pub reaction: Reaction,
}

impl Put {
    /// Whether it was stored, so that CloudFormation reads it.
    pub fn is_stored(&self) -> bool {
        !matches!(self.reaction, Reaction::Status(_))
    }
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
    /// It is stored, then the connection is closed without an answer.
    Cut,
}
