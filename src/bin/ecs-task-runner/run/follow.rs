//! Follows a run that was started: prints what happens, stops the run on a signal, and says how it
//! ended.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::explain::{Explanation, RunResult, Span, TimelineEvent};
use ecs_task_runner::run::{exit_code, has_settled, phase, what_became_of};
use ecs_task_runner::task::error::ErrorName;
use ecs_task_runner::task::status::TaskStatus;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::caller::is_expired;
use super::console::Console;
use super::logs::{LogFollower, Stage};
use super::prepare::Start;
use super::reader::Reader;
use super::{EXIT_GOES_ON, Event, RunArguments, signal_exit};
use crate::signals::signal_name;

/// How often the line that says what the run does is written anew.
const TICK: Duration = Duration::from_secs(1);
/// How long it is waited for what becomes of the tasks of a stopped run. `rescue` stops them within
/// two minutes.
const STOP_PATIENCE: Duration = Duration::from_mins(2);
/// How long after the end of a stopped run a task may still appear: a worker may have been launching
/// it.
const LAUNCH_GRACE: Duration = Duration::from_secs(10);

/// A run that is followed.
pub(super) struct Follower {
    start: Start,
    reads_lines: bool,
    console: Console,
    events: mpsc::UnboundedSender<Event>,
    stage: watch::Sender<Stage>,
    /// The last look at the execution.
    looked: Option<Explanation>,
    /// Whether the logs are followed, or were.
    logs_began: bool,
    /// Whether log lines may still come.
    logs_go_on: bool,
    tasks: Vec<TaskStatus>,
    tasks_are_unknown: bool,
    stopped: Option<Stopping>,
    ended_at: Option<Instant>,
}

