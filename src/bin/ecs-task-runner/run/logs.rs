//! The log lines of a run's containers as they arrive, and what ECS shows of its tasks meanwhile.
//! Nothing here decides how the run ends or whether it has: that is the execution's alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::aws::ecs::{Ecs, LogStreamPlace, TaskDefinition, WhichTasks};
use ecs_task_runner::aws::logs::{LogStream, Logs};
use ecs_task_runner::aws::{ApiError, CallRates, Connection, ErrorKind};
use ecs_task_runner::explain::TaskSummary;
use ecs_task_runner::run::DirectRun;
use ecs_task_runner::task::status::{Phase, TaskStatus};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::Event;

/// Pause between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// Looks between two lists of tasks, once one is known that has started: a later one is launched only
/// in place of one that did not. So it is while no worker is known to have taken the run. All who list and describe tasks share 20 calls a second (`request-throttling`).
const LOOKS_PER_LIST: u32 = 10;
/// After the run's end, lines are read until none has come for this long, ...
const QUIET: Duration = Duration::from_secs(2);
/// ... but no longer than this. Lines arrive in batches, the last ones seconds after the end.
const AFTER_END: Duration = Duration::from_secs(10);
/// Characters of a task's id that stand in front of its lines.
const SHOWN_ID: usize = 8;

/// A line of a container's log.
#[derive(Debug, Serialize)]
pub(super) struct LogLine {
    /// Id of the task.
    task: String,
    container: String,
    at: Option<Timestamp>,
    /// The line, without values of the environment.
    pub(super) line: String,
    /// Whose line it is, where there is more than one task or container.
    #[serde(skip)]
    pub(super) owner: Option<String>,
}

/// How far the run is, as its execution shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No worker is known to have taken the run. Tasks are looked for now and then.
    Waiting,
    /// A worker has or had the run, so that there may be a task.
    Taken,
    /// The execution was stopped: the end of its tasks is looked for.
    Stopped,
    /// The execution has ended: the last lines are read.
    Ended,
}

/// Reads what ECS and CloudWatch Logs show of a run.
pub(super) struct LogFollower {
    ecs: Ecs,
    logs: Logs,
    run: Arc<DirectRun>,
    task: TaskSummary,
    /// `false`: only what ECS shows is of interest.
    reads_lines: bool,
    events: mpsc::UnboundedSender<Event>,
    stage: watch::Receiver<Stage>,
    tasks: Vec<TaskStatus>,
    definitions: HashMap<String, TaskDefinition>,
    streams: Vec<Stream>,
    /// What was said already.
    notes: HashSet<String>,
}

/// The log stream of one container.
struct Stream {
    task: String,
    container: String,
    place: LogStreamPlace,
    name: String,
    token: Option<String>,
    /// Whether the stream was read; until its container has printed a line there is none.
    exists: bool,
}

impl LogFollower {
    pub(super) fn new(
        connection: &Connection,
        run: Arc<DirectRun>,
        task: TaskSummary,
        reads_lines: bool,
        events: mpsc::UnboundedSender<Event>,
        stage: watch::Receiver<Stage>,
    ) -> Self {
        Self {
            ecs: Ecs::without_retries(connection, CallRates::default()),
            logs: Logs::new(connection, CallRates::default()),
            run,
            task,
            reads_lines,
            events,
            stage,
            tasks: Vec::new(),
            definitions: HashMap::new(),
            streams: Vec::new(),
            notes: HashSet::new(),
        }
    }

    /// Follows the run until it has ended and no more lines come, and reports that.
    pub(super) async fn follow(mut self) {
        let mut looks: u32 = 0;
        let mut end: Option<Instant> = None;
        let mut last_line = Instant::now();
        loop {
            let stage = *self.stage.borrow_and_update();
            let is_first_of_end = stage == Stage::Ended && end.is_none();
            if is_first_of_end {
                (end, last_line) = (Some(Instant::now()), Instant::now());
            }
            let starts = self.tasks.iter().any(|task| task.phase == Phase::Starting);
            let is_eager = stage != Stage::Waiting && (self.tasks.is_empty() || starts);
            let is_time = looks.is_multiple_of(LOOKS_PER_LIST) || is_eager;
            if (is_time && end.is_none()) || is_first_of_end || stage == Stage::Stopped {
                self.list_tasks().await;
            }
            looks = looks.wrapping_add(1);
            if self.read_lines().await {
                last_line = Instant::now();
            }
            if let Some(end) = end {
                let is_quiet = last_line.elapsed() >= QUIET || self.streams.is_empty();
                if !self.reads_lines || is_quiet || end.elapsed() >= AFTER_END {
                    break;
                }
            }
            // A change of the stage is answered at once.
            tokio::select! {
                () = sleep(PERIOD) => {}
                changed = self.stage.changed() => if changed.is_err() {
                    return;
                }
            }
        }
        self.note_missing_streams();
        self.report(Event::LogsRead);
    }

    fn report(&self, event: Event) {
        // Nobody receives it any more once the program ends.
        let _ = self.events.send(event);
    }

    /// Says something once.
    fn note(&mut self, note: String) {
        if self.notes.insert(note.clone()) {
            self.report(Event::Note(note));
        }
    }

