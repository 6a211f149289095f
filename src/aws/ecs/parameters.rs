//! Parameters of `RunTask` and `StartTask`, made from a `TaskSpec`.

use aws_sdk_ecs::types;

use crate::task::spec::{ContainerOverride, Tag, TaskOverride, TaskSpec};

/// A part of the parameters that the API needs is missing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Incomplete(#[from] aws_sdk_ecs::error::BuildError);

/// `None` for a list without elements: for some parameters the API distinguishes "not given" from
/// "empty".
fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[expect(
    deprecated,
    reason = "ECS still takes accelerator overrides from task definitions that have them"
)]
pub(super) fn task_override(overrides: &TaskOverride) -> types::TaskOverride {
    types::TaskOverride::builder()
        .set_container_overrides(given(
            overrides
                .container_overrides
                .iter()
                .map(container_override)
                .collect(),
        ))
        .set_cpu(overrides.cpu.clone())
        .set_memory(overrides.memory.clone())
        .set_execution_role_arn(overrides.execution_role_arn.clone())
        .set_task_role_arn(overrides.task_role_arn.clone())
        .set_ephemeral_storage(overrides.ephemeral_storage.as_ref().map(|storage| {
            types::EphemeralStorage::builder()
                .size_in_gib(storage.size_in_gib)
                .build()
        }))
        .set_inference_accelerator_overrides(given(
            overrides
                .inference_accelerator_overrides
                .iter()
                .map(|accelerator| {
                    types::InferenceAcceleratorOverride::builder()
                        .set_device_name(accelerator.device_name.clone())
                        .set_device_type(accelerator.device_type.clone())
                        .build()
                })
                .collect(),
        ))
        .build()
}

fn container_override(container: &ContainerOverride) -> types::ContainerOverride {
    types::ContainerOverride::builder()
        .name(&container.name)
        .set_command(container.command.clone())
        .set_environment(given(
            container
                .environment
                .iter()
                .map(|pair| {
                    types::KeyValuePair::builder()
                        .name(&pair.name)
                        .value(pair.value.expose())
                        .build()
                })
                .collect(),
        ))
        .set_environment_files(given(
            container
                .environment_files
                .iter()
                .filter_map(|file| {
                    types::EnvironmentFile::builder()
                        .value(&file.value)
                        .r#type(file.file_type.as_str().into())
                        .build()
                        .ok()
                })
                .collect(),
        ))
        .set_cpu(container.cpu)
        .set_memory(container.memory)
        .set_memory_reservation(container.memory_reservation)
        .set_resource_requirements(given(
            container
                .resource_requirements
                .iter()
                .filter_map(|requirement| {
                    types::ResourceRequirement::builder()
                        .r#type(requirement.resource_type.as_str().into())
                        .set_value(requirement.value.clone())
                        .build()
                        .ok()
                })
                .collect(),
        ))
        .build()
}

pub(super) fn capacity_provider_strategy(
    spec: &TaskSpec,
) -> Result<Option<Vec<types::CapacityProviderStrategyItem>>, Incomplete> {
    let items: Result<Vec<_>, _> = spec
        .capacity_provider_strategy
        .iter()
        .map(|item| {
            types::CapacityProviderStrategyItem::builder()
                .capacity_provider(&item.capacity_provider)
                .set_weight(item.weight)
                .set_base(item.base)
                .build()
        })
        .collect();
    Ok(given(items?))
}

pub(super) fn network_configuration(
    spec: &TaskSpec,
) -> Result<Option<types::NetworkConfiguration>, Incomplete> {
    let Some(network) = &spec.network_configuration else {
        return Ok(None);
    };
    let vpc = &network.awsvpc_configuration;
    let vpc = types::AwsVpcConfiguration::builder()
        .set_subnets(Some(vpc.subnets.clone()))
        .set_security_groups(given(vpc.security_groups.clone()))
        .set_assign_public_ip(vpc.assign_public_ip.as_deref().map(Into::into))
        .build()?;
    Ok(Some(
        types::NetworkConfiguration::builder()
            .awsvpc_configuration(vpc)
            .build(),
    ))
}

pub(super) fn placement_constraints(spec: &TaskSpec) -> Option<Vec<types::PlacementConstraint>> {
    given(
        spec.placement_constraints
            .iter()
            .map(|constraint| {
                types::PlacementConstraint::builder()
                    .r#type(constraint.constraint_type.as_str().into())
                    .set_expression(constraint.expression.clone())
                    .build()
            })
            .collect(),
    )
}

pub(super) fn placement_strategy(spec: &TaskSpec) -> Option<Vec<types::PlacementStrategy>> {
    given(
        spec.placement_strategy
            .iter()
            .map(|strategy| {
                types::PlacementStrategy::builder()
                    .r#type(strategy.strategy_type.as_str().into())
                    .set_field(strategy.field.clone())
                    .build()
            })
            .collect(),
    )
}

pub(super) fn tags(tags: &[Tag]) -> Option<Vec<types::Tag>> {
    given(
        tags.iter()
            .map(|tag| {
                types::Tag::builder()
                    .key(&tag.key)
                    .value(&tag.value)
                    .build()
            })
            .collect(),
    )
}

pub(super) fn volume_configurations(
    spec: &TaskSpec,
) -> Result<Option<Vec<types::TaskVolumeConfiguration>>, Incomplete> {
    let mut volumes = Vec::with_capacity(spec.volume_configurations.len());
    for volume in &spec.volume_configurations {
        let ebs = match &volume.managed_ebs_volume {
            Some(ebs) => Some(managed_ebs_volume(ebs)?),
            None => None,
        };
        volumes.push(
            types::TaskVolumeConfiguration::builder()
                .name(&volume.name)
                .set_managed_ebs_volume(ebs)
                .build()?,
        );
    }
    Ok(given(volumes))
}

fn managed_ebs_volume(
    ebs: &crate::task::spec::ManagedEbsVolume,
) -> Result<types::TaskManagedEbsVolumeConfiguration, Incomplete> {
    let mut tag_specifications = Vec::with_capacity(ebs.tag_specifications.len());
    for specification in &ebs.tag_specifications {
        tag_specifications.push(
            types::EbsTagSpecification::builder()
                .resource_type(specification.resource_type.as_str().into())
                .set_tags(tags(&specification.tags))
                .set_propagate_tags(specification.propagate_tags.as_deref().map(Into::into))
                .build()?,
        );
    }
    let termination_policy = match &ebs.termination_policy {
        Some(policy) => Some(
            types::TaskManagedEbsVolumeTerminationPolicy::builder()
                .delete_on_termination(policy.delete_on_termination)
                .build()?,
        ),
        None => None,
    };
    Ok(types::TaskManagedEbsVolumeConfiguration::builder()
        .set_encrypted(ebs.encrypted)
        .set_kms_key_id(ebs.kms_key_id.clone())
        .set_volume_type(ebs.volume_type.clone())
        .set_size_in_gib(ebs.size_in_gib)
        .set_snapshot_id(ebs.snapshot_id.clone())
        .set_volume_initialization_rate(ebs.volume_initialization_rate)
        .set_iops(ebs.iops)
        .set_throughput(ebs.throughput)
        .set_tag_specifications(given(tag_specifications))
        .role_arn(&ebs.role_arn)
        .set_termination_policy(termination_policy)
        .set_filesystem_type(ebs.filesystem_type.as_deref().map(Into::into))
        .build()?)
}
