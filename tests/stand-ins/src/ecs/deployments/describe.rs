//! DescribeServiceRevisions and DescribeServiceDeployments.

use serde_json::{Value, json};

use super::Deployment;
use crate::aws_error::AwsError;
use crate::ecs::Ecs;
use crate::ecs::request::{cluster_name, invalid_parameter, last_segment, list, string};
use crate::identifiers::arn;
use crate::lock::Lock;

/// Most ARNs of one call (API_DescribeServiceRevisions, API_DescribeServiceDeployments).
const MAX_DESCRIBED: usize = 20;
/// What ListServiceDeployments shows of a deployment (API_ServiceDeploymentBrief).
const BRIEF: [&str; 9] = [
    "serviceDeploymentArn",
    "serviceArn",
    "clusterArn",
    "createdAt",
    "startedAt",
    "finishedAt",
    "targetServiceRevisionArn",
    "status",
    "statusReason",
];

impl Ecs {
    pub(in crate::ecs) fn describe_service_revisions(
        &self,
        body: &Value,
    ) -> Result<Value, AwsError> {
        let state = self.inner.state.locked();
        let (shown, failures) = look_up(list(body, "serviceRevisionArns"), |arn| {
            state.service_revisions.get(arn).cloned()
        })?;
        Ok(json!({"serviceRevisions": shown, "failures": failures}))
    }

    pub(in crate::ecs) fn describe_service_deployments(
        &self,
        body: &Value,
    ) -> Result<Value, AwsError> {
        let (shown, failures) = look_up(list(body, "serviceDeploymentArns"), |arn| {
            self.deployment(arn).map(|deployment| deployment.shown())
        })?;
        Ok(json!({"serviceDeployments": shown, "failures": failures}))
    }

    /// The deployments of a service, the newest first.
    pub(in crate::ecs) fn list_service_deployments(&self, body: &Value) -> Value {
        let service = last_segment(string(body, "service").unwrap_or_default());
        let service = arn("ecs", &format!("service/{}/{service}", cluster_name(body)));
        let state = self.inner.state.locked();
        let deployments = state.deployments.iter().rev();
        let listed: Vec<_> = deployments
            .filter(|deployment| deployment.service == service)
            .map(|deployment| deployment.listed())
            .collect();
        json!({"serviceDeployments": listed})
    }
}

/// What is shown of each ARN, and a failure for each that is unknown.
fn look_up(
    wanted: &[Value],
    show: impl Fn(&str) -> Option<Value>,
) -> Result<(Vec<Value>, Vec<Value>), AwsError> {
    if wanted.is_empty() || wanted.len() > MAX_DESCRIBED {
        return Err(invalid_parameter(format!(
            "The number of ARNs must be from 1 to {MAX_DESCRIBED}."
        )));
    }
    let (mut shown, mut failures) = (Vec::new(), Vec::new());
    for arn in wanted.iter().filter_map(Value::as_str) {
        match show(arn) {
            Some(it) => shown.push(it),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok((shown, failures))
}

impl Deployment {
    /// As ListServiceDeployments shows it (API_ServiceDeploymentBrief).
    fn listed(&self) -> Value {
        let mut listed = self.shown();
        listed["targetServiceRevisionArn"] = self.target.as_str().into();
        if let Some(members) = listed.as_object_mut() {
            members.retain(|name, _| BRIEF.contains(&name.as_str()));
        }
        listed
    }

    fn shown(&self) -> Value {
        let progress = self.progress.locked();
        let time = |at| self.clock.epoch_seconds(at);
        let revision = |arn: &String| {
            json!({
                "arn": arn,
                "requestedTaskCount": 1,
                "runningTaskCount": 0,
                "pendingTaskCount": 0,
            })
        };
        let sources: Vec<_> = self.source.iter().map(revision).collect();
        let mut shown = json!({
            "serviceDeploymentArn": self.arn,
            "serviceArn": self.service,
            "clusterArn": self.cluster,
            "createdAt": time(self.created_at),
            "startedAt": time(self.created_at),
            "updatedAt": time(self.clock.now()),
            "sourceServiceRevisions": sources,
            "targetServiceRevision": revision(&self.target),
            "status": progress.status,
            "deploymentConfiguration": {"strategy": self.hook.strategy},
        });
        if let Some(stage) = progress.stage {
            shown["lifecycleStage"] = stage.into();
        }
        if let Some(reason) = progress.reason {
            shown["statusReason"] = reason.into();
        }
        if let Some((status, until)) = progress.hook {
            let action = if self.hook.continues_at_timeout {
                "CONTINUE"
            } else {
                "ROLLBACK"
            };
            // No member says why a hook failed.
            shown["lifecycleHookDetails"] = json!([{
                "hookId": "hook-1",
                "targetType": "AWS_LAMBDA",
                "targetArn": arn("lambda", "function:hook"),
                "status": status,
                "expiresAt": time(until),
                "timeoutAction": action,
            }]);
        }
        if let Some(at) = progress.rolled_back_at {
            shown["rollback"] = json!({
                "reason": progress.reason,
                "startedAt": time(at),
                "serviceRevisionArn": self.source,
            });
        }
        if let Some(at) = progress.ended_at {
            shown["finishedAt"] = time(at).into();
        }
        shown
    }
}