/// The run was stopped by a signal.
struct Stopping {
    signal: i32,
    at: Instant,
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
            logs_began: false,
            logs_go_on: false,
            tasks: Vec::new(),
            tasks_are_unknown: false,
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
            if let Ok(Some(event)) = timeout(TICK, received.recv()).await {
                if let Some(exit_code) = self.take(event).await {
                    break exit_code;
                }
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
            Event::Signal(signal) => return self.stop(signal).await,
            Event::Looked(explanation) => self.note_look(*explanation),
            Event::CannotFollow(why) => return Some(self.goes_on(&why)),
            Event::Log(line) => self.console.log(&line),
            Event::Note(note) => self.console.complain(&note),
            Event::Tasks(tasks) => self.tasks = tasks,
            Event::TasksUnknown => self.tasks_are_unknown = true,
            Event::LogsRead => self.logs_go_on = false,
        }
        None
    }

    fn note_look(&mut self, explanation: Explanation) {
        if self.looked.is_none() {
            self.console.head(&explanation);
        }
        self.console.timeline(&explanation);
        let was_taken = |event: &TimelineEvent| {
            matches!(
                event,
                TimelineEvent::Claimed { .. } | TimelineEvent::GivenToFunction { .. }
            )
        };
        let is_taken = explanation.steps.iter().any(|step| was_taken(&step.event));
        // A worker may have the run already: its claim is shown somewhat later, and an emulator shows
        // none.
        let is_scheduled = |event: &TimelineEvent| matches!(event, TimelineEvent::Scheduled { .. });
        let is_scheduled = explanation
            .steps
            .iter()
            .any(|step| is_scheduled(&step.event));
        let is_over = explanation.conclusion.result != RunResult::Running;
        if (is_taken || is_scheduled || is_over) && !self.logs_began {
            self.follow_logs(&explanation);
        }
        if is_over {
            self.ended_at.get_or_insert_with(Instant::now);
        }
        if self.stopped.is_none() {
            self.stage.send_replace(match (is_over, is_taken) {
                (true, _) => Stage::Ended,
                (false, true) => Stage::Taken,
                (false, false) => Stage::Waiting,
            });
        }
        self.looked = Some(explanation);
    }

    fn follow_logs(&mut self, explanation: &Explanation) {
        let Some(task) = explanation.task.clone() else {
            return;
        };
        (self.logs_began, self.logs_go_on) = (true, true);
        let logs = LogFollower::new(
            &self.start.connection,
            Arc::clone(&self.start.run),
            task,
            self.reads_lines,
            self.events.clone(),
            self.stage.subscribe(),
        );
        tokio::task::spawn_local(logs.follow());
    }

    /// Stops the execution, and says so afterwards. A run that cannot be stopped goes on.
    async fn stop(&mut self, signal: i32) -> Option<ExitCode> {
        let name = signal_name(signal).unwrap_or("a signal");
        let cause = format!(
            "ecs-task-runner run, which followed the run, received {name}. Whoever cancels a job or presses Ctrl-C stops its run."
        );
        if let Err(error) = self.stop_execution(&cause).await {
            self.console.complain(&format!(
                "received {name}, and the run could not be stopped: {error}. {}",
                self.way_on()
            ));
            return Some(signal_exit(signal));
        }
        self.stopped = Some(Stopping {
            signal,
            at: Instant::now(),
        });
        self.stage.send_replace(Stage::Stopped);
        self.console.complain(&format!(
            "received {name}: the run was stopped. Waiting for what becomes of its ECS task; a second signal ends this at once"
        ));
        None
    }

    async fn stop_execution(&self, cause: &str) -> Result<(), ecs_task_runner::aws::ApiError> {
        let arn = self.start.execution.to_string();
        let error = ErrorName::Interrupted.as_str();
        match self.start.state_machine.stop(&arn, error, cause).await {
            Err(failed) if is_expired(&failed) => {
                let connection = self.start.caller.connection().await;
                let machine = StepFunctions::new(&connection);
                let machine = machine.state_machine(self.start.state_machine.arn());
                machine.stop(&arn, error, cause).await
            }
            stopped => stopped,
        }
    }

    /// The exit code, once everything that is waited for is there.
    fn end(&mut self) -> Option<ExitCode> {
        let stopped = self
            .stopped
            .as_ref()
            .map(|stopping| (stopping.signal, stopping.at));
        let Some((signal, at)) = stopped else {
            self.ended_at?;
            if self.logs_go_on {
                return None;
            }
            let looked = self.looked.take()?;
            let exit_code = exit_code(&looked.conclusion);
            self.console.result(&looked, exit_code);
            if exit_code != 0 {
                self.console.complain(&format!(
                    "More: ecs-task-runner explain {}",
                    self.start.execution
                ));
            }
            return Some(ExitCode::from(exit_code));
        };
        let is_over = at.elapsed() >= STOP_PATIENCE;
        let no_task_comes = self.tasks.is_empty()
            && self
                .ended_at
                .is_some_and(|ended| ended.elapsed() >= LAUNCH_GRACE);
        let is_known =
            !self.logs_began || self.tasks_are_unknown || has_settled(&self.tasks) || no_task_comes;
        if !(is_over || self.ended_at.is_some() && is_known) {
            return None;
        }
        self.report_stopped(signal);
        Some(signal_exit(signal))
    }

    /// Says what became of a run that was stopped.
    fn report_stopped(&mut self, signal: i32) {
        let exit_code = u8::try_from(crate::signals::SIGNAL_EXIT + signal).unwrap_or(1);
        if let Some(looked) = self.looked.take() {
            self.console.result(&looked, exit_code);
        }
        let became = if self.tasks_are_unknown {
            "What became of its ECS task cannot be seen with these credentials (ecs:ListTasks, ecs:DescribeTasks). The function rescue stops it within two minutes.".to_owned()
        } else if !self.logs_began {
            "No worker had taken the run, so no ECS task was launched.".to_owned()
        } else {
            what_became_of(&self.tasks)
        };
        self.console.complain(&became);
        self.console.complain(&format!(
            "More: ecs-task-runner explain {}",
            self.start.execution
        ));
    }

    /// Following has to end, and the run goes on.
    fn goes_on(&mut self, why: &str) -> ExitCode {
        let way_on = self.way_on();
        self.console
            .complain(&format!("{}. {way_on}", why.trim_end_matches('.')));
        ExitCode::from(EXIT_GOES_ON)
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
