//! One execution: reads its description and history, once or until it has ended.

use std::time::Duration;

use anyhow::anyhow;
use ecs_task_runner::aws::step_functions::{StateMachine, StepFunctions};
use ecs_task_runner::aws::{ApiError, Connection};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::execution::status::Execution;
use ecs_task_runner::explain::{
    ExecutionArn, Explainer, Explanation, ForeignExecution, RunResult, TimelineEntry,
};
use tokio::time::sleep;

use super::patience::{PATIENCE, patiently};
use super::{Form, rights};
use crate::output::print;

/// Pause between two looks at an execution. A look takes two calls or a few, and the account's
/// executions share 15 `DescribeExecution` and 20 `GetExecutionHistory` a second
/// (`service-quotas`).
const PERIOD: Duration = Duration::from_secs(2);

/// An execution could not be explained.
pub(crate) enum Unexplained {
    /// Step Functions did not show it.
    Api(ApiError),
    /// It is not a task runner's.
    Foreign(ForeignExecution),
}

/// Explains an execution, and prints the explanation unless it is to be JSON. While it follows the
/// execution, it prints new lines of the timeline as they come.
pub(super) async fn explain(
    connection: &Connection,
    arn: &ExecutionArn,
    form: Form,
) -> anyhow::Result<Explanation> {
    let state_machine = StepFunctions::new(connection).state_machine(arn.state_machine());
    let mut explanation = read(&state_machine, arn)
        .await
        .map_err(|error| in_words(error, arn))?;
    if !form.follows || explanation.conclusion.result != RunResult::Running {
        if !form.is_json {
            print(&explanation.to_string())?;
        }
        return Ok(explanation);
    }
    let mut shown: Vec<TimelineEntry> = Vec::new();
    if !form.is_json {
        print(&explanation.head().to_string())?;
    }
    loop {
        if !form.is_json {
            show_new(&explanation, &mut shown)?;
        }
        if explanation.conclusion.result != RunResult::Running {
            break;
        }
        sleep(PERIOD).await;
        let may_pass =
            |error: &Unexplained| matches!(error, Unexplained::Api(error) if error.may_pass());
        explanation = patiently(PATIENCE, may_pass, async || read(&state_machine, arn).await)
            .await
            .map_err(|error| in_words(error, arn))?;
    }
    if !form.is_json {
        print(&format!("\n{}", explanation.conclusion))?;
    }
    Ok(explanation)
}

/// Prints the entries that were not printed yet. The start and the end of an ECS task are known
/// only when its worker has answered, so that their lines may come after later ones.
fn show_new(explanation: &Explanation, shown: &mut Vec<TimelineEntry>) -> anyhow::Result<()> {
    for step in &explanation.steps {
        if !shown.contains(step) {
            print(&step.to_string())?;
            shown.push(step.clone());
        }
    }
    Ok(())
}

/// Reads the whole execution, since a history has a page or two.
async fn read(
    state_machine: &StateMachine,
    arn: &ExecutionArn,
) -> Result<Explanation, Unexplained> {
    let execution = describe(state_machine, arn).await?;
    read_history(state_machine, arn, execution).await
}

pub(crate) async fn describe(
    state_machine: &StateMachine,
    arn: &ExecutionArn,
) -> Result<Execution, Unexplained> {
    let described = state_machine.describe(&arn.to_string()).await;
    described.map_err(Unexplained::Api)
}

/// Reads the history of an execution that was described before or just now. An end that came since
/// stands in the history.
pub(crate) async fn read_history(
    state_machine: &StateMachine,
    arn: &ExecutionArn,
    execution: Execution,
) -> Result<Explanation, Unexplained> {
    let mut explainer = Explainer::new(arn.clone(), execution).map_err(Unexplained::Foreign)?;
    state_machine
        .each_event(&arn.to_string(), |event| explainer.note(event))
        .await
        .map_err(Unexplained::Api)?;
    Ok(explainer.explain(Clock::system().now()))
}

/// Why the execution could not be read, and what to do about it.
pub(crate) fn in_words(error: Unexplained, arn: &ExecutionArn) -> anyhow::Error {
    let error = match error {
        Unexplained::Foreign(foreign) => return foreign.into(),
        Unexplained::Api(error) => error,
    };
    if error.code.as_deref() == Some("ExecutionDoesNotExist") {
        return anyhow!(
            "there is no execution {arn}. An execution is kept for 90 days after its end. See whether name, region and account are right; ecs-task-runner explain STACK lists the executions of a stack"
        );
    }
    let purpose = format!("to read the execution in account {}", arn.account());
    rights::in_words(&error, &purpose, None)
}
