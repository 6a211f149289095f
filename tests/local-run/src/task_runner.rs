//! The real `infra/task-runner.yaml`, deployed with the real definition and functions.

use std::path::Path;

use anyhow::{Context, Result, bail};
use ecs_task_runner::execution::input::Workers;
use serde_json::Value;
use stand_ins::arn;

use crate::artifacts::{Bucket, function_zip};
use crate::directories::workspace_directory;
use crate::endpoints::Endpoints;
use crate::executions::Executions;
use crate::loopback_http::LoopbackHttp;
use crate::stacks::{StackEvent, Stacks, Template, in_words};

/// The stack's name, and the activity's.
const NAME: &str = "ecs-task-runner";

/// The logical id of the key.
const KEY: &str = "ResponseUrlKey";

const BUCKET: &str = "artifacts";
const CODE_KEY: &str = "custom-resource.zip";
const DEFINITION_KEY: &str = "ecs-task.asl.json";

/// A deployed task runner: what stacks with a `Custom::EcsTask` and workers need to know of it.
#[derive(Debug, Clone)]
pub struct TaskRunner {
    /// The `ServiceToken` of custom resources.
    pub service_token: String,
    /// The activity that workers poll; none where the function `work` takes their place.
    pub activity_arn: Option<String>,
    /// The state machine whose executions are the runs.
    pub state_machine_arn: String,
    /// The key that seals response URLs.
    pub key_arn: String,
    /// The function of lifecycle hooks.
    pub hook_arn: String,
}

impl TaskRunner {
    /// Uploads program and definition, and creates the stack for these workers; `on_event` is told
    /// of each stack event.
    ///
    /// The activity of a fleet is created beside the stack, as the emulator's CloudFormation knows
    /// no `AWS::StepFunctions::Activity`.
    ///
    /// # Errors
    /// When a file is missing, a call is refused, or the stack does not end in `CREATE_COMPLETE`.
    pub async fn deploy(
        endpoints: &Endpoints,
        custom_resource: &Path,
        workers: Workers,
        on_event: impl FnMut(&StackEvent),
    ) -> Result<Self> {
        let activity_arn = match workers {
            Workers::Fleet => Some(create_activity(endpoints).await?),
            Workers::Lambda => None,
        };

        let bucket = Bucket::create(&endpoints.ministack, BUCKET).await?;
        bucket.put(CODE_KEY, function_zip(custom_resource)?).await?;
        bucket
            .put(
                DEFINITION_KEY,
                read("statemachine/ecs-task.asl.json")?.into(),
            )
            .await?;

        let body = upload_template(endpoints).await?;
        let of_workers = match &activity_arn {
            Some(arn) => ("ActivityArn", arn.as_str()),
            None => ("Workers", "Lambda"),
        };
        let parameters = [
            of_workers,
            ("Architecture", architecture()),
            ("ArtifactBucket", bucket.name),
            ("CodeKey", CODE_KEY),
            ("DefinitionKey", DEFINITION_KEY),
        ];
        let template = Template {
            body: &body,
            parameters: &parameters,
        };
        let stacks = Stacks::new(endpoints.cloudformation());
        let stack = stacks
            .create(NAME, &template)
            .await?
            .follow(on_event)
            .await?;
        if stack.status != "CREATE_COMPLETE" {
            let failure = stack.first_failure();
            let failed = failure.map_or(NAME, |event| &event.logical_id);
            let reason = failure
                .and_then(|event| event.reason.as_deref())
                .unwrap_or("no reason given");
            bail!(
                "The stack {NAME} of infra/task-runner.yaml ended {}: {failed}: {reason}",
                stack.status
            );
        }
        Ok(Self {
            service_token: stack.output("ServiceToken")?.to_owned(),
            state_machine_arn: stack.output("StateMachineArn")?.to_owned(),
            activity_arn,
            hook_arn: stack.output("HookFunctionArn")?.to_owned(),
            key_arn: arn(
                "kms",
                &format!("key/{}", stacks.physical_id(NAME, KEY).await?),
            ),
        })
    }

    /// Invokes the function of lifecycle hooks, as ECS does, and waits for its reply.
    ///
    /// # Errors
    /// When it cannot be invoked, or its reply is no JSON.
    pub async fn invoke_hook(&self, endpoints: &Endpoints, payload: &Value) -> Result<Value> {
        let url = format!(
            "{}/2015-03-31/functions/{}/invocations",
            endpoints.ministack, self.hook_arn
        );
        let reply = LoopbackHttp::new()
            .post(&url, payload.to_string().into())
            .await?;
        serde_json::from_slice(&reply).context("The reply of the function hook is no JSON")
    }

    /// The executions of its state machine.
    #[must_use]
    pub fn executions(&self, endpoints: &Endpoints) -> Executions {
        Executions::new(endpoints.sfn(), &self.state_machine_arn)
    }
}

async fn create_activity(endpoints: &Endpoints) -> Result<String> {
    let activity = endpoints
        .sfn()
        .create_activity()
        .name(NAME)
        .send()
        .await
        .map_err(in_words);
    Ok(activity
        .context("The activity could not be created")?
        .activity_arn)
}

/// Uploads `infra/task-runner.yaml` as the emulator takes it, and gives its URL: like `infra/deploy`,
/// since the template is too large for a request.
///
/// # Errors
/// When it cannot be read or uploaded.
pub async fn upload_template(endpoints: &Endpoints) -> Result<String> {
    let bucket = Bucket::create(&endpoints.ministack, BUCKET).await?;
    let template = without_metric_math(&read("infra/task-runner.yaml")?);
    bucket.put("task-runner.yaml", template.into()).await
}

/// The template with one metric in place of the expressions that alarms are made of: the emulator
/// refuses those, and evaluates no alarm anyway. The alarms stay what others refer to.
#[must_use]
pub fn without_metric_math(template: &str) -> String {
    const METRICS: &str = "      Metrics:";
    const INSTEAD: [&str; 4] = [
        "      Namespace: emulator",
        "      MetricName: none",
        "      Statistic: Sum",
        "      Period: 60",
    ];
    let mut lines = Vec::new();
    let mut is_within = false;
    for line in template.lines() {
        is_within = is_within && line.starts_with("        ");
        if line == METRICS {
            is_within = true;
            lines.extend(INSTEAD);
        } else if !is_within {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(workspace_directory().join(path))
        .with_context(|| format!("{path} could not be read"))
}

/// This machine's architecture by Lambda's name for it.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_gives_way_to_a_metric_and_everything_else_stays() {
        let template = "  Alarm:\n    Properties:\n      Metrics:\n        - Id: one\n          Stat: Sum\n      Threshold: 0\n  Other:";
        let expected = "  Alarm:\n    Properties:\n      Namespace: emulator\n      MetricName: none\n      Statistic: Sum\n      Period: 60\n      Threshold: 0\n  Other:";
        assert_eq!(without_metric_math(template), expected);
    }
}
