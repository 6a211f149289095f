//! The real `ecs-task-runner` as a process, with the stand-ins at the other end of its sockets.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use stand_ins::Served;
use template_roles::WORKER;
use tokio::time::{Instant, sleep};

use crate::world::World;

/// A running worker. Dropped, it is killed.
pub struct Program {
    child: Child,
    /// Read all the time: a program whose output nobody reads stops when the pipe is full.
    output: Option<JoinHandle<(String, String)>>,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// The stand-ins of `world` on a socket.
pub async fn listen(world: &World) -> Served {
    world.aws.listen("127.0.0.1:0").await.unwrap()
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
        command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_ACCESS_KEY_ID", WORKER).env("AWS_SECRET_ACCESS_KEY", "secret");
    }
    command
}

impl Program {
    /// Starts a worker of the world's activity.
    pub fn worker(world: &World, served: &Served, name: &str) -> Self {
        let mut command =
            command(Some(&served.url()), &["worker", "--activity-arn", &world.activity, "--worker-name", name, "--max-tasks", "300"]);
        Self::of(command.spawn().unwrap())
    }

    /// A program that was started otherwise.
    pub fn of(mut child: Child) -> Self {
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let output = std::thread::spawn(move || {
            let (mut printed, mut said) = (String::new(), String::new());
            stdout.read_to_string(&mut printed).unwrap();
            stderr.read_to_string(&mut said).unwrap();
            (printed, said)
        });
        Self { child, output: Some(output) }
    }

    /// Sends a signal: `TERM`, `KILL`, `STOP`, `CONT`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process.
    pub async fn ended(mut self, within: Duration) -> Ended {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let (stdout, stderr) = self.output.take().unwrap().join().unwrap();
                return Ended { status, stdout, stderr };
            }
            assert!(Instant::now() < end, "the program still runs after {within:?}");
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
