//! `--run`: no stack migrates the database. A pipeline does, with `ecs-task-runner run`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use local_run::child_process::ChildProcess;
use local_run::stacks::Template;
use local_run::todobackend::{Database, FAMILY, Release, STACK, TEMPLATE};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::time::timeout;

use super::colour::Colour;
use super::console::Console;
use super::deployment;
use super::execution_printer::ExecutionPrinter;
use super::migration::{describe, differences_of_the_run};
use super::platform::Platform;
use super::programs::Programs;
use super::wording::colour_of_status;

/// A stack without a run takes a moment.
const STACK_LIMIT: Duration = Duration::from_mins(1);

/// The longest run, in which a worker is killed, takes a minute and a half.
const RUN_LIMIT: Duration = Duration::from_mins(4);

/// What a pipeline runs. The name is known beforehand, so that a later step can stop the execution.
const COMMAND: [&str; 9] = [
    "run",
    "--cluster",
    STACK,
    "--task-definition",
    FAMILY,
    "--timeout",
    "10m",
    "--name",
    "release-42",
];

/// Deploys what the release needs, has `run` migrate, and gives the closing line when all is as it
/// should be.
///
/// # Errors
/// When a step fails, or exit code, Reason and database are not as the release should leave them.
pub async fn run(
    platform: &Platform,
    programs: &Programs,
    release: Release,
    printer: &mut ExecutionPrinter,
    console: &Console,
) -> Result<String> {
    let file = platform.directory.file("database.sqlite3");
    let path = file
        .to_str()
        .context("The path of the target directory is not UTF-8")?;
    let template = Template {
        body: TEMPLATE,
        parameters: &[
            ("DatabasePath", path),
            ("SettingsModule", release.settings_module()),
            ("MigratedBy", "pipeline"),
        ],
    };
    let stack =
        deployment::create(platform, STACK, &template, STACK_LIMIT, printer, console).await?;
    if stack.status != "CREATE_COMPLETE" {
        bail!("The stack {STACK} ended {}", stack.status);
    }

    let pipeline = Pipeline::run(platform, programs, console).await?;
    let code = pipeline.exit_code;
    console.print("", &format!("ecs-task-runner run exited with {code}"));
    let database = Database::read(&platform.python, &file).await?;
    console.print("database", &describe(&database));

    let mut differences = differences_of_the_run(release, &pipeline.output, &database);
    // The container's own exit code, where it exited by itself.
    let expected = i32::from(release == Release::UniqueTitles);
    if code != expected {
        differences.push(format!("the exit code is not {expected}"));
    }
    if !pipeline.output.contains("Applying todo.0001_initial") {
        differences.push("the output does not show the container's lines".to_owned());
    }
    let tasks = platform.stand_ins.ecs().tasks().len();
    if tasks != 1 {
        differences.push(format!("{tasks} ECS tasks were launched"));
    }
    if !differences.is_empty() {
        bail!(
            "The run did not end as it should:\n  {}",
            differences.join("\n  ")
        );
    }
    let status = if code == 0 { "SUCCEEDED" } else { "FAILED" };
    Ok(console.palette().paint(colour_of_status(status), status))
}

/// What a pipeline's step has seen.
struct Pipeline {
    exit_code: i32,
    /// What it printed on standard output and standard error.
    output: String,
}

impl Pipeline {
    /// Runs the command, and prints what it prints as it comes, as the log of a pipeline shows it.
    async fn run(platform: &Platform, programs: &Programs, console: &Console) -> Result<Self> {
        let shown = format!("$ ecs-task-runner {}", COMMAND.join(" "));
        console.print_plain(&format!(
            "\n{}",
            console.palette().paint(Colour::Bold, &shown)
        ));
        let mut command = Command::new(&programs.ecs_task_runner);
        command.args(COMMAND).envs(platform.endpoints.variables());
        // One pipe for both: a log shows the lines of standard output and of standard error in the order
        // in which they were written.
        let no_pipe = "A pipe for ecs-task-runner run could not be made";
        let (output, input) = std::io::pipe().context(no_pipe)?;
        let errors = input.try_clone().context(no_pipe)?;
        command.stdout(input).stderr(errors);
        let output = Receiver::from_owned_fd(output.into()).context(no_pipe)?;
        let mut program = ChildProcess::start("ecs-task-runner run", command)?;
        let all = async {
            let output = print(output, console).await?;
            let status = program.ended().await?;
            let exit_code = status
                .code()
                .with_context(|| format!("ecs-task-runner run ended with {status}"))?;
            Ok(Self { exit_code, output })
        };
        let ended = timeout(RUN_LIMIT, all).await;
        let ended = ended.with_context(|| {
            format!(
                "ecs-task-runner run did not end within {} s",
                RUN_LIMIT.as_secs()
            )
        })?;
        console.print_plain("");
        ended
    }
}

/// Prints each line, and gives all of them.
async fn print(stream: Receiver, console: &Console) -> Result<String> {
    let mut lines = BufReader::new(stream).lines();
    let mut all = String::new();
    while let Some(line) = lines
        .next_line()
        .await
        .context("What ecs-task-runner run prints could not be read")?
    {
        console.print_plain(&line);
        all += &line;
        all.push('\n');
    }
    Ok(all)
}
