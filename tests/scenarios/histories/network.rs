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

/// The network of one worker; clones are the same one.
#[derive(Debug, Clone)]
pub struct Network(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Wakes those who wait in the order in which they came, which a `watch` channel would not.
    changed: Notify,
}

impl Network {
    /// A network that works, and the client whose calls go over it.
    pub fn over(client: SharedHttpClient) -> (Self, SharedHttpClient) {
        let network = Self(Arc::new(Inner {
            state: Mutex::new(State::Up),
            changed: Notify::new(),
        }));
        (
            network.clone(),
            SharedHttpClient::new(Cuttable { client, network }),
        )
    }

    /// From now on calls and their answers wait until the network is restored.
    pub fn cut(&self) {
        self.set(State::Down);
    }

    pub fn restore(&self) {
        self.set(State::Up);
    }

    /// The worker is gone: calls under way are dropped, and none is made any more.
    pub fn close(&self) {
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
    network: Network,
}

#[derive(Debug)]
struct Connector {
    connector: SharedHttpConnector,
    network: Network,
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
            network: self.network.clone(),
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.connector.clone();
        let network = self.network.clone();
        HttpConnectorFuture::new(async move {
            let through = async {
                network.reaches(State::Up).await;
                let answer = connector.call(request).await;
                network.reaches(State::Up).await;
                answer
            };
            tokio::select! {
                biased;
                () = network.reaches(State::Dead) => {}
                answer = through => return answer,
            }
            // Nobody is there to take an answer.
            std::future::pending().await
        })
    }
}
