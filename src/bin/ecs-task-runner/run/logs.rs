//! The log lines of a run's containers as they arrive, and what ECS shows of its tasks meanwhile.
//! Nothing here decides how the run ends or whether it has: that is the execution's alone.

mod streams;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::aws::ecs::{Ecs, TaskDefinition, WhichTasks};
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::{ApiError, CallRates, Connection, ErrorKind};
use ecs_task_runner::explain::TaskSummary;
use ecs_task_runner::run::DirectRun;
use ecs_task_runner::task::status::{Phase, TaskStatus};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::Event;
use super::caller::{Caller, is_expired};
use super::start::Start;
use streams::Stream;

/// Pause between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// Looks between two lists of tasks, once one is known that has started: a later one is launched only
/// in place of one that did not. All who list and describe tasks share 20 calls a second (`request-throttling`).
const LOOKS_PER_LIST: u32 = 10;
/// After the run's end, lines are read until none has come for this long, ...
const QUIET: Duration = Duration::from_secs(2);
/// ... but no longer than this. Lines arrive in batches, the last ones seconds after the end.
const AFTER_END: Duration = Duration::from_secs(10);
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
    /// The run is prepared.
    Waiting,
    /// The run was scheduled for a worker, so that there may be a task.
    Scheduled,
    /// The execution was stopped: the end of its tasks is looked for.
    Stopped,
    /// The execution has ended: the last lines are read.
    Ended,
}

fn clients(connection: &Connection) -> (Ecs, Logs) {
    let rates = CallRates::default();
    (
        Ecs::without_retries(connection, rates),
        Logs::new(connection, rates),
    )
}

/// Reads what ECS and CloudWatch Logs show of a run.
pub(super) struct LogFollower {
    caller: Caller,
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
    /// Whether the last list was given, with the streams of all its tasks.
    streams_are_known: bool,
    /// What was said already.
    notes: HashSet<String>,
}

impl LogFollower {
    pub(super) fn new(
        start: &Start,
        task: TaskSummary,
        reads_lines: bool,
        events: mpsc::UnboundedSender<Event>,
        stage: watch::Receiver<Stage>,
    ) -> Self {
        let (ecs, logs) = clients(&start.connection);
        Self {
            caller: start.caller.clone(),
            ecs,
            logs,
            run: Arc::clone(&start.run),
            task,
            reads_lines,
            events,
            stage,
            tasks: Vec::new(),
            definitions: HashMap::new(),
            streams: Vec::new(),
            streams_are_known: false,
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
            if stage == Stage::Waiting {
                if self.stage.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let is_first_of_end = stage == Stage::Ended && end.is_none();
            if is_first_of_end {
                (end, last_line) = (Some(Instant::now()), Instant::now());
            }
            let starts = self.tasks.iter().any(|task| task.phase == Phase::Starting);
            let is_time = looks.is_multiple_of(LOOKS_PER_LIST) || self.tasks.is_empty() || starts;
            let is_wanted = match stage {
                Stage::Ended => is_first_of_end || !self.streams_are_known,
                Stage::Stopped => true,
                Stage::Waiting | Stage::Scheduled => is_time,
            };
            if is_wanted {
                self.list_tasks().await;
            }
            looks = looks.wrapping_add(1);
            if self.read_lines().await {
                last_line = Instant::now();
            }
            if let Some(end) = end {
                let nothing_comes = self.streams.is_empty() && self.streams_are_known;
                let is_quiet = last_line.elapsed() >= QUIET && self.streams_are_known;
                if !self.reads_lines || nothing_comes || is_quiet || end.elapsed() >= AFTER_END {
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

    /// Makes the next calls with the credentials that are to be had now.
    async fn renew_if_expired(&mut self, error: &ApiError) {
        if is_expired(error) {
            let connection = self.caller.connection().await;
            (self.ecs, self.logs) = clients(&connection);
        }
    }

    async fn list_tasks(&mut self) {
        self.streams_are_known = false;
        let which = WhichTasks::StartedBy {
            name: &self.task.started_by,
            family: self.task.family(),
        };
        match self.ecs.list_tasks(&self.task.cluster, which).await {
            Ok(listed) => {
                // In the order of their launches, for people who read the lines of several.
                let mut listed = listed;
                listed.sort_by_key(|task| task.created);
                self.tasks = listed.into_iter().map(|task| task.status).collect();
                self.report(Event::Tasks(self.tasks.clone()));
                self.streams_are_known = true;
                if self.reads_lines {
                    self.find_streams().await;
                }
            }
            Err(error) if error.may_pass() => self.renew_if_expired(&error).await,
            Err(error) => {
                self.report(Event::TasksUnknown);
                if self.reads_lines {
                    self.give_up_lines(&error);
                }
            }
        }
    }
}
