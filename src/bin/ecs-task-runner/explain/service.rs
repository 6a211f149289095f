//! A service of ECS: finds the runs of its deployments' lifecycle hook, explains the one that matters
//! most, and lists the others.

use std::time::Duration;

use anyhow::anyhow;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::execution::status::ListedExecution;
use ecs_task_runner::explain::{
    DeploymentSummary, ExecutionArn, Explanation, OtherExecutions, ServiceRuns, ServiceTarget,
};
use serde::Serialize;

use super::list::{Listed, StateMachines, without_state_machine};
use super::{Explained, Form, execution, print_json, rights};
use crate::output::{complain, print};
use crate::task_runner::TaskRunnerArguments;

/// The most executions that are described to find those of one deployment: their names do not tell
/// which deployment they are of. All who describe executions share 15 such calls a second
/// (`service-quotas`).
const MAX_DESCRIBED: usize = 100;

/// The JSON form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceExplanation {
    #[serde(flatten)]
    run: Explanation,
    other_executions: OtherExecutions,
}

/// Explains the run that matters most of a service's deployments, or of one of them, and prints it.
pub(super) async fn explain(
    connection: &Connection,
    target: &ServiceTarget,
    task_runner: &TaskRunnerArguments,
    form: Form,
) -> anyhow::Result<Explained> {
    let step_functions = StepFunctions::new(connection);
    let stacks = Stacks::new(connection);
    let machines = StateMachines::find(&stacks, &step_functions, task_runner).await;
    let machines = machines.map_err(without_state_machine)?;
    let runs = ServiceRuns::of(target);
    let listed = machines
        .list(Duration::ZERO, None, |execution| {
            runs.recognise(&execution).then_some(execution)
        })
        .await;
    let mut listed = listed.map_err(|error| {
        rights::in_words(
            &error,
            "to find the runs of the service by their names",
            Some("give the execution's ARN"),
        )
    })?;
    if let Some(deployment) = &target.deployment {
        keep_those_of(deployment, &mut listed, &step_functions).await?;
    }
    let Some(chosen) = ServiceRuns::choose(&mut listed.executions) else {
        return Ok(Explained::Nothing(nothing(target, &listed)));
    };
    let arn = ExecutionArn::parse(&chosen.arn)?;
    let run = execution::explain(connection, &arn, form).await?;
    let other_executions = OtherExecutions::of_service(listed.executions, Clock::system().now());
    let explanation = ServiceExplanation {
        run,
        other_executions,
    };
    if form.is_json {
        print_json(&explanation)?;
    } else {
        print(&explanation.other_executions.to_string())?;
    }
    for note in listed.notes {
        complain(&note);
    }
    Ok(Explained::Execution(Box::new(explanation.run)))
}

/// Keeps the runs of one deployment, which their inputs name. Deployments of a service follow one
/// another, so that the search ends behind those that were found.
async fn keep_those_of(
    deployment: &str,
    listed: &mut Listed<ListedExecution>,
    step_functions: &StepFunctions,
) -> anyhow::Result<()> {
    let mut all = std::mem::take(&mut listed.executions);
    all.sort_by_key(|execution| std::cmp::Reverse(execution.started));
    if all.len() > MAX_DESCRIBED {
        listed.notes.push(format!(
            "Of {} runs of the service only the newest {MAX_DESCRIBED} were looked at",
            all.len()
        ));
    }
    for execution in all.into_iter().take(MAX_DESCRIBED) {
        let machine =
            step_functions.state_machine(ExecutionArn::parse(&execution.arn)?.state_machine());
        let described = machine.describe(&execution.arn).await.map_err(|error| {
            rights::in_words(
                &error,
                "to see which deployment a run is of",
                Some("give the service's ARN"),
            )
        })?;
        let of = DeploymentSummary::of_input(&described.input);
        if of.is_some_and(|of| of.arn == deployment) {
            listed.executions.push(execution);
        } else if !listed.executions.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Why nothing can be said, and what to do about it.
fn nothing(target: &ServiceTarget, listed: &Listed<ListedExecution>) -> anyhow::Error {
    let notes: Vec<_> = listed
        .notes
        .iter()
        .map(|note| format!(" {note}."))
        .collect();
    anyhow!(
        "no execution for {} was found among {}. An execution is kept for 90 days after its end.{} A hook whose details cannot be run starts none: the log of the function hook says why. If another task runner has it, name that one with --task-runner or --state-machine",
        target.in_words(),
        listed.looked_at.join(" and "),
        notes.concat()
    )
}
