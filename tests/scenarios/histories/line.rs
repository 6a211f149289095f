//! The network between a worker and AWS, which can be cut for a while or for good.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::Notify;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    /// Nothing gets through, either way; the ends do not notice.
    Down,
    /// This end is gone: its connections are closed.
    Dead,
}

/// A line; clones are the same one.
#[derive(Debug, Clone)]
pub struct Line(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Wakes those who wait in the order in which they came, which a `watch` channel would not.
    changed: Notify,
}

impl Line {
    /// A line, and the client whose calls go over it.
    pub fn over(client: SharedHttpClient) -> (Self, SharedHttpClient) {
        let line = Self(Arc::new(Inner {
            state: Mutex::new(State::Up),
            changed: Notify::new(),
        }));
        (
            line.clone(),
            SharedHttpClient::new(Cuttable { client, line }),
        )
    }

    pub fn is_up(&self, up: bool) {
        self.set(if up { State::Up } else { State::Down });
    }

    pub fn is_dead(&self) {
        self.set(State::Dead);
    }

    fn set(&self, state: State) {
        *self.0.state.lock().unwrap() = state;
        self.0.changed.notify_waiters();
    }

    async fn reaches(&self, state: State) {
        loop {
            let changed = self.0.changed.notified();
            if *self.0.state.lock().unwrap() == state {
                return;
            }
            changed.await;
        }
    }
}

#[derive(Debug)]
struct Cuttable {
    client: SharedHttpClient,
    line: Line,
}

#[derive(Debug)]
struct Connector {
    connector: SharedHttpConnector,
    line: Line,
}

impl HttpClient for Cuttable {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(Connector {
            connector,
            line: self.line.clone(),
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.connector.clone();
        let line = self.line.clone();
        HttpConnectorFuture::new(async move {
            let through = async {
                line.reaches(State::Up).await;
                let answer = connector.call(request).await;
                line.reaches(State::Up).await;
                answer
            };
            tokio::select! {
                biased;
                () = line.reaches(State::Dead) => {}
                answer = through => return answer,
            }
            // Nobody is there to take an answer.
            std::future::pending().await
        })
    }
}
