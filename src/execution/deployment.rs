//! Deployments of ECS services, as far as the run of a lifecycle hook depends on them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::arn::{Arn, last_part};
use crate::task::spec::{CapacityProviderStrategyItem, NetworkConfiguration};

/// The deployment whose lifecycle hook an execution runs, as its input says. `rescue` finds the
/// deployment by it, and stops the run of one that was stopped or rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// ARN of the service deployment; of the service revision where ECS does not name the
    /// deployment.
    pub arn: String,
    /// ARN of the service.
    pub service: String,
    /// The stage of the deployment, such as `PRE_SCALE_UP`; empty where ECS does not say.
    #[serde(default)]
    pub stage: String,
}

impl Deployment {
    /// The name of the service.
    #[must_use]
    pub fn service_name(&self) -> &str {
        last_part(&self.service)
    }

    /// The ARN by which ECS describes the deployment; `None` where only the revision is known.
    #[must_use]
    pub fn described_by(&self) -> Option<&str> {
        Arn::parse(&self.arn)?.resource_of("ecs", "service-deployment/")?;
        Some(&self.arn)
    }
}

/// The status of a service deployment, in the API's word (`API_ServiceDeployment`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentStatus(String);

impl DeploymentStatus {
    /// The status of this name. Names of tomorrow are no error.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Whether the deployment was stopped, or is or was rolled back: its target revision will not go
    /// into production.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        matches!(self.0.as_str(), "STOPPED" | "STOP_REQUESTED") || self.0.starts_with("ROLLBACK_")
    }
}

impl fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A revision of a service: what runs, and where (`API_ServiceRevision`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceRevision {
    /// ARN of the cluster.
    pub cluster: String,
    /// ARN of the task definition's revision.
    pub task_definition: String,
    /// Subnets and security groups, for task definitions in `awsvpc` mode.
    pub network_configuration: Option<NetworkConfiguration>,
    /// Set where the service names no capacity provider strategy.
    pub launch_type: Option<String>,
    /// Set where the service names no launch type.
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// Fargate platform version.
    pub platform_version: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_given_up_when_it_is_stopped_or_rolled_back() {
        for (status, expected) in [
            ("PENDING", false),
            ("IN_PROGRESS", false),
            ("SUCCESSFUL", false),
            ("SOMETHING_OF_TOMORROW", false),
            ("STOP_REQUESTED", true),
            ("STOPPED", true),
            ("ROLLBACK_REQUESTED", true),
            ("ROLLBACK_IN_PROGRESS", true),
            ("ROLLBACK_SUCCESSFUL", true),
            ("ROLLBACK_FAILED", true),
        ] {
            assert_eq!(
                DeploymentStatus::new(status).is_given_up(),
                expected,
                "{status}"
            );
        }
    }
}
