//! What a test can see of the tasks without asking through the API.

use std::time::Duration;

use serde_json::Value;

use super::Ecs;
use super::plan::reached;
use super::request::string;
use super::task::Task;
use crate::lock::Lock;

/// A task at the moment it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskView {
    /// The task's ARN.
    pub arn: String,
    /// The cluster's name.
    pub cluster: String,
    /// The task definition's family.
    pub family: String,
    /// `startedBy` of the request.
    pub started_by: Option<String>,
    /// `clientToken` of the request.
    pub client_token: Option<String>,
    /// The request that launched it.
    pub request: Value,
    /// When it was launched.
    pub launched_at: Duration,
    /// When its first container started, if one has.
    pub started_at: Option<Duration>,
    /// When StopTask first asked it to stop, and with which reason.
    pub stop_requested: Option<(Duration, String)>,
    /// The containers that have ended, each with the moment from which ECS shows it as STOPPED.
    pub container_ends: Vec<(String, Duration)>,
    /// When it was STOPPED, if it is: its network interface was gone by then.
    pub stopped_at: Option<Duration>,
    /// Its `lastStatus`.
    pub last_status: &'static str,
}

impl TaskView {
    /// When the last of its containers had ended, if one has.
    pub fn last_container_end(&self) -> Option<Duration> {
        self.container_ends.iter().map(|(_, at)| *at).max()
    }

    fn of(task: &Task, now: Duration) -> Self {
        let plan = task.plan();
        let started_at = plan
            .containers
            .iter()
            .filter_map(|container| container.started_at)
            .min();
        let stop = task.course.locked().stop.clone();
        Self {
            arn: task.arn.clone(),
            cluster: task.cluster.clone(),
            family: task.definition.family.clone(),
            started_by: task.started_by().map(str::to_owned),
            client_token: string(&task.request, "clientToken").map(str::to_owned),
            request: Value::clone(&task.request),
            launched_at: task.launched_at,
            started_at: started_at.filter(|_| plan.has_started_container(now)),
            stop_requested: stop.map(|stop| (stop.at, stop.reason)),
            container_ends: plan
                .containers
                .iter()
                .filter_map(|container| Some((container.name.clone(), container.stopped_at()?)))
                .filter(|(_, at)| *at <= now)
                .collect(),
            stopped_at: plan.stopped_at.filter(|at| reached(Some(*at), now)),
            last_status: plan.last_status(now),
        }
    }
}

impl Ecs {
    /// All tasks ever launched, also those that ECS has forgotten, in the order of their launch.
    pub fn tasks(&self) -> Vec<TaskView> {
        let now = self.inner.clock.now();
        let tasks = self.inner.state.locked().tasks.clone();
        tasks.iter().map(|task| TaskView::of(task, now)).collect()
    }
}
