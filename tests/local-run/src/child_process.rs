//! Programs started for a run, each in a process group of its own that ends with it, whatever
//! becomes of this process.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// How long a killed process may take to leave the process table; the kernel needs milliseconds.
const REAP_LIMIT: Duration = Duration::from_secs(2);

/// Kills process group `$1` when its standard input ends without a line: when the process at the
/// other end has died.
///
/// A parent-death signal would need unsafe code, knows Linux only, and does not reach
/// grandchildren.
const GUARD: &str = r#"trap "" INT TERM HUP; read -r released || kill -s KILL -- "-$1""#;

/// A running program and whatever it starts in turn. Dropping it kills them all.
///
/// The group keeps a Ctrl-C of the terminal away from the program: this process decides who ends,
/// and in which order.
#[derive(Debug)]
pub struct ChildProcess {
    name: String,
    child: Child,
    id: Pid,
    guard: Guard,
}

impl ChildProcess {
    /// Starts a program; `name` is what errors call it.
    ///
    /// # Errors
    /// When the program (or the shell that guards it) cannot be started.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        let program = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} could not be started: running {program} failed"))?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let id = id
            .map(Pid::from_raw)
            .with_context(|| format!("{name} was started without a process id"))?;
        let guard = Guard::start(id).with_context(|| {
            format!("The guard of {name} could not be started: running sh failed")
        })?;
        Ok(Self {
            name: name.to_owned(),
            child,
            id,
            guard,
        })
    }

    /// Starts a program whose standard output and standard error both go to a new file.
    ///
    /// # Errors
    /// When the file cannot be written or the program cannot be started.
    pub fn start_logged(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let no_log = || format!("The log {} could not be written", log.display());
        let output = std::fs::File::create(log).with_context(no_log)?;
        let errors = output.try_clone().with_context(no_log)?;
        command.stdout(output).stderr(errors);
        Self::start(name, command)
    }

    /// The process id of the program.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id.as_raw().unsigned_abs()
    }

    /// The program's standard output, when the command piped it; once.
    pub fn take_output(&mut self) -> Option<tokio::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// The program's standard error, when the command piped it; once.
    pub fn take_errors(&mut self) -> Option<tokio::process::ChildStderr> {
        self.child.stderr.take()
    }

    /// How the program ended, if it has.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("The state of {} could not be read", self.name))
    }

    /// Waits until the program has ended. May be cancelled and called again.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        self.child
            .wait()
            .await
            .with_context(|| format!("The end of {} could not be waited for", self.name))
    }

    /// Sends a signal to the program alone, not to what it started.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if let Some(status) = self.exit_status()? {
            anyhow::bail!(
                "{} cannot be sent {signal}: it has ended with {status}",
                self.name
            );
        }
        kill(self.id, signal).with_context(|| format!("{} could not be sent {signal}", self.name))
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // No such process: the group is empty already.
        let _ = killpg(self.id, Signal::SIGKILL);
        let limit = Instant::now() + REAP_LIMIT;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.guard.release();
    }
}

/// A shell that waits beside a process group for the death of this process.
#[derive(Debug)]
struct Guard(std::process::Child);

impl Guard {
    fn start(group: Pid) -> std::io::Result<Self> {
        std::process::Command::new("sh")
            .args(["-c", GUARD, "guard", &group.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Self)
    }

    /// Ends the guard without a kill.
    fn release(&mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            let _ = input.write_all(b"released\n");
        }
        let _ = self.0.wait();
    }
}

/// The end of a log for an error message: the file's name, and below it its last lines.
#[must_use]
pub fn end_of(log: &Path, count: usize) -> String {
    format!("the end of {}:\n{}", log.display(), last_lines(log, count))
}

/// The last lines of a log, indented; a sentence in their place when there are none.
#[must_use]
pub fn last_lines(log: &Path, count: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.is_empty() {
        return format!("    (nothing in {})", log.display());
    }
    let last = &lines[lines.len().saturating_sub(count)..];
    last.iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directories::RunDirectory;
    use tokio::io::{AsyncBufReadExt, BufReader};

    /// A shell that starts a sleeping child, prints the child's process id, and waits for it.
    fn parent_of_a_sleeper() -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 600 & echo $!; wait"])
            .stdout(Stdio::piped());
        command
    }

    async fn first_line(process: &mut ChildProcess) -> String {
        let output = process.take_output().unwrap();
        BufReader::new(output)
            .lines()
            .next_line()
            .await
            .unwrap()
            .unwrap()
    }

    async fn is_gone(process_id: &str) -> bool {
        let id = Pid::from_raw(process_id.parse().unwrap());
        for _ in 0..200 {
            if kill(id, None).is_err() || is_zombie(process_id) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    /// An orphan stays in the table until whoever adopted it has waited for it.
    fn is_zombie(process_id: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{process_id}/stat"))
            .is_ok_and(|stat| stat.contains(") Z "))
    }

    #[tokio::test]
    async fn dropping_a_process_ends_what_it_started() {
        let mut process = ChildProcess::start("sleeper", parent_of_a_sleeper()).unwrap();
        let grandchild = first_line(&mut process).await;
        drop(process);
        assert!(is_gone(&grandchild).await);
    }

    #[tokio::test]
    async fn the_guard_ends_the_group_when_its_input_ends_without_a_word() {
        let mut process = ChildProcess::start("sleeper", parent_of_a_sleeper()).unwrap();
        let grandchild = first_line(&mut process).await;
        drop(process.guard.0.stdin.take()); // What the kernel does when this process is killed.
        assert!(is_gone(&grandchild).await);
        assert!(!process.ended().await.unwrap().success());
    }

    #[tokio::test]
    async fn a_released_guard_leaves_the_group_alone() {
        let mut process = ChildProcess::start("sleeper", parent_of_a_sleeper()).unwrap();
        process.guard.release();
        assert_eq!(process.exit_status().unwrap(), None);
    }

    #[tokio::test]
    async fn a_signal_to_an_ended_process_is_an_error_that_names_it() {
        let mut process = ChildProcess::start("the worker", Command::new("true")).unwrap();
        process.ended().await.unwrap();
        let error = process.signal(Signal::SIGTERM).unwrap_err().to_string();
        assert!(
            error.starts_with("the worker cannot be sent SIGTERM: it has ended"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error =
            ChildProcess::start("the worker", Command::new("/no/such/program")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the worker could not be started: running /no/such/program failed"
        );
    }

    #[tokio::test]
    async fn both_outputs_are_logged_and_the_last_lines_told() {
        let directory = RunDirectory::create("child-process-test").unwrap();
        let log = directory.file("log");
        assert!(last_lines(&log, 2).contains("nothing in"));
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo; echo three"]);
        ChildProcess::start_logged("echo", command, &log)
            .unwrap()
            .ended()
            .await
            .unwrap();
        assert_eq!(last_lines(&log, 2), "    two\n    three");
    }
}
