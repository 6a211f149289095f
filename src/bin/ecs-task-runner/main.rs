//! `ecs-task-runner`: runs ECS tasks for CloudFormation custom resources. Each command has a
//! module: it reads its arguments, calls the library, and turns the outcome into an exit code.

mod check;
mod completions;
mod configuration;
mod explain;
mod health;
mod output;
mod probe;
mod run;
mod schema;
mod signals;
mod systemd;
mod task_runner;
mod worker;

use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory, Parser, Subcommand};
use ecs_task_runner::command_line::{self, EXIT_USAGE};
use ecs_task_runner::{commit, version};

use check::CheckArguments;
use completions::CompletionsArguments;
use configuration::WorkerArguments;
use explain::ExplainArguments;
use probe::HealthArguments;
use run::RunArguments;
use schema::SchemaArguments;

/// Version and commit.
static VERSION: LazyLock<String> = LazyLock::new(|| version::with_commit(commit!()));

/// What is the same for all commands.
const FOR_ALL_COMMANDS: &str = "The help of each command names its exit codes; 64 stands for arguments that cannot work. Output for people is in colour on a terminal, unless NO_COLOR or CLICOLOR=0 is set.";

/// Runs ECS tasks as CloudFormation resources.
#[derive(Debug, Parser)]
#[command(version = VERSION.as_str(), about, after_help = FOR_ALL_COMMANDS, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help that --help prints, where backticks would show"
)]
enum Command {
    /// Polls the Step Functions activity and runs the ECS tasks it is given, until it is told to
    /// stop.
    ///
    /// On SIGTERM or SIGINT (Ctrl-C) it takes no new tasks, hands running tasks over to other workers,
    /// and waits for its polls in flight, up to 65 s also when it is idle: Step Functions may still
    /// hand out a task on them, which a dropped poll would take along. A second signal ends the worker
    /// at once; a task that is handed out on one of its polls then waits a minute for another worker.
    ///
    /// Calls are made in the region of the activity, with the credentials that any AWS SDK would find.
    /// RUST_LOG filters the log, as in RUST_LOG=debug.
    ///
    /// Exits with 0 after the first signal; with 130 (SIGINT) or 143 (SIGTERM) after a second one; with
    /// 1 when it cannot start, as without credentials or activity; and with 64 for options that cannot
    /// work.
    Worker(Box<WorkerArguments>),
    /// Checks Custom::EcsTask resources and what they have to do with their templates, without calling
    /// AWS.
    ///
    /// Reports every problem with its place, as file:line:column. What only the deployment knows is no
    /// problem. A warning is about something that works and is probably not meant. The last lines say
    /// what was checked in each file, and which custom resources were skipped for their type.
    ///
    /// Exits with 0 when there is no error; with 1 when there is one, when a file cannot be read, or
    /// when there is nothing to check in it; and with 64 for arguments that cannot work.
    Check(CheckArguments),
    /// Tells what happened in a run: a timeline with durations, and a verdict.
    ///
    /// Given a stack, it explains the execution that runs; or else the newest one that failed,
    /// unless a later Create or Update succeeded; or else the last one. It lists the stack's other
    /// executions after it. Given an execution, it explains that one.
    ///
    /// It reads with your own AWS credentials. For an execution they need
    /// states:DescribeExecution and states:GetExecutionHistory; for a stack also
    /// states:ListExecutions and cloudformation:DescribeStacks, and
    /// cloudformation:DescribeStackEvents, ListExports and ListStacks where they are allowed; for a
    /// service states:ListExecutions, and cloudformation:ListExports or DescribeStacks; for the times
    /// of the tasks in a picture ecs:ListTasks and ecs:DescribeTasks, where they are allowed.
    /// Response URLs and values of environment overrides are never printed.
    ///
    /// Exits with 0 when the request was carried out, with 1 when it was not or CloudFormation was
    /// not told, with 3 while the execution runs, with 2 when it cannot be found or explained or its
    /// picture cannot be written, and with 64 when WHAT is neither a stack nor an execution nor a service.
    Explain(ExplainArguments),
    /// Runs an ECS task and follows it, without a stack: from a terminal or a pipeline.
    ///
    /// Starts an execution of the task runner's state machine with the properties of the task as its
    /// input, and prints its timeline and the containers' log lines as they come. The Reason of a
    /// failure goes to standard error.
    ///
    /// Ctrl-C, SIGTERM and SIGHUP stop the run, and it says what became of the ECS task; a second
    /// signal ends it at once.
    ///
    /// It calls with your own AWS credentials, which need states:StartExecution,
    /// states:DescribeExecution, states:GetExecutionHistory and states:StopExecution; without
    /// --state-machine also cloudformation:DescribeStacks; for COMMAND or --env without --container
    /// also ecs:DescribeTaskDefinition. Log lines need ecs:ListTasks, ecs:DescribeTasks,
    /// ecs:DescribeTaskDefinition and logs:GetLogEvents; without these rights only the log lines are
    /// missing.
    ///
    /// Exits with 0 after success; with the container's exit code when a container that counts exited
    /// by itself with 1 to 125; with 1 after every other failure, and when the run cannot be started;
    /// with 64 for problems of the arguments or properties, before anything is started; with 75 when
    /// following had to end while the run goes on; and with 130, 143 or 129 after SIGINT, SIGTERM or
    /// SIGHUP.
    Run(Box<RunArguments>),
    /// Prints a JSON Schema (draft 2020-12) of the properties, with which an editor completes and checks
    /// a file for run --file.
    ///
    /// In a YAML file, with the schema beside it: # yaml-language-server: $schema=ecs-task.schema.json
    ///
    /// It takes what check takes. It leaves to check: the forms of names and ARNs, numbers out of range
    /// that are written as text, a property in both spellings, what stands inside functions, and what
    /// concerns several properties at once where it takes more than a comparison.
    ///
    /// Exits with 0; with 1 when the schema cannot be written; and with 64 for arguments that cannot
    /// work.
    Schema(SchemaArguments),
    /// Asks the worker of this host whether it is well, for the health check of a container.
    ///
    /// Prints what the worker says of its polls and heartbeats. Exits with 0 when it is well, with 1
    /// when it is not or does not answer, and with 64 for options that cannot work.
    Health(HealthArguments),
    /// Prints a script with which a shell completes commands and options.
    ///
    /// For Bash, in ~/.bashrc: source <(ecs-task-runner completions bash)
    ///
    /// For Zsh, in ~/.zshrc after compinit: source <(ecs-task-runner completions zsh)
    ///
    /// For fish, in ~/.config/fish/config.fish: ecs-task-runner completions fish | source
    ///
    /// Exits with 0; with 1 when the script cannot be written; and with 64 for another shell than
    /// those below.
    Completions(CompletionsArguments),
}

fn main() -> ExitCode {
    let arguments: Arguments = match command_line::parse() {
        Ok(arguments) => arguments,
        Err(exit_code) => return exit_code,
    };
    let result = match arguments.command {
        Command::Worker(arguments) => match arguments.validate() {
            Ok(configuration) => worker::run(configuration).map(|()| ExitCode::SUCCESS),
            Err(problems) => {
                output::complain(&problems.to_string());
                return ExitCode::from(EXIT_USAGE);
            }
        },
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => return explain::run(&arguments),
        Command::Run(arguments) => return run::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Health(arguments) => probe::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
    };
    result.unwrap_or_else(|error| {
        output::complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}
