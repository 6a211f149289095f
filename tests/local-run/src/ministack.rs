//! `ministack`, the emulator that runs CloudFormation, Lambda, S3, Step Functions and EventBridge
//! of a run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::time::Instant;

use crate::child_process::{ChildProcess, end_of};
use crate::directories::{RunDirectory, workspace_directory};
use crate::endpoints::{Endpoints, inherited_variables};
use crate::loopback_http::LoopbackHttp;
use crate::python::PythonEnvironment;

/// It starts in under a second on an idle machine; the rest is for one that compiles meanwhile.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How often its health is asked for until it answers.
const ASK_AGAIN: Duration = Duration::from_millis(25);

/// A free port found by binding may be taken by the time the emulator binds it; this many in a row
/// are no accident.
const PORTS_TRIED: usize = 5;

/// How many lines of its log an error shows.
const LAST_LINES: usize = 15;

/// Starts ministack after it has replaced what AWS does otherwise.
const PROGRAM: &str = "tests/local-run/emulator";

/// Named as its Docker daemon, so that it never looks for a real one, whose containers it would
/// reap.
const NO_DOCKER: &str = "unix:///nonexistent/docker.sock";

/// A running emulator with its Lambda functions. Dropping it kills them all and removes its state.
#[derive(Debug)]
pub struct Ministack {
    process: ChildProcess,
    endpoints: Endpoints,
    log: PathBuf,
    /// After `process`, so that nobody writes there any more when it is removed.
    state: RemovedOnDrop,
}

impl Ministack {
    /// Starts the emulator on a free loopback port and waits until it answers.
    ///
    /// Lambda functions reach ECS, Step Functions and CloudWatch Logs at the given URLs. Everything
    /// else they ask at the URL of Step Functions, where it is passed on to the emulator.
    ///
    /// # Errors
    /// When it ends or does not answer in time; the error holds the last lines of its log.
    pub async fn start(
        python: &PythonEnvironment,
        directory: &RunDirectory,
        ecs: &str,
        sfn: &str,
        logs: &str,
    ) -> Result<Self> {
        let endpoints = |port: u16| Endpoints {
            ministack: format!("http://127.0.0.1:{port}"),
            ecs: ecs.to_owned(),
            sfn: sfn.to_owned(),
            logs: logs.to_owned(),
        };
        for _ in 0..PORTS_TRIED {
            let port = free_port()?;
            if let Some(started) = Self::start_on(port, endpoints(port), python, directory).await? {
                return Ok(started);
            }
        }
        bail!(
            "ministack found none of {PORTS_TRIED} free ports still free when it started; run it again"
        )
    }

    /// None when somebody else took the port.
    async fn start_on(
        port: u16,
        endpoints: Endpoints,
        python: &PythonEnvironment,
        directory: &RunDirectory,
    ) -> Result<Option<Self>> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let identity = format!(
            "local-run-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let log = directory.file("ministack.log");
        let state = directory.directory("ministack")?;
        let command = command(port, &identity, &endpoints, python, &state);
        let process = ChildProcess::start_logged("ministack", command, &log)?;
        let mut ministack = Self {
            process,
            endpoints,
            log,
            state: RemovedOnDrop(state),
        };
        Ok(ministack.is_ready(&identity).await?.then_some(ministack))
    }

    /// Waits for the answer of this very process: another run's emulator may have come by the same
    /// port.
    async fn is_ready(&mut self, identity: &str) -> Result<bool> {
        let health = format!("{}/_ministack/health", self.endpoints.ministack);
        let http = LoopbackHttp::new();
        let limit = Instant::now() + START_LIMIT;
        while Instant::now() < limit {
            if let Some(status) = self.process.exit_status()? {
                let told = std::fs::read_to_string(&self.log).unwrap_or_default();
                if told.contains("already in use") {
                    return Ok(false);
                }
                bail!(
                    "ministack ended at its start with {status}; {}",
                    end_of(&self.log, LAST_LINES)
                );
            }
            if let Ok(answer) = http.get(&health).await {
                let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
                if answer["version"] == identity {
                    return Ok(true);
                }
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        bail!(
            "ministack did not answer within {} s; {}",
            START_LIMIT.as_secs(),
            end_of(&self.log, LAST_LINES)
        )
    }

    /// Where the services of this run are.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What it and its functions print.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The process id of the instance of a function that was started last; `handler` is the function's
    /// handler.
    ///
    /// # Errors
    /// When no instance was started.
    pub fn function_process(&self, handler: &str) -> Result<i32> {
        let file = self.state.0.join(format!("{handler}.pid"));
        let told = std::fs::read_to_string(file)
            .with_context(|| format!("The function {handler} was not started"))?;
        told.trim()
            .parse()
            .with_context(|| format!("The process id of {handler} is no number"))
    }

    /// Waits for its end, which nobody asked for, and tells about it. May be cancelled and called
    /// again.
    ///
    /// # Errors
    /// When the operating system does not tell of its end.
    pub async fn died(&mut self) -> Result<anyhow::Error> {
        let status = self.process.ended().await.context("ministack")?;
        Ok(anyhow::anyhow!(
            "ministack ended with {status}; {}",
            end_of(&self.log, LAST_LINES)
        ))
    }
}

/// The emulator's files: copies of the functions' programs above all, too large to keep with the
/// logs.
#[derive(Debug)]
struct RemovedOnDrop(PathBuf);

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        // What resists goes with the directory of the run, a day later.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("No free port on 127.0.0.1")?;
    Ok(listener
        .local_addr()
        .context("The free port has no address")?
        .port())
}

fn command(
    port: u16,
    identity: &str,
    endpoints: &Endpoints,
    python: &PythonEnvironment,
    state: &Path,
) -> Command {
    let mut command = Command::new(python.interpreter());
    command
        // No compiled files beside the sources.
        .arg("-B")
        .arg(workspace_directory().join(PROGRAM))
        .current_dir(state)
        .env_clear()
        .envs(inherited_variables())
        .envs(endpoints.variables())
        // Its functions inherit this: their calls of services without a URL of their own are seen
        // by the stand-ins, too.
        .env("AWS_ENDPOINT_URL", &endpoints.sfn)
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("LAMBDA_EXECUTOR", "local")
        // Its functions inherit this: its CloudFormation waits for answers at its own port, and not
        // at an S3 bucket.
        .env("RESPONSE_URL_HOSTS", format!("http://127.0.0.1:{port}"))
        // Its answer to "which version are you?", by which the run knows its own emulator.
        .env("MINISTACK_VERSION", identity)
        // Everything it writes. Its caches are named by port below TMPDIR, which a later run on the
        // same port must not inherit.
        .env("HOME", state)
        .env("TMPDIR", state)
        .env("STATE_DIR", state.join("state"))
        .env("S3_DATA_DIR", state.join("s3"))
        // Listeners that are of no use here and would bind every interface on fixed ports.
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("DOCKER_HOST", NO_DOCKER)
        .env("PYTHONUNBUFFERED", "1");
    command
}
