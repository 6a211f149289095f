//! The real `ecs-task-runner` as a process, with the stand-ins at the other end of its sockets.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stand_ins::{Served, StandIns};
use template_roles::WORKER;
use tokio::time::{Instant, sleep};

use super::worker::{World, within};

/// Longer than anything takes that a program does here, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A running program. Dropped, it is killed.
pub struct Program {
    child: Child,
    stdout: Printed,
    stderr: Printed,
}

/// What a program prints, read all the time: a program whose output nobody reads stops when the
/// pipe is full.
struct Printed {
    lines: Arc<Mutex<Vec<String>>>,
    reading: Option<JoinHandle<()>>,
}

impl Printed {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                kept.lock().unwrap().push(line.unwrap());
            }
        });
        Self {
            lines,
            reading: Some(reading),
        }
    }

    /// All of it, once the program has ended.
    fn whole(&mut self) -> String {
        self.reading.take().unwrap().join().unwrap();
        self.lines
            .lock()
            .unwrap()
            .iter()
            .flat_map(|line| [line, "\n"])
            .collect()
    }
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// The stand-ins of a world on a socket.
pub async fn listen(aws: &StandIns) -> Served {
    aws.listen("127.0.0.1:0").await.unwrap()
}

/// `ecs-task-runner` with these arguments, and an environment that leads to nothing but `endpoint`.
pub fn command(endpoint: Option<&str>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
    command
        .args(arguments)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(endpoint) = endpoint {
        command
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", WORKER)
            .env("AWS_SECRET_ACCESS_KEY", "secret");
    }
    command
}

impl Program {
    /// Starts a worker of the world's activity.
    pub fn worker(world: &World, served: &Served, name: &str) -> Self {
        let mut command = command(
            Some(&served.url()),
            &[
                "worker",
                "--activity-arn",
                &world.activity,
                "--worker-name",
                name,
                "--max-tasks",
                "300",
            ],
        );
        Self::of(command.spawn().unwrap())
    }

    /// Starts the program as a person does, who is no worker.
    pub fn of_person(served: &Served, arguments: &[&str]) -> Self {
        let mut command = command(Some(&served.url()), arguments);
        command.env("AWS_ACCESS_KEY_ID", "PERSON");
        Self::of(command.spawn().unwrap())
    }

    /// A program that was started otherwise.
    pub fn of(mut child: Child) -> Self {
        let (stdout, stderr) = (
            Printed::of(child.stdout.take().unwrap()),
            Printed::of(child.stderr.take().unwrap()),
        );
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Its most resident memory so far, in bytes (`proc_pid_status`).
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() * 1024
    }

    /// The lines of its log so far that hold a text.
    pub fn logged(&self, text: &str) -> Vec<String> {
        self.stdout
            .lines
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.contains(text))
            .cloned()
            .collect()
    }

    /// Waits until its log has a line that holds a text, and gives the first.
    pub async fn logs(&self, text: &str) -> String {
        let waiting = async {
            loop {
                if let Some(line) = self.logged(text).into_iter().next() {
                    return line;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        within(PATIENCE, waiting).await
    }

    /// Waits for the end of the process.
    pub async fn ended(mut self) -> Ended {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Ended {
                    status,
                    stdout: self.stdout.whole(),
                    stderr: self.stderr.whole(),
                };
            }
            assert!(
                Instant::now() < end,
                "the program still runs after {PATIENCE:?}"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
