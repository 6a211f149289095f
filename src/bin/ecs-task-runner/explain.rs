//! The `explain` command: finds an execution, reads it from Step Functions, and prints what the
//! library says of it.

mod drawing;
pub(crate) mod execution;
mod list;
pub(crate) mod patience;
pub(crate) mod rights;
mod service;
mod stack;
mod tasks;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::explain::{Explanation, RunResult, Target};
use serde::Serialize;

use crate::EXIT_USAGE;
use crate::output::{complain, print};
use crate::task_runner::TaskRunnerArguments;
use drawing::PictureFile;

/// The execution cannot be explained: it could not be found or read, or is not a task runner's.
const EXIT_UNEXPLAINED: u8 = 2;
/// The execution is not over.
const EXIT_RUNNING: u8 = 3;

#[derive(Debug, Clone, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help that --help prints, where backticks would show"
)]
pub(crate) struct ExplainArguments {
    /// STACK, STACK/LOGICAL_ID, a stack's ARN; an execution's ARN, or the address of its page in the
    /// Step Functions console; the name or ARN of an ECS service, or the ARN of a service deployment,
    /// for the runs of its lifecycle hook
    #[arg(value_name = "WHAT")]
    what: String,
    /// Print the explanation as JSON
    #[arg(long)]
    json: bool,
    /// Go on until the execution has ended, and print new lines of its timeline as they come. With
    /// --json, print the explanation once it has ended
    #[arg(long)]
    follow: bool,
    /// Also draw the timeline as a picture (SVG), for an incident report. With --follow, once the
    /// execution has ended
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Region of a stack or service that is given by its name [default: that of the environment or the profile]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Profile of the AWS configuration files whose credentials are taken [default: that of
    /// AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    task_runner: TaskRunnerArguments,
}

/// What came of looking for something by its name.
enum Explained {
    /// An execution was found, and its explanation was printed.
    Execution(Box<Explanation>),
    /// A request of CloudFormation was explained, which has no execution.
    Request(RunResult),
    /// Nothing is known of it.
    Nothing(anyhow::Error),
}

/// How an explanation is printed.
#[derive(Debug, Clone, Copy)]
struct Form {
    is_json: bool,
    follows: bool,
}

/// Prints what happened in the execution. The exit code says what came of it.
pub(crate) fn run(arguments: &ExplainArguments) -> ExitCode {
    let target = match Target::parse(&arguments.what) {
        Ok(target) => target,
        Err(error) => return wrong_usage(&error),
    };
    let region = match region(arguments, &target) {
        Ok(region) => region,
        Err(problem) => return wrong_usage(&problem),
    };
    match explain(arguments, &target, region.as_deref()) {
        Ok(RunResult::Succeeded) => ExitCode::SUCCESS,
        Ok(RunResult::Failed) => ExitCode::FAILURE,
        Ok(RunResult::Running) => ExitCode::from(EXIT_RUNNING),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(EXIT_UNEXPLAINED)
        }
    }
}

fn wrong_usage(problem: &impl std::fmt::Display) -> ExitCode {
    complain(&problem.to_string());
    ExitCode::from(EXIT_USAGE)
}

/// The region of what is to be explained, if the arguments name one.
fn region(arguments: &ExplainArguments, target: &Target) -> Result<Option<String>, String> {
    one_region([
        ("WHAT", target.region()),
        ("--state-machine", arguments.task_runner.region()),
        ("--region", arguments.region.as_deref()),
    ])
}

/// The region that arguments name, if any does. All that name one must name the same.
pub(crate) fn one_region<'a>(
    named: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
) -> Result<Option<String>, String> {
    let mut named = named
        .into_iter()
        .filter_map(|(by, region)| Some((by, region?)));
    let Some((first_by, region)) = named.next() else {
        return Ok(None);
    };
    match named.find(|(_, other)| *other != region) {
        Some((by, other)) => Err(format!(
            "{first_by} is in the region {region}, and {by} in {other}: name one region"
        )),
        None => Ok(Some(region.to_owned())),
    }
}

fn explain(
    arguments: &ExplainArguments,
    target: &Target,
    region: Option<&str>,
) -> anyhow::Result<RunResult> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot be started")?;
    let form = Form {
        is_json: arguments.json,
        follows: arguments.follow,
    };
    let picture = arguments
        .svg
        .as_deref()
        .map(PictureFile::open)
        .transpose()?;
    runtime.block_on(async {
        let connection = Connection::of_profile(arguments.profile.as_deref(), region).await;
        connection.check().await?;
        let explained = explain_target(&connection, target, &arguments.task_runner, form).await?;
        match explained {
            Explained::Execution(explanation) => {
                if let Some(picture) = picture {
                    picture.draw(&connection, &explanation).await?;
                }
                Ok(explanation.conclusion.result)
            }
            Explained::Request(result) => {
                if picture.is_some() {
                    complain("no picture was drawn, since there is no execution");
                }
                Ok(result)
            }
            Explained::Nothing(why) => Err(why),
        }
    })
}

async fn explain_target(
    connection: &Connection,
    target: &Target,
    task_runner: &TaskRunnerArguments,
    form: Form,
) -> anyhow::Result<Explained> {
    match target {
        Target::Execution(arn) => {
            let explanation = execution::explain(connection, arn, form).await?;
            if form.is_json {
                print_json(&explanation)?;
            }
            Ok(Explained::Execution(Box::new(explanation)))
        }
        Target::Stack(target) => {
            let stack = stack::explain(connection, target, task_runner, form).await?;
            match (stack, target.as_service()) {
                (Explained::Nothing(why), Some(service)) => {
                    match service::explain(connection, &service, task_runner, form).await {
                        Ok(Explained::Nothing(_)) | Err(_) => Ok(Explained::Nothing(why)),
                        explained => explained,
                    }
                }
                (explained, _) => Ok(explained),
            }
        }
        Target::Service(target) => service::explain(connection, target, task_runner, form).await,
    }
}

fn print_json(explanation: &impl Serialize) -> anyhow::Result<()> {
    let text =
        serde_json::to_string_pretty(explanation).context("the explanation cannot be written")?;
    print(&format!("{text}\n"))
}
