//! `DescribeServiceDeployments` (`API_DescribeServiceDeployments`): whether a deployment goes on.

use super::Ecs;
use crate::aws::{ApiError, api_error};
use crate::execution::deployment::DeploymentStatus;

impl Ecs {
    /// The status of a service deployment. `None` when ECS does not show it.
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn deployment_status(&self, arn: &str) -> Result<Option<DeploymentStatus>, ApiError> {
        let attempt = || {
            let call = self
                .client
                .describe_service_deployments()
                .service_deployment_arns(arn);
            let sent = Box::pin(call.send());
            async move {
                sent.await.map_err(|error| {
                    api_error(
                        "ecs:DescribeServiceDeployments",
                        format!("service deployment {arn}"),
                        &error,
                    )
                })
            }
        };
        let described = self.repeat(attempt).await?;
        let deployment = described.service_deployments().first();
        let status = deployment.and_then(|deployment| deployment.status());
        Ok(status.map(|status| DeploymentStatus::new(status.as_str())))
    }
}
