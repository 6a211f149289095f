//! Worker processes of a run: the real program, polling the run's activity.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::Result;
use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::child_process::{ChildProcess, end_of};
use crate::endpoints::{Endpoints, inherited_variables};

/// How many lines of a dead worker's log its error shows.
const LAST_LINES: usize = 20;

/// A running `ecs-task-runner worker`. Dropping it kills it.
#[derive(Debug)]
pub struct Worker {
    process: ChildProcess,
    log: PathBuf,
}

impl Worker {
    /// Starts a worker on an activity; `arguments` follow `worker --activity-arn …`. Its log goes
    /// to a new file.
    ///
    /// # Errors
    /// When the program cannot be started or the log not be written.
    pub fn start(
        program: &Path,
        activity_arn: &str,
        endpoints: &Endpoints,
        arguments: &[&str],
        log: PathBuf,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["worker", "--activity-arn", activity_arn])
            .args(arguments)
            .env_clear()
            .envs(inherited_variables())
            .envs(endpoints.variables())
            // By which the stand-ins know its calls.
            .env("AWS_ACCESS_KEY_ID", "worker");
        let process = ChildProcess::start_logged("The worker", command, &log)?;
        Ok(Self { process, log })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The file of its log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Asks it to hand its tasks over and end (SIGTERM).
    ///
    /// # Errors
    /// When it has ended already.
    pub fn terminate(&mut self) -> Result<()> {
        self.process.signal(Signal::SIGTERM)
    }

    /// Ends it without a chance to say anything (SIGKILL).
    ///
    /// # Errors
    /// When it has ended already.
    pub fn kill(&mut self) -> Result<()> {
        self.process.signal(Signal::SIGKILL)
    }

    /// Holds it still, as a host that hangs does (SIGSTOP).
    ///
    /// # Errors
    /// When it has ended already.
    pub fn freeze(&mut self) -> Result<()> {
        self.process.signal(Signal::SIGSTOP)
    }

    /// Lets it go on after [`freeze`](Self::freeze) (SIGCONT).
    ///
    /// # Errors
    /// When it has ended already.
    pub fn thaw(&mut self) -> Result<()> {
        self.process.signal(Signal::SIGCONT)
    }

    /// Waits for its end. May be cancelled and called again.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        self.process.ended().await
    }

    /// Waits for an end that nobody asked for, and tells about it with the last lines of the log.
    /// May be cancelled and called again.
    ///
    /// # Errors
    /// When the operating system does not tell of its end.
    pub async fn died(&mut self) -> Result<anyhow::Error> {
        let status = self.ended().await?;
        Ok(anyhow::anyhow!(
            "The worker ended with {status}; {}",
            end_of(&self.log, LAST_LINES)
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::directories::RunDirectory;

    /// A worker whose program is a script.
    fn start(script: &str) -> Worker {
        use std::os::unix::fs::PermissionsExt;
        let directory = RunDirectory::create("worker-test").unwrap();
        let program = directory.file("worker");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let url = || "http://127.0.0.1:9".to_owned();
        let endpoints = Endpoints {
            ministack: url(),
            ecs: url(),
            sfn: url(),
            logs: url(),
        };
        Worker::start(
            &program,
            "arn:activity",
            &endpoints,
            &["--max-tasks", "5"],
            directory.file("worker.log"),
        )
        .unwrap()
    }

    #[tokio::test]
    async fn it_is_told_its_activity_and_the_services() {
        let mut worker = start(r#"echo "$@ $AWS_ENDPOINT_URL_SFN""#);
        assert!(worker.ended().await.unwrap().success());
        let log = std::fs::read_to_string(worker.log()).unwrap();
        assert_eq!(
            log.trim(),
            "worker --activity-arn arn:activity --max-tasks 5 http://127.0.0.1:9"
        );
    }

    #[tokio::test]
    async fn its_early_end_is_told_with_its_last_words() {
        let mut worker = start("echo 'the activity does not exist' >&2; exit 1");
        let told = worker.died().await.unwrap().to_string();
        assert!(
            told.contains("exit status: 1") && told.contains("the activity does not exist"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn a_frozen_worker_can_be_killed() {
        let mut worker = start("exec sleep 600");
        worker.freeze().unwrap();
        worker.kill().unwrap();
        assert_eq!(worker.ended().await.unwrap().signal(), Some(9));
    }

    #[tokio::test]
    async fn a_thawed_worker_sees_the_signal_sent_meanwhile() {
        let mut worker = start("exec sleep 600");
        worker.freeze().unwrap();
        worker.terminate().unwrap();
        worker.thaw().unwrap();
        assert_eq!(worker.ended().await.unwrap().signal(), Some(15));
    }
}
