//! The calls that find a stack and its executions. Only the stack's id and the list of executions
//! are needed; what else cannot be had is left out and noted.

use std::time::Duration;

use anyhow::bail;
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::aws::{ApiError, Connection, ErrorKind};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::cloudformation::stack::Stack;
use ecs_task_runner::explain::{
    Choice, ExecutionArn, OtherExecutions, StackExecution, StackRuns, StackTarget, requests,
};

use super::super::list::{Listed, StateMachines, without_state_machine};
use super::super::patience::{PATIENCE, patiently};
use super::super::rights;
use crate::task_runner::TaskRunnerArguments;

/// Looks for the executions of a stack. The stack and the state machines are found once.
pub(super) struct Search {
    stacks: Stacks,
    stack: Stack,
    logical_id: Option<String>,
    state_machines: StateMachines,
    notes: Vec<String>,
}

/// What was found.
pub(super) struct Found {
    /// What is to be explained.
    pub(super) choice: Choice,
    /// The other executions, newest first.
    pub(super) others: OtherExecutions,
    /// What could not be looked at.
    pub(super) notes: Vec<String>,
    /// Which executions were looked at, in words.
    pub(super) looked_at: String,
    runs: StackRuns,
}

impl Search {
    /// Finds the stack and the state machines. `None` when there is no stack of this name.
    pub(super) async fn begin(
        connection: &Connection,
        target: &StackTarget,
        task_runner: &TaskRunnerArguments,
    ) -> anyhow::Result<Option<Self>> {
        let stacks = Stacks::new(connection);
        let mut notes = Vec::new();
        let Some(stack) = find_stack(&stacks, &target.stack, &mut notes).await? else {
            return Ok(None);
        };
        let step_functions = StepFunctions::new(connection);
        let state_machines = StateMachines::find(&stacks, &step_functions, task_runner).await;
        Ok(Some(Self {
            stack,
            logical_id: target.logical_id.clone(),
            state_machines: state_machines.map_err(without_state_machine)?,
            stacks,
            notes,
        }))
    }

    /// Looks at the stack's events and executions. A call that fails for now is repeated for as long
    /// as `patience` says.
    pub(super) async fn find(&self, patience: Duration) -> anyhow::Result<Found> {
        let mut notes = self.notes.clone();
        let events = patiently(patience, ApiError::may_pass, || {
            self.stacks.last_events(&self.stack.id)
        });
        let events = events.await.unwrap_or_else(|error| {
            notes.push(rights::note(
                &error,
                "What CloudFormation says of the resource is left out",
            ));
            Vec::new()
        });
        let requests = requests(&events);
        let runs = StackRuns::new(&self.stack.id, self.logical_id.as_deref(), &requests);
        let listed = self.list_all(&runs, patience).await.map_err(|error| {
            rights::in_words(
                &error,
                "to find the executions of the stack by their names",
                Some("give the execution's ARN"),
            )
        })?;
        notes.extend(listed.notes);
        let mut executions = listed.executions;
        let choice = runs.choose(requests, &mut executions);
        Ok(Found {
            choice,
            others: OtherExecutions::of(executions, Clock::system().now()),
            notes,
            looked_at: listed.looked_at.join(" and "),
            runs,
        })
    }

    /// Lists the executions beside this one again, which was followed to its end: meanwhile others
    /// may have been started or have ended.
    pub(super) async fn list_others_again(&self, found: &mut Found, followed: &ExecutionArn) {
        match self.list_all(&found.runs, PATIENCE).await {
            Ok(listed) => {
                let others = found.runs.others(listed.executions, &followed.to_string());
                found.others = OtherExecutions::of(others, Clock::system().now());
                let is_new = |note: &String| !found.notes.contains(note);
                let new: Vec<_> = listed.notes.into_iter().filter(is_new).collect();
                found.notes.extend(new);
            }
            Err(error) => found.notes.push(rights::note(
                &error,
                "The other executions are shown as they were before",
            )),
        }
    }

    /// Lists the stack's executions on all state machines.
    async fn list_all(
        &self,
        runs: &StackRuns,
        patience: Duration,
    ) -> Result<Listed<StackExecution>, ApiError> {
        // No execution of the stack is older than the stack.
        let since = self.stack.created;
        let recognise = |execution| runs.recognise(execution);
        self.state_machines.list(patience, since, recognise).await
    }
}

/// The id of the stack of this name or ARN, and when it was created. `None` when there is none of this
/// name.
async fn find_stack(
    stacks: &Stacks,
    name: &str,
    notes: &mut Vec<String>,
) -> anyhow::Result<Option<Stack>> {
    let is_arn = name.starts_with("arn:");
    let by_arn = Some("give the stack's ARN in place of its name");
    match stacks.find(name).await {
        Ok(Some(stack)) => return Ok(Some(stack)),
        Ok(None) if is_arn => bail!(
            "there is no stack {name}, or it was deleted more than 90 days ago. See whether region and account are right"
        ),
        Ok(None) => {}
        Err(error) if is_arn && error.kind == ErrorKind::AccessDenied => {
            notes.push(rights::note(
                &error,
                "The stack is looked for by its ARN alone",
            ));
            return Ok(Some(Stack {
                id: name.to_owned(),
                created: None,
            }));
        }
        Err(error) => {
            let purpose = "to find the stack's id, which is part of the names of its executions";
            return Err(rights::in_words(&error, purpose, by_arn));
        }
    }
    stacks.find_deleted(name).await.map_err(|error| {
        let purpose = format!(
            "since there is no stack {name} now, to see whether one of this name was deleted"
        );
        rights::in_words(&error, &purpose, by_arn)
    })
}
