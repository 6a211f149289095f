//! Containers as processes of this machine: the (overridden) command of each container, with the
//! environment of task definition and overrides, its output kept as its log.

mod container;
mod group;
mod supervisor;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::supervisor::Supervisor;
use super::Ecs;
use super::plan::{Plan, PlannedContainer};
use super::request::{list, string};
use super::task::{Life, Task};
use super::task_definitions::TaskDefinition;
use crate::lock::Lock;

/// How containers run as processes.
#[derive(Clone, Debug)]
#[must_use]
pub struct Processes {
    directory: PathBuf,
    by_image: BTreeMap<String, PathBuf>,
    by_family: BTreeMap<String, PathBuf>,
    environment: BTreeMap<String, String>,
    environment_by_family: BTreeMap<String, BTreeMap<String, String>>,
    secrets: BTreeMap<String, String>,
    stop_timeout: Option<Duration>,
    lines: Option<mpsc::UnboundedSender<ContainerLine>>,
}

/// A line that a container printed, on its standard output or its standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerLine {
    /// The ARN of the container's task.
    pub task_arn: String,
    /// The container's name.
    pub container: String,
    /// The line, without its end.
    pub line: String,
}

impl Processes {
    /// Containers run in this directory. Of this process's environment they see only `PATH`.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        Self {
            directory: directory.into(),
            by_image: BTreeMap::new(),
            by_family: BTreeMap::new(),
            environment: BTreeMap::from([("PATH".to_owned(), path)]),
            environment_by_family: BTreeMap::new(),
            secrets: BTreeMap::new(),
            stop_timeout: None,
            lines: None,
        }
    }

    /// Containers of this image run in this directory: what the image's WORKDIR is.
    pub fn image(mut self, image: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        self.by_image.insert(image.into(), directory.into());
        self
    }

    /// Containers of this task definition family run in this directory, whatever their image.
    pub fn family(mut self, family: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        self.by_family.insert(family.into(), directory.into());
        self
    }

    /// A variable of every container: what the image's ENV is. Task definition and overrides come
    /// after it.
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// A variable of the containers of this task definition family, in place of that of every
    /// container.
    pub fn family_environment(
        mut self,
        family: impl Into<String>,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let variables = self.environment_by_family.entry(family.into());
        variables.or_default().insert(name.into(), value.into());
        self
    }

    /// The value behind a `valueFrom` of a container's `secrets`. A task whose secrets have no
    /// value fails to start.
    pub fn secret(mut self, value_from: impl Into<String>, value: impl Into<String>) -> Self {
        self.secrets.insert(value_from.into(), value.into());
        self
    }

    /// Time from SIGTERM to SIGKILL, in place of the containers' own `stopTimeout`.
    pub fn stop_timeout(mut self, time: Duration) -> Self {
        self.stop_timeout = Some(time);
        self
    }

    /// Sends every line here as it comes.
    pub fn lines(mut self, lines: mpsc::UnboundedSender<ContainerLine>) -> Self {
        self.lines = Some(lines);
        self
    }

    fn environment_of(&self, family: &str) -> BTreeMap<&str, &str> {
        let of_family = self.environment_by_family.get(family);
        let variables = self
            .environment
            .iter()
            .chain(of_family.into_iter().flatten());
        variables.map(|(name, value)| (&**name, &**value)).collect()
    }

    fn directory_of(&self, family: &str, image: &str) -> &Path {
        self.by_family
            .get(family)
            .or_else(|| self.by_image.get(image))
            .unwrap_or(&self.directory)
    }
}

/// The processes of all tasks. Dropped, it kills them.
#[derive(Debug, Default)]
pub(super) struct Supervised {
    pub(super) options: Option<Arc<Processes>>,
    tasks: JoinSet<()>,
}

/// What the processes of a task are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Run,
    /// SIGTERM, and SIGKILL after the stop timeout.
    Stop,
    Kill,
}

impl Ecs {
    /// From now on, launches of families without a script run as processes. All of them are killed
    /// when the stand-in is dropped.
    pub fn processes(&self, options: Processes) {
        self.inner.state.locked().supervised.options = Some(Arc::new(options));
    }

    /// Kills all processes, and waits until they are gone.
    pub async fn shut_down(&self) {
        let tasks = {
            let mut state = self.inner.state.locked();
            for task in &state.tasks {
                if let Life::Processes(orders) = &task.life {
                    orders.send_replace(Order::Kill);
                }
            }
            std::mem::take(&mut state.supervised.tasks)
        };
        tasks.join_all().await;
    }

    /// Runs a task whose life is [`begin`]'s.
    pub(super) fn supervise(
        &self,
        supervised: &mut Supervised,
        options: Arc<Processes>,
        task: &Arc<Task>,
        orders: watch::Receiver<Order>,
    ) {
        let supervisor = Supervisor {
            task: Arc::clone(task),
            options,
            clock: self.inner.clock,
            logs: self.inner.logs.clone(),
            orders,
        };
        // Forgets the supervisors of tasks that have ended.
        while supervised.tasks.try_join_next().is_some() {}
        supervised.tasks.spawn(supervisor.run());
    }
}

/// The life of a task that is about to run as processes, and its course so far.
pub(super) fn begin(definition: &TaskDefinition, now: Duration) -> (Life, Plan) {
    let containers = definition.containers.iter();
    let containers = containers.map(|container| PlannedContainer {
        name: container.name.clone(),
        ..PlannedContainer::default()
    });
    let plan = Plan {
        pending_at: Some(now),
        containers: containers.collect(),
        ..Plan::default()
    };
    (Life::Processes(watch::Sender::new(Order::Run)), plan)
}

/// Name-value pairs of a list of environment variables.
fn variables(list: &[Value]) -> impl Iterator<Item = (&str, &str)> {
    list.iter().filter_map(|entry| {
        Some((
            string(entry, "name")?,
            string(entry, "value").unwrap_or_default(),
        ))
    })
}

/// The words of a command.
fn words(body: &Value, member: &str) -> Vec<String> {
    list(body, member)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
