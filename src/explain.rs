//! `ecs-task-runner explain`: what happened in an execution, as a timeline with a conclusion.
//!
//! ```text
//! description ─▶ Secrets (what must be hidden)
//! history ─▶ events ─▶ hide ─┬─▶ Progress: where the run and the answer stand ─┬─▶ Conclusion
//!                            └─▶ Timeline: what happened, and when ────────────┘       │
//!                                                              text or JSON ◀── Explanation
//! ```
//!
//! It knows the execution's description and history, and calls nothing. An execution that ended
//! without an answer is answered by `rescue`, whose answer does not stand in the history. The
//! conclusion makes the beginning of that answer with the code that `rescue` uses: why the execution
//! ended. What `rescue` adds of the task is not known here.
//!
//! Who asks about a stack is led to the execution that matters:
//!
//! ```text
//! the stack's events ─▶ requests ──┐
//! the list of executions ─▶ StackRuns (the stack's own, by their names) ─▶ Choice, OtherExecutions
//! ```
//!
//! Who asks about a service of ECS is led to the runs of its deployments' lifecycle hook
//! (`ServiceRuns`), which go by their names too.
//!
//! An execution's input holds the values of environment overrides, and may hold the response URL and
//! that of a wait condition's handle in clear. None of them is shown.

mod advice;
mod choice;
mod conceal;
mod conclusion;
mod event;
mod execution_arn;
mod others;
mod picture;
mod report;
mod requests;
mod service_runs;
mod span;
mod stack_runs;
mod subject;
mod target;
mod timeline;

pub use conclusion::{Conclusion, RunResult};
pub use event::{SinceTaken, TimelineEntry, TimelineEvent, WorkerLostReason};
pub use execution_arn::{ExecutionArn, NotAnExecution};
pub use others::OtherExecutions;
pub use picture::{ObservedTask, Picture};
pub use requests::{RequestEnd, RequestExplanation, ResourceRequest, requests};
pub use service_runs::ServiceRuns;
pub use span::Span;
pub use stack_runs::{Choice, StackExecution, StackRuns};
pub use subject::DeploymentSummary;
pub use target::{ServiceTarget, StackTarget, Target};

use jiff::Timestamp;
use serde::Serialize;

use crate::arn::last_part;
use crate::cloudformation::event::{Request, RequestType};
use crate::cloudformation::stack::stack_name;
use crate::execution::history::{Progress, RecordedEvent};
use crate::execution::status::{Execution, ExecutionStatus};
use crate::task::spec::TaskSpec;
use conceal::{Secrets, one_line};
use subject::Subject;
use timeline::Timeline;

/// What happened in an execution.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// ARN of the execution.
    pub execution: String,
    /// The request of CloudFormation; `None` for a direct run and for a run of a deployment.
    pub request: Option<RequestSummary>,
    /// The deployment of a service whose lifecycle hook started the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentSummary>,
    /// Name of the execution whose run is rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<String>,
    /// The task to run; on Delete, the task whose leftovers are stopped. `None` for a direct run
    /// whose properties say that nothing is to be run, or cannot be run.
    pub task: Option<TaskSummary>,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: &'static str,
    /// When the execution was started.
    pub started: Timestamp,
    /// When the execution ended; `None` while it runs.
    pub ended: Option<Timestamp>,
    /// The timeline, in the order of the history.
    pub steps: Vec<TimelineEntry>,
    /// What came of the execution, or what it waits for.
    #[serde(rename = "verdict")]
    pub conclusion: Conclusion,
}

/// A request of CloudFormation, without its response URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestSummary {
    /// Whether the resource is created, updated or deleted.
    pub request_type: RequestType,
    /// The resource's name in the template.
    pub logical_id: String,
    /// The resource's type in the template.
    pub resource_type: String,
    /// Name of the stack; its id if that is no ARN.
    pub stack: String,
}

/// The task of an execution, without its overrides, which may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSummary {
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// Family, `family:revision` or ARN of the task definition.
    pub task_definition: String,
    /// Number of tasks.
    pub count: usize,
    /// `startedBy` of the tasks: the execution's name, which in a direct run a hash follows.
    pub started_by: String,
    /// When the run must be over.
    pub deadline: Timestamp,
}

