//! Executions as Step Functions plays them, and functions as Lambda invokes them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stand_ins::sfn::interpreter::{Failed, execute};
use stand_ins::sfn::{ExecutionEnd, ExecutionView};
use tokio::time::{sleep, timeout};

use super::{Deployment, MINUTE};

/// The functions' own time limits, as in the template: that of `rescue`, than which `start` has a
/// minute more, and those of `respond` and `stop`.
pub(super) const LONG_LIMIT: Duration = Duration::from_secs(240);
const SHORT_LIMIT: Duration = Duration::from_secs(60);
/// What Lambda waits before the second and the third attempt of an asynchronous invocation.
const BETWEEN_ATTEMPTS: [Duration; 2] = [MINUTE, Duration::from_secs(120)];
impl Deployment {
    pub(super) async fn execution(self: &Arc<Self>, execution: &ExecutionView) {
        let invoke = |function, payload| self.invoke(function, payload);
        // One that was stopped before its first state has none.
        let ended = self.aws.sfn().execution(&execution.name).ended;
        let end = match ended {
            Some((_, end)) => end,
            None => {
                execute(
                    &self.definition,
                    &self.aws,
                    &self.activity,
                    execution,
                    invoke,
                )
                .await
            }
        };
        let status = match end {
            ExecutionEnd::Succeeded(_) => return,
            ExecutionEnd::Failed { .. } => "FAILED",
            ExecutionEnd::TimedOut => "TIMED_OUT",
            ExecutionEnd::Aborted { .. } => "ABORTED",
        };
        let (machine, _) = execution.arn.rsplit_once(':').unwrap();
        let event = json!({
            "detail-type": "Step Functions Execution Status Change",
            "detail": {"executionArn": execution.arn, "stateMachineArn": machine.replace(":execution:", ":stateMachine:"), "status": status}
        });
        self.asynchronously(|| async {
            self.rescuer
                .rescue(event.clone())
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        })
        .await;
    }

    /// A function that a state invokes. Its execution may end meanwhile; the function runs on.
    async fn invoke(self: &Arc<Self>, function: String, payload: Value) -> Result<Value, Failed> {
        if function == "WorkFunctionArn" {
            self.queue_work(payload);
            return Ok(json!({}));
        }
        let this = Arc::clone(self);
        let run = async move { timeout(SHORT_LIMIT, this.run(&function, payload)).await };
        let timed_out = || Failed {
            error: "Sandbox.Timedout".to_owned(),
            cause: "Task timed out".to_owned(),
        };
        self.begin(run)
            .await
            .unwrap()
            .unwrap_or_else(|_| Err(timed_out()))
    }

    async fn run(&self, function: &str, payload: Value) -> Result<Value, Failed> {
        let failed = |error: &str, cause: String| Failed {
            error: error.to_owned(),
            cause,
        };
        if function == "RespondFunctionArn" {
            let responded = self.responder.respond(read(payload)).await;
            return responded
                .map(|()| json!({}))
                .map_err(|error| failed("CustomResource.RespondFailed", error.to_string()));
        }
        if function == "PrepareFunctionArn" {
            let prepared = self.preparer.prepare(&read(payload));
            return Ok(serde_json::to_value(prepared).unwrap());
        }
        let stopped = self.stopper.stop(read(payload)).await;
        stopped
            .map(|stopped| serde_json::to_value(stopped).unwrap())
            .map_err(|error| failed("CustomResource.StopFailed", error.to_string()))
    }

    /// An asynchronous invocation: up to three attempts, then the dead-letter queue.
    pub(super) async fn asynchronously<I, F>(&self, invoke: I)
    where
        I: Fn() -> F,
        F: Future<Output = Result<(), String>>,
    {
        let mut pauses = BETWEEN_ATTEMPTS.into_iter();
        loop {
            let error = match timeout(LONG_LIMIT, invoke()).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error,
                Err(_) => "Task timed out".to_owned(),
            };
            let Some(pause) = pauses.next() else {
                self.dead_letters.lock().unwrap().push(error);
                return;
            };
            sleep(pause).await;
        }
    }
}

fn read<T: DeserializeOwned>(payload: Value) -> T {
    serde_json::from_value(payload).unwrap()
}
