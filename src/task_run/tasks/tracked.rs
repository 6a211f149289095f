//! A task that a run is responsible for, and what is known of it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::aws::{ApiError, ErrorKind};
use crate::task::error::{ErrorName, LAUNCHED};
use crate::task::judgement::Ending;
use crate::task::status::{Phase, StopCode, TaskStatus};
use crate::task_run::watcher::View;

/// How long `DescribeTasks` may not know a task that was launched until the run gives the task up.
/// ECS is eventually consistent (`API_RunTask`), within seconds.
const NOT_KNOWN_YET: Duration = Duration::from_secs(120);
/// How long ECS may no longer know a task that it has shown before, until the run gives the task
/// up. Stopped tasks stay visible for an hour, so waiting longer would be of no use.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// How long ECS may refuse every look until the run gives the task up. A permission that was
/// removed by mistake may come back within minutes, and the task runs on meanwhile.
const REFUSED: Duration = Duration::from_secs(120);

const NOBODY_CAN_SAY: &str = "so nobody can say whether its work was done";

/// A task that this run is responsible for.
#[derive(Debug)]
pub(in crate::task_run) struct Tracked {
    pub(super) arn: String,
    /// No other task may take the place of this one: a container of it has started or may have, or
    /// this worker does not know the token of its next launch. Other tasks of the run may still be
    /// relaunched.
    pub(super) no_relaunch: bool,
    /// What the watcher knows of the task.
    pub(super) view: watch::Receiver<View>,
    pub(super) last_seen: Option<TaskStatus>,
    /// ECS's `lastStatus` at the last look before the task began to stop.
    status_before_end: Option<String>,
    /// Whether a look showed that a container had started.
    seen_running: bool,
    /// `None` while looks show the task.
    unseen: Option<Unseen>,
    pub(super) state: TaskState,
}

/// Looks in a row that did not show the task. Only time in which ECS answers counts, since during
/// an outage ECS shows no task at all.
#[derive(Debug, Clone)]
struct Unseen {
    why: WhyUnseen,
    /// For how long ECS did not show the task, up to the last outage.
    counted: Duration,
    /// Since when this time continues: since the first look, or since the first one after the last
    /// outage. `None` during an outage.
    since: Option<Instant>,
}

/// What ECS answered to a look that did not show the task.
#[derive(Debug, Clone)]
pub(super) enum WhyUnseen {
    /// ECS does not know the task.
    Missing,
    /// ECS refused the look.
    Refused(ApiError),
}

/// How far a tracked task has come.
#[derive(Debug)]
pub(in crate::task_run) enum TaskState {
    /// Not known to have ended.
    Live,
    /// Ended before any container started; another task takes its place.
    Replaced,
    /// Ended, and every container that counts exited with a code that means success.
    Succeeded {
        status: Box<TaskStatus>,
        container: String,
        exit_code: i32,
    },
    /// Ended in any other way, or was given up.
    Ended(Ending),
}

impl Tracked {
    pub(super) fn new(arn: String, no_relaunch: bool, view: watch::Receiver<View>) -> Self {
        Self {
            arn,
            no_relaunch,
            view,
            last_seen: None,
            status_before_end: None,
            seen_running: false,
            unseen: None,
            state: TaskState::Live,
        }
    }

    pub(in crate::task_run) fn arn(&self) -> &str {
        &self.arn
    }

    pub(in crate::task_run) fn state(&self) -> &TaskState {
        &self.state
    }

    /// What ECS showed when it last showed the task.
    pub(in crate::task_run) fn last_seen(&self) -> Option<&TaskStatus> {
        self.last_seen.as_ref()
    }

    /// ECS's word for how far the task had come, such as PENDING, at the last look before it began
    /// to stop. `None` without such a look.
    pub(in crate::task_run) fn status_before_end(&self) -> Option<&str> {
        self.status_before_end.as_deref()
    }

