//! A stack: finds its executions, explains the one that matters most, and lists the others.

mod find;

use std::time::Duration;

use anyhow::anyhow;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::cloudformation::identity::NameParts;
use ecs_task_runner::execution::status::ExecutionStatus;
use ecs_task_runner::explain::{
    Choice, ExecutionArn, Explanation, OtherExecutions, RequestExplanation, RunResult, StackTarget,
};
use serde::Serialize;
use tokio::time::sleep;

use super::patience::PATIENCE;
use super::{Explained, Form, execution, print_json};
use crate::output::{complain, print};
use crate::task_runner::TaskRunnerArguments;
use find::Search;

/// Pause between two looks for an execution that is not there yet. A look takes two calls or more,
/// and all who list executions share five such calls a second (`service-quotas`).
const SEARCH_PERIOD: Duration = Duration::from_secs(5);

/// The JSON form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StackExplanation {
    #[serde(flatten)]
    subject: Subject,
    other_executions: OtherExecutions,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Subject {
    Execution(Box<Explanation>),
    Request(Box<RequestExplanation>),
}

/// Explains what matters most in a stack, and prints it.
pub(super) async fn explain(
    connection: &Connection,
    target: &StackTarget,
    task_runner: &TaskRunnerArguments,
    form: Form,
) -> anyhow::Result<Explained> {
    let Some(search) = Search::begin(connection, target, task_runner).await? else {
        return Ok(Explained::Nothing(no_stack(&target.stack)));
    };
    let mut found = search.find(Duration::ZERO).await?;
    let mut waits = false;
    let subject = loop {
        match found.choice {
            Choice::Execution(ref run) => {
                let arn = ExecutionArn::parse(&run.execution.arn)?;
                let is_followed = form.follows && run.execution.status == ExecutionStatus::Running;
                if waits && !form.is_json {
                    print("\n")?;
                }
                let explanation = execution::explain(connection, &arn, form).await?;
                if is_followed {
                    search.list_others_again(&mut found, &arn).await;
                }
                break Subject::Execution(Box::new(explanation));
            }
            Choice::Request(request) => {
                let explanation = request.explain(target.stack_name(), Clock::system().now());
                let result = explanation.conclusion.result;
                let goes_on = form.follows && result == RunResult::Running;
                // That it waits is printed once, and the end in any case.
                let is_printed = waits && goes_on;
                if !(form.is_json || is_printed) {
                    if waits {
                        print("\n")?;
                    }
                    print(&explanation.to_string())?;
                }
                if !goes_on {
                    break Subject::Request(Box::new(explanation));
                }
                waits = true;
                sleep(SEARCH_PERIOD).await;
                found = search.find(PATIENCE).await?;
            }
            Choice::Nothing { resources } => {
                let why = nothing(target, &found.looked_at, &resources, &found.notes);
                return Ok(Explained::Nothing(why));
            }
        }
    };
    let explanation = StackExplanation {
        subject,
        other_executions: found.others,
    };
    if form.is_json {
        print_json(&explanation)?;
    } else {
        print(&explanation.other_executions.to_string())?;
    }
    for note in found.notes {
        complain(&note);
    }
    Ok(match explanation.subject {
        Subject::Execution(explanation) => Explained::Execution(explanation),
        Subject::Request(request) => Explained::Request(request.conclusion.result),
    })
}

fn no_stack(name: &str) -> anyhow::Error {
    let hint = if NameParts::of(name).is_some() {
        ". It looks like the name of an execution: give the execution's ARN"
    } else {
        ". For an execution give its ARN"
    };
    anyhow!(
        "there is no stack {name} in this region and account, nor was one deleted in the last 90 days{hint}"
    )
}

/// Why nothing can be said, and what to do about it.
fn nothing(
    target: &StackTarget,
    looked_at: &str,
    resources: &[String],
    notes: &[String],
) -> anyhow::Error {
    let resources = if resources.is_empty() {
        String::new()
    } else {
        format!(
            " Resources of the stack with executions: {}.",
            resources.join(", ")
        )
    };
    let notes: Vec<_> = notes.iter().map(|note| format!(" {note}.")).collect();
    anyhow!(
        "no execution of {} was found among {looked_at}.{resources} An execution is kept for 90 days after its end.{notes} If another task runner has it, name that one with --task-runner or --state-machine",
        target.in_words(),
        notes = notes.concat()
    )
}
