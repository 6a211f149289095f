//! The `run` command: starts a direct run, follows it, and ends with the container's exit code.
//!
//! ```text
//! arguments ─▶ prepare (problems, rights, state machine) ─▶ StartExecution ─▶ follow ─▶ exit code
//!                  signals ─┐
//!   reader (the execution) ─┼─▶ Event ─▶ follow ─▶ console
//!     logs (ECS, the lines) ┘
//! ```

mod caller;
mod console;
mod follow;
mod logs;
mod prepare;
mod reader;
mod start;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use ecs_task_runner::explain::Explanation;
use ecs_task_runner::task::status::TaskStatus;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::EXIT_USAGE;
use crate::output::{complain, print};
use crate::signals::{self, SIGNAL_EXIT, on_signals};
use crate::task_runner::OneTaskRunnerArguments;
use follow::Follower;
use logs::LogLine;
use prepare::{NotStarted, Prepared, prepare};

/// Following had to end while the run goes on (`EX_TEMPFAIL` of sysexits.h).
const EXIT_GOES_ON: u8 = 75;
/// Signals that stop the run. A cancelled GitHub job was seen to get any of them
/// (github.com/actions/runner/issues/1309).
const SIGNALS: [i32; 3] = [signals::SIGINT, signals::SIGTERM, signals::SIGHUP];

#[derive(Debug, Clone, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help that --help prints, where backticks would show"
)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option")]
pub(crate) struct RunArguments {
    /// Name or ARN of the cluster
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// Family, family:revision or ARN of the task definition
    #[arg(long, value_name = "TASK_DEFINITION")]
    task_definition: Option<String>,
    /// Container that --env and COMMAND are for [default: the task definition's only one, or its only
    /// essential one]
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Variable of the container's environment; can be given more than once. Whoever may read the
    /// execution sees its value: name secrets in the task definition instead
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Service of the cluster whose subnets, security groups and launch type the task gets
    #[arg(long, value_name = "SERVICE")]
    network_from: Option<String>,
    /// How long the run may take at most, as in 90, 30m or 2h; up to 23h [default: 55m]
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// Properties of Custom::EcsTask as YAML or JSON, for everything else; - reads standard input.
    /// The other options win over them. The command schema prints a JSON Schema of it, for editors
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Name of the execution. The same name and properties again follow the run that goes on
    /// [default: a new one]
    #[arg(long, value_name = "EXECUTION")]
    name: Option<String>,
    #[command(flatten)]
    task_runner: OneTaskRunnerArguments,
    /// Region of the task runner [default: that of the environment or the profile]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Profile of the AWS configuration files whose credentials are taken [default: that of
    /// AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Print one JSON object a line: {"execution"}, {"event"}, {"log"}, and at last {"result"}
    #[arg(long)]
    json: bool,
    /// Start the run, print the execution's ARN, and end
    #[arg(long)]
    detach: bool,
    /// Print the properties that would be sent, with *** for values of the environment, and start
    /// nothing
    #[arg(long)]
    dry_run: bool,
    /// Show no log lines of the containers, and leave them out of the Reason: for a pipeline whose log
    /// is public
    #[arg(long)]
    no_logs: bool,
    /// Command of the container, in place of its own
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// What happens while a run is followed.
enum Event {
    /// A signal arrived.
    Signal(i32),
    /// The execution was looked at.
    Looked(Box<Explanation>),
    /// The execution cannot be looked at any more, for this reason.
    CannotFollow(String),
    /// A container has printed a line.
    Log(LogLine),
    /// What people should know of the log lines.
    Note(String),
    /// What ECS shows of the tasks.
    Tasks(Vec<TaskStatus>),
    /// ECS may not be asked for the tasks.
    TasksUnknown,
    /// No more log lines will come.
    LogsRead,
}

/// Starts the run and follows it. The exit code says how it ended.
pub(crate) fn run(arguments: &RunArguments) -> ExitCode {
    run_to_end(arguments).unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

fn run_to_end(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot be started")?;
    let (sender, mut events) = mpsc::unbounded_channel();
    if !arguments.detach && !arguments.dry_run {
        let sender = sender.clone();
        // `nohup` and background jobs of scripts have a signal ignored on purpose.
        let signals: Vec<_> = SIGNALS
            .into_iter()
            .filter(|signal| !signals::is_ignored(*signal))
            .collect();
        on_signals(&signals, move |signal| {
            // Nobody receives it any more once the program ends.
            let _ = sender.send(Event::Signal(signal));
        })
        .context("signals cannot be received")?;
    }
    let result = LocalSet::new().block_on(&runtime, async {
        let prepared = tokio::select! {
            prepared = prepare(arguments) => prepared,
            // Nothing else can happen before the run is started.
            Some(Event::Signal(signal)) = events.recv() => {
                complain("nothing was started");
                return Ok(signal_exit(signal));
            }
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(NotStarted::Problems(problems)) => {
                for problem in problems {
                    complain(&problem);
                }
                return Ok(ExitCode::from(EXIT_USAGE));
            }
            Err(NotStarted::Error(error)) => return Err(error),
        };
        match prepared {
            Prepared::Shown(properties) => {
                print(&format!("{properties:#}\n"))?;
                Ok(ExitCode::SUCCESS)
            }
            Prepared::Run(mut start) => {
                start.is_answered = tokio::select! {
                    started = start.start() => started.map(|()| true)?,
                    // Nothing but a signal can come yet. The follower stops the run under its name,
                    // which is known before Step Functions answers.
                    Some(signal) = events.recv() => {
                        let _ = sender.send(signal);
                        false
                    }
                };
                if arguments.detach {
                    let arn = &start.execution;
                    print(&if arguments.json {
                        format!("{}\n", serde_json::json!({"execution": arn.to_string()}))
                    } else {
                        format!("{arn}\n")
                    })?;
                    return Ok(ExitCode::SUCCESS);
                }
                let following = Follower::new(arguments, *start, sender).follow(events);
                Ok(Box::pin(following).await)
            }
        }
    });
    // Dropping the runtime would wait for its blocking threads, and one of them may be held up by a
    // name server that does not answer.
    runtime.shutdown_background();
    result
}

/// The exit code after a signal, as shells have it.
fn signal_exit(signal: i32) -> ExitCode {
    u8::try_from(SIGNAL_EXIT + signal).map_or(ExitCode::FAILURE, ExitCode::from)
}
