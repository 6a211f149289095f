//! The stand-ins as an HTTP endpoint.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::{JoinHandle, JoinSet};

use crate::StandIns;
use crate::dispatch::{Delivery, Request};

impl StandIns {
    /// Serves all stand-ins at this address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<Served> {
        let stand_ins = self.clone();
        serve(address, move |request| {
            let stand_ins = stand_ins.clone();
            async move { stand_ins.respond(request).await }
        })
        .await
    }

    async fn respond(&self, request: http::Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let delivery = self
            .deliver(Request {
                headers: parts.headers,
                body,
            })
            .await;
        let mut response = over_sockets(delivery)?;
        let id = self.request_id().parse().map_err(io::Error::other)?;
        response.headers_mut().insert("x-amzn-requestid", id);
        Ok(response)
    }
}

/// What goes over the wire of a delivery. hyper closes the connection of a service that fails,
/// without an answer.
pub(crate) fn over_sockets(delivery: Delivery) -> io::Result<Response<Full<Bytes>>> {
    match delivery {
        Delivery::Reply(reply) => Response::builder()
            .status(reply.status)
            .header("content-type", &*reply.content_type)
            .body(Full::new(reply.body))
            .map_err(io::Error::other),
        Delivery::Closed | Delivery::Refused => {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
}

/// An endpoint that is being served. Dropped, it closes its port and all its connections.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Served {
    /// The endpoint's URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The endpoint's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and all connections, and waits until that is done: from then on connections
    /// are refused, and the address can be served again.
    pub async fn shut_down(mut self) {
        self.accepting.abort();
        // Nothing but the abort ends the task.
        let _aborted = (&mut self.accepting).await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves HTTP/1.1; an error of `respond` closes the connection without an answer. A caller that
/// closes its connection ends the call: its future is dropped.
pub(crate) async fn serve<F, R>(address: impl ToSocketAddrs, respond: F) -> io::Result<Served>
where
    F: Fn(http::Request<Incoming>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = io::Result<Response<Full<Bytes>>>> + Send + 'static,
{
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let accepting = tokio::spawn(async move {
        // Dropped with this task, the set ends all connections.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    // Out of file descriptors, or a connection gone before it was accepted: later
                    // connections may succeed.
                    let Ok((stream, _)) = accepted else {
                        tokio::task::yield_now().await;
                        continue;
                    };
                    connections.spawn(converse(stream, respond.clone()));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    });
    Ok(Served { address, accepting })
}

async fn converse<F, R>(stream: TcpStream, respond: F)
where
    F: Fn(http::Request<Incoming>) -> R + Send + 'static,
    R: Future<Output = io::Result<Response<Full<Bytes>>>> + Send + 'static,
{
    // Without it, an answer may wait for the acknowledgement of the one before.
    let _small_delay_otherwise = stream.set_nodelay(true);
    // A connection that breaks is the caller's business.
    let _over = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(respond))
        .await;
}
