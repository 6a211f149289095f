//! `ecs-task-runner explain`: what happened in an execution, as a timeline with a verdict.
//!
//! Everything is read from the execution's description and its history. An execution that ended
//! without an answer is answered by `rescue`, outside its own history; what `rescue` says there is
//! worked out as `rescue` does it.
//!
//! An execution's input may hold the response URL in clear, and holds the values of environment
//! overrides. Neither is ever shown.

mod advice;
mod conceal;
mod conclusion;
mod event;
mod execution_arn;
mod report;
mod span;
mod timeline;

pub use conclusion::{Conclusion, RunResult};
pub use event::{SinceTaken, TimelineEntry, TimelineEvent};
pub use execution_arn::{ExecutionArn, NotAnExecution};
pub use span::Span;

use jiff::Timestamp;
use serde::Serialize;

use crate::arn::Arn;
use crate::cloudformation::event::RequestType;
use crate::execution::history::{Progress, RecordedEvent};
use crate::execution::input::ExecutionInput;
use crate::execution::status::{Execution, ExecutionStatus};
use conceal::{Secrets, one_line};
use timeline::Timeline;

/// What happened in an execution.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// ARN of the execution.
    pub execution: String,
    /// What CloudFormation asked for.
    pub request: RequestSummary,
    /// What was to be run, or on Delete stopped.
    pub task: TaskSummary,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: &'static str,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// What happened, in the order of time.
    pub steps: Vec<TimelineEntry>,
    /// What came of it, or what it waits for.
    #[serde(rename = "verdict")]
    pub conclusion: Conclusion,
}

/// A request of CloudFormation, without its response URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestSummary {
    /// Create, Update or Delete.
    pub request_type: RequestType,
    /// The resource's name in the template.
    pub logical_id: String,
    /// The resource's type in the template.
    pub resource_type: String,
    /// The stack's name.
    pub stack: String,
}

/// A task to run, without its overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSummary {
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// Family, `family:revision` or ARN of the task definition.
    pub task_definition: String,
    /// Number of tasks.
    pub count: usize,
    /// The execution's name, which its ECS tasks carry.
    pub started_by: String,
    /// When the run must be over.
    pub deadline: Timestamp,
}

/// The execution was started by something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this execution is not of a task runner: its input has no request of CloudFormation with a task to run. Explained are executions of the state machine that the task runner's stack exports as StateMachineArn"
)]
pub struct ForeignExecution;

/// Reads an execution event by event: no history needs to be held in memory as a whole.
#[derive(Debug)]
pub struct Explainer {
    arn: ExecutionArn,
    execution: Execution,
    input: ExecutionInput,
    secrets: Secrets,
    progress: Progress,
    timeline: Timeline,
}

impl Explainer {
    /// Begins with the execution's description.
    ///
    /// # Errors
    /// When the execution's input is none of a task runner.
    pub fn new(arn: ExecutionArn, execution: Execution) -> Result<Self, ForeignExecution> {
        let input: ExecutionInput =
            serde_json::from_str(&execution.input).map_err(|_| ForeignExecution)?;
        let secrets = Secrets::of(&input);
        let timeline = Timeline::new(execution.started, secrets.clone());
        Ok(Self {
            arn,
            execution: secrets.hide_in_execution(execution),
            input,
            secrets,
            progress: Progress::unread(),
            timeline,
        })
    }

    /// Takes the next event of the history, oldest first.
    pub fn note(&mut self, event: RecordedEvent) {
        let event = self.secrets.hide_in_event(event);
        self.progress.note(&event);
        self.timeline.note(&event, &self.progress);
    }

    /// Says what happened until `now`.
    #[must_use]
    pub fn explain(self, now: Timestamp) -> Explanation {
        let Self {
            arn,
            mut execution,
            input,
            progress,
            mut timeline,
            ..
        } = self;
        // Description and history are read one after the other, and each may lag behind: an end
        // that either tells is one.
        if let Some(end) = &timeline.end {
            execution.status = end.status;
            execution.stopped = execution.stopped.or(Some(end.at));
            execution.error = execution.error.or_else(|| end.error.clone());
            execution.cause = execution.cause.or_else(|| end.cause.clone());
        }
        timeline.finish(&execution, &progress);
        let conclusion = conclusion::Facts {
            execution: &execution,
            arn: &arn,
            request_type: input.request.request_type,
            task: &input.task,
            progress: &progress,
            timeline: &timeline,
            now,
        }
        .conclude();
        let stack_id = &input.request.stack_id;
        let stack = Arn::parse(stack_id)
            .and_then(|arn| arn.resource.split('/').nth(1))
            .unwrap_or(stack_id);
        Explanation {
            execution: arn.to_string(),
            request: RequestSummary {
                request_type: input.request.request_type,
                logical_id: one_line(&input.request.logical_resource_id),
                resource_type: one_line(&input.request.resource_type),
                stack: one_line(stack),
            },
            task: TaskSummary {
                cluster: one_line(&input.task.cluster),
                task_definition: one_line(&input.task.task_definition),
                count: if input.task.instances.is_empty() {
                    input.task.count.into()
                } else {
                    input.task.instances.len()
                },
                started_by: one_line(&input.task.started_by),
                deadline: input.task.deadline,
            },
            status: status_name(execution.status),
            started: execution.started,
            ended: execution.stopped,
            steps: timeline.steps,
            conclusion,
        }
    }
}

const fn status_name(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Running => "RUNNING",
        ExecutionStatus::Succeeded => "SUCCEEDED",
        ExecutionStatus::Failed => "FAILED",
        ExecutionStatus::TimedOut => "TIMED_OUT",
        ExecutionStatus::Aborted => "ABORTED",
    }
}

#[cfg(test)]
mod tests;
