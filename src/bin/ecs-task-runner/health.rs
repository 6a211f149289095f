//! Answers liveness probes over HTTP: 200 while polls and heartbeats succeed in time, 503
//! otherwise, with their ages as JSON. What counts as "in time" is known to [`Vitals`].

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use ecs_task_runner::activity::{Signs, Vitals};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Time for a client to send its request; then the connection is closed.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Most connections at once. Further clients wait to be accepted.
const MAX_CONNECTIONS: usize = 16;

/// Binds the address. The worker does it before it polls, so that a wrong address ends it at its
/// start.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("the health address {address} cannot be listened on"))
}

/// Answers probes until it is dropped.
pub(crate) async fn serve(listener: TcpListener, vitals: Vitals) {
    let connections = std::sync::Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // The permit comes first: without one, connections would be accepted and pile up.
        let permit = std::sync::Arc::clone(&connections).acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // As when the process has no file descriptor left. The pause keeps the loop from
            // running hot until one is free.
            Err(error) => {
                tracing::warn!(%error, "a health probe could not be accepted");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let vitals = vitals.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                std::future::ready(Ok::<_, Infallible>(answer(
                    request.method(),
                    vitals.signs(),
                )))
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // This fails when the client goes away before it has its answer, which needs no action.
            let _ = connection.await;
            // Kept until here, so that the connection counts as long as it is open.
            drop(permit);
        });
    }
}

fn answer(method: &Method, signs: Signs) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        let mut refused = Response::new(Full::default());
        *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return refused;
    }
    let seconds = |age: Option<Duration>| age.map(|age| age.as_secs());
    let body = json!({
        "healthy": signs.is_well,
        "ready": signs.is_ready,
        "lastPollSecondsAgo": seconds(signs.last_poll),
        "lastHeartbeatSecondsAgo": seconds(signs.last_heartbeat),
        "lateHeartbeats": signs.late_heartbeats,
        "tasksInHand": signs.in_hand,
    });
    let mut response = Response::new(Full::from(body.to_string()));
    if !signs.is_well {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
