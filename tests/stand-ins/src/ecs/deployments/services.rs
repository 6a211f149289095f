//! CreateService and UpdateService, where another endpoint keeps the services: the deployment that
//! follows is played here, with the function of the service's lifecycle hook.

use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::Hook;
use crate::aws_error::AwsError;
use crate::ecs::Ecs;
use crate::ecs::request::{last_segment, list, string};
use crate::lock::Lock;
use crate::upstream::Upstream;

/// What an UpdateService deploys the service anew for. Others change it in place
/// (API_UpdateService).
const DEPLOYED_ANEW: [&str; 6] = [
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "launchType",
    "networkConfiguration",
    "platformVersion",
    "taskDefinition",
];
/// What a service revision takes over of the service.
const OF_A_REVISION: [&str; 5] = [
    "capacityProviderStrategy",
    "launchType",
    "networkConfiguration",
    "platformVersion",
    "taskDefinition",
];

impl Ecs {
    /// Has the endpoint behind make or change the service, and deploys it. A service without a
    /// lifecycle hook is left to that endpoint. Of several hooks the first one is played.
    pub(in crate::ecs) async fn deploy_service(
        &self,
        operation: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        let answer = self.pass_on(operation, body, headers).await?;
        let service = &answer["service"];
        let is_deployed = operation == "CreateService"
            || body["forceNewDeployment"] == true
            || DEPLOYED_ANEW
                .iter()
                .any(|member| body.get(member).is_some());
        if is_deployed
            && let Some(behind) = self.inner.behind.get()
            && let Some(hook) = hook_of(&service["deploymentConfiguration"], behind)
        {
            let cluster = string(service, "clusterArn").unwrap_or_default();
            let name = string(service, "serviceName").unwrap_or_default();
            let members: serde_json::Map<_, _> = OF_A_REVISION
                .iter()
                .filter_map(|&member| {
                    let value = service.get(member).filter(|value| is_said(value))?;
                    Some((member.to_owned(), value.clone()))
                })
                .collect();
            let source = self.deployed_revision(string(service, "serviceArn").unwrap_or_default());
            let target = self.service_revision(cluster, name, &members.into());
            self.deploy(&target, source.as_deref(), hook);
        }
        Ok(answer)
    }

    /// What the latest deployment that succeeded has installed.
    fn deployed_revision(&self, service: &str) -> Option<String> {
        let name = last_segment(service);
        let state = self.inner.state.locked();
        let mut deployments = state.deployments.iter().rev();
        deployments
            .find(|it| last_segment(&it.service) == name && it.status() == "SUCCESSFUL")
            .map(|it| it.target.clone())
    }
}

/// The first hook of a deployment configuration; its function is that of the endpoint behind.
fn hook_of(configuration: &Value, behind: &Upstream) -> Option<Hook> {
    let hook = list(configuration, "lifecycleHooks").first()?;
    let function = string(hook, "hookTargetArn")?.to_owned();
    let stages: Vec<_> = list(hook, "lifecycleStages")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    // CloudFormation has a text that holds JSON.
    let details = match &hook["hookDetails"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        details => details.clone(),
    };
    let behind = behind.clone();
    let mut played = Hook::new(&stages, details, move |payload| {
        let (behind, function) = (behind.clone(), function.clone());
        async move { behind.invoke(&function, &payload).await }
    });
    if let Some(strategy) = string(configuration, "strategy") {
        played = played.strategy(strategy);
    }
    let timeout = &hook["timeoutConfiguration"];
    if let Some(minutes) = timeout["timeoutInMinutes"].as_u64() {
        played = played.timeout(Duration::from_mins(minutes));
    }
    if string(timeout, "action") == Some("CONTINUE") {
        played = played.continues_at_timeout();
    }
    Some(played)
}

/// The endpoint behind shows what nobody said as an empty text, list or map.
fn is_said(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}
