//! A signal stops the run that is followed.

use std::process::ExitCode;
use std::time::Duration;

use ecs_task_runner::aws::ApiError;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::run::{has_settled, what_became_of};
use ecs_task_runner::task::error::ErrorName;
use tokio::time::Instant;

use super::{Follower, LogState};
use crate::explain::patience::patiently;
use crate::run::caller::is_expired;
use crate::run::logs::Stage;
use crate::run::signal_exit;
use crate::signals::{SIGNAL_EXIT, signal_name};

/// How long it is waited for what becomes of the tasks of a stopped run. `rescue` stops them within
/// two minutes.
const STOP_PATIENCE: Duration = Duration::from_mins(2);
/// How long after the end of a stopped run a task may still appear: a worker may have been launching
/// it.
const LAUNCH_GRACE: Duration = Duration::from_secs(5);

/// How long an execution may begin after the call that starts it was given up: some seconds, as it
/// then is on its way. Stopping it is tried for as long.
const LATE_START: Duration = Duration::from_secs(5);

/// The run was stopped by a signal.
pub(super) struct Stopping {
    pub(super) signal: i32,
    pub(super) at: Instant,
}

impl Follower {
    /// Stops the execution, and says so afterwards. A run that cannot be stopped goes on.
    pub(super) async fn stop(&mut self, signal: i32) -> Option<ExitCode> {
        self.show_what_was_held_back();
        let name = signal_name(signal).unwrap_or("a signal");
        let cause = format!(
            "ecs-task-runner run, which followed the run, received {name}. Whoever cancels a job or presses Ctrl-C stops its run."
        );
        if let Err(error) = self.stop_execution(&cause).await {
            if !self.start.is_answered && is_unknown(&error) {
                self.console.complain(&format!(
                    "received {name} before Step Functions had answered the start. It knows no execution of that name, so that nothing runs unless the start was only late"
                ));
                self.say_where_more_is();
                return Some(signal_exit(signal));
            }
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
        self.tasks_were_listed = false;
        self.stage.send_replace(Stage::Stopped);
        self.console.complain(&format!(
            "received {name}: the run was stopped. Waiting for what becomes of its ECS task; a second signal ends this at once"
        ));
        None
    }

    /// Stops the execution. One whose start was not answered may begin a moment later.
    async fn stop_execution(&self, cause: &str) -> Result<(), ApiError> {
        let patience = if self.start.is_answered {
            Duration::ZERO
        } else {
            LATE_START
        };
        patiently(patience, is_unknown, || self.stop_once(cause)).await
    }

    async fn stop_once(&self, cause: &str) -> Result<(), ApiError> {
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

    /// Whether all is known that can be: the execution's end and its tasks', or that they cannot be
    /// seen.
    pub(super) fn shows_what_became_of_tasks(&self, stopped_at: Instant) -> bool {
        let Some(ended_at) = self.ended_at else {
            return stopped_at.elapsed() >= STOP_PATIENCE;
        };
        let no_task_comes =
            self.tasks_were_listed && self.tasks.is_empty() && ended_at.elapsed() >= LAUNCH_GRACE;
        self.logs == LogState::NotBegun
            || self.tasks_are_unknown
            || self.tasks_were_listed && has_settled(&self.tasks)
            || no_task_comes
            || stopped_at.elapsed() >= STOP_PATIENCE
    }

    /// Says what became of a run that was stopped.
    pub(super) fn report_stopped(&mut self, signal: i32) {
        let exit_code = u8::try_from(SIGNAL_EXIT + signal).unwrap_or(1);
        if let Some(looked) = self.looked.take() {
            self.console.result(&looked, exit_code);
        }
        let became = if self.tasks_are_unknown {
            "What became of its ECS task cannot be seen with these credentials (ecs:ListTasks, ecs:DescribeTasks). The function rescue stops it within two minutes.".to_owned()
        } else if self.logs == LogState::NotBegun && self.ended_at.is_some() {
            "The run had not been scheduled for a worker, so no ECS task was launched.".to_owned()
        } else if !self.tasks_were_listed {
            "What became of its ECS task is not known, since ECS could not be asked. The function rescue stops it within two minutes.".to_owned()
        } else {
            what_became_of(&self.tasks)
        };
        self.console.complain(&became);
        self.say_where_more_is();
    }
}

/// Whether Step Functions knows no such execution (`API_StopExecution`).
fn is_unknown(error: &ApiError) -> bool {
    error.code.as_deref() == Some("ExecutionDoesNotExist")
}
