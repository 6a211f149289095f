//! A task that a run is responsible for, and what is known of it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::watcher::View;
use crate::aws::{ApiError, ErrorKind};
use crate::error_name::ErrorName;
use crate::judgement::Ending;
use crate::task_status::{StopCode, TaskStatus};

/// A task that was launched and is not known to `DescribeTasks` yet: ECS is eventually consistent (`API_RunTask`), and this is
/// far beyond what it takes.
const NOT_KNOWN_YET: Duration = Duration::from_secs(120);
/// A task that was known and is not any more. Stopped tasks stay visible for an hour, so this is no delay of ECS's.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// Looks that ECS refuses, in a row. Permissions change, and come back, within minutes; a task that runs is not given up for less.
const REFUSED: Duration = Duration::from_secs(120);

/// The tasks launched under one client token.
#[derive(Debug, Default)]
pub(super) struct Launch {
    /// A container of one of them may have started: none of them is ever launched again.
    pub(super) may_have_started: bool,
}

/// A task that this run is responsible for.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) arn: String,
    /// Index into the run's launches.
    pub(super) launch: usize,
    pub(super) view: watch::Receiver<View>,
    pub(super) last_seen: Option<TaskStatus>,
    /// Since when looks at it have brought nothing, and what they brought.
    pub(super) unseen: Option<(Instant, Unseen)>,
    pub(super) state: State,
}

/// What a look brought that did not show the task.
#[derive(Debug, Clone)]
pub(super) enum Unseen {
    Missing,
    Refused(ApiError),
}

/// Where a tracked task is.
#[derive(Debug)]
pub(super) enum State {
    /// Not known to have ended.
    Live,
    /// Ended before any container started; another task takes its place.
    Replaced,
    /// Ended as it should.
    Succeeded { status: Box<TaskStatus>, container: String, exit_code: i32 },
    /// Ended otherwise.
    Ended(Ending),
}

impl Tracked {
    pub(super) fn last_seen(&self) -> Option<&TaskStatus> {
        self.last_seen.as_ref()
    }

    pub(super) fn was_stopped_by_somebody(&self) -> bool {
        self.last_seen.as_ref().is_some_and(|status| status.stop_code == Some(StopCode::UserInitiated))
    }

    /// When a task that looks do not show is given up.
    pub(super) fn given_up_at(&self) -> Option<Instant> {
        let (since, what) = self.unseen.as_ref()?;
        let patience = match what {
            Unseen::Refused(_) => REFUSED,
            Unseen::Missing if self.last_seen.is_some() => FORGOTTEN,
            Unseen::Missing => NOT_KNOWN_YET,
        };
        Some(*since + patience)
    }

    pub(super) fn given_up(&self) -> Ending {
        let (error, what) = match self.unseen.as_ref().map(|(_, what)| what) {
            Some(Unseen::Refused(error)) => {
                let name = if error.kind == ErrorKind::AccessDenied { ErrorName::AccessDenied } else { ErrorName::Failed };
                (name, format!("The task was launched, but its end cannot be watched: {error}"))
            }
            _ if self.last_seen.is_some() => {
                (ErrorName::Failed, "ECS no longer knows the task, so nobody can say whether its work was done".to_owned())
            }
            _ => (
                ErrorName::Failed,
                "ECS accepted the launch but has not known the task since, so nobody can say whether its work was done".to_owned(),
            ),
        };
        Ending { error, what, container: None, may_pass: false }
    }
}