    /// Whether a look of this worker showed that a container of the task had started.
    pub(in crate::task_run) fn was_seen_running(&self) -> bool {
        self.seen_running
    }

    /// Not known to have ended.
    pub(in crate::task_run) fn is_live(&self) -> bool {
        matches!(self.state, TaskState::Live)
    }

    /// Whether ECS has shown that nothing of the task runs any more. Its network interface may
    /// still be there.
    pub(in crate::task_run) fn was_seen_to_run_nothing(&self) -> bool {
        self.last_seen
            .as_ref()
            .is_some_and(TaskStatus::runs_nothing)
    }

    /// Whether an earlier worker may have launched another task in the place of this one.
    pub(in crate::task_run) fn may_be_replaced(&self) -> bool {
        !self.no_relaunch && matches!(self.state, TaskState::Live | TaskState::Ended(_))
    }

    /// Whether the task was stopped by a `StopTask` call, of this worker or of anybody else.
    pub(super) fn was_stopped_by_somebody(&self) -> bool {
        self.last_seen
            .as_ref()
            .is_some_and(|status| status.stop_code == Some(StopCode::UserInitiated))
    }

    /// When the run gives the task up, unless a look shows it before. `None` while looks show the
    /// task, and during an outage.
    pub(super) fn given_up_at(&self) -> Option<Instant> {
        let Unseen {
            why,
            counted,
            since,
        } = self.unseen.as_ref()?;
        let patience = match why {
            WhyUnseen::Refused(_) => REFUSED,
            WhyUnseen::Missing if self.last_seen.is_some() => FORGOTTEN,
            WhyUnseen::Missing => NOT_KNOWN_YET,
        };
        Some((*since)? + patience.saturating_sub(*counted))
    }

    /// Notes that a look showed the task.
    pub(super) fn seen(&mut self, status: &TaskStatus) {
        self.seen_running |= status.was_seen_running();
        self.no_relaunch |= self.seen_running;
        self.unseen = None;
        if status.phase < Phase::Stopping && status.stop_code.is_none() {
            self.status_before_end = Some(status.last_status.clone());
        }
        self.last_seen = Some(status.clone());
    }

    /// Notes that ECS answered a look and did not show the task. The time that counts begins with
    /// the first such answer, and continues with the first one after an outage.
    pub(super) fn not_seen(&mut self, why: WhyUnseen) {
        let (counted, since) = self.unseen.take().map_or((Duration::ZERO, None), |unseen| {
            (unseen.counted, unseen.since)
        });
        self.unseen = Some(Unseen {
            why,
            counted,
            since: since.or_else(|| Some(Instant::now())),
        });
    }

    /// Notes that a look at `then` got no answer: an outage has begun, and the time that counts
    /// stops.
    pub(super) fn not_answered(&mut self, then: Instant) {
        if let Some(unseen) = &mut self.unseen
            && let Some(since) = unseen.since.take()
        {
            unseen.counted += then.saturating_duration_since(since);
        }
    }

    /// The ending of a task that is given up.
    pub(super) fn ending_when_given_up(&self) -> Ending {
        let (error, what) = match self.unseen.as_ref().map(|unseen| &unseen.why) {
            Some(WhyUnseen::Refused(error)) => {
                let name = if error.kind == ErrorKind::AccessDenied {
                    ErrorName::AccessDenied
                } else {
                    ErrorName::Failed
                };
                let what = format!("{LAUNCHED}, but its end cannot be watched: {error}");
                (name, what)
            }
            _ if self.last_seen.is_some() => (
                ErrorName::Failed,
                format!("ECS no longer knows the task, {NOBODY_CAN_SAY}"),
            ),
            _ => (
                ErrorName::Failed,
                format!(
                    "ECS accepted the launch but has not known the task since, {NOBODY_CAN_SAY}"
                ),
            ),
        };
        Ending {
            error,
            what,
            container: None,
            may_pass: false,
        }
    }
}
