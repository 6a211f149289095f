//! One launched task.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::plan::{Plan, StopRequest, reached};
use super::processes::Order;
use super::request::string;
use super::script::Script;
use super::scripted_plan::PlannedLaunch;
use super::task_definitions::TaskDefinition;
use crate::lock::Lock;

/// ECS shows a stopped task for an hour ("stopped-task-errors").
pub(crate) const STOPPED_TASKS_STAY: Duration = Duration::from_hours(1);

/// A task that RunTask or StartTask made.
#[derive(Debug)]
pub(crate) struct Task {
    /// Counts all tasks, in the order of their launch.
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) arn: String,
    /// The cluster's name.
    pub(crate) cluster: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) container_instance: Option<String>,
    /// The request that made it.
    pub(crate) request: Arc<Value>,
    pub(crate) launched_at: Duration,
    /// Time from the end of its containers to STOPPED.
    pub(crate) deprovisioning: Duration,
    pub(crate) life: Life,
    pub(crate) course: Mutex<Course>,
}

/// What makes a task go on.
#[derive(Debug)]
pub(crate) enum Life {
    /// A script: the whole course is known at the launch.
    Scripted(Arc<Script>),
    /// Processes: the course is written as it happens.
    Processes(watch::Sender<Order>),
}

/// The task's course as known so far.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) plan: Plan,
    pub(crate) stop: Option<StopRequest>,
}

impl Task {
    pub(crate) fn script(&self) -> Option<&Script> {
        match &self.life {
            Life::Scripted(script) => Some(script),
            Life::Processes(_) => None,
        }
    }

    pub(crate) fn started_by(&self) -> Option<&str> {
        string(&self.request, "startedBy")
    }

    /// The task's course; a copy, so that no lock is held over it.
    pub(crate) fn plan(&self) -> Plan {
        self.course.locked().plan.clone()
    }

    pub(crate) fn stopped_at(&self) -> Option<Duration> {
        self.course.locked().plan.stopped_at
    }

    /// Whether ECS still knows the task.
    pub(crate) fn is_known(&self, now: Duration) -> bool {
        let vanished = self
            .script()
            .and_then(|script| script.vanishes_after)
            .is_some_and(|after| now >= self.launched_at + after);
        let forgotten = self
            .stopped_at()
            .is_some_and(|stopped| now >= stopped + STOPPED_TASKS_STAY);
        !vanished && !forgotten
    }

    /// Takes note of a stop request, unless the task ends already. Answers whether it was the
    /// first.
    pub(crate) fn stop(&self, request: StopRequest) -> bool {
        let mut course = self.course.locked();
        if course.stop.is_some() || reached(course.plan.stopping_at, request.at) {
            return false;
        }
        match &self.life {
            Life::Scripted(script) => {
                let launch = PlannedLaunch {
                    script,
                    definition: &self.definition,
                    launched_at: self.launched_at,
                    deprovisioning: self.deprovisioning,
                };
                course.plan = Plan::of(&launch, Some(&request));
            }
            Life::Processes(orders) => {
                course.plan.stopping_at = Some(request.at);
                "UserInitiated".clone_into(&mut course.plan.stop_code);
                course.plan.stopped_reason.clone_from(&request.reason);
                orders.send_replace(Order::Stop);
            }
        }
        course.stop = Some(request);
        true
    }
}
