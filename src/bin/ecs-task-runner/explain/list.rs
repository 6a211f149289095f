//! The executions of the state machines of all task runners that are asked.

use std::ops::ControlFlow;
use std::time::Duration;

use ecs_task_runner::aws::ApiError;
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::step_functions::{Extent, StateMachine, StepFunctions};
use ecs_task_runner::execution::status::ListedExecution;
use jiff::Timestamp;

use super::patience::patiently;
use super::rights;
use crate::task_runner::{NoStateMachine, TaskRunnerArguments};

/// The state machines whose executions are listed.
pub(super) struct StateMachines(Vec<StateMachine>);

/// The executions of interest on all state machines.
pub(super) struct Listed<T> {
    pub(super) executions: Vec<T>,
    /// Which executions were looked at, in words.
    pub(super) looked_at: Vec<String>,
    /// What could not be looked at.
    pub(super) notes: Vec<String>,
}

impl StateMachines {
    pub(super) async fn find(
        stacks: &Stacks,
        step_functions: &StepFunctions,
        task_runner: &TaskRunnerArguments,
    ) -> Result<Self, NoStateMachine> {
        let arns = task_runner.state_machines(stacks).await?;
        let machines = arns
            .into_iter()
            .map(|arn| step_functions.state_machine(arn));
        Ok(Self(machines.collect()))
    }

    /// Lists the executions of which `recognise` makes something, newest first on each state machine,
    /// down to those that were started before `since`. A state machine that cannot be listed is left
    /// out and noted.
    pub(super) async fn list<T>(
        &self,
        patience: Duration,
        since: Option<Timestamp>,
        recognise: impl Fn(ListedExecution) -> Option<T>,
    ) -> Result<Listed<T>, ApiError> {
        let mut all = Listed {
            executions: Vec::new(),
            looked_at: Vec::new(),
            notes: Vec::new(),
        };
        let mut failure = None;
        for machine in &self.0 {
            let arn = machine.arn();
            let listed = patiently(patience, ApiError::may_pass, || {
                list(machine, since, &recognise)
            });
            match listed.await {
                Ok((executions, extent)) => {
                    all.executions.extend(executions);
                    all.looked_at
                        .push(format!("{} execution(s) of {arn}", extent.executions));
                    if extent.is_cut {
                        all.notes.push(format!(
                            "Older executions of {arn} were not looked at, since it has more than {}",
                            extent.executions
                        ));
                    }
                }
                Err(error) => {
                    all.notes.push(rights::note(
                        &error,
                        "A task runner's executions are left out",
                    ));
                    failure = failure.or(Some(error));
                }
            }
        }
        // With a failure and nothing found, it would be wrong to say that there is nothing.
        match failure {
            Some(error) if all.executions.is_empty() => Err(error),
            _ => Ok(all),
        }
    }
}

async fn list<T>(
    machine: &StateMachine,
    since: Option<Timestamp>,
    recognise: &impl Fn(ListedExecution) -> Option<T>,
) -> Result<(Vec<T>, Extent), ApiError> {
    let mut executions = Vec::new();
    let extent = machine
        .newest_first(None, |execution| {
            if since.is_some_and(|since| execution.started < since) {
                return ControlFlow::Break(());
            }
            executions.extend(recognise(execution));
            ControlFlow::Continue(())
        })
        .await?;
    Ok((executions, extent))
}

pub(super) fn without_state_machine(error: NoStateMachine) -> anyhow::Error {
    match error {
        NoStateMachine::Api(error) => rights::in_words(
            &error,
            "to find the state machine of the task runner",
            Some("give its ARN with --state-machine"),
        ),
        NoStateMachine::NoStack(name) => anyhow::anyhow!(
            "no task runner was found: there is no stack {name} with an output StateMachineArn in this region and account. Name the task runner's stack with --task-runner, or its state machine with --state-machine"
        ),
    }
}
