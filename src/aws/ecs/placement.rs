//! Where the tasks of a service run, as several calls of ECS show it.

use aws_sdk_ecs::types;

use crate::task::spec::{AwsVpcConfiguration, CapacityProviderStrategyItem, NetworkConfiguration};

/// Subnets, security groups and public address; `None` where the tasks have no network interface of
/// their own.
pub(super) fn network_configuration(
    network: &types::NetworkConfiguration,
) -> Option<NetworkConfiguration> {
    let vpc = network.awsvpc_configuration()?;
    Some(NetworkConfiguration {
        awsvpc_configuration: AwsVpcConfiguration {
            subnets: vpc.subnets().to_vec(),
            security_groups: vpc.security_groups().to_vec(),
            assign_public_ip: vpc
                .assign_public_ip()
                .map(|assign| assign.as_str().to_owned()),
        },
    })
}

/// The launch type, where no strategy takes its place: `RunTask` takes one of the two.
pub(super) fn launch_type_without(
    strategy: &[types::CapacityProviderStrategyItem],
    launch_type: Option<&types::LaunchType>,
) -> Option<String> {
    launch_type
        .filter(|_| strategy.is_empty())
        .map(|launch_type| launch_type.as_str().to_owned())
}

/// How tasks are shared among capacity providers.
pub(super) fn capacity_provider_strategy(
    strategy: &[types::CapacityProviderStrategyItem],
) -> Vec<CapacityProviderStrategyItem> {
    strategy
        .iter()
        .map(|item| CapacityProviderStrategyItem {
            capacity_provider: item.capacity_provider().to_owned(),
            weight: Some(item.weight()),
            base: Some(item.base()),
        })
        .collect()
}
