//! `DescribeServices` (`API_DescribeServices`), for a task that runs where a service does.

use aws_sdk_ecs::types;

use super::Ecs;
use super::placement::{capacity_provider_strategy, launch_type_without, network_configuration};
use crate::arn::last_part;
use crate::aws::{ApiError, api_error};
use crate::task::spec::{CapacityProviderStrategyItem, NetworkConfiguration};

/// What is known of a service by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedService {
    /// The service is active, and its tasks run where this says.
    Runs(ServiceNetwork),
    /// Something other than ECS deploys the service. It has no primary task set and no network of
    /// its own, so nothing shows where its tasks run.
    NoPrimaryTaskSet {
        /// What deploys the service: `CODE_DEPLOY` or `EXTERNAL`.
        controller: String,
    },
    /// The cluster has no active service of that name.
    None,
}

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
    /// Where an active service's tasks run.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn network_of_service(
        &self,
        cluster: &str,
        service: &str,
    ) -> Result<NamedService, ApiError> {
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
                        format!("service '{service}' of cluster '{}'", last_part(cluster)),
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
            .map_or(NamedService::None, named_service))
    }
}

/// A service that something other than ECS deploys consists of task sets; the primary one serves
/// production. The service itself then has no network settings, or those from its creation, so the
/// primary task set's count first (`API_TaskSet`).
fn named_service(service: &types::Service) -> NamedService {
    let controller = service
        .deployment_controller()
        .map(types::DeploymentController::r#type)
        .filter(|controller| **controller != types::DeploymentControllerType::Ecs);
    let primary = service
        .task_sets()
        .iter()
        .find(|task_set| task_set.status() == Some("PRIMARY"));
    match (primary, controller) {
        (Some(primary), _) => NamedService::Runs(network(
            primary.network_configuration(),
            primary.launch_type(),
            primary.capacity_provider_strategy(),
            primary.platform_version(),
        )),
        (None, Some(controller)) if service.network_configuration().is_none() => {
            NamedService::NoPrimaryTaskSet {
                controller: controller.as_str().to_owned(),
            }
        }
        (None, _) => NamedService::Runs(network(
            service.network_configuration(),
            service.launch_type(),
            service.capacity_provider_strategy(),
            service.platform_version(),
        )),
    }
}

fn network(
    network: Option<&types::NetworkConfiguration>,
    launch_type: Option<&types::LaunchType>,
    strategy: &[types::CapacityProviderStrategyItem],
    platform_version: Option<&str>,
) -> ServiceNetwork {
    ServiceNetwork {
        network_configuration: network.and_then(network_configuration),
        launch_type: launch_type_without(strategy, launch_type),
        capacity_provider_strategy: capacity_provider_strategy(strategy),
        platform_version: platform_version.map(str::to_owned),
    }
}
