//! `cargo local`: the whole path on this machine, from a stack with a `Custom::EcsTask` to a
//! migrated database and CloudFormation's answer.

mod arguments;
mod colour;
mod console;
mod execution_printer;
mod interruption;
mod migration;
mod pipe;
mod platform;
mod programs;
mod serve;
mod wording;

use std::convert::Infallible;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use ecs_task_runner::execution::input::Workers;
use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;
use local_run::todobackend::Release;
use stand_ins::ecs::ContainerLine;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use arguments::Arguments;
use colour::Colour;
use console::Console;
use execution_printer::ExecutionPrinter;
use interruption::Interruption;
use platform::Platform;
use programs::Programs;
use wording::seconds;

/// Exit code when nobody reads the output any more: as for other programs, which SIGPIPE ends.
const CLOSED_EXIT_CODE: u8 = 128 + 13;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let console = Console::stdout();
    match run_until_interrupted(arguments, &console) {
        Ok(code) => code,
        Err(error) => {
            let word = console.palette().paint(Colour::Red, "error:");
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
            () = console.closed() => Ok(ExitCode::from(CLOSED_EXIT_CODE)),
        }
    })
}

async fn run(arguments: Arguments, console: &Console) -> Result<()> {
    let python = prepare_python(console).await?;
    let programs = Programs::build().await?;
    let directory = RunDirectory::create("run")?;
    let logs = directory.path().to_owned();
    let result = run_in(directory, arguments, &programs, python, console).await;
    result.map_err(|error| anyhow!("{error:#}\nThe logs are in {}", logs.display()))
}

async fn run_in(
    directory: RunDirectory,
    arguments: Arguments,
    programs: &Programs,
    python: PythonEnvironment,
    console: &Console,
) -> Result<()> {
    let started = Instant::now();
    let workers = if arguments.no_fleet {
        Workers::Lambda
    } else {
        Workers::Fleet
    };
    let (sender, lines) = unbounded_channel();
    let (platform, mut processes) =
        Platform::start(programs, python, directory, workers, sender, console).await?;
    let mut printer = ExecutionPrinter::new(platform.executions.clone(), console);
    let release = if arguments.fail {
        Release::UniqueTitles
    } else {
        Release::Good
    };
    let work = async {
        let closing_line = migration::run(&platform, release, &mut printer, console).await?;
        let (run, all) = (seconds(started.elapsed()), seconds(console.elapsed()));
        console.print(
            "",
            &format!("{closing_line}; {run} s for the run, {all} s with what it needed first"),
        );
        if arguments.serve {
            serve::explain(&platform, programs, console).await?;
            match printer.follow().await? {}
        }
        Ok(())
    };
    tokio::select! {
        result = work => result,
        never = processes.died() => match never? {},
        never = print_containers(lines, console) => match never {},
    }
}

/// Prints what containers print, until it is cancelled.
async fn print_containers(
    mut lines: UnboundedReceiver<ContainerLine>,
    console: &Console,
) -> Infallible {
    while let Some(ContainerLine {
        container, line, ..
    }) = lines.recv().await
    {
        console.print("container", &format!("{container} | {line}"));
    }
    std::future::pending().await
}

async fn prepare_python(console: &Console) -> Result<PythonEnvironment> {
    let wait = console.wait("preparing the Python environment");
    let python = PythonEnvironment::prepare(|progress| wait.detail(progress)).await?;
    wait.done("Python environment ready");
    Ok(python)
}
