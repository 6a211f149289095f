//! The function `work`, which Lambda invokes with the events that Step Functions hands it.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ecs_task_runner::activity::TaskClient;
use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::clock::after;
use ecs_task_runner::functions::{LambdaWorker, WorkError};
use ecs_task_runner::times::work::{WORK_EVENT_AGE, WORK_TIMEOUT};
use serde_json::Value;
use tokio::time::timeout;

use super::Deployment;

/// Ends when the invocation is to be killed.
pub(super) type Death = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Counts among what is under way while it is there.
struct UnderWay(Arc<Deployment>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Deployment {
    /// The next invocation of `work` is killed without a word when this ends.
    pub fn kill_next_work(&self, death: impl Future<Output = ()> + Send + 'static) {
        *self.next_death.lock().unwrap() = Some(Box::pin(death));
    }

    /// How often `work` was invoked.
    pub fn invocations_of_work(&self) -> usize {
        self.works.load(Ordering::Relaxed)
    }

    /// Takes an event for `work`, as Lambda's queue does.
    pub(super) fn queue_work(self: &Arc<Self>, event: Value) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        // An event that is dropped for its age is not under way any more either.
        let queued = UnderWay(Arc::clone(self));
        self.lambda.take(WORK_EVENT_AGE, async move {
            queued.0.work(event).await;
        });
    }

    /// One invocation, in an instance of its own.
    async fn work(&self, event: Value) {
        self.works.fetch_add(1, Ordering::Relaxed);
        let death = self.next_death.lock().unwrap().take();
        let connection = self.connection_of("work");
        let function = LambdaWorker::new(
            TaskClient::new(&connection, "work/1"),
            Ecs::for_one_run(&connection),
            Logs::new(&connection, CallRates::default()),
            self.clock.clone(),
        );
        let end = after(self.clock.now(), WORK_TIMEOUT);
        tokio::select! {
            biased;
            // Lambda ends the process: everything of the invocation goes.
            () = death.unwrap_or_else(|| Box::pin(pending())) => {}
            ended = timeout(WORK_TIMEOUT, function.work(event, end)) => {
                // It fails when no heartbeat gets through: the state machine goes on without it.
                let ended = ended.expect("the function ends by itself");
                assert!(matches!(ended, Ok(()) | Err(WorkError::NotBegun(_))), "{ended:?}");
            }
        }
    }
}
