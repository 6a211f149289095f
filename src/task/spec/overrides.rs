//! ECS's `TaskOverride`: how a task differs from its task definition.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Overrides of a task and of its containers. ECS takes at most 8,192 characters of JSON for all of
/// them together (`API_RunTask`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskOverride {
    /// Overrides of containers. The list is written even when empty, as the ECS API writes it.
    #[serde(default)]
    pub container_overrides: Vec<ContainerOverride>,
    /// CPU of the task: units (`256`) or vCPUs (`1 vCPU`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of the task: MiB (`512`) or GB (`1 GB`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Role with which ECS pulls images, reads secrets and writes logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_role_arn: Option<String>,
    /// Role that the containers assume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_role_arn: Option<String>,
    /// Size of the ephemeral storage (Fargate).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Elastic Inference accelerators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inference_accelerator_overrides: Vec<InferenceAcceleratorOverride>,
}

/// Overrides of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerOverride {
    /// Name of the container in the task definition.
    pub name: String,
    /// Replaces the task definition's command; `None` keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Environment variables that are added, or replace those of the task definition with the same
    /// name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<KeyValuePair>,
    /// Files with environment variables, which replace the task definition's files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_files: Vec<EnvironmentFile>,
    /// CPU units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i32>,
    /// Hard limit of memory, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// Soft limit of memory, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i32>,
    /// GPUs and other devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_requirements: Vec<ResourceRequirement>,
}

/// One environment variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyValuePair {
    /// Name of the variable.
    pub name: String,
    /// Value of the variable, possibly a secret.
    #[serde(default)]
    pub value: EnvironmentValue,
}

/// The value of an environment variable. It may be a secret, so `Debug` hides it, also in every
/// type that holds it. Only [`expose`](Self::expose) and serialization show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvironmentValue(String);

impl EnvironmentValue {
    /// The text of the value, for the call to ECS and for finding it in texts that must not show
    /// it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EnvironmentValue {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl fmt::Debug for EnvironmentValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A file with environment variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentFile {
    /// ARN of the S3 object.
    pub value: String,
    /// Where the file is; ECS knows `s3` only.
    #[serde(rename = "type")]
    pub file_type: String,
}

/// A device that a container needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRequirement {
    /// `GPU`, `InferenceAccelerator` or `NeuronDevice`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// Number of devices, `ALL`, or a device's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Size of a task's ephemeral storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EphemeralStorage {
    /// 21 to 200 GiB.
    #[serde(rename = "sizeInGiB")]
    pub size_in_gib: i32,
}

/// An Elastic Inference accelerator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InferenceAcceleratorOverride {
    /// Name of the device in the task definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Type of the accelerator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
}
