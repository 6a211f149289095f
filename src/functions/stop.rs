//! `stop`: stops what an execution, or on Delete a resource, has left running. The definition
//! invokes it again and again, until it says that waiting is of no more use.

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
    CHECKS_UNTIL_WORKERS_ARE_INFORMED, STATE_MACHINE_STOP_PATIENCE, STOP_FINAL_ATTEMPT,
    WORKERS_INFORMED_SOON,
};

/// What the definition's state `StopTasks` invokes the function with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopEvent {
    /// ARN of the state machine, for finding earlier executions.
    #[serde(default)]
    state_machine: String,
    /// The execution's state.
    state: ExecutionState,
}

#[derive(Debug, Clone, Deserialize)]
struct ExecutionState {
    request: StopRequest,
    task: TaskSpec,
    #[serde(default)]
    leftovers: EarlierChecks,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StopRequest {
    request_type: RequestType,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct EarlierChecks {
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
    /// How often the function was invoked for this execution, this time included.
    pub checks: u32,
    /// Whether to invoke the function again: something runs or may still be launched, and there is
    /// time.
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
            // Executions before tasks, or a worker would launch what would have to be stopped next.
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
        let (owner, why) = if is_delete {
            let owner = Owner::Resource {
                launched_until: None,
            };
            (owner, StopReason::Deleted.in_words())
        } else {
            (Owner::Execution, "The run has failed")
        };
        let reason = format!("{why} ({})", task.started_by);
        let checks = leftovers.checks.saturating_add(1);
        let end = after(task.deadline, STATE_MACHINE_STOP_PATIENCE);
        // Bounded, since calls that ECS does not answer can take minutes with all their retries,
        // and CloudFormation waits.
        let stopping = timeout(
            self.clock.until(end).max(STOP_FINAL_ATTEMPT),
            self.leftovers.stop(owner, &task, &reason),
        )
        .await;
        let has_time = self.clock.now() < end;
        let may_launch =
            (executions > 0 || !is_complete) && checks < CHECKS_UNTIL_WORKERS_ARE_INFORMED;
        let running = match stopping {
            Ok(Ok(running)) => running,
            // The order matters: an error is only an error of the function, which the definition
            // repeats at most three times, when no later check would come anyway.
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

    /// Stops the resource's other executions: CloudFormation does not wait for them, or it would
    /// not delete the resource.
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
            // Executions may have been stopped just before: by an invocation of this function whose
            // answer was lost, or by a person. Their workers may not know it yet.
            match state_machine
                .stopped_since(before(self.clock.now(), WORKERS_INFORMED_SOON))
                .await
            {
                Ok(stopped) => {
                    earlier.count += stopped.iter().filter(|name| runs.include(name)).count();
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
