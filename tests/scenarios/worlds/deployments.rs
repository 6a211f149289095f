//! Deployments of an ECS service whose lifecycle hook is the function `hook`.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::functions::DeploymentHook;
use serde_json::{Value, json};
use stand_ins::ecs::{Deployment, Hook};

use super::functions::{CLUSTER, FAMILY, World};
use super::task_runner::{Run, TaskRunner};

/// The service that is deployed.
pub const SERVICE: &str = "todobackend";
/// The stage for migrations.
pub const PRE_SCALE_UP: &[&str] = &["PRE_SCALE_UP"];

/// What a hook's configuration says of the run.
pub fn command() -> Value {
    json!({"Overrides": {"ContainerOverrides": [{"Name": "migrate", "Command": ["migrate"]}]}})
}

/// What ECS would call the function with before it scales up a revision.
pub fn hook_event(revision: &str, details: &Value) -> Value {
    json!({
        "executionId": "e1",
        "lifecycleStage": "PRE_SCALE_UP",
        "resourceArn": stand_ins::arn("ecs", &format!("service-deployment/{CLUSTER}/{SERVICE}/d1")),
        "executionDetails": {
            "serviceArn": stand_ins::arn("ecs", &format!("service/{CLUSTER}/{SERVICE}")),
            "targetServiceRevisionArn": revision,
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
        },
        "hookDetails": details,
    })
}

impl World {
    /// An instance of the function `hook`.
    pub fn hook(&self) -> DeploymentHook {
        self.hook_with(self.clock.clone())
    }

    /// The same, with a clock of its own.
    pub fn hook_with(&self, clock: Clock) -> DeploymentHook {
        let connection = self.connection_of("hook");
        DeploymentHook::new(
            StepFunctions::new(&connection).state_machine(&self.state_machine),
            Ecs::with_retries(&connection),
            clock,
            self.workers,
        )
    }

    /// A revision of the service.
    pub fn revision(&self) -> String {
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}});
        self.aws.ecs().service_revision(
            CLUSTER,
            SERVICE,
            &json!({
                "taskDefinition": stand_ins::arn("ecs", &format!("task-definition/{FAMILY}:1")),
                "networkConfiguration": network,
                "launchType": "FARGATE",
                "platformVersion": "1.4.0",
            }),
        )
    }

    /// Calls the function once, and gives what it replies as JSON.
    pub async fn call_hook(&self, event: &Value) -> Value {
        serde_json::to_value(self.hook().reply(event).await).unwrap()
    }
}

/// The executions that hooks have started, each of which takes its course.
#[derive(Clone, Default)]
pub struct HookRuns(Arc<Mutex<(HashSet<String>, Vec<Run>)>>);

impl HookRuns {
    /// Plays the executions that nobody plays yet.
    pub fn play(&self, task_runner: &TaskRunner) {
        let mut runs = self.0.lock().unwrap();
        for execution in task_runner.world.aws.sfn().executions() {
            if runs.0.insert(execution.name.clone()) {
                let run = task_runner.play(&execution.name, "https://nobody/waits");
                runs.1.push(run);
            }
        }
    }

    /// The one run that there is.
    pub fn only(&self) -> Run {
        let mut runs = self.0.lock().unwrap();
        assert_eq!(runs.1.len(), 1, "one run");
        runs.1.pop().unwrap()
    }
}

impl TaskRunner {
    /// A hook of these stages, whose function is `hook`. What it starts is played.
    pub fn lifecycle_hook(&self, runs: &HookRuns, stages: &[&str], details: Value) -> Hook {
        let (this, runs) = (self.clone(), runs.clone());
        Hook::new(stages, details, move |payload| {
            let (this, runs) = (this.clone(), runs.clone());
            async move {
                let reply = this.world.hook().reply(&payload).await;
                runs.play(&this);
                Ok(serde_json::to_value(reply).unwrap())
            }
        })
    }

    /// Deploys a new revision of a service that has been deployed before.
    pub fn deploy(&self, hook: Hook) -> Arc<Deployment> {
        let (source, target) = (self.world.revision(), self.world.revision());
        self.world.aws.ecs().deploy(&target, Some(&source), hook)
    }
}
