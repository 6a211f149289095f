//! Direct runs: whoever starts them sees the execution's end.

use std::sync::Arc;

use serde_json::Value;
use stand_ins::sdk_config;
use stand_ins::sfn::ExecutionEnd;

use super::Deployment;
use crate::requests::Answer;

impl Deployment {
    /// Somebody starts an execution with the properties as its input.
    pub fn start_directly(self: &Arc<Self>, properties: &Value) {
        let client = aws_sdk_sfn::Client::new(&sdk_config("PIPELINE", self.aws.http_client()));
        let starting = client
            .start_execution()
            .state_machine_arn(&self.state_machine)
            .name("release-42")
            .input(properties.to_string())
            .send();
        self.begin(async move {
            starting.await.unwrap();
        });
    }

    /// How the direct run ended, in the form of an answer; `None` while it runs.
    pub fn direct_end(&self) -> Option<Answer> {
        let (execution, at, end) =
            self.aws
                .sfn()
                .executions()
                .into_iter()
                .find_map(|execution| {
                    let (at, end) = execution.ended.clone()?;
                    Some((execution, at, end))
                })?;
        let text = |text: Option<String>| text.unwrap_or_else(|| "ABORTED".to_owned());
        let (status, reason) = match end {
            ExecutionEnd::Succeeded(output) => {
                assert!(output["TaskArn"].is_string(), "the run's own output");
                ("SUCCESS", String::new())
            }
            ExecutionEnd::Failed { error, cause } => ("FAILED", format!("{error}: {cause}")),
            ExecutionEnd::Aborted { error, cause } => {
                ("FAILED", format!("{}: {}", text(error), text(cause)))
            }
            ExecutionEnd::TimedOut => ("FAILED", "TIMED_OUT: ".to_owned()),
        };
        Some(Answer {
            at: at.saturating_sub(execution.started_at),
            status: status.to_owned(),
            body: reason.clone(),
            reason,
        })
    }
}
