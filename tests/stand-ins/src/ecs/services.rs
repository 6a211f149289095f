//! DescribeServices, for services that tests register.

use serde_json::{Value, json};

use super::Ecs;
use super::request::{cluster_name, invalid_parameter, last_segment, list};
use crate::aws_error::AwsError;
use crate::identifiers::arn;
use crate::lock::Lock;

/// Most services of one DescribeServices (API_DescribeServices).
const MAX_SERVICES: usize = 10;

impl Ecs {
    /// Registers a service: its name and whatever other members DescribeServices shall show, as
    /// `networkConfiguration`, `launchType`, `capacityProviderStrategy` and `platformVersion`, or
    /// `deploymentController` and `taskSets`.
    pub fn service(&self, cluster: &str, name: &str, members: &Value) {
        let cluster = last_segment(cluster);
        let mut service = json!({
            "serviceArn": arn("ecs", &format!("service/{cluster}/{name}")),
            "serviceName": name,
            "clusterArn": arn("ecs", &format!("cluster/{cluster}")),
            "status": "ACTIVE",
            "desiredCount": 1,
            "runningCount": 1,
            "pendingCount": 0,
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "taskSets": [],
            "loadBalancers": [],
            "deployments": [],
            "events": [],
        });
        for (member, value) in members.as_object().into_iter().flatten() {
            service[member] = value.clone();
        }
        let key = (cluster.to_owned(), name.to_owned());
        self.inner.state.locked().services.insert(key, service);
    }

    pub(super) fn describe_services(&self, body: &Value) -> Result<Value, AwsError> {
        let wanted = list(body, "services");
        if wanted.is_empty() || wanted.len() > MAX_SERVICES {
            return Err(invalid_parameter(format!(
                "Services must be from 1 to {MAX_SERVICES}."
            )));
        }
        let cluster = cluster_name(body);
        let state = self.inner.state.locked();
        let mut services = Vec::new();
        let mut failures = Vec::new();
        for name in wanted.iter().filter_map(Value::as_str).map(last_segment) {
            match state.services.get(&(cluster.to_owned(), name.to_owned())) {
                Some(service) => services.push(service.clone()),
                None => failures.push(json!({
                    "arn": arn("ecs", &format!("service/{cluster}/{name}")),
                    "reason": "MISSING",
                })),
            }
        }
        Ok(json!({"services": services, "failures": failures}))
    }
}