    /// Without a right, or with a call that fails for good, no more lines are read.
    fn give_up_lines(&mut self, error: &ApiError) {
        self.reads_lines = false;
        self.streams.clear();
        let right = if error.kind == ErrorKind::AccessDenied {
            format!(
                ". To see them, use credentials that are allowed {}",
                error.action
            )
        } else {
            String::new()
        };
        self.note(format!("log lines cannot be read: {error}{right}"));
    }

    async fn list_tasks(&mut self) {
        let family = self
            .task
            .task_definition
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let which = WhichTasks::StartedBy {
            name: &self.task.started_by,
            family: family.split(':').next().unwrap_or_default(),
        };
        match self.ecs.list_tasks(&self.task.cluster, which).await {
            Ok(listed) => {
                // In the order of their launches, for people who read the lines of several.
                let mut listed = listed;
                listed.sort_by_key(|task| task.created);
                self.tasks = listed.into_iter().map(|task| task.status).collect();
                self.report(Event::Tasks(self.tasks.clone()));
                if self.reads_lines {
                    self.find_streams().await;
                }
            }
            Err(error) if error.may_pass() => {}
            Err(error) => {
                self.report(Event::TasksUnknown);
                if self.reads_lines {
                    self.give_up_lines(&error);
                }
            }
        }
    }

    /// Finds the streams of tasks that have none yet.
    async fn find_streams(&mut self) {
        for task in self.tasks.clone() {
            let is_known = self.streams.iter().any(|stream| stream.task == task.id());
            if is_known || task.task_definition_arn.is_empty() {
                continue;
            }
            let Some(definition) = self.definition(&task.task_definition_arn).await else {
                return;
            };
            if definition
                .containers
                .iter()
                .all(|container| container.log.is_none())
            {
                self.note(format!(
                    "no container of {} logs through awslogs, so no log lines are shown",
                    definition.arn.rsplit('/').next().unwrap_or_default()
                ));
            }
            for container in definition.containers {
                let Some(place) = container.log else {
                    continue;
                };
                // A stream without a prefix is named after an id that ECS shows later.
                let Some(name) = place.stream(&task, &container.name) else {
                    continue;
                };
                self.streams.push(Stream {
                    task: task.id().to_owned(),
                    container: container.name,
                    place,
                    name,
                    token: None,
                    exists: false,
                });
            }
        }
    }

    async fn definition(&mut self, arn: &str) -> Option<TaskDefinition> {
        if let Some(definition) = self.definitions.get(arn) {
            return Some(definition.clone());
        }
        match self.ecs.describe_task_definition(arn).await {
            Ok(definition) => {
                self.definitions.insert(arn.to_owned(), definition.clone());
                Some(definition)
            }
            Err(error) if error.may_pass() => None,
            Err(error) => {
                self.give_up_lines(&error);
                None
            }
        }
    }

    /// Reads what the streams have, and says whether that was anything.
    async fn read_lines(&mut self) -> bool {
        let mut is_new = false;
        for index in 0..self.streams.len() {
            match self.read_stream(index).await {
                Ok(read) => is_new |= read,
                // The container has printed nothing yet.
                Err(error) if error.code.as_deref() == Some("ResourceNotFoundException") => {}
                Err(error) if error.may_pass() => {}
                Err(error) => {
                    self.give_up_lines(&error);
                    return is_new;
                }
            }
        }
        is_new
    }

    async fn read_stream(&mut self, index: usize) -> Result<bool, ApiError> {
        let mut is_new = false;
        loop {
            let stream = &self.streams[index];
            let place = LogStream {
                region: stream.place.region.as_deref(),
                group: &stream.place.group,
                name: &stream.name,
            };
            let page = self.logs.next_page(place, stream.token.as_deref()).await?;
            let is_last = page.next.is_none() || page.next == stream.token;
            let owner = self.owner_of(stream);
            for event in page.events {
                for line in self.run.lines_of(&event.message) {
                    is_new = true;
                    self.report(Event::Log(LogLine {
                        task: stream.task.clone(),
                        container: stream.container.clone(),
                        at: event.at,
                        line,
                        owner: owner.clone(),
                    }));
                }
            }
            let stream = &mut self.streams[index];
            stream.exists = true;
            stream.token = page.next.or(stream.token.take());
            if is_last {
                return Ok(is_new);
            }
        }
    }

    /// What stands in front of a line: the container where there are several, and the task as well.
    fn owner_of(&self, stream: &Stream) -> Option<String> {
        let other_task = |other: &Stream| other.task != stream.task;
        let has_tasks = self.task.count > 1 || self.streams.iter().any(other_task);
        let other_container = |other: &Stream| other.container != stream.container;
        let has_containers = self.streams.iter().any(other_container);
        let id: String = stream.task.chars().take(SHOWN_ID).collect();
        match (has_tasks, has_containers) {
            (true, true) => Some(format!("{id}/{}", stream.container)),
            (true, false) => Some(id),
            (false, true) => Some(stream.container.clone()),
            (false, false) => None,
        }
    }

    /// Says which streams there never were, although a container ran.
    fn note_missing_streams(&mut self) {
        let ran = |stream: &Stream| {
            let mut tasks = self.tasks.iter();
            tasks.any(|task| task.id() == stream.task && task.was_seen_running())
        };
        let missing: Vec<_> = self.streams.iter().filter(|stream| !stream.exists && ran(stream)).map(|stream| {
            format!("there is no log stream '{}' of '{}': container '{}' has printed nothing, or its lines have not arrived", stream.name, stream.place.group, stream.container)
        }).collect();
        for note in missing {
            self.note(note);
        }
    }
}
