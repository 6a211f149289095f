//! `cargo local`: the whole path on this machine, from a stack with a `Custom::EcsTask` to a
//! migrated database and CloudFormation's answer.

mod arguments;
mod colour;
mod console;
mod deployment;
mod direct;
mod execution_printer;
mod explained;
mod interruption;
mod migration;
mod pipe;
mod platform;
mod processes;
mod programs;
mod serve;
mod takeover;
mod template;
mod wording;

use std::convert::Infallible;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use ecs_task_runner::command_line;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::logging::in_colour;
use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;
use local_run::todobackend::{self, LONG_MIGRATION_BEGUN, MIGRATE_TASK, Release, STACK};
use signal_hook::consts::SIGPIPE;
use stand_ins::ecs::{ContainerLine, Processes};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use arguments::Arguments;
use colour::{Colour, Palette};
use console::Console;
use execution_printer::ExecutionPrinter;
use interruption::{Interruption, exit_code_of};
use platform::Platform;
use processes::WhenAWorkerEnds;
use programs::Programs;
use template::UserTemplate;
use wording::seconds;

/// Where to go on after a run without a failure, which shows no timeline.
const KEEP_IT: &str =
    "add --serve for ecs-task-runner explain and the AWS CLI, --fail for a migration that fails";

fn main() -> ExitCode {
    let arguments: Arguments = match command_line::parse() {
        Ok(arguments) => arguments,
        Err(exit_code) => return exit_code,
    };
    let console = Console::stdout();
    match run_until_interrupted(arguments, &console) {
        Ok(code) => code,
        Err(error) => {
            let palette = Palette::new(in_colour(&std::io::stderr()));
            let word = palette.paint(Colour::Red, "error:");
            // There is nowhere to say that it cannot be printed.
            let _ = writeln!(std::io::stderr(), "{word} {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_until_interrupted(arguments: Arguments, console: &Console) -> Result<ExitCode> {
    let interruption = Interruption::listen()?;
    let runtime =
        tokio::runtime::Runtime::new().context("The async runtime could not be started")?;
    runtime.block_on(async {
        // Whichever ends second is dropped, and every process of the run with it.
        tokio::select! {
            result = run(arguments, console) => result.map(|()| ExitCode::SUCCESS),
            code = interruption.exit_code() => {
                console.print("", "interrupted; everything that ran is stopped");
                Ok(ExitCode::from(code))
            }
            // Nobody reads the output any more. SIGPIPE ends other programs then.
            () = console.closed() => Ok(ExitCode::from(exit_code_of(SIGPIPE))),
        }
    })
}

async fn run(arguments: Arguments, console: &Console) -> Result<()> {
    let template = UserTemplate::read(&arguments)?;
    let python = prepare_python(console).await?;
    let programs = Programs::build().await?;
    let directory = RunDirectory::create("run")?;
    let logs = directory.path().to_owned();
    let run = Run {
        arguments,
        template,
        programs,
        python,
        directory,
    };
    let result = run.start(console).await;
    result.map_err(|error| anyhow!("{error:#}\nThe logs are in {}", logs.display()))
}

/// All that a run is made of.
struct Run {
    arguments: Arguments,
    template: Option<UserTemplate>,
    programs: Programs,
    python: PythonEnvironment,
    directory: RunDirectory,
}

impl Run {
    async fn start(&self, console: &Console) -> Result<()> {
        let workers = if self.arguments.no_fleet {
            Workers::Lambda
        } else {
            Workers::Fleet
        };
        let (sender, lines) = unbounded_channel();
        let commands = self.commands_directory()?;
        let containers = match &self.template {
            Some(_) => Processes::in_directory(commands),
            None => todobackend::containers(&self.python, &commands)?,
        };
        let (platform, mut processes) = Platform::start(
            &self.programs,
            self.python.clone(),
            self.directory.clone(),
            workers,
            containers.lines(sender),
            console,
        )
        .await?;
        let kill = Notify::new();
        let containers = Containers {
            kill: self.arguments.kill_worker.then_some(&kill),
            // A pipeline sees what `run` shows of them.
            are_shown: !self.arguments.run,
        };
        tokio::select! {
            result = self.job(&platform, console) => result,
            never = processes.attend(self.when_a_worker_ends(), &kill, console) => match never? {},
            never = containers.attend(lines, console) => match never {},
        }
    }

    /// What is to be shown.
    async fn job(&self, platform: &Platform, console: &Console) -> Result<()> {
        let started = Instant::now();
        let mut printer = ExecutionPrinter::new(platform.executions.clone(), console);
        let closing_line = match &self.template {
            Some(template) => template.run(platform, &mut printer, console).await?,
            None if self.arguments.run => {
                let programs = &self.programs;
                direct::run(platform, programs, self.release(), &mut printer, console).await?
            }
            None => migration::run(platform, self.release(), &mut printer, console).await?,
        };
        let (job, took) = (self.job_in_words(), seconds(started.elapsed()));
        if self.arguments.kill_worker {
            takeover::show(platform, &self.programs, console).await?;
        }
        if self.arguments.fail && !self.arguments.run {
            // The command that the Reason ends with.
            let resource = format!("{STACK}/{MIGRATE_TASK}");
            let (programs, failed) = (&self.programs, explained::FAILED);
            explained::show(platform, programs, &[&resource], failed, console).await?;
        }
        let all = seconds(console.elapsed());
        console.print(
            "",
            &format!("{closing_line}; {took} s for {job}, {all} s in all"),
        );
        if self.arguments.ends_with_success() {
            console.print("", KEEP_IT);
        }
        if self.arguments.serve {
            serve::explain(platform, &self.programs, console)?;
            match printer.follow().await? {}
        }
        Ok(())
    }

    /// What the time of the closing line was for.
    fn job_in_words(&self) -> &'static str {
        if self.arguments.run {
            "the stack and the run"
        } else {
            "the stack"
        }
    }

    fn release(&self) -> Release {
        if self.arguments.fail {
            Release::UniqueTitles
        } else if self.arguments.kill_worker {
            Release::LongMigration
        } else {
            Release::Good
        }
    }

    fn when_a_worker_ends(&self) -> WhenAWorkerEnds {
        if self.arguments.serve || self.arguments.kill_worker {
            WhenAWorkerEnds::Replace
        } else {
            WhenAWorkerEnds::Fail
        }
    }

    /// Where the commands of the user's containers run.
    fn commands_directory(&self) -> Result<PathBuf> {
        let directory = match (&self.arguments.directory, &self.template) {
            (Some(directory), _) => directory,
            (None, Some(template)) => template.directory(),
            (None, None) => Path::new("."),
        };
        let name = directory.display();
        directory.canonicalize().with_context(|| {
            format!("The directory {name} for the containers' commands cannot be used")
        })
    }
}

/// What becomes of the lines that containers print.
struct Containers<'a> {
    /// Is notified when the long migration has begun.
    kill: Option<&'a Notify>,
    are_shown: bool,
}

impl Containers<'_> {
    /// Attends to the lines until it is cancelled.
    async fn attend(
        &self,
        mut lines: UnboundedReceiver<ContainerLine>,
        console: &Console,
    ) -> Infallible {
        while let Some(ContainerLine {
            container, line, ..
        }) = lines.recv().await
        {
            if self.are_shown {
                console.print("container", &format!("{container} | {line}"));
            }
            if let Some(kill) = self.kill
                && line.contains(LONG_MIGRATION_BEGUN)
            {
                kill.notify_one();
            }
        }
        std::future::pending().await
    }
}

async fn prepare_python(console: &Console) -> Result<PythonEnvironment> {
    let wait = console.wait("preparing the Python environment");
    let python = PythonEnvironment::prepare(|progress| wait.detail(progress)).await?;
    wait.done("Python environment ready");
    Ok(python)
}
