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

/// The tasks by their launch, each in a row of its own.
pub(super) fn lanes(tasks: &[ObservedTask], end: Timestamp) -> Vec<Lane> {
    let mut tasks: Vec<_> = tasks.iter().collect();
    tasks.sort_by_key(|task| task.created);
    let hidden = tasks.len().saturating_sub(SHOWN);
    let mut lanes: Vec<_> = tasks
        .into_iter()
        .take(SHOWN)
        .map(|task| task.lane(end))
        .collect();
    if hidden > 0 {
        lanes.push(Lane::new(format!("… {hidden} more ECS tasks")));
    }
    lanes
}

impl ObservedTask {
    fn lane(&self, end: Timestamp) -> Lane {
        let mut lane = Lane::new("ECS task");
        self.status.id().clone_into(&mut lane.detail);
        let moments = self.moments();
        let ends = moments.iter().skip(1).map(|(at, _)| *at).chain([end]);
        for ((from, phase), to) in moments.iter().zip(ends) {
            if let Some(phase) = phase {
                lane.add_bar(*phase, *from, to, self.title(*phase));
            }
        }
        let exit_codes: Vec<_> = self.exit_codes().collect();
        if let Some(ended) = self.status.ended_at() {
            let is_success = exit_codes.iter().all(|code| *code == 0) && !exit_codes.is_empty();
            let sign = if is_success {
                Sign::Success
            } else {
                Sign::Failure
            };
            lane.add_mark(sign, ended, "the containers have ended");
        }
        lane.outcome = self.outcome(&exit_codes);
        lane.times = self.times(end);
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

    fn title(&self, phase: Phase) -> String {
        format!("ECS task {}: {}", self.status.id(), phase.in_words())
    }

    fn exit_codes(&self) -> impl Iterator<Item = i32> {
        let containers = self.status.containers.iter();
        containers.filter_map(|container| container.exit_code)
    }

    fn outcome(&self, exit_codes: &[i32]) -> String {
        let codes = || {
            let codes: Vec<_> = exit_codes.iter().map(i32::to_string).collect();
            codes.join(", ")
        };
        match exit_codes {
            [] if self.status.ended_at().is_some() => "ended without an exit code".to_owned(),
            [] => self.status.last_status.to_lowercase(),
            [_] => format!("exit code {}", codes()),
            _ => format!("exit codes {}", codes()),
        }
    }

    fn times(&self, end: Timestamp) -> String {
        let begun = self.created.zip(self.status.started_at);
        let started = begun.map(|(created, started)| words::started(created, started));
        let ran = self
            .status
            .started_at
            .map(|started| words::ran(started, self.status.ended_at().unwrap_or(end)));
        let parts: Vec<_> = started.into_iter().chain(ran).collect();
        parts.join(", ")
    }
}
