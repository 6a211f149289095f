//! The course of one task as moments in time.

use std::time::Duration;

/// When what happens to a task. A moment that is `None` is not known yet, or never comes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) pending_at: Option<Duration>,
    pub(crate) activating_at: Option<Duration>,
    pub(crate) started_at: Option<Duration>,
    /// From here on the desired status is STOPPED.
    pub(crate) stopping_at: Option<Duration>,
    /// The containers get their signal.
    pub(crate) signalled_at: Option<Duration>,
    /// All containers have ended.
    pub(crate) done_at: Option<Duration>,
    pub(crate) stopped_at: Option<Duration>,
    pub(crate) stop_code: String,
    pub(crate) stopped_reason: String,
    pub(crate) host_gone: bool,
    pub(crate) containers: Vec<PlannedContainer>,
}

/// When what happens to a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PlannedContainer {
    pub(crate) name: String,
    pub(crate) started_at: Option<Duration>,
    pub(crate) ended_at: Option<Duration>,
    /// Known from `ended_at` on.
    pub(crate) exit_code: Option<i32>,
    /// Shown from `ended_at` on, or from the task's end where the container never started.
    pub(crate) reason: Option<String>,
    /// Its exit code is shown this long before it is STOPPED.
    pub(crate) settles: Duration,
}

impl PlannedContainer {
    /// When ECS shows it as STOPPED.
    pub(crate) fn stopped_at(&self) -> Option<Duration> {
        self.ended_at.map(|ended| ended + self.settles)
    }
}

/// Somebody called `StopTask`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StopRequest {
    pub(crate) at: Duration,
    pub(crate) reason: String,
}

/// Whether a moment has come.
pub(crate) fn reached(moment: Option<Duration>, now: Duration) -> bool {
    moment.is_some_and(|moment| moment <= now)
}

impl Plan {
    /// The task's `lastStatus` at a moment.
    pub(crate) fn last_status(&self, now: Duration) -> &'static str {
        let reached = |moment| reached(moment, now);
        if reached(self.stopped_at) {
            "STOPPED"
        } else if reached(self.done_at) {
            "DEPROVISIONING"
        } else if reached(self.signalled_at) {
            "STOPPING"
        } else if reached(self.stopping_at) {
            "DEACTIVATING"
        } else if reached(self.started_at) {
            "RUNNING"
        } else if reached(self.activating_at) {
            "ACTIVATING"
        } else if reached(self.pending_at) {
            "PENDING"
        } else {
            "PROVISIONING"
        }
    }

    /// When the host first reports on a container: that it runs, or, unless the host is gone, that
    /// it ended without.
    pub(crate) fn first_report_at(&self) -> Option<Duration> {
        let ended = self.done_at.filter(|_| !self.host_gone);
        self.containers
            .iter()
            .filter_map(|container| container.started_at)
            .chain(ended)
            .min()
    }

    /// Whether a container has started by this moment.
    pub(crate) fn has_started_container(&self, now: Duration) -> bool {
        self.containers
            .iter()
            .any(|container| reached(container.started_at, now))
    }
}
