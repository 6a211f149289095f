//! How DescribeTasks shows one task at a moment.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::container_logs::runtime_id;
use super::plan::{Plan, PlannedContainer, reached};
use super::request::{list, string};
use super::task::Task;
use crate::clock::Clock;
use crate::identifiers::arn;

impl Task {
    /// The task as DescribeTasks shows it.
    pub(crate) fn describe(&self, clock: &Clock, now: Duration, with_tags: bool) -> Value {
        let plan = self.plan();
        let mut shown = Map::new();
        let mut show = |member: &str, value: Value| {
            shown.insert(member.to_owned(), value);
        };
        let request = &self.request;
        let stopping = reached(plan.stopping_at, now);
        let last_status = plan.last_status(now);

        show("taskArn", self.arn.clone().into());
        show(
            "clusterArn",
            arn("ecs", &format!("cluster/{}", self.cluster)).into(),
        );
        show("taskDefinitionArn", self.definition.arn.clone().into());
        show("lastStatus", last_status.into());
        show(
            "desiredStatus",
            if stopping { "STOPPED" } else { "RUNNING" }.into(),
        );
        show("availabilityZone", "us-east-1a".into());
        show("createdAt", clock.epoch_seconds(self.launched_at).into());
        show("version", version(last_status).into());
        show("overrides", self.overrides());
        show(
            "enableExecuteCommand",
            request
                .get("enableExecuteCommand")
                .cloned()
                .unwrap_or(false.into()),
        );
        show(
            "attributes",
            json!([{"name": "ecs.cpu-architecture", "value": "x86_64"}]),
        );
        show("inferenceAccelerators", json!([]));
        show(
            "tags",
            if with_tags {
                request.get("tags").cloned().unwrap_or(json!([]))
            } else {
                json!([])
            },
        );
        for member in ["cpu", "memory"] {
            if let Some(size) = self.definition.described.get(member) {
                show(member, size.clone());
            }
        }
        if let Some(started_by) = self.started_by() {
            show("startedBy", started_by.into());
        }
        let group = string(request, "group").map_or_else(
            || format!("family:{}", self.definition.family),
            str::to_owned,
        );
        show("group", group.into());
        self.show_capacity(reached(plan.pending_at, now), &mut show);

        show_moments(
            &plan,
            self.execution_stopped_at(&plan),
            clock,
            now,
            &mut show,
        );
        if reached(plan.pending_at, now) {
            let connected = !(plan.host_gone && stopping);
            show(
                "connectivity",
                if connected {
                    "CONNECTED"
                } else {
                    "DISCONNECTED"
                }
                .into(),
            );
        }
        if stopping && !plan.stop_code.is_empty() {
            show("stopCode", plan.stop_code.clone().into());
        }
        if stopping && !plan.stopped_reason.is_empty() {
            show("stoppedReason", plan.stopped_reason.clone().into());
        }
        let containers: Vec<_> = if self.script().is_none_or(|script| script.shows_containers) {
            self.containers(&plan, now)
        } else {
            Vec::new()
        };
        show("containers", containers.into());
        show("attachments", self.attachments(stopping));
        Value::Object(shown)
    }

    /// On EC2 a task has its container instance from PENDING on; before, capacity may still be
    /// bought for it.
    fn show_capacity(&self, has_host: bool, show: &mut impl FnMut(&str, Value)) {
        let provider = list(&self.request, "capacityProviderStrategy")
            .first()
            .and_then(|item| string(item, "capacityProvider"));
        let launch_type = string(&self.request, "launchType").unwrap_or(match provider {
            Some(provider) if provider.starts_with("FARGATE") => "FARGATE",
            _ => "EC2",
        });
        show("launchType", launch_type.into());
        if let Some(provider) = provider {
            show("capacityProviderName", provider.into());
        }
        if launch_type == "FARGATE" {
            show(
                "platformVersion",
                string(&self.request, "platformVersion")
                    .filter(|v| *v != "LATEST")
                    .unwrap_or("1.4.0")
                    .into(),
            );
            show("platformFamily", "Linux".into());
            show("ephemeralStorage", json!({"sizeInGiB": 20}));
        }
        if let Some(instance) = &self.container_instance {
            show("containerInstanceArn", instance.clone().into());
        } else if launch_type == "EC2" && has_host {
            show(
                "containerInstanceArn",
                arn(
                    "ecs",
                    &format!(
                        "container-instance/{}/0123456789abcdef0123456789abcdef",
                        self.cluster
                    ),
                )
                .into(),
            );
        }
    }

