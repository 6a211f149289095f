//! Limits of the properties, each with its source.
//!
//! Numbers that belong to another service and change with it (sizes and IOPS of EBS volumes) are
//! not repeated here: only what can never be right is refused, and ECS judges the rest.

use crate::times::answer_by::LONGEST_RUN;
use crate::times::handle::LONGEST_WAIT;

/// Tasks of one `RunTask` call (API reference, `RunTask`, `count`). With 0, which the
/// API does not know, nothing is run.
pub(super) const COUNT: (i64, i64) = (0, 10);

/// Container instances of one `StartTask` call (API reference, `StartTask`, `containerInstances`).
pub(super) const MAX_INSTANCES: usize = 10;

/// Characters of `overrides` as JSON, with its formatting characters (API reference, `RunTask`,
/// `overrides`).
pub(super) const MAX_OVERRIDES_CHARACTERS: usize = 8192;

/// Tags of one resource (API reference, `Tag`).
pub(super) const MAX_TAGS: usize = 50;
/// Characters of a tag's key (API reference, `Tag`).
pub(super) const MAX_TAG_KEY: usize = 128;
/// Characters of a tag's value (API reference, `Tag`).
pub(super) const MAX_TAG_VALUE: usize = 256;

/// Subnets of a task (API reference, `AwsVpcConfiguration`).
pub(super) const MAX_SUBNETS: usize = 16;
/// Security groups of a task (API reference, `AwsVpcConfiguration`).
pub(super) const MAX_SECURITY_GROUPS: usize = 5;

/// Capacity providers of a strategy (API reference, `RunTask`, `capacityProviderStrategy`).
pub(super) const MAX_CAPACITY_PROVIDERS: usize = 20;
/// Share of the tasks that a capacity provider gets (API reference, `CapacityProviderStrategyItem`,
/// `weight`).
pub(super) const CAPACITY_PROVIDER_WEIGHT: (i64, i64) = (0, 1000);
/// Tasks that a capacity provider gets first (API reference, `CapacityProviderStrategyItem`,
/// `base`).
pub(super) const CAPACITY_PROVIDER_BASE: (i64, i64) = (0, 100_000);

/// Placement constraints of a task (API reference, `RunTask`, `placementConstraints`).
pub(super) const MAX_PLACEMENT_CONSTRAINTS: usize = 10;
/// Rules of a placement strategy (API reference, `RunTask`, `placementStrategy`).
pub(super) const MAX_PLACEMENT_STRATEGIES: usize = 5;

/// Characters of the name of a cluster, a service, a container, a family or a capacity provider
/// (API reference, `CreateCluster`, `CreateService`, `ContainerDefinition`,
/// `RegisterTaskDefinition`, `CreateCapacityProvider`).
pub(super) const MAX_NAME: usize = 255;
/// Characters of an ARN in any AWS API (IAM's `arnType`); longer than any name an ECS API takes.
pub(super) const MAX_ARN: usize = 2048;

/// GiB of ephemeral storage (API reference, `EphemeralStorage`).
pub(super) const EPHEMERAL_STORAGE_GIB: (i64, i64) = (21, 200);
/// MiB of a container, of which Docker needs four to start any (API reference,
/// `ContainerDefinition`, `memory`).
pub(super) const CONTAINER_MEMORY_MIB: (i64, i64) = (4, i32::MAX as i64);
/// CPU units of a container (API reference, `ContainerDefinition`, `cpu`: an integer).
pub(super) const CONTAINER_CPU_UNITS: (i64, i64) = (0, i32::MAX as i64);
/// MiB/s at which a volume is filled from its snapshot (API reference,
/// `TaskManagedEBSVolumeConfiguration`, `volumeInitializationRate`).
pub(super) const VOLUME_INITIALIZATION_RATE: (i64, i64) = (100, 300);
/// Any integer of the API where 0 makes no sense.
pub(super) const AT_LEAST_ONE: (i64, i64) = (1, i32::MAX as i64);

/// Seconds for the whole run. CloudFormation waits an hour at most (`ServiceTimeout`), of which a
/// minute is kept for stopping the task and for the answer.
pub(super) const TIMEOUT_SECONDS: (i64, i64) = (1, 3540);
/// Seconds for the whole run where a wait condition waits for its end.
pub(super) const TIMEOUT_WITH_HANDLE_SECONDS: (i64, i64) = (1, 43_200);
const _: () = assert!(TIMEOUT_WITH_HANDLE_SECONDS.1.unsigned_abs() == LONGEST_WAIT.as_secs());
/// Characters of the URL of a wait condition's handle. Those that were seen have 1,700; KMS seals up to
/// 4,096 bytes (`API_Encrypt`).
pub(super) const MAX_HANDLE_URL: usize = 4_096;
/// Seconds for the whole run where CloudFormation does not wait for it.
pub(super) const DIRECT_TIMEOUT_SECONDS: (i64, i64) = (1, 82_800);
const _: () = assert!(DIRECT_TIMEOUT_SECONDS.1.unsigned_abs() == LONGEST_RUN.as_secs());
/// Seconds CloudFormation waits for an answer (`AWS::CloudFormation::CustomResource`,
/// `ServiceTimeout`).
pub(super) const SERVICE_TIMEOUT_SECONDS: (i64, i64) = (1, 3600);
/// Lines of a failed container's log in the answer, which has room for 4,096 bytes in all.
pub(super) const LOG_LINES: (i64, i64) = (0, 100);
/// Exit codes as the ECS API carries them (API reference, `Container`, `exitCode`: an integer).
/// Windows has negative ones.
pub(super) const EXIT_CODE: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);