/// The execution's input is neither one that `start` makes nor the properties of a direct run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this execution is not of a task runner: its input has neither a request of CloudFormation with a task to run, nor the properties of a task. Explained are executions of the state machine that the task runner's stack exports as StateMachineArn"
)]
pub struct ForeignExecution;

/// Reads an execution event by event, so that a history of 25,000 events need not fit into memory.
#[derive(Debug)]
pub struct Explainer {
    arn: ExecutionArn,
    execution: Execution,
    subject: Subject,
    secrets: Secrets,
    progress: Progress,
    timeline: Timeline,
}

impl Explainer {
    /// Begins with the execution's description, whose input says what must be hidden.
    ///
    /// # Errors
    /// When the execution's input is neither one that `start` makes nor a direct run's.
    pub fn new(arn: ExecutionArn, execution: Execution) -> Result<Self, ForeignExecution> {
        let subject = Subject::of(&arn.to_string(), &execution)?;
        let secrets = Secrets::of(&subject);
        let request = subject.request.as_ref();
        let is_for_condition =
            request.is_some_and(|request| request.wait_condition_handle.is_some());
        let ignores_failure = request.is_some_and(|request| request.ignores_failure);
        let timeline = Timeline::new(execution.started, subject.beginning(), secrets.clone())
            .for_condition(is_for_condition)
            .ignoring_failure(ignores_failure);
        Ok(Self {
            arn,
            execution: secrets.hide_in_execution(execution),
            subject,
            secrets,
            progress: Progress::unread(),
            timeline,
        })
    }

    /// Takes the next event of the history into account, oldest first.
    pub fn note(&mut self, event: RecordedEvent) {
        // Hidden first: everything after this line may be shown, except the state's input.
        let event = self.secrets.hide_in_event(event);
        self.progress.note(&event);
        // The timeline asks the progress whether an answer was given with this very event.
        self.timeline.note(&event, &self.progress);
    }

    /// Concludes from all that was noted. `now` is for how long a running execution has waited.
    #[must_use]
    pub fn explain(self, now: Timestamp) -> Explanation {
        let Self {
            arn,
            mut execution,
            subject,
            progress,
            mut timeline,
            ..
        } = self;
        // Description and history are read one after the other, and either may lag behind. The
        // execution has ended if one of them says so, unless it was redriven after that.
        let was_redriven_since = |end| timeline.redriven_at.is_some_and(|redriven| redriven > end);
        if execution.stopped.is_some_and(was_redriven_since) {
            execution = Execution {
                status: ExecutionStatus::Running,
                stopped: None,
                error: None,
                cause: None,
                ..execution
            };
        }
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
            request_type: subject.request.as_ref().map(|request| request.request_type),
            task: subject.task.as_ref(),
            progress: &progress,
            timeline: &timeline,
            now,
        }
        .conclude();
        Explanation {
            execution: arn.to_string(),
            request: subject.request.as_ref().map(RequestSummary::of),
            deployment: subject.deployment,
            rollback_of: subject.rollback_of,
            task: subject.task.as_ref().map(TaskSummary::of),
            status: execution.status.name(),
            started: execution.started,
            ended: execution.stopped,
            steps: timeline.steps,
            conclusion,
        }
    }
}

impl RequestSummary {
    fn of(request: &Request) -> Self {
        let stack_id = &request.stack_id;
        let stack = stack_name(stack_id).unwrap_or(stack_id);
        Self {
            request_type: request.request_type,
            logical_id: one_line(&request.logical_resource_id),
            resource_type: one_line(&request.resource_type),
            stack: one_line(stack),
        }
    }
}

impl TaskSummary {
    fn of(task: &TaskSpec) -> Self {
        Self {
            cluster: one_line(&task.cluster),
            task_definition: one_line(&task.task_definition),
            count: task.task_count(),
            started_by: one_line(&task.started_by),
            deadline: task.deadline,
        }
    }

    /// The family of the task definition.
    #[must_use]
    pub fn family(&self) -> &str {
        let name = last_part(&self.task_definition);
        name.split(':').next().unwrap_or(name)
    }
}

#[cfg(test)]
mod tests;
