//! `ecs-task-runner`: runs ECS tasks for CloudFormation custom resources.

mod configuration;
mod signals;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use configuration::WorkerArguments;

/// `EX_USAGE` of sysexits.h: the program was called in a way that can never work.
const EXIT_USAGE: u8 = 64;

/// Runs ECS tasks as CloudFormation resources.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Polls the Step Functions activity and runs the ECS tasks it is given, until it is told to stop.
    ///
    /// On SIGTERM or SIGINT it takes no new tasks, waits for polls in flight (up to 65 s), hands running tasks over to other
    /// workers, and exits with 0. A second signal ends it at once. RUST_LOG filters the log, as in RUST_LOG=debug.
    Worker(WorkerArguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Printing can only fail when nobody reads.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match arguments.command {
        Command::Worker(arguments) => {
            let configuration = match arguments.validate() {
                Ok(configuration) => configuration,
                Err(problems) => {
                    eprintln!("ecs-task-runner: {problems}");
                    return ExitCode::from(EXIT_USAGE);
                }
            };
            match worker::run(configuration) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("ecs-task-runner: {error:#}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}
