//! The function `work` as Lambda runs it for Step Functions. The tests poll an activity in the place
//! of the state that invokes the function: its tasks have the same tokens and the same clocks.

use std::time::Duration;

use ecs_task_runner::activity::TaskClient;
use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::clock::after;
use ecs_task_runner::functions::{LambdaWorker, WorkError};
use ecs_task_runner::times::work::WORK_TIMEOUT;
use serde_json::Value;
use stand_ins::sdk_config;
use template_roles::WORKER;
use tokio::task::JoinHandle;

use super::worker::World;

/// How an instance names itself.
pub const NAME: &str = "work/2026/11/27/[$LATEST]0123456789abcdef0123456789abcdef";

/// Invocations that go on for every task that comes, until this is dropped.
pub struct Lambda(JoinHandle<()>);

impl Drop for Lambda {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl World {
    /// An instance of the function, which has its own clients and rates.
    pub fn lambda_worker(&self) -> LambdaWorker {
        let connection = self.connection_of(WORKER);
        LambdaWorker::new(
            TaskClient::new(&connection, NAME),
            Ecs::for_one_run(&connection),
            Logs::new(&connection, CallRates::default()),
            self.clock.clone(),
        )
    }

    /// The next event for the function.
    pub async fn next_event(&self) -> Value {
        let client = aws_sdk_sfn::Client::new(&sdk_config("TESTS", self.aws.http_client()));
        loop {
            let polled = client
                .get_activity_task()
                .activity_arn(&self.activity)
                .send()
                .await
                .unwrap();
            if let Some(token) = polled.task_token() {
                let mut event: Value = serde_json::from_str(polled.input().unwrap()).unwrap();
                event["taskToken"] = token.into();
                return event;
            }
        }
    }

    /// One invocation of a new instance, which Lambda ends after the function's whole time.
    pub async fn invoke(&self, event: Value) -> Result<(), WorkError> {
        self.invoke_for(event, WORK_TIMEOUT).await
    }

    /// One invocation of a new instance, which Lambda ends after this time.
    pub async fn invoke_for(&self, event: Value, time: Duration) -> Result<(), WorkError> {
        let end = after(self.clock.now(), time);
        self.lambda_worker().work(event, end).await
    }

    /// Invokes a new instance for every task that comes.
    pub fn lambda(&self) -> Lambda {
        let world = self.clone();
        Lambda(tokio::spawn(async move {
            let mut invocations = tokio::task::JoinSet::new();
            loop {
                let event = world.next_event().await;
                let world = world.clone();
                invocations.spawn(async move { world.invoke(event).await.unwrap() });
            }
        }))
    }
}
