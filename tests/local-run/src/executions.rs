//! Executions of the state machine: how they stand, what they were given, what came of them.

use anyhow::{Context, Result};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::HistoryEvent;
use serde_json::Value;

use crate::history::{self, HistoryLine};
use crate::stacks::in_words;

/// The executions of one state machine.
#[derive(Debug, Clone)]
pub struct Executions {
    client: Client,
    state_machine: String,
}

/// An execution as `DescribeExecution` tells it.
#[derive(Debug, Clone)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// Its name, which is also the `startedBy` of its ECS tasks.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// What it was started with.
    pub input: Value,
    /// What it ended with; null while it runs, and for most failures.
    pub output: Value,
    /// The error it failed with.
    pub error: Option<String>,
    /// What the error says.
    pub cause: Option<String>,
}

impl Executions {
    /// Takes the client of a run's [`Endpoints`](crate::endpoints::Endpoints) and the ARN of a
    /// state machine.
    #[must_use]
    pub fn new(client: Client, state_machine: &str) -> Self {
        Self {
            client,
            state_machine: state_machine.to_owned(),
        }
    }

    /// The ARNs of all executions, oldest first.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn list(&self) -> Result<Vec<String>> {
        let mut pages = self
            .client
            .list_executions()
            .state_machine_arn(&self.state_machine)
            .into_paginator()
            .items()
            .send();
        let mut arns = Vec::new();
        while let Some(execution) = pages.next().await {
            let execution = execution.map_err(in_words);
            arns.push(
                execution
                    .with_context(|| {
                        format!(
                            "The executions of {} could not be listed",
                            self.state_machine
                        )
                    })?
                    .execution_arn,
            );
        }
        // Step Functions lists the newest first.
        arns.reverse();
        Ok(arns)
    }

    /// All executions as they are now, oldest first.
    ///
    /// # Errors
    /// When they cannot be listed, or one cannot be described.
    pub async fn all(&self) -> Result<Vec<Execution>> {
        let mut executions = Vec::new();
        for arn in self.list().await? {
            executions.push(self.describe(&arn).await?);
        }
        Ok(executions)
    }

    /// An execution as it is now.
    ///
    /// # Errors
    /// When it cannot be described.
    pub async fn describe(&self, arn: &str) -> Result<Execution> {
        let described = self
            .client
            .describe_execution()
            .execution_arn(arn)
            .send()
            .await
            .map_err(in_words);
        let described =
            described.with_context(|| format!("The execution {arn} could not be described"))?;
        let json = |text: Option<String>| {
            text.and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default()
        };
        Ok(Execution {
            arn: described.execution_arn,
            name: described.name.unwrap_or_default(),
            status: described.status.as_str().to_owned(),
            input: json(described.input),
            output: json(described.output),
            error: described.error,
            cause: described.cause,
        })
    }

    /// An execution's events as Step Functions tells them, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn events(&self, arn: &str) -> Result<Vec<HistoryEvent>> {
        let mut pages = self
            .client
            .get_execution_history()
            .execution_arn(arn)
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while let Some(event) = pages.next().await {
            events.push(
                event
                    .map_err(in_words)
                    .with_context(|| format!("The history of {arn} could not be read"))?,
            );
        }
        Ok(events)
    }

    /// An execution's events as the console lists them, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn history(&self, arn: &str) -> Result<Vec<HistoryLine>> {
        Ok(history::lines(&self.events(arn).await?))
    }
}
