//! The processes behind a run, and what becomes of them when one ends.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use local_run::child_process::end_of;
use local_run::directories::RunDirectory;
use local_run::endpoints::Endpoints;
use local_run::local_aws::LocalAws;
use local_run::worker::Worker;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::Notify;

use super::console::Console;

/// Pause before a worker that ended is replaced: one that cannot start must not be started a thousand
/// times.
const REPLACE_AFTER: Duration = Duration::from_secs(1);

/// Lines of the log of a worker that ended by itself.
const LAST_LINES: usize = 10;

/// What happens when a worker ends that nobody asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenAWorkerEnds {
    /// The run fails.
    Fail,
    /// Another worker is started.
    Replace,
}

/// The processes of a run. Dropping them ends them.
pub struct Processes {
    // Ended in this order: the worker would complain of services that are gone.
    fleet: Option<Fleet>,
    aws: LocalAws,
}

/// A fleet of one worker.
pub struct Fleet {
    worker: Worker,
    program: PathBuf,
    activity: String,
    endpoints: Endpoints,
    directory: RunDirectory,
    started: u32,
}

impl Fleet {
    /// Starts the first worker.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        program: PathBuf,
        activity: &str,
        endpoints: &Endpoints,
        directory: &RunDirectory,
    ) -> Result<Self> {
        let log = directory.file("worker.log");
        Ok(Self {
            worker: Worker::start(&program, activity, endpoints, &[&name(1)], log)?,
            program,
            activity: activity.to_owned(),
            endpoints: endpoints.clone(),
            directory: directory.clone(),
            started: 1,
        })
    }

    /// The process id of the worker.
    pub fn process(&self) -> u32 {
        self.worker.id()
    }

    /// Starts another worker in place of the one that ended, and says so.
    async fn replace(&mut self, status: std::process::ExitStatus, console: &Console) -> Result<()> {
        tokio::time::sleep(REPLACE_AFTER).await;
        let ended = self.worker.id();
        let last_words = match status.code() {
            Some(_) => format!("; {}", end_of(self.worker.log(), LAST_LINES)),
            // A signal leaves it no time for words.
            None => String::new(),
        };
        self.started += 1;
        let log = self.directory.file(&format!("worker-{}.log", self.started));
        let arguments = [&*name(self.started)];
        let endpoints = &self.endpoints;
        self.worker = Worker::start(&self.program, &self.activity, endpoints, &arguments, log)?;
        console.print(
            "worker",
            &format!(
                "process {ended} ended with {status}; process {} is started in its place{last_words}",
                self.worker.id()
            ),
        );
        Ok(())
    }
}

/// The argument that names a worker for histories, where the name of this machine would say nothing.
fn name(number: u32) -> String {
    format!("--worker-name=local-{number}")
}

impl Processes {
    /// Takes over what was started.
    pub fn new(fleet: Option<Fleet>, aws: LocalAws) -> Self {
        Self { fleet, aws }
    }

    /// Watches over the processes until one ends whose end fails the run. At each `kill` whoever runs
    /// the task is killed: the worker, or the invocation of `work`.
    ///
    /// # Errors
    /// Always: which process ended, and its last words.
    pub async fn attend(
        &mut self,
        when_a_worker_ends: WhenAWorkerEnds,
        kill: &Notify,
        console: &Console,
    ) -> Result<Infallible> {
        loop {
            tokio::select! {
                died = self.aws.died() => return Err(died?),
                () = kill.notified() => self.kill(console)?,
                status = ended(self.fleet.as_mut()) => {
                    let status = status?;
                    // Only a fleet has ended.
                    let Some(fleet) = &mut self.fleet else { continue };
                    match when_a_worker_ends {
                        WhenAWorkerEnds::Fail => return Err(fleet.worker.died().await?),
                        WhenAWorkerEnds::Replace => fleet.replace(status, console).await?,
                    }
                }
            }
        }
    }

    fn kill(&mut self, console: &Console) -> Result<()> {
        let (killed, next) = if let Some(fleet) = &mut self.fleet {
            fleet.worker.kill()?;
            (format!("process {}", fleet.process()), "the next worker")
        } else {
            let process = self.aws.ministack().function_process("work")?;
            kill(Pid::from_raw(process), Signal::SIGKILL).with_context(|| {
                format!("The function 'work', process {process}, could not be killed")
            })?;
            (
                format!("the invocation of 'work', process {process},"),
                "another invocation",
            )
        };
        let killed = format!("{killed} is killed with SIGKILL in the middle of the task");
        console.print("worker", &killed);
        let goes_on = format!(
            "the task runs on; Step Functions gives the run to {next} when it has had no heartbeat for 60 s"
        );
        console.print("", &goes_on);
        Ok(())
    }
}

/// How the worker ended; for ever where there is none.
async fn ended(fleet: Option<&mut Fleet>) -> Result<std::process::ExitStatus> {
    match fleet {
        Some(fleet) => fleet.worker.ended().await,
        None => std::future::pending().await,
    }
}
