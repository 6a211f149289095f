//! One container as a process.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use super::group::ProcessGroup;
use super::{Processes, variables, words};
use crate::ecs::request::{list, string};
use crate::ecs::task::Task;

/// A process that its container left behind in a session of its own may hold the output open: its
/// lines are waited for this long after the container's end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// A container that runs.
pub(super) struct Running {
    child: Child,
    pub(super) group: Arc<ProcessGroup>,
    output: pipe::Receiver,
}

/// Why a task cannot be started.
pub(super) enum NotStarted {
    /// Something the task needs is not there.
    Resource(String),
    /// This container cannot be started.
    Container(String),
}

/// Starts the container of this index in the task definition.
pub(super) fn start(task: &Task, index: usize, options: &Processes) -> Result<Running, NotStarted> {
    let definition = &task.definition.described["containerDefinitions"][index];
    let container = &task.definition.containers[index];
    let overrides = task.request.get("overrides").unwrap_or(&Value::Null);
    let overrides = list(overrides, "containerOverrides")
        .iter()
        .find(|entry| string(entry, "name") == Some(&container.name));
    let overrides = overrides.unwrap_or(&Value::Null);

    let mut environment = options.environment_of(&task.definition.family);
    environment.extend(variables(list(definition, "environment")));
    for secret in list(definition, "secrets") {
        let (name, from) = (
            string(secret, "name").unwrap_or_default(),
            string(secret, "valueFrom").unwrap_or_default(),
        );
        let given = options.secrets.get(from);
        let value = given.or(task.definition.secrets.get(from)).ok_or_else(|| {
            NotStarted::Resource(format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret {from}"
            ))
        })?;
        environment.insert(name, value);
    }
    environment.extend(variables(list(overrides, "environment")));

    let mut command = words(definition, "entryPoint");
    let overriding = words(overrides, "command");
    command.extend(if overriding.is_empty() {
        words(definition, "command")
    } else {
        overriding
    });
    let (program, arguments) = command.split_first().ok_or_else(|| {
        NotStarted::Container(
            "CannotCreateContainerError: Error response from daemon: no command specified"
                .to_owned(),
        )
    })?;

    let directory = options.directory_of(&task.definition.family, &container.image);
    spawn(program, |command| command.args(arguments).current_dir(directory).env_clear().envs(environment)).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "executable file not found in $PATH".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        NotStarted::Container(format!(
            "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim task: \
             OCI runtime create failed: runc create failed: unable to start container process: exec: \"{program}\": {why}: unknown"
        ))
    })
}

/// Starts a program in a process group of its own, with both its outputs in one pipe, so that their
/// lines stay in order.
fn spawn(
    program: &str,
    configure: impl FnOnce(&mut Command) -> &mut Command,
) -> io::Result<Running> {
    let (output, input) = io::pipe()?;
    let output = pipe::Receiver::from_owned_fd(OwnedFd::from(output))?;
    let mut command = Command::new(program);
    configure(&mut command)
        .stdin(Stdio::null())
        .stdout(Stdio::from(input.try_clone()?))
        .stderr(Stdio::from(input))
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn()?;
    let group = child
        .id()
        .and_then(ProcessGroup::led_by)
        .ok_or_else(|| io::Error::other("the process has ended already"))?;
    Ok(Running {
        child,
        group: Arc::new(group),
        output,
    })
}

impl Running {
    /// Waits for the end, hands over every line on the way, and answers the exit code as a
    /// container runtime gives it: 128 + n for signal n. Whatever the container's main process
    /// leaves behind ends with it.
    pub(super) async fn run(mut self, line: impl Fn(String)) -> i32 {
        let mut lines = BufReader::new(self.output);
        let reading = async {
            let mut text = Vec::new();
            // A pipe that cannot be read any more has no more lines.
            while lines
                .read_until(b'\n', &mut text)
                .await
                .is_ok_and(|read| read > 0)
            {
                line(
                    String::from_utf8_lossy(&text)
                        .trim_end_matches(['\n', '\r'])
                        .to_owned(),
                );
                text.clear();
            }
        };
        let group = &self.group;
        let waiting = async {
            let status = self.child.wait().await;
            group.end();
            status
        };
        tokio::pin!(reading);
        tokio::select! {
            status = waiting => {
                let _read = tokio::time::timeout(LAST_LINES, &mut reading).await;
                exit_code(&status)
            }
            // Its output is closed, the process may run on.
            () = &mut reading => {
                let status = self.child.wait().await;
                self.group.end();
                exit_code(&status)
            }
        }
    }
}

fn exit_code(status: &io::Result<ExitStatus>) -> i32 {
    let killed = 128 + nix::sys::signal::Signal::SIGKILL as i32;
    let Ok(status) = status else {
        return killed;
    };
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(killed)
}
