//! A worker as a process.

use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use template_roles::WORKER;
use tokio::time::{sleep, timeout};

use super::{PATIENCE, SECOND};

/// Dropped, it is killed.
pub struct Worker(Child);

impl Worker {
    pub fn start(endpoint: &str, activity: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ecs-task-runner"))
            .args(["worker", "--activity-arn", activity])
            .env_clear()
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", WORKER)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
    }

    /// Whether it ends by itself.
    pub async fn ends(&mut self) -> bool {
        let ended = async {
            while self.0.try_wait().unwrap().is_none() {
                sleep(SECOND / 20).await;
            }
        };
        timeout(PATIENCE, ended).await.is_ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
