//! Where a task runs: capacity, network and placement. The names are those of `RunTask`.

use serde::{Deserialize, Serialize};

/// One capacity provider of a strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderStrategyItem {
    /// Short name of the capacity provider.
    pub capacity_provider: String,
    /// Share of the tasks, 0 to 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Number of tasks that go to this provider first, 0 to 100,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<i32>,
}

/// Network configuration of a task; ECS knows `awsvpc` only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkConfiguration {
    /// Subnets, security groups and public address.
    pub awsvpc_configuration: AwsVpcConfiguration,
}

/// The network interface of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwsVpcConfiguration {
    /// 1 to 16 subnet ids.
    pub subnets: Vec<String>,
    /// Up to 5 security group ids. When empty, ECS takes the VPC's default group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// `ENABLED` or `DISABLED`: whether the network interface gets a public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<String>,
}

/// A rule that a container instance must meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementConstraint {
    /// `distinctInstance` (each task on another instance) or `memberOf` (instances that match the
    /// expression).
    #[serde(rename = "type")]
    pub constraint_type: String,
    /// Expression in the cluster query language, for `memberOf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// A rule by which container instances are chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementStrategy {
    /// `random`, `spread` or `binpack`.
    #[serde(rename = "type")]
    pub strategy_type: String,
    /// What tasks are spread over (an attribute or `instanceId`) or packed by (`cpu` or `memory`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
