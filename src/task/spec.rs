//! The run that a request asks for: the `task` object of the execution's input and of the
//! activity's input.
//!
//! Where a field carries an ECS parameter it has the ECS API's own camelCase name, so that what the
//! console shows of an execution reads like the `RunTask` call it leads to. The contract is
//! additive: a definition, a function and a worker of different versions meet, so an unknown field
//! is ignored when read, and an optional field is left out when it says nothing.
//!
//! What the API knows as an enumeration (`launchType`, `assignPublicIp`, …) is a string here: the
//! properties have been checked against the values known when they arrived, and a worker must not
//! refuse a value that only it does not know.

mod overrides;
mod placement;
mod volumes;

pub use overrides::{
    ContainerOverride, EnvironmentFile, EnvironmentValue, EphemeralStorage,
    InferenceAcceleratorOverride, KeyValuePair, ResourceRequirement, TaskOverride,
};
pub use placement::{
    AwsVpcConfiguration, CapacityProviderStrategyItem, NetworkConfiguration, PlacementConstraint,
    PlacementStrategy,
};
pub use volumes::{EbsTagSpecification, ManagedEbsVolume, TerminationPolicy, VolumeConfiguration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::last_part;

/// Number of tasks when the properties name none.
pub const DEFAULT_COUNT: u8 = 1;
/// Lines of a failed container's log shown when the properties do not say how many.
pub const DEFAULT_LOG_LINES: u32 = 20;
/// The exit code that means success when the properties name none.
pub const DEFAULT_SUCCESS_EXIT_CODE: i32 = 0;

/// What a worker is asked to run, complete: parameters of `RunTask` or `StartTask`, how the end is
/// judged, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSpec {
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// Family, `family:revision` or ARN of the task definition.
    pub task_definition: String,
    /// Number of tasks, 0 to 10, all of which must succeed. 0 runs nothing. With
    /// [`instances`](Self::instances) their number counts instead.
    #[serde(default = "default_count")]
    pub count: u8,
    /// What the tasks have different from their definition.
    #[serde(default)]
    pub overrides: TaskOverride,
    /// `EC2`, `FARGATE`, `EXTERNAL` or `MANAGED_INSTANCES`; never together with a capacity provider
    /// strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    /// Empty = the cluster's default strategy, or the launch type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// Fargate platform version, such as `1.4.0` or `LATEST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// Needed for task definitions in `awsvpc` network mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    /// Up to 10 rules a container instance must meet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Up to 5 rules by which container instances are chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_strategy: Vec<PlacementStrategy>,
    /// Task group; ECS's default is `family:<family>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether `aws ecs execute-command` may enter the containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_execute_command: Option<bool>,
    /// Whether ECS tags the tasks with the cluster's name.
    #[serde(
        default,
        rename = "enableECSManagedTags",
        skip_serializing_if = "Option::is_none"
    )]
    pub enable_ecs_managed_tags: Option<bool>,
    /// `TASK_DEFINITION` or `NONE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagate_tags: Option<String>,
    /// Up to 50 tags of the tasks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// ECS's `referenceId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<String>,
    /// Volumes of the task definition that are configured at launch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_configurations: Vec<VolumeConfiguration>,
    /// The execution's name; every task of this run carries it.
    pub started_by: String,
    /// `RunTask`'s idempotency token, at most 64 characters; relaunches add `-1`, `-2`, ….
    pub client_token: String,
    /// The instant by which the run must be over. Written as RFC 3339.
    pub deadline: Timestamp,
    /// Name of an ECS service of the cluster whose network configuration, launch type or capacity
    /// provider strategy, and platform version are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_from: Option<String>,
    /// Container instances (ARNs or ids) to start one task on each with `StartTask`. Empty =
    /// `RunTask`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<String>,
    /// Names of the containers whose exit codes count. Empty = the essential ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// Exit codes that mean success; never empty in a run built by `start`.
    #[serde(
        default = "default_success_exit_codes",
        skip_serializing_if = "is_default_success_exit_codes"
    )]
    pub success_exit_codes: Vec<i32>,
    /// How many of the last log lines of a failed container the reason shows, 0 to 100.
    #[serde(
        default = "default_log_lines",
        skip_serializing_if = "is_default_log_lines"
    )]
    pub log_lines: u32,
    /// Whether a start that failed for a reason that may pass is tried again until the deadline.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub retry_start_failures: bool,
}

impl TaskSpec {
    /// A run of one task with every option at its default.
    #[must_use]
    pub fn new(
        cluster: impl Into<String>,
        task_definition: impl Into<String>,
        started_by: impl Into<String>,
        client_token: impl Into<String>,
        deadline: Timestamp,
    ) -> Self {
        Self {
            cluster: cluster.into(),
            task_definition: task_definition.into(),
            count: DEFAULT_COUNT,
            overrides: TaskOverride::default(),
            launch_type: None,
            capacity_provider_strategy: Vec::new(),
            platform_version: None,
            network_configuration: None,
            placement_constraints: Vec::new(),
            placement_strategy: Vec::new(),
            group: None,
            enable_execute_command: None,
            enable_ecs_managed_tags: None,
            propagate_tags: None,
            tags: Vec::new(),
            reference_id: None,
            volume_configurations: Vec::new(),
            started_by: started_by.into(),
            client_token: client_token.into(),
            deadline,
            network_from: None,
            instances: Vec::new(),
            containers: Vec::new(),
            success_exit_codes: default_success_exit_codes(),
            log_lines: DEFAULT_LOG_LINES,
            retry_start_failures: true,
        }
    }

    /// The family of the task definition, which may be given as family, `family:revision` or ARN.
    #[must_use]
    pub fn family(&self) -> &str {
        let name = last_part(&self.task_definition);
        name.split(':').next().unwrap_or(name)
    }

    /// How many tasks the run consists of: one for each of `instances`, else `count`.
    #[must_use]
    pub fn task_count(&self) -> usize {
        if self.instances.is_empty() {
            usize::from(self.count)
        } else {
            self.instances.len()
        }
    }
}

/// A tag of a task or of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// 1 to 128 characters, unique among the tags.
    pub key: String,
    /// Up to 256 characters.
    #[serde(default)]
    pub value: String,
}

fn default_count() -> u8 {
    DEFAULT_COUNT
}

fn default_log_lines() -> u32 {
    DEFAULT_LOG_LINES
}

fn default_success_exit_codes() -> Vec<i32> {
    vec![DEFAULT_SUCCESS_EXIT_CODE]
}

fn default_true() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
fn is_default_log_lines(lines: &u32) -> bool {
    *lines == DEFAULT_LOG_LINES
}

fn is_default_success_exit_codes(codes: &[i32]) -> bool {
    codes == [DEFAULT_SUCCESS_EXIT_CODE]
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
fn is_true(value: &bool) -> bool {
    *value
}

#[cfg(test)]
mod tests;
