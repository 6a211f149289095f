//! DescribeTasks and ListTasks.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Ecs;
use super::plan::reached;
use super::request::{MAX_DESCRIBED, cluster_name, invalid_parameter, last_segment, list, string};
use super::task::Task;
use crate::aws_error::AwsError;
use crate::identifiers::arn;
use crate::lock::Lock;

impl Ecs {
    pub(super) fn describe_tasks(&self, body: &Value) -> Result<Value, AwsError> {
        let wanted = list(body, "tasks");
        if wanted.is_empty() {
            return Err(invalid_parameter("Tasks cannot be empty."));
        }
        if wanted.len() > MAX_DESCRIBED {
            return Err(invalid_parameter(format!(
                "Tasks must be at most {MAX_DESCRIBED}."
            )));
        }
        let cluster = cluster_name(body);
        let with_tags = list(body, "include").iter().any(|part| part == "TAGS");
        let now = self.inner.clock.now();
        let found: Vec<_> = {
            let state = self.inner.state.locked();
            let visible = |task: &&Arc<Task>| {
                task.cluster == cluster && now >= task.launched_at + state.describe_lag
            };
            wanted
                .iter()
                .filter_map(Value::as_str)
                .map(|wanted| {
                    let task = state.by_id.get(last_segment(wanted)).filter(visible);
                    (wanted, task.cloned())
                })
                .collect()
        };
        let mut tasks = Vec::new();
        let mut failures = Vec::new();
        for (wanted, task) in found {
            match task.filter(|task| task.is_known(now)) {
                Some(task) => tasks.push(task.describe(&self.inner.clock, now, with_tags)),
                None => failures.push(json!({
                    "arn": arn("ecs", &format!("task/{cluster}/{}", last_segment(wanted))),
                    "reason": "MISSING",
                })),
            }
        }
        Ok(json!({"tasks": tasks, "failures": failures}))
    }

    pub(super) fn list_tasks(&self, body: &Value) -> Result<Value, AwsError> {
        let cluster = cluster_name(body);
        let filter = Filter::read(body)?;
        let page = match body.get("maxResults").filter(|most| !most.is_null()) {
            None => MAX_DESCRIBED,
            Some(most) => most
                .as_u64()
                .and_then(|most| usize::try_from(most).ok())
                .filter(|most| (1..=MAX_DESCRIBED).contains(most))
                .ok_or_else(|| {
                    invalid_parameter(format!("maxResults must be from 1 to {MAX_DESCRIBED}."))
                })?,
        };
        let from: u64 = match string(body, "nextToken") {
            None => 0,
            Some(token) => token
                .parse()
                .map_err(|_| invalid_parameter("Invalid token"))?,
        };
        let now = self.inner.clock.now();
        let state = self.inner.state.locked();
        let mut matching = state
            .tasks
            .iter()
            .skip(usize::try_from(from).unwrap_or(usize::MAX))
            .filter(|task| {
                task.cluster == cluster
                    && now >= task.launched_at + state.describe_lag
                    && filter.holds(task, now)
            });
        let arns: Vec<_> = matching
            .by_ref()
            .take(page)
            .map(|task| task.arn.as_str())
            .collect();
        let mut answer = json!({"taskArns": arns});
        if let Some(next) = matching.next() {
            answer["nextToken"] = next.number.to_string().into();
        }
        Ok(answer)
    }
}

/// ListTasks' filters.
struct Filter<'a> {
    family: Option<&'a str>,
    started_by: Option<&'a str>,
    container_instance: Option<&'a str>,
    launch_type: Option<&'a str>,
    service: Option<&'a str>,
    desired_status: &'a str,
}

impl<'a> Filter<'a> {
    fn read(body: &'a Value) -> Result<Self, AwsError> {
        let filter = Self {
            family: string(body, "family"),
            started_by: string(body, "startedBy"),
            container_instance: string(body, "containerInstance"),
            launch_type: string(body, "launchType"),
            service: string(body, "serviceName"),
            desired_status: string(body, "desiredStatus").unwrap_or("RUNNING"),
        };
        // "When you specify startedBy as the filter, it must be the only filter that you use"
        // (API_ListTasks).
        let others = [
            "family",
            "serviceName",
            "containerInstance",
            "launchType",
            "desiredStatus",
        ];
        if filter.started_by.is_some() && others.iter().any(|member| string(body, member).is_some())
        {
            return Err(invalid_parameter(
                "cannot specify startedBy with other arguments",
            ));
        }
        if filter.family.is_some() && filter.service.is_some() {
            return Err(invalid_parameter("cannot specify family with serviceName"));
        }
        if !["RUNNING", "PENDING", "STOPPED"].contains(&filter.desired_status) {
            return Err(invalid_parameter(
                "desiredStatus must be RUNNING, PENDING or STOPPED.",
            ));
        }
        Ok(filter)
    }

    fn holds(&self, task: &Task, now: Duration) -> bool {
        let plan = task.plan();
        let desired_status = if reached(plan.stopping_at, now) {
            "STOPPED"
        } else {
            "RUNNING"
        };
        let instance = task.container_instance.as_deref().map(last_segment);
        self.family.is_none_or(|family| family == task.definition.family)
            && self.started_by.is_none_or(|name| task.started_by() == Some(name))
            && self.container_instance.is_none_or(|wanted| instance == Some(last_segment(wanted)))
            && self.launch_type.is_none_or(|wanted| string(&task.request, "launchType").unwrap_or("EC2") == wanted)
            // The stand-in runs no services, so no task belongs to one.
            && self.service.is_none()
            && self.desired_status == desired_status
            && task.is_known(now)
    }
}
