//! Deployments of a service with the deployed function `hook` on the emulator: ECS's side is that of the
//! stand-ins, and everything else is real.

use local_run::stacks::{Stacks, Template};
use serde_json::{Value, json};
use stand_ins::ecs::{Hook, Script};
use tokio::time::timeout;

use super::account::{Account, PATIENCE, ended, eventually};

/// Deploys a revision of the service, and gives the status in which the deployment ended.
async fn deploy(account: &Account, details: Value) -> &'static str {
    let ecs = account.aws.stand_ins().ecs();
    let revision = json!({"taskDefinition": stand_ins::arn("ecs", "task-definition/migrate:1"), "launchType": "FARGATE"});
    let source = ecs.service_revision("production", "todobackend", &revision);
    let target = ecs.service_revision("production", "todobackend", &revision);
    let task_runner = account.task_runner.clone();
    let endpoints = account.aws.endpoints().clone();
    let hook = Hook::new(&["PRE_SCALE_UP"], details, move |payload| {
        let (task_runner, endpoints) = (task_runner.clone(), endpoints.clone());
        async move {
            let reply = task_runner.invoke_hook(&endpoints, &payload).await;
            reply.map_err(|error| format!("{error:#}"))
        }
    });
    let deployment = ecs.deploy(&target, Some(&source), hook);
    timeout(PATIENCE, deployment.end()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_goes_on_or_is_rolled_back_by_the_end_of_its_task() {
    let account = Account::with_worker("hook", 1.0).await;
    let command =
        json!({"Overrides": {"ContainerOverrides": [{"Name": "migrate", "Command": ["migrate"]}]}});
    assert_eq!(deploy(&account, command.clone()).await, "SUCCESSFUL");
    assert_eq!(account.launched(), 1);

    let ecs = account.aws.stand_ins().ecs();
    ecs.script("migrate", Script::exits(3));
    assert_eq!(deploy(&account, command).await, "ROLLBACK_SUCCESSFUL");
    assert_eq!(account.launched(), 2);
    let reason = eventually(async || {
        let lines = account.log_lines("hook", "\"HookFailed\"").await;
        lines.into_iter().next()
    })
    .await;
    let line: Value = serde_json::from_str(&reason).unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(
        message.starts_with("todobackend: EcsTask.Failed: "),
        "{message}"
    );
    assert!(message.contains("exited with code 3"), "{message}");
    let (_, arn) = message.rsplit_once(' ').unwrap();
    let (_, explained) = account.explain(arn).await;
    assert!(explained.contains("exited with code 3"), "{explained}");

    // A text that holds JSON, as a template gives it, and with an error in it.
    let typo = json!(r#"{"Overides": {}}"#);
    assert_eq!(deploy(&account, typo).await, "ROLLBACK_SUCCESSFUL");
    assert_eq!(account.launched(), 2);
}

/// As on AWS, CloudFormation waits for the deployment.
#[tokio::test(flavor = "multi_thread")]
async fn a_stack_waits_for_the_hook_of_its_service() {
    let account = Account::with_worker("hook-stack", 1.0).await;
    let body = r#"
Resources:
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: production
      TaskDefinition: !Ref TaskDefinition
      LaunchType: FARGATE
      DeploymentConfiguration:
        Strategy: BLUE_GREEN
        LifecycleHooks:
          - LifecycleStages: [PRE_SCALE_UP]
            HookTargetArn: !ImportValue ecs-task-runner-HookFunctionArn
            RoleArn: !ImportValue ecs-task-runner-HookRoleArn
            HookDetails: '{"Overrides": {"ContainerOverrides": [{"Name": "web", "Command": ["migrate"]}]}}'
  TaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      ContainerDefinitions: [{Name: web, Image: web}]
"#;
    let parameters = &[];
    let template = Template { body, parameters };
    let stacks = Stacks::new(account.aws.endpoints().cloudformation());
    let stack = ended(stacks.create("web", &template).await.unwrap()).await;
    assert_eq!(
        stack.status,
        "CREATE_COMPLETE",
        "{:?}",
        stack.first_failure()
    );
    assert_eq!(account.launched(), 1);

    let ecs = account.aws.stand_ins().ecs();
    ecs.script("web", Script::exits(3));
    let stack = ended(stacks.create("web-2", &template).await.unwrap()).await;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    assert!(
        reason.contains("hook execution failure(s) detected"),
        "{reason}"
    );
    assert_eq!(account.launched(), 2);
}
