//! A stack: finds its executions, explains the one that matters most, and lists the others.

mod find;

use std::time::Duration;

use anyhow::anyhow;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::explain::{
    Choice, ExecutionArn, Explanation, OtherExecutions, RequestExplanation, RunResult, StackTarget,
};
use serde::Serialize;
use tokio::time::sleep;

use super::{Form, execution, print_json};
use crate::output::{complain, print};
use crate::task_runner::TaskRunnerArguments;
use find::{Found, Search};

/// Pause between two looks for an execution that is not there yet. A look takes four calls or more,
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
) -> anyhow::Result<RunResult> {
    let search = Search::new(connection, target, task_runner);
    let mut waits = false;
    loop {
        let Found {
            choice,
            others,
            notes,
            looked_at,
        } = search.find().await?;
        let (subject, result) = match choice {
            Choice::Execution(run) => {
                let arn = ExecutionArn::parse(&run.execution.arn)?;
                if waits && !form.is_json {
                    print("\n")?;
                }
                let explanation = execution::explain(connection, &arn, form).await?;
                let result = explanation.conclusion.result;
                (Subject::Execution(Box::new(explanation)), result)
            }
            Choice::Request(request) => {
                let explanation = request.explain(target.stack_name(), Clock::system().now());
                let result = explanation.conclusion.result;
                let goes_on = form.follows && result == RunResult::Running;
                if !form.is_json && !waits {
                    print(&explanation.to_string())?;
                }
                if goes_on {
                    waits = true;
                    sleep(SEARCH_PERIOD).await;
                    continue;
                }
                (Subject::Request(Box::new(explanation)), result)
            }
            Choice::Nothing { resources } => {
                return Err(nothing(target, &looked_at, &resources, &notes));
            }
        };
        let other_executions = OtherExecutions::of(others, Clock::system().now());
        if form.is_json {
            print_json(&StackExplanation {
                subject,
                other_executions,
            })?;
        } else {
            print(&other_executions.to_string())?;
        }
        for note in notes {
            complain(&note);
        }
        return Ok(result);
    }
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
        "no execution of {} was found among {looked_at}, and its last deployment asked for none.{resources} An execution is kept for 90 days after its end.{notes} If another task runner has it, name that one with --task-runner or --state-machine",
        target.in_words(),
        notes = notes.concat()
    )
}
