//! `DescribeServices` (`API_DescribeServices`), for a task that runs where a service does.

use aws_sdk_ecs::types;

use super::Ecs;
use crate::aws::{ApiError, api_error};
use crate::task::spec::{AwsVpcConfiguration, CapacityProviderStrategyItem, NetworkConfiguration};

/// Where the tasks of a service run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceNetwork {
    /// Subnets and security groups, for task definitions in `awsvpc` mode.
    pub network_configuration: Option<NetworkConfiguration>,
    /// Set when the service names no capacity provider strategy.
    pub launch_type: Option<String>,
    /// Set when the service names no launch type.
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// Fargate platform version.
    pub platform_version: Option<String>,
}

impl Ecs {
    /// Where an active service's tasks run; `None` when the cluster has no active service of that
    /// name.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn network_of_service(
        &self,
        cluster: &str,
        service: &str,
    ) -> Result<Option<ServiceNetwork>, ApiError> {
        let attempt = || {
            let call = self
                .client
                .describe_services()
                .cluster(cluster)
                .services(service);
            let sent = Box::pin(call.send());
            async move {
                sent.await.map_err(|error| {
                    api_error(
                        "ecs:DescribeServices",
                        format!("service '{service}' of cluster '{cluster}'"),
                        &error,
                    )
                })
            }
        };
        let described = self.repeat(attempt).await?;
        Ok(described
            .services()
            .iter()
            .find(|service| service.status() == Some("ACTIVE"))
            .map(network))
    }
}

fn network(service: &types::Service) -> ServiceNetwork {
    let strategy: Vec<_> = service
        .capacity_provider_strategy()
        .iter()
        .map(|item| CapacityProviderStrategyItem {
            capacity_provider: item.capacity_provider().to_owned(),
            weight: Some(item.weight()),
            base: Some(item.base()),
        })
        .collect();
    ServiceNetwork {
        network_configuration: service
            .network_configuration()
            .and_then(types::NetworkConfiguration::awsvpc_configuration)
            .map(|vpc| NetworkConfiguration {
                awsvpc_configuration: AwsVpcConfiguration {
                    subnets: vpc.subnets().to_vec(),
                    security_groups: vpc.security_groups().to_vec(),
                    assign_public_ip: vpc
                        .assign_public_ip()
                        .map(|assign| assign.as_str().to_owned()),
                },
            }),
        // ECS takes one or the other.
        launch_type: service
            .launch_type()
            .filter(|_| strategy.is_empty())
            .map(|launch_type| launch_type.as_str().to_owned()),
        capacity_provider_strategy: strategy,
        platform_version: service.platform_version().map(str::to_owned),
    }
}
