//! `DescribeServiceRevisions` (`API_DescribeServiceRevisions`), for the run of a lifecycle hook.

use super::Ecs;
use super::placement::{capacity_provider_strategy, launch_type_without, network_configuration};
use crate::aws::{ApiError, api_error};
use crate::execution::deployment::ServiceRevision;

impl Ecs {
    /// What a service revision runs, and where. `None` when ECS does not show it.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn service_revision(&self, arn: &str) -> Result<Option<ServiceRevision>, ApiError> {
        let attempt = || {
            let call = self
                .client
                .describe_service_revisions()
                .service_revision_arns(arn);
            let sent = Box::pin(call.send());
            async move {
                sent.await.map_err(|error| {
                    api_error(
                        "ecs:DescribeServiceRevisions",
                        format!("service revision {arn}"),
                        &error,
                    )
                })
            }
        };
        let described = self.repeat(attempt).await?;
        let Some(revision) = described.service_revisions().first() else {
            return Ok(None);
        };
        let strategy = revision.capacity_provider_strategy();
        Ok(Some(ServiceRevision {
            cluster: revision.cluster_arn().unwrap_or_default().to_owned(),
            task_definition: revision.task_definition().unwrap_or_default().to_owned(),
            network_configuration: revision
                .network_configuration()
                .and_then(network_configuration),
            launch_type: launch_type_without(strategy, revision.launch_type()),
            capacity_provider_strategy: capacity_provider_strategy(strategy),
            platform_version: revision
                .platform_version()
                .filter(|version| !version.is_empty())
                .map(str::to_owned),
        }))
    }
}
