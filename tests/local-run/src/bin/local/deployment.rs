//! A stack that is deployed and followed: its events, the executions, and what custom resources were
//! answered.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use ecs_task_runner::check::RESOURCE_TYPE;
use local_run::executions::Executions;
use local_run::stacks::{Stack, StackEvent, Stacks, Template};
use serde_json::Value;
use stand_ins::StandIns;

use super::colour::Colour;
use super::console::Console;
use super::execution_printer::ExecutionPrinter;
use super::platform::Platform;
use super::wording::{self, seconds};

/// After the answer an execution has only its last state to enter.
const EXECUTION_LIMIT: Duration = Duration::from_secs(10);

/// Creates a stack, and prints what happens until its end and that of its executions.
///
/// # Errors
/// When CloudFormation refuses the template, or the stack has not ended within `limit`.
pub async fn create(
    platform: &Platform,
    name: &str,
    template: &Template<'_>,
    limit: Duration,
    printer: &mut ExecutionPrinter,
    console: &Console,
) -> Result<Stack> {
    let operation = Stacks::new(platform.endpoints.cloudformation())
        .create(name, template)
        .await?;
    let _wait = console.wait(&format!("deploying the stack {name}"));
    let stack = operation.follow(|event| {
        console.print("stack", &wording::stack_event(event, console.palette()));
    });
    let stack = tokio::time::timeout(limit, stack);
    let stack = tokio::select! {
        stack = stack => stack.with_context(|| format!("The stack {name} did not end within {} s", limit.as_secs()))??,
        never = printer.follow() => match never? {},
    };
    let finished = tokio::time::timeout(EXECUTION_LIMIT, printer.finish()).await;
    finished.context("An execution goes on although its stack has ended")??;
    Ok(stack)
}

/// What CloudFormation was told about the creation of a `Custom::EcsTask`.
pub struct Answer<'a> {
    /// The event with the status that the resource got.
    pub event: &'a StackEvent,
    data: Value,
}

impl<'a> Answer<'a> {
    /// The answers that the creation of a stack had, in their order.
    ///
    /// # Errors
    /// When the executions cannot be read.
    pub async fn all(stack: &'a Stack, executions: &Executions) -> Result<Vec<Self>> {
        let mut answers = Vec::new();
        let ends = ["CREATE_COMPLETE", "CREATE_FAILED"];
        for event in stack.events.iter().filter(|event| {
            event.resource_type == RESOURCE_TYPE && ends.contains(&event.status.as_str())
        }) {
            let data = outputs(&stack.id, &event.logical_id, executions).await?;
            answers.push(Self { event, data });
        }
        Ok(answers)
    }

    /// The Reason of a failure, empty otherwise.
    pub fn reason(&self) -> &str {
        self.event.reason.as_deref().unwrap_or_default()
    }

    /// The answer with its outputs or its Reason.
    pub fn text(&self, console: &Console) -> String {
        let palette = console.palette();
        if self.event.status == "CREATE_COMPLETE" {
            format!(
                "{}\n{}",
                palette.paint(Colour::Green, "SUCCESS, with the outputs"),
                wording::data(&self.data)
            )
        } else {
            format!(
                "{}\n{}",
                palette.paint(Colour::Red, "FAILED, with the Reason"),
                self.reason()
            )
        }
    }
}

/// The outputs of a resource's creation, which are the answer's `Data`; null when it failed.
async fn outputs(stack: &str, logical_id: &str, executions: &Executions) -> Result<Value> {
    let creation = executions.all().await?.into_iter().find(|execution| {
        let request = &execution.input["request"];
        request["StackId"] == stack
            && request["LogicalResourceId"] == logical_id
            && request["RequestType"] == "Create"
    });
    Ok(creation.map_or(Value::Null, |mut execution| {
        execution.output["output"].take()
    }))
}

/// The stack's status, and how long after the end of the last task's containers the answer came.
pub fn closing_line(
    stack: &Stack,
    last_answer: Option<&Answer<'_>>,
    stand_ins: &StandIns,
    console: &Console,
) -> String {
    let status = console.palette().paint(Colour::Bold, &stack.status);
    let waited = last_answer
        .zip(last_exit(stand_ins))
        .and_then(|(answer, exit)| answer.event.at.duration_since(exit).ok());
    let waited = waited.map_or_else(String::new, |waited| {
        format!("; answer {} s after the container's exit", seconds(waited))
    });
    format!("{status}{waited}")
}

/// When the last task's containers had ended.
fn last_exit(stand_ins: &StandIns) -> Option<SystemTime> {
    let stopped = stand_ins.ecs().tasks().pop()?.last_container_end()?;
    let since_1970 = u64::try_from(stand_ins.clock().epoch_millis(stopped)).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_millis(since_1970))
}
