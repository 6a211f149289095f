//! Deployments of a service whose lifecycle hook is the function `hook`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::ecs::Hook;
use stand_ins::{arn, sdk_config};

use super::Deployment;
use crate::requests::Answer;

/// The service, which is also what the line of the log begins with that says why a hook failed.
const SERVICE: &str = "web";
/// How long ECS waits for the hook: longer than the hook itself has patience.
const HOOK_TIMEOUT: Duration = Duration::from_secs(2_400);
/// `Timeout` of the function, as in the template.
const LIMIT: Duration = ecs_task_runner::times::hook::HOOK_TIMEOUT;

impl Deployment {
    /// Somebody deploys a new revision of the service.
    pub fn deploy_service(self: &Arc<Self>, details: &Value) {
        let revision = || {
            let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
            self.aws.ecs().service_revision(
                "production",
                SERVICE,
                &json!({"taskDefinition": arn("ecs", "task-definition/migrate:1"),
                    "launchType": "FARGATE", "networkConfiguration": network}),
            )
        };
        let this = Arc::clone(self);
        let hook = Hook::new(&["PRE_SCALE_UP"], details.clone(), move |payload| {
            let this = Arc::clone(&this);
            async move {
                let reply = tokio::time::timeout(LIMIT, this.hook.reply(&payload)).await;
                let reply = reply.map_err(|_| "Task timed out".to_owned())?;
                Ok(serde_json::to_value(reply).unwrap())
            }
        });
        let (source, target) = (revision(), revision());
        let hook = hook.timeout(HOOK_TIMEOUT);
        let deployment = self.aws.ecs().deploy(&target, Some(&source), hook);
        self.of_service.set(Arc::clone(&deployment)).unwrap();
        self.begin(async move {
            deployment.end().await;
        });
    }

    /// Somebody has the deployment rolled back, unless it has ended.
    pub async fn stop_service_deployment(&self) {
        let deployment = self.of_service.get().unwrap();
        let client = aws_sdk_ecs::Client::new(&sdk_config("PERSON", self.aws.http_client()));
        let stopping = client
            .stop_service_deployment()
            .service_deployment_arn(deployment.arn())
            .send();
        if deployment.ended_at().is_none() {
            stopping.await.unwrap();
        }
    }

    /// Keeps what was logged.
    pub fn keep_log(&self, log: String) {
        self.log.set(log).unwrap();
    }

    /// How the deployment ended, in the form of an answer; `None` while it goes on. Of one that
    /// somebody stopped it is how its run ended, since nothing else tells of that.
    pub fn hook_end(&self, is_stopped: bool) -> Option<Answer> {
        if is_stopped {
            return self.direct_end();
        }
        let deployment = self.of_service.get()?;
        let ended = deployment.ended_at()?;
        let (status, reason) = match deployment.status() {
            "SUCCESSFUL" => ("SUCCESS", String::new()),
            _ => ("FAILED", self.reason_in_log()),
        };
        Some(Answer {
            at: ended.saturating_sub(deployment.created_at()),
            status: status.to_owned(),
            body: reason.clone(),
            reason,
        })
    }

    /// The Reason in the one line of the log that says why the hook failed.
    fn reason_in_log(&self) -> String {
        let log = self.log.get().map(String::as_str).unwrap_or_default();
        let lines: Vec<Value> = log
            .lines()
            .filter(|line| line.contains("HookFailed"))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [line] = lines.as_slice() else {
            return format!("{} lines of the log say why", lines.len());
        };
        let message = line["message"].as_str().unwrap_or_default();
        let of_service = message.strip_prefix(&format!("{SERVICE}: "));
        of_service.unwrap_or_default().to_owned()
    }
}
