//! Follows a run that was started: prints what happens, stops the run on a signal, and says how it
//! ended.

mod stopping;

use std::process::ExitCode;
use std::time::Duration;

use ecs_task_runner::clock::Clock;
use ecs_task_runner::explain::{Explanation, RunResult, Span, TimelineEvent};
use ecs_task_runner::run::{exit_code, phase};
use ecs_task_runner::task::status::TaskStatus;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::console::Console;
use super::logs::{LogFollower, Stage};
use super::reader::Reader;
use super::start::Start;
use super::{EXIT_GOES_ON, Event, RunArguments, signal_exit};
use stopping::Stopping;

/// How often the line that says what the run does is written anew.
const TICK: Duration = Duration::from_secs(1);
/// How long after a run's end the program waits for its log lines, also when CloudWatch Logs does not
/// answer: a little more than they are read.
const LOG_PATIENCE: Duration = Duration::from_secs(12);

/// A run that is followed.
pub(super) struct Follower {
    start: Start,
    reads_lines: bool,
    console: Console,
    events: mpsc::UnboundedSender<Event>,
    stage: watch::Sender<Stage>,
    /// The last look at the execution.
    looked: Option<Explanation>,
    logs: LogState,
    tasks: Vec<TaskStatus>,
    tasks_are_unknown: bool,
    /// Whether ECS has listed the tasks, since the run was stopped if it was.
    tasks_were_listed: bool,
    stopped: Option<Stopping>,
    ended_at: Option<Instant>,
}

/// How far the logs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogState {
    /// The run was not scheduled yet, so that there is no task.
    NotBegun,
    /// Lines may still come.
    Reading,
    /// No more lines will come.
    Read,
}

impl Follower {
    pub(super) fn new(
        arguments: &RunArguments,
        start: Start,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Self {
            start,
            reads_lines: !arguments.no_logs,
            console: Console::new(arguments.json),
            events,
            stage: watch::Sender::new(Stage::Waiting),
            looked: None,
            logs: LogState::NotBegun,
            tasks: Vec::new(),
            tasks_are_unknown: false,
            tasks_were_listed: false,
            stopped: None,
            ended_at: None,
        }
    }

    /// Follows the run to its end.
    pub(super) async fn follow(mut self, mut received: mpsc::UnboundedReceiver<Event>) -> ExitCode {
        let reader = Reader {
            caller: self.start.caller.clone(),
            state_machine: self.start.state_machine.clone(),
            execution: self.start.execution.clone(),
            described: None,
        };
        tokio::task::spawn_local(reader.follow(self.events.clone()));
        let exit_code = loop {
            // A tick without an event: `self` holds a sender, so that the channel does not close.
            if let Ok(Some(event)) = timeout(TICK, received.recv()).await
                && let Some(exit_code) = self.take(event).await
            {
                break exit_code;
            }
            if let Some(exit_code) = self.end() {
                break exit_code;
            }
            self.show_status();
        };
        self.console.clear_status();
        if let Some(error) = self.console.failure() {
            self.console.complain(&format!("{error:#}"));
        }
        exit_code
    }

    async fn take(&mut self, event: Event) -> Option<ExitCode> {
        match event {
            // The run has ended by itself, and only its last log lines are waited for: there is nothing
            // to stop.
            Event::Signal(_) if self.ended_at.is_some() && self.stopped.is_none() => {
                self.logs = LogState::Read;
            }
            Event::Signal(signal) => return self.stop(signal).await,
            Event::Looked(explanation) => self.note_look(*explanation),
            Event::CannotFollow(why) => return Some(self.cannot_follow(&why)),
            Event::Log(line) => self.console.log(&line),
            Event::Note(note) => self.console.complain(&note),
            Event::Tasks(tasks) => (self.tasks, self.tasks_were_listed) = (tasks, true),
            Event::TasksUnknown => self.tasks_are_unknown = true,
            Event::LogsRead => self.logs = LogState::Read,
        }
        None
    }

