//! The calls that find a stack and its executions. Only the stack's id and the list of executions
//! are needed; what else cannot be had is left out and noted.

use std::ops::ControlFlow;

use anyhow::{anyhow, bail};
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::step_functions::{Extent, StepFunctions};
use ecs_task_runner::aws::{ApiError, Connection, ErrorKind};
use ecs_task_runner::cloudformation::identity::NameParts;
use ecs_task_runner::cloudformation::stack::Stack;
use ecs_task_runner::explain::{Choice, StackExecution, StackRuns, StackTarget, requests};

use super::super::rights;
use crate::task_runner::{NoStateMachine, TaskRunnerArguments};

/// The most executions of a stack that are collected; more than anyone reads.
const MAX_EXECUTIONS: usize = 500;

/// Looks for the executions of a stack.
pub(super) struct Search<'s> {
    stacks: Stacks,
    step_functions: StepFunctions,
    target: &'s StackTarget,
    task_runner: &'s TaskRunnerArguments,
}

/// What was found.
pub(super) struct Found {
    /// What is to be explained.
    pub(super) choice: Choice,
    /// The other executions, newest first.
    pub(super) others: Vec<StackExecution>,
    /// What could not be looked at.
    pub(super) notes: Vec<String>,
    /// Which executions were looked at, in words.
    pub(super) looked_at: String,
}

impl<'s> Search<'s> {
    pub(super) fn new(
        connection: &Connection,
        target: &'s StackTarget,
        task_runner: &'s TaskRunnerArguments,
    ) -> Self {
        Self {
            stacks: Stacks::new(connection),
            step_functions: StepFunctions::new(connection),
            target,
            task_runner,
        }
    }

    pub(super) async fn find(&self) -> anyhow::Result<Found> {
        let mut notes = Vec::new();
        let stack = self.stack(&mut notes).await?;
        let events = match self.stacks.last_events(&stack.id).await {
            Ok(events) => events,
            Err(error) => {
                notes.push(rights::note(
                    &error,
                    "What CloudFormation says of the resource is left out",
                ));
                Vec::new()
            }
        };
        let requests = requests(&events);
        let runs = StackRuns::new(&stack.id, self.target.logical_id.as_deref(), &requests);
        let state_machines = self
            .task_runner
            .state_machines(&self.stacks)
            .await
            .map_err(without_state_machine)?;
        let mut executions = Vec::new();
        let (mut looked_at, mut failure, mut read) = (Vec::new(), None, 0);
        for arn in state_machines {
            match self.list(&arn, &stack, &runs, &mut executions).await {
                Ok(extent) => {
                    read += 1;
                    looked_at.push(extent_in_words(&arn, extent));
                    if extent.is_cut {
                        notes.push(format!(
                            "Older executions of {arn} were not looked at, since it has more than {}",
                            extent.executions
                        ));
                    }
                }
                Err(error) => {
                    notes.push(rights::note(
                        &error,
                        "A task runner's executions are left out",
                    ));
                    failure = failure.or(Some(error));
                }
            }
        }
        // With a failure and nothing found, it would be wrong to say that there is nothing.
        if let Some(error) = failure.filter(|_| read == 0 || executions.is_empty()) {
            return Err(rights::in_words(
                &error,
                "to find the executions of the stack by their names",
                Some("give the execution's ARN"),
            ));
        }
        let choice = runs.choose(requests, &mut executions);
        Ok(Found {
            choice,
            others: executions,
            notes,
            looked_at: looked_at.join(" and "),
        })
    }

    /// The stack's id, and when it was created.
    async fn stack(&self, notes: &mut Vec<String>) -> anyhow::Result<Stack> {
        let name = self.target.stack.as_str();
        let is_arn = name.starts_with("arn:");
        let by_arn = Some("give the stack's ARN in place of its name");
        match self.stacks.find(name).await {
            Ok(Some(stack)) => return Ok(stack),
            Ok(None) if is_arn => bail!(
                "there is no stack {name}, or it was deleted more than 90 days ago. See whether region and account are right"
            ),
            Ok(None) => {}
            Err(error) if is_arn && error.kind == ErrorKind::AccessDenied => {
                notes.push(rights::note(
                    &error,
                    "The stack is looked for by its ARN alone",
                ));
                return Ok(Stack {
                    id: name.to_owned(),
                    created: None,
                });
            }
            Err(error) => {
                let purpose =
                    "to find the stack's id, which is part of the names of its executions";
                return Err(rights::in_words(&error, purpose, by_arn));
            }
        }
        let deleted = self.stacks.find_deleted(name).await.map_err(|error| {
            let purpose = format!(
                "since there is no stack {name} now, to see whether one of this name was deleted"
            );
            rights::in_words(&error, &purpose, by_arn)
        })?;
        deleted.ok_or_else(|| {
            let hint = if NameParts::of(name).is_some() {
                ". It looks like the name of an execution: give the execution's ARN"
            } else {
                ""
            };
            anyhow!(
                "there is no stack {name} in this region and account, nor was one deleted in the last 90 days{hint}"
            )
        })
    }

    /// Collects the stack's executions of one state machine.
    async fn list(
        &self,
        state_machine: &str,
        stack: &Stack,
        runs: &StackRuns,
        executions: &mut Vec<StackExecution>,
    ) -> Result<Extent, ApiError> {
        let state_machine = self.step_functions.state_machine(state_machine);
        state_machine
            .newest_first(|execution| {
                // No execution of the stack is older than the stack.
                if stack
                    .created
                    .is_some_and(|created| execution.started < created)
                    || executions.len() >= MAX_EXECUTIONS
                {
                    return ControlFlow::Break(());
                }
                executions.extend(runs.recognise(execution));
                ControlFlow::Continue(())
            })
            .await
    }
}

fn extent_in_words(state_machine: &str, extent: Extent) -> String {
    format!("{} execution(s) of {state_machine}", extent.executions)
}

fn without_state_machine(error: NoStateMachine) -> anyhow::Error {
    match error {
        NoStateMachine::Api(error) => rights::in_words(
            &error,
            "to find the state machine of the task runner",
            Some("give its ARN with --state-machine"),
        ),
        NoStateMachine::NoStack(name) => anyhow!(
            "no task runner was found: there is no stack {name} with an output StateMachineArn in this region and account. Name the task runner's stack with --task-runner, or its state machine with --state-machine"
        ),
    }
}
