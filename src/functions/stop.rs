//! `stop`: stops what an execution, or on Delete a resource, has left running.

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::leftovers::executions::{self, RunsOfResource, StopReason, StoppedEarlier};
use super::leftovers::tasks::{Leftovers, Owner};
use crate::aws::ApiError;
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::StepFunctions;
use crate::clock::{Clock, after, before};
use crate::cloudformation::event::RequestType;
use crate::task::spec::TaskSpec;
use crate::times::{
    CHECKS_UNTIL_WORKERS_ARE_INFORMED, DEFINITION_STOP_PATIENCE, STOP_FINAL_ATTEMPT,
    WORKERS_INFORMED_SOON,
};

/// What the definition invokes the function with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopEvent {
    /// ARN of the state machine.
    #[serde(default)]
    state_machine: String,
    /// The execution's state.
    state: ExecutionState,
}

#[derive(Debug, Clone, Deserialize)]
struct ExecutionState {
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
    running: usize,
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
        Self {
            leftovers: Leftovers::new(ecs),
            step_functions,
            clock,
        }
    }

    /// Stops what still runs and counts it.
    ///
    /// # Errors
    /// When ECS cannot be asked and there is time to try again. A task that could not be stopped is
    /// counted as running.
    pub async fn stop(&self, event: StopEvent) -> Result<Stopped, ApiError> {
        let ExecutionState {
            request,
            task,
            leftovers,
        } = event.state;
        let is_delete = request.request_type == RequestType::Delete;
        let mut executions = leftovers.executions;
        let mut is_complete = true;
        if is_delete {
            // First, so that nobody launches what would have to be stopped next.
            let earlier = self
                .stop_executions(
                    &event.state_machine,
                    &task.started_by,
                    leftovers.checks == 0,
                )
                .await;
            executions += earlier.count;
            is_complete = earlier.failure.is_none();
        }
        let (owner, reason) = if is_delete {
            (
                Owner::Resource {
                    launched_until: None,
                },
                format!("{} ({})", StopReason::Deleted.in_words(), task.started_by),
            )
        } else {
            (
                Owner::Execution,
                format!("The run has failed ({})", task.started_by),
            )
        };
        let checks = leftovers.checks.saturating_add(1);
        let end = after(task.deadline, DEFINITION_STOP_PATIENCE);
        // ECS can take minutes over calls that it does not answer, and CloudFormation waits for the
        // answer.
        let look = timeout(
            self.clock.until(end).max(STOP_FINAL_ATTEMPT),
            self.leftovers.stop(owner, &task, &reason),
        )
        .await;
        let has_time = self.clock.now() < end;
        let may_launch =
            (executions > 0 || !is_complete) && checks < CHECKS_UNTIL_WORKERS_ARE_INFORMED;
        let running = match look {
            Ok(Ok(running)) => running,
            // As long as workers may launch something, what cannot be seen now may be seen by the
            // next check.
            Ok(Err(error)) if has_time && may_launch => {
                tracing::warn!(%error, "leftover tasks cannot be looked for; they are looked for again");
                leftovers.running
            }
            Ok(Err(error)) if has_time => return Err(error),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(
                    execution = task.started_by,
                    "leftover tasks cannot be looked for in the time there is; the answer goes out"
                );
                return Ok(Stopped {
                    running: leftovers.running,
                    executions,
                    checks,
                    wait: false,
                });
            }
        };
        Ok(Stopped {
            running,
            executions,
            checks,
            wait: (running > 0 || may_launch) && has_time,
        })
    }

    /// Stops the resource's other executions: CloudFormation has given them up, or it would not
    /// delete.
    async fn stop_executions(
        &self,
        state_machine: &str,
        name: &str,
        is_first_check: bool,
    ) -> StoppedEarlier {
        let Some(runs) = RunsOfResource::of(name).filter(|_| !state_machine.is_empty()) else {
            return StoppedEarlier::default();
        };
        let state_machine = self.step_functions.state_machine(state_machine);
        let mut earlier =
            executions::stop_earlier(&state_machine, &runs, name, StopReason::Deleted, None).await;
        if is_first_check && earlier.failure.is_none() && earlier.count == 0 {
            // An invocation before this one may have stopped them and ended without saying so;
            // people stop executions, too.
            match state_machine
                .stopped_since(before(self.clock.now(), WORKERS_INFORMED_SOON))
                .await
            {
                Ok(stopped) => {
                    earlier.count += stopped.iter().filter(|name| runs.include(name)).count()
                }
                Err(error) => {
                    tracing::warn!(%error, "executions of the resource that were just stopped cannot be looked for");
                    earlier.failure = Some(error);
                }
            }
        }
        earlier
    }
}
