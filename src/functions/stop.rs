//! `stop`: stops what an execution, or on Delete a resource, has left running. The state machine
//! invokes it again and again, until it answers that there is nothing more to wait for.
//!
//! A rollback that runs a task invokes it before the task as well: for the runs of the update that is
//! rolled back, which its input names.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::leftovers::executions::{self, RunsOfResource, StopReason, StoppedEarlier};
use super::leftovers::tasks::{Leftovers, Owner};
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::StepFunctions;
use crate::aws::{ApiError, ErrorKind};
use crate::clock::{Clock, after, before};
use crate::cloudformation::event::RequestType;
use crate::execution::input::EarlierRun;
use crate::task::spec::TaskSpec;
use crate::text::lenient;
use crate::times::{
    CHECKS_UNTIL_WORKERS_ARE_INFORMED, STATE_MACHINE_STOP_PATIENCE, STOP_EXECUTIONS_BUDGET,
    STOP_FINAL_ATTEMPT, STOP_TASKS_BUDGET, WORKERS_INFORMED_SOON,
};

/// What the state `StopTasks` of the state machine invokes the function with.
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
#[serde(rename_all = "camelCase")]
struct ExecutionState {
    /// `None` for a direct run, which only ever has tasks of its own.
    #[serde(default)]
    request: Option<StopRequest>,
    task: TaskSpec,
    #[serde(default, deserialize_with = "lenient::or_default")]
    leftovers: EarlierChecks,
    /// The runs before the task, which have to be over before it is launched. Not lenient: a task that
    /// is launched too early does more harm than one that is not.
    #[serde(default)]
    earlier_runs: Vec<EarlierRun>,
    /// The error of the run; none before the task is launched, and on Delete.
    #[serde(default)]
    error: Option<IgnoredAny>,
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
    /// Tasks that were left at the last check that ECS answered (see `Leftovers::stop`). The
    /// function has called `StopTask` for each; the call may have failed.
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
            earlier_runs,
            error,
        } = event.state;
        let is_delete = request.is_some_and(|request| request.request_type == RequestType::Delete);
        if !is_delete && error.is_none() && !earlier_runs.is_empty() {
            return self
                .stop_earlier_runs(&earlier_runs, &task, leftovers)
                .await;
        }
        let mut executions = leftovers.executions;
        let mut is_complete = true;
        if is_delete {
            // Executions come before tasks: the worker of an execution that runs on would launch
            // further tasks.
            // Boxed: the future of this rare step would enlarge every invocation.
            let stopping = Box::pin(self.stop_executions(
                &event.state_machine,
                &task.started_by,
                leftovers.checks == 0,
            ));
            // Bounded, so that time is left for the tasks when Step Functions does not answer. The
            // next check stops the executions that this one did not come to.
            if let Ok(earlier) = timeout(STOP_EXECUTIONS_BUDGET, stopping).await {
                executions += earlier.count;
                is_complete = earlier.failure.is_none();
            } else {
                tracing::warn!("earlier executions could not all be stopped in time");
                is_complete = false;
            }
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
        // Bounded, since calls that ECS does not answer can take minutes with their retries, and
        // Lambda would end the function before it could report.
        let limit = self
            .clock
            .until(end)
            .clamp(STOP_FINAL_ATTEMPT, STOP_TASKS_BUDGET);
        let stopping = timeout(limit, self.leftovers.stop(owner, &task, &reason)).await;
        let stopping = stopping.unwrap_or_else(|_| {
            Err(ApiError {
                action: "ecs:ListTasks",
                resource: format!("cluster '{}'", task.cluster_name()),
                kind: ErrorKind::Unavailable,
                code: None,
                message: format!("ECS did not answer within {} s", limit.as_secs()),
            })
        });
        let has_time = self.clock.now() < end;
        let may_launch =
            (executions > 0 || !is_complete) && checks < CHECKS_UNTIL_WORKERS_ARE_INFORMED;
        let running = match stopping {
            Ok(found) => found.running,
            // The order matters. While workers may still launch, the state machine checks again in
            // any case, so the error is only logged. Otherwise the function fails, and the state
            // machine retries it up to three times.
            Err(error) if has_time && may_launch => {
                tracing::warn!(%error, "leftover tasks cannot be looked for; they are looked for again");
                leftovers.running
            }
            Err(error) if has_time => return Err(error),
            Err(_) => {
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

    /// Stops the tasks of the runs before this one, of which a container may still run or a worker may
    /// still launch one. This run's own task is launched once nothing of them is left.
    async fn stop_earlier_runs(
        &self,
        runs: &[EarlierRun],
        task: &TaskSpec,
        leftovers: EarlierChecks,
    ) -> Result<Stopped, ApiError> {
        let now = self.clock.now();
        let reason = format!(
            "{} ({})",
            StopReason::RolledBack.in_words(),
            task.started_by
        );
        let specs: Vec<_> = runs
            .iter()
            .map(|run| {
                let (cluster, definition) = (&run.cluster, &run.task_definition);
                TaskSpec::new(cluster, definition, &run.started_by, "", task.deadline)
            })
            .collect();
        let stopping = async {
            let mut running = 0;
            for spec in &specs {
                let found = self.leftovers.stop(Owner::Execution, spec, &reason).await?;
                running += found.running;
            }
            Ok::<_, ApiError>(running)
        };
        let running = match timeout(STOP_TASKS_BUDGET, stopping).await {
            Ok(Ok(running)) => running,
            Ok(Err(error)) if !error.may_pass() => return Err(error),
            // What cannot be seen may run.
            Ok(Err(error)) => {
                tracing::warn!(%error, "the tasks of earlier runs cannot be looked for; they are looked for again");
                leftovers.running.max(1)
            }
            Err(_) => {
                tracing::warn!("the tasks of earlier runs could not be looked for in time");
                leftovers.running.max(1)
            }
        };
        let may_launch = runs
            .iter()
            .any(|run| run.may_launch_until.is_some_and(|until| now < until));
        let has_time = self.clock.now() < task.deadline;
        Ok(Stopped {
            // A run of which a task may yet be launched is not over when there is no more time either.
            running: running.max(usize::from(may_launch && !has_time)),
            executions: leftovers.executions,
            checks: leftovers.checks.saturating_add(1),
            wait: (running > 0 || may_launch) && has_time,
        })
    }

    /// Stops the resource's other executions that run a task. CloudFormation no longer waits for
    /// them when it deletes the resource.
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
            // Executions may have been stopped shortly before: by an invocation of this function
            // whose answer was lost, or by a person. Their workers may not know it yet and may
            // still launch.
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