    /// The overrides as shown: every container of the definition has an entry.
    fn overrides(&self) -> Value {
        let mut overrides = self.request.get("overrides").cloned().unwrap_or(json!({}));
        let mut entries = list(&overrides, "containerOverrides").to_vec();
        for container in &self.definition.containers {
            if !entries.iter().any(|entry| entry["name"] == container.name) {
                entries.push(json!({"name": container.name}));
            }
        }
        overrides["containerOverrides"] = entries.into();
        if overrides.get("inferenceAcceleratorOverrides").is_none() {
            overrides["inferenceAcceleratorOverrides"] = json!([]);
        }
        overrides
    }

    fn containers(&self, plan: &Plan, now: Duration) -> Vec<Value> {
        let task_stopped = reached(plan.stopped_at, now);
        let defined = self.definition.containers.iter();
        plan.containers
            .iter()
            .zip(defined)
            .map(|(container, defined)| {
                let mut shown = json!({
                    "containerArn": arn("ecs", &format!("container/{}/{}/{}", self.cluster, self.id, container.name)),
                    "taskArn": self.arn,
                    "name": container.name,
                    "image": defined.image,
                    "lastStatus": container_status(container, task_stopped, now),
                    "networkBindings": [],
                    "networkInterfaces": self.network_interfaces(),
                    "healthStatus": "UNKNOWN",
                    "cpu": "0",
                });
                if reached(container.started_at, now) {
                    shown["runtimeId"] = runtime_id(&self.id, &container.name).into();
                }
                if reached(container.ended_at, now)
                    && let Some(code) = container.exit_code
                {
                    shown["exitCode"] = code.into();
                }
                if let Some(reason) = &container.reason
                    && (reached(container.ended_at, now) || task_stopped)
                {
                    shown["reason"] = reason.clone().into();
                }
                shown
            })
            .collect()
    }

    /// The agent notes when the first essential container stopped, and tells it once all have.
    fn execution_stopped_at(&self, plan: &Plan) -> Option<Duration> {
        plan.started_at?;
        plan.containers
            .iter()
            .zip(&self.definition.containers)
            .filter(|(_, defined)| defined.essential)
            .filter_map(|(container, _)| container.ended_at)
            .min()
            .or(plan.done_at)
    }

    fn has_interface(&self) -> bool {
        self.request
            .get("networkConfiguration")
            .is_some_and(Value::is_object)
    }

    fn network_interfaces(&self) -> Value {
        if !self.has_interface() {
            return json!([]);
        }
        json!([{"attachmentId": self.id, "privateIpv4Address": "10.0.0.10"}])
    }

    fn attachments(&self, stopping: bool) -> Value {
        if !self.has_interface() {
            return json!([]);
        }
        json!([{
            "id": self.id,
            "type": "ElasticNetworkInterface",
            "status": if stopping { "DELETED" } else { "ATTACHED" },
            "details": [
                {"name": "networkInterfaceId", "value": format!("eni-{}", &self.id[..17])},
                {"name": "privateIPv4Address", "value": "10.0.0.10"},
            ],
        }])
    }
}

fn container_status(
    container: &PlannedContainer,
    task_stopped: bool,
    now: Duration,
) -> &'static str {
    if reached(container.stopped_at(), now) || task_stopped {
        "STOPPED"
    } else if reached(container.started_at, now) {
        "RUNNING"
    } else {
        "PENDING"
    }
}

/// The version of a task's record grows with every change of its status.
fn version(last_status: &str) -> u64 {
    match last_status {
        "PROVISIONING" => 1,
        "PENDING" => 2,
        "ACTIVATING" => 3,
        "RUNNING" => 4,
        "DEACTIVATING" => 5,
        "STOPPING" => 6,
        "DEPROVISIONING" => 7,
        _ => 8,
    }
}

/// When what happened to the task that has happened by now.
fn show_moments(
    plan: &Plan,
    execution_stopped_at: Option<Duration>,
    clock: &Clock,
    now: Duration,
    show: &mut impl FnMut(&str, Value),
) {
    for (member, moment) in [
        ("connectivityAt", plan.pending_at),
        ("startedAt", plan.started_at),
        ("stoppingAt", plan.stopping_at),
        (
            "executionStoppedAt",
            execution_stopped_at.filter(|_| reached(plan.done_at, now)),
        ),
        ("stoppedAt", plan.stopped_at),
    ] {
        if let Some(moment) = moment.filter(|moment| *moment <= now) {
            show(member, clock.epoch_seconds(moment).into());
        }
    }
    // The agent sends the times of the pull with its first report of a container
    // (`SubmitTaskStateChange`), and not before.
    if reached(plan.first_report_at(), now) {
        for (member, moment) in [
            ("pullStartedAt", plan.pending_at),
            ("pullStoppedAt", plan.activating_at),
        ] {
            if let Some(moment) = moment.filter(|moment| *moment <= now) {
                show(member, clock.epoch_seconds(moment).into());
            }
        }
    }
}
