//! Lambda's Runtime API (`runtimes-api`), which gives the program of a function one event and takes
//! what the invocation returns.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::program::PATIENCE;
use super::worker::within;

/// How an invocation ended.
#[derive(Debug)]
pub struct Returned {
    /// Whether the function returned without an error.
    pub is_success: bool,
    pub body: Value,
}

/// The API of one instance of a function. Dropped, it goes.
pub struct RuntimeApi {
    address: String,
    returned: mpsc::UnboundedReceiver<Returned>,
    serving: JoinHandle<()>,
}

struct Instance {
    event: Mutex<Option<Value>>,
    time: Duration,
    returned: mpsc::UnboundedSender<Returned>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl RuntimeApi {
    /// An instance that is invoked once, with this event, and for this time at most.
    pub async fn with_event(event: Value, time: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, returned) = mpsc::unbounded_channel();
        let instance = Arc::new(Instance {
            event: Mutex::new(Some(event)),
            time,
            returned: sender,
        });
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let instance = Arc::clone(&instance);
                connections.spawn(async move {
                    let answer = service_fn(|request| instance.answer(request));
                    // The program may close its connection as it likes.
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
        });
        Self {
            address,
            returned,
            serving,
        }
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the invocation has ended.
    pub async fn returned(&mut self) -> Returned {
        within(PATIENCE, self.returned.recv()).await.unwrap()
    }
}

impl Instance {
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        if path.ends_with("/invocation/next") {
            let event = self.event.lock().unwrap().take();
            let Some(event) = event else {
                return pending().await;
            };
            let end = SystemTime::now() + self.time;
            let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            let next = Response::builder()
                .header(
                    "lambda-runtime-aws-request-id",
                    "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                )
                .header("lambda-runtime-deadline-ms", end.as_millis().to_string())
                .header(
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:work",
                )
                .header(
                    "lambda-runtime-trace-id",
                    "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                )
                .header("content-type", "application/json")
                .body(Full::from(event.to_string()));
            return Ok(next.unwrap());
        }
        let body = request.into_body().collect().await.unwrap().to_bytes();
        // The test may have ended.
        let _ = self.returned.send(Returned {
            is_success: path.ends_with("/response"),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        });
        let accepted = Response::builder().status(StatusCode::ACCEPTED);
        Ok(accepted.body(Full::default()).unwrap())
    }
}
