//! Workers that run as tasks of this process.

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::activity::{
    self, ActivityClient, ActivityTask, Options, ShutdownTrigger, TaskFailure, Vitals,
};
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::{CallRates, Connection};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::task_run::TaskRunner;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::worker::LONGEST;

/// A worker that runs as tasks of this process. Dropped, it is told to stop.
pub struct Worker {
    trigger: ShutdownTrigger,
    serving: JoinHandle<()>,
    vitals: Vitals,
}

impl Worker {
    /// Starts a worker with a handler of the test's own.
    pub fn serve<H, F>(
        connection: &Connection,
        activity: &str,
        options: Options,
        handler: H,
    ) -> Self
    where
        H: Fn(ActivityTask) -> F + Send + Sync + 'static,
        F: Future<Output = Result<String, TaskFailure>> + Send + 'static,
    {
        let client = ActivityClient::new(connection, activity, "worker-1");
        let vitals = client.vitals().clone();
        let (trigger, shutdown) = activity::shutdown();
        let serving =
            tokio::spawn(async move { activity::serve(client, &options, handler, shutdown).await });
        Self {
            trigger,
            serving,
            vitals,
        }
    }

    /// Starts a worker that runs ECS tasks.
    pub fn start(connection: &Connection, activity: &str, clock: Clock, options: Options) -> Self {
        let runner = task_runner(connection, clock, CallRates::default());
        Self::serve(connection, activity, options, move |task| {
            Arc::clone(&runner).handle(task)
        })
    }

    /// Tells the worker to stop.
    pub fn request_shutdown(&self) {
        self.trigger.request();
    }

    /// Waits until the worker has stopped.
    pub async fn ended(self) {
        assert!(
            self.ends_within(LONGEST).await,
            "the worker still runs after {LONGEST:?}"
        );
    }

    /// Whether the worker stops within this time.
    pub async fn ends_within(self, limit: Duration) -> bool {
        timeout(limit, self.serving).await.is_ok()
    }

    pub fn vitals(&self) -> &Vitals {
        &self.vitals
    }
}

/// What runs ECS tasks for a worker.
pub fn task_runner(connection: &Connection, clock: Clock, rates: CallRates) -> Arc<TaskRunner> {
    let ecs = Ecs::without_retries(connection, rates);
    let logs = Logs::new(connection, rates);
    Arc::new(TaskRunner::start(&ecs, logs, clock))
}

pub fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}
