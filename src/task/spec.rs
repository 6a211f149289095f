//! The run that a request asks for: the `task` object of the execution's input and of the
//! activity's input.
//!
//! A field that carries an ECS parameter has the ECS API's camelCase name, so that an execution's
//! input in the console reads like the `RunTask` call that follows from it.
//!
//! The state machine's definition, the functions and the workers may be of different versions, and
//! all of them read this input. The contract therefore only grows: an unknown field is ignored when
//! read, and an optional field without a value is left out when written.
//!
//! The API's enumerations (`launchType`, `assignPublicIp`, …) are strings here. `start` has checked
//! the properties against the values that it knows, and an older worker must not refuse a value
//! that only a newer `start` knows.

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
/// Number of log lines of a failed container that the cause shows when the properties do not say
/// how many.
pub const DEFAULT_LOG_LINES: u32 = 20;
/// The exit code that means success when the properties name none.
pub const DEFAULT_SUCCESS_EXIT_CODE: i32 = 0;

/// All that a worker needs for a run: the parameters of `RunTask` or `StartTask`, what counts as
/// success, and the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSpec {
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// Family, `family:revision` or ARN of the task definition.
    pub task_definition: String,
    /// Number of tasks, 0 to 10; all of them must succeed, and 0 runs nothing. Not used when there
    /// are [`instances`](Self::instances), each of which gets one task.
    #[serde(default = "default_count")]
    pub count: u8,
    /// What differs from the task definition.
    #[serde(default)]
    pub overrides: TaskOverride,
    /// `EC2`, `FARGATE`, `EXTERNAL` or `MANAGED_INSTANCES`. ECS takes no launch type together with
    /// a capacity provider strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    /// How tasks are shared among capacity providers. When empty, the launch type counts, and
    /// without one the cluster's default strategy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// Fargate platform version, such as `1.4.0` or `LATEST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// Subnets and security groups, which task definitions in `awsvpc` network mode need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    /// Up to 10 rules that a container instance must meet.
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
    /// `referenceId` of `RunTask` and `StartTask`: a name that the caller gives the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<String>,
    /// Volumes that the task definition leaves to be configured at launch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_configurations: Vec<VolumeConfiguration>,
    /// The execution's name. Every task of the run carries it, which is how tasks are found again.
    pub started_by: String,
    /// The run's first idempotency token for `RunTask`, at most 64 characters. The worker makes the
    /// further ones from it by adding `-1`, `-2`, ….
    pub client_token: String,
    /// The instant by which the run must be over; in JSON as RFC 3339.
    pub deadline: Timestamp,
    /// What set the deadline, in words for the Reason, such as `Timeout of 600 s`. Whoever fixes the
    /// deadline writes it; inputs of earlier releases lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_set_by: Option<String>,
    /// When the run began, for a run that may take more than an hour: ECS may have been asked to
    /// launch its tasks from then on. A worker that takes the run over later than ECS keeps client
    /// tokens does not launch; it adopts the tasks that ECS lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// Name of an ECS service on the cluster. The task takes over its network configuration,
    /// platform version, and launch type or capacity provider strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_from: Option<String>,
    /// Container instances, by ARN or id. `StartTask` starts one task on each; when empty,
    /// `RunTask` chooses where the tasks run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<String>,
    /// Names of the containers whose exit codes count. When empty, the essential ones count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// Exit codes that mean success; `start` never leaves it empty.
    #[serde(
        default = "default_success_exit_codes",
        skip_serializing_if = "is_default_success_exit_codes"
    )]
    pub success_exit_codes: Vec<i32>,
    /// Number of the last log lines of a failed container that the cause shows, 0 to 100.
    #[serde(
        default = "default_log_lines",
        skip_serializing_if = "is_default_log_lines"
    )]
    pub log_lines: u32,
    /// Whether the worker repeats a launch that failed for a reason that may pass: until the
    /// deadline, or only a few times when the reason usually is a mistake.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub retry_start_failures: bool,
}

impl TaskSpec {
    /// A run of one task, with every option at its default.
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
            deadline_set_by: None,
            began: None,
            network_from: None,
            instances: Vec::new(),
            containers: Vec::new(),
            success_exit_codes: default_success_exit_codes(),
            log_lines: DEFAULT_LOG_LINES,
            retry_start_failures: true,
        }
    }

    /// The family of the task definition, whether that is given as family, `family:revision` or
    /// ARN.
    #[must_use]
    pub fn family(&self) -> &str {
        let name = self.task_definition_name();
        name.split(':').next().unwrap_or(name)
    }

    /// The task definition as people know it: its family, with the revision if one is given. Never
    /// an ARN, which would fill a line of the Reason.
    #[must_use]
    pub fn task_definition_name(&self) -> &str {
        last_part(&self.task_definition)
    }

    /// The name of the cluster, also where the cluster is given as ARN.
    #[must_use]
    pub fn cluster_name(&self) -> &str {
        last_part(&self.cluster)
    }

    /// Number of tasks of the run: one for each of `instances`, or `count` when there are none.
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
