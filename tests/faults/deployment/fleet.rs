//! The fleet: one worker in this process.

use std::num::NonZeroU32;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use ecs_task_runner::activity::{self, ActivityClient, Options, ShutdownTrigger};
use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::task_run::TaskRunner;
use template_roles::WORKER;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Deployment, MINUTE, connection_over};

/// A worker that runs.
pub struct Worker {
    trigger: ShutdownTrigger,
    serving: JoinHandle<()>,
}

impl Deployment {
    /// A worker that polls from now on.
    pub fn start_worker(&self) -> Worker {
        self.start_worker_over(self.aws.http_client())
    }

    /// The same, whose calls go this way.
    pub fn start_worker_over(&self, client: SharedHttpClient) -> Worker {
        let connection = connection_over(client, &self.region, WORKER);
        let runner = Arc::new(TaskRunner::start(
            &Ecs::without_retries(&connection, CallRates::default()),
            Logs::new(&connection, CallRates::default()),
            self.clock.clone(),
        ));
        let client = ActivityClient::new(&connection, &self.activity, "worker-1");
        let options = Options {
            max_tasks: NonZeroU32::new(4).unwrap(),
            pollers: NonZeroU32::new(2).unwrap(),
            ..Options::default()
        };
        let (trigger, shutdown) = activity::shutdown();
        let serving = tokio::spawn(async move {
            activity::serve(
                client,
                &options,
                move |task| Arc::clone(&runner).handle(task),
                shutdown,
            )
            .await;
        });
        Worker { trigger, serving }
    }
}

impl Worker {
    /// Tells it to stop.
    pub fn request_shutdown(&self) {
        self.trigger.request();
    }

    /// Whether it ended in the time that it has for that.
    pub async fn shut_down(self) -> bool {
        self.trigger.request();
        timeout(2 * MINUTE, self.serving).await.is_ok()
    }
}
