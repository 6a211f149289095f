//! The ECS tasks of a run as rows, with the times that only ECS has: it shows them for about an hour
//! after the end of a task.

use jiff::Timestamp;

use super::lane::{Lane, Phase, Sign};
use super::words;
use crate::task::status::TaskStatus;

/// Rows of tasks that are drawn. A run may have ten (`Count`) and launch some of them again.
const SHOWN: usize = 20;

/// An ECS task of the run, as ECS shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedTask {
    /// What `DescribeTasks` shows of the task.
    pub status: TaskStatus,
    /// When it was launched.
    pub created: Option<Timestamp>,
    /// When its host began to pull images.
    pub pull_started: Option<Timestamp>,
    /// When the last pull was over.
    pub pull_stopped: Option<Timestamp>,
}

/// The tasks by their launch, each in a row of its own. The bars of those that still run end `now`.
pub(super) fn lanes(tasks: &[ObservedTask], now: Timestamp) -> Vec<Lane> {
    let mut tasks: Vec<_> = tasks.iter().collect();
    tasks.sort_by_key(|task| task.created);
    let hidden = tasks.len().saturating_sub(SHOWN);
    let mut lanes: Vec<_> = tasks
        .into_iter()
        .take(SHOWN)
        .map(|task| task.lane(now))
        .collect();
    if hidden > 0 {
        lanes.push(Lane::new(format!("… {hidden} more ECS tasks")));
    }
    lanes
}

impl ObservedTask {
    /// When its last bar ends. `None` where ECS shows no time of the task.
    pub(super) fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let latest = self.moments().iter().map(|(at, _)| *at).max()?;
        Some(match self.status.stopped_at {
            Some(_) => latest,
            None => latest.max(now),
        })
    }

    fn lane(&self, now: Timestamp) -> Lane {
        let mut lane = Lane::new("ECS task");
        self.status.id().clone_into(&mut lane.detail);
        let moments = self.moments();
        let ends = moments.iter().skip(1).map(|(at, _)| *at).chain([now]);
        for ((from, phase), to) in moments.iter().zip(ends) {
            if let Some(phase) = phase {
                lane.add_bar(*phase, *from, to, format!("ECS task {}", self.status.id()));
            }
        }
        if let Some(ended) = self.status.ended_at() {
            lane.add_mark(Sign::ContainersEnd, ended, "the containers have ended");
        }
        lane.outcome = self.outcome();
        lane.times = self.times(now);
        lane
    }

    /// The moments that ECS shows, in their order, each with the phase that begins with it.
    fn moments(&self) -> Vec<(Timestamp, Option<Phase>)> {
        let status = &self.status;
        // Until the pull is known, nobody can tell it from what comes before and after.
        let first = if self.pull_started.is_none() && status.started_at.is_some() {
            Phase::Starting
        } else {
            Phase::Provisioning
        };
        let ended = status
            .ended_at()
            .filter(|at| Some(*at) != status.stopped_at);
        [
            (self.created, Some(first)),
            (self.pull_started, Some(Phase::Pulling)),
            (self.pull_stopped, Some(Phase::Starting)),
            (status.started_at, Some(Phase::Running)),
            (ended, Some(Phase::Deprovisioning)),
            (status.stopped_at, None),
        ]
        .into_iter()
        .filter_map(|(at, phase)| Some((at?, phase)))
        .collect()
    }

    fn outcome(&self) -> String {
        let containers = self.status.containers.iter();
        let exit_codes: Vec<_> = containers
            .filter_map(|container| container.exit_code)
            .map(|code| code.to_string())
            .collect();
        match &exit_codes[..] {
            [] if self.status.ended_at().is_some() => "ended without an exit code".to_owned(),
            [] => {
                let status = self.status.last_status.to_lowercase();
                let parts: Vec<_> = [status].into_iter().chain(self.start()).collect();
                parts.join(", ")
            }
            [code] => format!("exit code {code}"),
            codes => format!("exit codes {}", codes.join(", ")),
        }
    }

    fn times(&self, now: Timestamp) -> String {
        let Some(started) = self.status.started_at else {
            return String::new();
        };
        let Some(ended) = self.status.ended_at() else {
            return words::has_run(started, now);
        };
        let parts: Vec<_> = self
            .start()
            .into_iter()
            .chain([words::ran(started, ended)])
            .collect();
        parts.join(", ")
    }

    /// How long the task took to start.
    fn start(&self) -> Option<String> {
        let (created, started) = self.created.zip(self.status.started_at)?;
        Some(words::started(created, started))
    }
}
