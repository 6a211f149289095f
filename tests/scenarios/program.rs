//! The real `ecs-task-runner` as a process, with the stand-ins at the other end of its sockets.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use stand_ins::Served;
use tokio::time::{Instant, sleep};

use crate::world::World;

/// A running worker. Dropped, it is killed.
pub struct Program {
    child: Child,
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
        command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_ACCESS_KEY_ID", "AKID").env("AWS_SECRET_ACCESS_KEY", "secret");
    }
    command
}

impl Program {
    /// Starts a worker of the world's activity.
    pub fn worker(world: &World, served: &Served, name: &str) -> Self {
        let mut command =
            command(Some(&served.url()), &["worker", "--activity-arn", &world.activity, "--worker-name", name, "--max-tasks", "300"]);
        Self { child: command.spawn().unwrap() }
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
                let (mut stdout, mut stderr) = (String::new(), String::new());
                self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
                self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
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