    fn note_look(&mut self, explanation: Explanation) {
        if self.looked.is_none() {
            self.console.head(&explanation);
        }
        let is_over = explanation.conclusion.result != RunResult::Running;
        // The last log lines belong before the end that they led to: `end` prints that.
        let is_end = is_over || is_reported(&explanation);
        if !is_end || !self.reads_lines || self.stopped.is_some() {
            self.console.timeline(&explanation);
        }
        // Not once it was claimed: an emulator's history does not show that.
        let is_scheduled = |event: &TimelineEvent| {
            matches!(
                event,
                TimelineEvent::Scheduled { .. } | TimelineEvent::GivenToFunction { .. }
            )
        };
        let may_have_tasks = explanation
            .steps
            .iter()
            .any(|step| is_scheduled(&step.event));
        if may_have_tasks && self.logs == LogState::NotBegun {
            self.follow_logs(&explanation);
        }
        if is_over {
            self.ended_at.get_or_insert_with(Instant::now);
        }
        if self.stopped.is_none() {
            self.stage.send_replace(match (is_over, may_have_tasks) {
                (true, _) => Stage::Ended,
                (false, true) => Stage::Scheduled,
                (false, false) => Stage::Waiting,
            });
        }
        self.looked = Some(explanation);
    }

    fn follow_logs(&mut self, explanation: &Explanation) {
        let Some(task) = explanation.task.clone() else {
            return;
        };
        self.logs = LogState::Reading;
        let logs = LogFollower::new(
            &self.start,
            task,
            self.reads_lines,
            self.events.clone(),
            self.stage.subscribe(),
        );
        tokio::task::spawn_local(logs.follow());
    }

    /// The exit code, once everything that is waited for is there.
    fn end(&mut self) -> Option<ExitCode> {
        let stopped = self
            .stopped
            .as_ref()
            .map(|stopping| (stopping.signal, stopping.at));
        let Some((signal, at)) = stopped else {
            let ended_at = self.ended_at?;
            let may_come = self.reads_lines && self.logs == LogState::Reading;
            if may_come && ended_at.elapsed() < LOG_PATIENCE {
                return None;
            }
            let looked = self.looked.take()?;
            self.console.timeline(&looked);
            let exit_code = exit_code(&looked.conclusion);
            self.console.result(&looked, exit_code);
            if exit_code != 0 {
                self.say_where_more_is();
            }
            return Some(ExitCode::from(exit_code));
        };
        if !self.shows_what_became_of_tasks(at) {
            return None;
        }
        self.report_stopped(signal);
        Some(signal_exit(signal))
    }

    fn say_where_more_is(&mut self) {
        let execution = &self.start.execution;
        self.console
            .complain(&format!("More: ecs-task-runner explain {execution}"));
    }

    /// Following has to end. The run goes on, unless it was stopped before.
    fn cannot_follow(&mut self, why: &str) -> ExitCode {
        self.show_what_was_held_back();
        let why = why.trim_end_matches('.');
        if let Some(stopping) = &self.stopped {
            let exit = signal_exit(stopping.signal);
            self.console.complain(&format!(
                "{why}. The run was stopped, and what became of its ECS task cannot be seen. The function rescue stops it within two minutes."
            ));
            self.say_where_more_is();
            return exit;
        }
        let way_on = self.way_on();
        self.console.complain(&format!("{why}. {way_on}"));
        ExitCode::from(EXIT_GOES_ON)
    }

    /// The end that was seen, whose log lines are not waited for any more.
    fn show_what_was_held_back(&mut self) {
        if let Some(looked) = &self.looked {
            self.console.timeline(looked);
        }
    }

    fn way_on(&self) -> String {
        let execution = &self.start.execution;
        format!(
            "The run goes on: {execution}. To follow it: ecs-task-runner explain --follow {execution}"
        )
    }

    fn show_status(&mut self) {
        let Some(looked) = &self.looked else {
            return;
        };
        let task = self.tasks.last().map(|task| task.phase);
        let elapsed = Span::between(looked.started, Clock::system().now());
        let phase = match (&self.stopped, self.ended_at) {
            (Some(_), _) => "stopping",
            (None, Some(_)) => "ended, reading the last log lines",
            (None, None) => phase(looked, task),
        };
        self.console.status(&format!("{phase}, {elapsed}"));
    }
}

/// Whether a worker has reported how the run ended, and nobody has redriven the execution since.
fn is_reported(explanation: &Explanation) -> bool {
    let mut newest_first = explanation.steps.iter().rev().map(|step| &step.event);
    let decides = |event: &&TimelineEvent| {
        matches!(event, TimelineEvent::Told { .. } | TimelineEvent::Redriven)
    };
    matches!(newest_first.find(decides), Some(TimelineEvent::Told { .. }))
}
