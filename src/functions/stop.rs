//! `stop`: stops what an execution, or on Delete a resource, has left running.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::leftovers::{Leftovers, Owner};
use crate::aws::ApiError;
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::{Execution, ExecutionStatus, StepFunctions};
use crate::clock::{Clock, after, before};
use crate::deadline::DEFINITION_PATIENCE;
use crate::error_name::ErrorName;
use crate::event::RequestType;
use crate::identity::resource_prefix;
use crate::task_spec::TaskSpec;

/// Once an execution was stopped, its worker learns of it with its next heartbeat, a third of 60 s later at most, and may launch
/// a task until then. The definition checks every 5 s; this many checks outlast that time.
pub const CHECKS_UNTIL_WORKERS_KNOW: u32 = 6;
/// The time that those checks take.
const UNTIL_WORKERS_KNOW: Duration = Duration::from_secs(30);

/// How the cause begins with which a Delete stops executions and tasks of its resource.
const DELETED: &str = "The CloudFormation resource is being deleted";

/// Whether a Delete of the resource has stopped this execution.
pub(super) fn is_given_up_by_delete(execution: &Execution) -> bool {
    execution.status == ExecutionStatus::Aborted
        && execution.error.as_deref() == Some(ErrorName::Interrupted.as_str())
        && execution.cause.as_deref().is_some_and(|cause| cause.starts_with(DELETED))
}

/// What the definition invokes the function with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopEvent {
    /// ARN of the state machine.
    #[serde(default)]
    state_machine: String,
    /// The execution's state.
    state: State,
}

#[derive(Debug, Clone, Deserialize)]
struct State {
    request: RequestOfStop,
    task: TaskSpec,
    #[serde(default)]
    leftovers: Counted,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RequestOfStop {
    request_type: RequestType,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Counted {
    checks: u32,
    executions: usize,
}

/// What the function found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Tasks that still run, all of them told to stop.
    pub running: usize,
    /// Executions of the resource that were stopped, over all checks.
    pub executions: usize,
    /// How often this execution has looked, this time included.
    pub checks: u32,
    /// Whether looking again is of use: something runs or may still be launched, and there is time.
    pub wait: bool,
}

/// Stops leftovers.
#[derive(Debug, Clone)]
pub struct Stopper {
    leftovers: Leftovers,
    step_functions: StepFunctions,
    clock: Clock,
}

impl Stopper {
    /// Stops through `ecs` and `step_functions`.
    #[must_use]
    pub fn new(ecs: Ecs, step_functions: StepFunctions, clock: Clock) -> Self {
        Self { leftovers: Leftovers::new(ecs), step_functions, clock }
    }

    /// Stops what still runs and counts it.
    ///
    /// # Errors
    /// When ECS cannot be asked. A task that could not be stopped is counted as running.
    pub async fn stop(&self, event: StopEvent) -> Result<Stopped, ApiError> {
        let State { request, task, leftovers } = event.state;
        let is_delete = request.request_type == RequestType::Delete;
        let mut executions = leftovers.executions;
        let mut is_complete = true;
        if is_delete {
            // First, so that nobody launches what would have to be stopped next.
            let earlier = self.stop_executions(&event.state_machine, &task.started_by, leftovers.checks == 0).await;
            executions += earlier.stopped;
            is_complete = earlier.is_complete;
        }
        let (owner, reason) = if is_delete {
            (Owner::Resource { launched_until: None }, format!("{DELETED} ({})", task.started_by))
        } else {
            (Owner::Execution, format!("The run has failed ({})", task.started_by))
        };
        let running = self.leftovers.stop(owner, &task, &reason).await?;
        let checks = leftovers.checks.saturating_add(1);
        let may_launch = (executions > 0 || !is_complete) && checks < CHECKS_UNTIL_WORKERS_KNOW;
        let has_time = self.clock.now() < after(task.deadline, DEFINITION_PATIENCE);
        Ok(Stopped { running, executions, checks, wait: (running > 0 || may_launch) && has_time })
    }

    /// Stops the Creates and Updates of the resource that still run: CloudFormation has given them up, or it would not delete.
    /// `rescue` answers for them, which nobody reads any more. A failure here must not keep the tasks from being stopped.
    async fn stop_executions(&self, state_machine: &str, name: &str, is_first_check: bool) -> Earlier {
        let Some(prefix) = resource_prefix(name).filter(|_| !state_machine.is_empty()) else {
            return Earlier { stopped: 0, is_complete: true };
        };
        // Never a Delete: two of them would stop each other.
        let given_up = [RequestType::Create, RequestType::Update].map(|request_type| format!("{prefix}{}-", request_type.in_lower_case()));
        let is_given_up = |name: &str| given_up.iter().any(|prefix| name.starts_with(prefix));
        let state_machine = self.step_functions.state_machine(state_machine);
        let running = match state_machine.running().await {
            Ok(running) => running,
            Err(error) => {
                tracing::warn!(%error, "executions of the resource that still run cannot be looked for");
                return Earlier { stopped: 0, is_complete: false };
            }
        };
        let mut earlier = Earlier { stopped: 0, is_complete: true };
        for execution in running.iter().filter(|execution| is_given_up(&execution.name)) {
            let cause = format!("{DELETED} ({name}).");
            match state_machine.stop(&execution.arn, ErrorName::Interrupted.as_str(), &cause).await {
                Ok(()) => {
                    tracing::info!(execution = execution.name, "stopped an earlier execution of the resource");
                    earlier.stopped += 1;
                }
                Err(error) => {
                    tracing::warn!(%error, "an earlier execution of the resource could not be stopped");
                    earlier.is_complete = false;
                }
            }
        }
        if is_first_check && earlier.stopped == 0 {
            // An invocation before this one may have stopped them and ended without saying so; people stop executions, too.
            match state_machine.stopped_since(before(self.clock.now(), UNTIL_WORKERS_KNOW)).await {
                Ok(stopped) => earlier.stopped += stopped.iter().filter(|name| is_given_up(name)).count(),
                Err(error) => {
                    tracing::warn!(%error, "executions of the resource that were just stopped cannot be looked for");
                    earlier.is_complete = false;
                }
            }
        }
        earlier
    }
}

/// What became of the earlier executions of a resource.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    /// How many were stopped, now or a moment ago.
    stopped: usize,
    /// Whether that is all of them.
    is_complete: bool,
}
