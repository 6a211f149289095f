//! The `explain` command: reads an execution from Step Functions and prints what the library says
//! of it.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::aws::{ApiError, Connection, ErrorKind};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::explain::{ExecutionArn, Explainer, Explanation, RunResult};

use crate::{EXIT_USAGE, output};

/// The execution cannot be explained: it could not be read, or is not a task runner's.
const EXIT_UNEXPLAINED: u8 = 2;
/// The execution is not over.
const EXIT_RUNNING: u8 = 3;

#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArguments {
    /// ARN of the execution, or the address of its page in the Step Functions console
    #[arg(value_name = "EXECUTION")]
    execution: String,
    /// Print the explanation as JSON
    #[arg(long)]
    json: bool,
}

/// Prints what happened in the execution. The exit code says what came of it.
pub(crate) fn run(arguments: &ExplainArguments) -> ExitCode {
    let arn = match ExecutionArn::parse(&arguments.execution) {
        Ok(arn) => arn,
        Err(error) => {
            output::complain(&error.to_string());
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match explain_and_print(arn, arguments.json) {
        Ok(RunResult::Succeeded) => ExitCode::SUCCESS,
        Ok(RunResult::Failed) => ExitCode::FAILURE,
        Ok(RunResult::Running) => ExitCode::from(EXIT_RUNNING),
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::from(EXIT_UNEXPLAINED)
        }
    }
}

fn explain_and_print(arn: ExecutionArn, json: bool) -> anyhow::Result<RunResult> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot be started")?;
    let explanation = runtime.block_on(explain(arn))?;
    let mut text = if json {
        serde_json::to_string_pretty(&explanation).context("the explanation cannot be written")?
    } else {
        explanation.to_string()
    };
    if json {
        text.push('\n');
    }
    output::print(&text)?;
    Ok(explanation.conclusion.result)
}

async fn explain(arn: ExecutionArn) -> anyhow::Result<Explanation> {
    let connection = Connection::from_environment(Some(arn.region())).await;
    connection.check().await.map_err(|error| {
        anyhow!("{error}. A profile with single sign-on needs this first: eval \"$(aws configure export-credentials --format env)\"")
    })?;
    let state_machine = StepFunctions::new(&connection).state_machine(arn.state_machine());
    let execution_arn = arn.to_string();
    let execution = state_machine
        .describe(&execution_arn)
        .await
        .map_err(|error| in_words(&error, &arn))?;
    let mut explainer = Explainer::new(arn.clone(), execution)?;
    state_machine
        .each_event(&execution_arn, |event| explainer.note(event))
        .await
        .map_err(|error| in_words(&error, &arn))?;
    Ok(explainer.explain(Clock::system().now()))
}

/// Why the execution could not be read, and what to do about it.
fn in_words(error: &ApiError, arn: &ExecutionArn) -> anyhow::Error {
    if error.code.as_deref() == Some("ExecutionDoesNotExist") {
        return anyhow!(
            "there is no execution {arn}. An execution is kept for 90 days after its end. See whether name, region and account are right; aws stepfunctions list-executions --region {} --state-machine-arn {} lists those there are",
            arn.region(),
            arn.state_machine()
        );
    }
    match error.kind {
        ErrorKind::AccessDenied => anyhow!(
            "{error}. Use credentials of account {} that are allowed states:DescribeExecution and states:GetExecutionHistory on executions of this state machine",
            arn.account()
        ),
        ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Rejected => anyhow!("{error}"),
    }
}
