//! `ecs-task-runner explain` of a service of ECS, as people run it: it finds the run that a deployment's
//! lifecycle hook has started.

use ecs_task_runner::aws::step_functions::StepFunctions;
use serde_json::{Value, json};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{ACCOUNT, REGION, arn};

use super::explain_stack::{assert_says, explain, failure, success, world};
use crate::worlds::functions::{STACK, World};
use crate::worlds::program::listen;

/// A run of a service's deployment, which ended so, or runs. Its name is the one that the function
/// `hook` gives it.
async fn run(world: &World, service: &str, deployment: &str, end: Option<ExecutionEnd>) -> String {
    let service_arn = arn("ecs", &format!("service/main/{service}"));
    let deployment = arn(
        "ecs",
        &format!("service-deployment/main/{service}/{deployment}"),
    );
    let digits = ecs_task_runner::execution::hook::hook_prefix(&service_arn);
    let number = world.aws.sfn().executions().len();
    let name = format!("{digits}{number:012x}");
    let input = json!({
        "deployment": {"arn": deployment, "service": service_arn, "stage": "PRE_SCALE_UP"},
        "task": {"cluster": "main", "taskDefinition": "web:7", "count": 1, "startedBy": name, "clientToken": "token",
            "deadline": "2026-11-23T07:00:00Z"},
    });
    let connection = world.connection_of("TESTS");
    let machine = StepFunctions::new(&connection).state_machine(&world.state_machine);
    machine.start(&name, &input.to_string()).await.unwrap();
    let execution = world.aws.sfn().execution(&name).arn;
    if let Some(end) = end {
        world.aws.sfn().end_execution(&execution, end);
    }
    name
}

fn service(name: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/{name}")
}

fn deployment(of: &str, id: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/main/{of}/{id}")
}

#[tokio::test]
async fn a_service_leads_to_the_run_that_failed_and_to_the_others() {
    let world = world();
    let first = run(&world, "web", "one", Some(success())).await;
    let failed = run(&world, "web", "two", Some(failure())).await;
    let other = run(&world, "web-2", "one", None).await;
    let served = listen(&world.aws).await;
    for what in ["web", &service("web")] {
        let ended = explain(&served, &[what]).await;
        let parts = [
            "Hook of a deployment of service web, at PRE_SCALE_UP\n",
            &deployment("web", "two"),
            &failed,
            "  EcsTask.Failed: Container 'migrate' exited with code 1.\n",
            "\nOther executions, newest first\n",
            &first,
        ];
        assert_says(&ended, 1, &parts);
        assert!(!ended.stdout.contains(&other), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
    }
    let ended = explain(&served, &["--json", "web"]).await;
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["deployment"]["service"], "web");
    assert_eq!(json["verdict"]["error"], "EcsTask.Failed");
    let others = json["otherExecutions"].as_array().unwrap();
    assert_eq!(others.len(), 1);
    assert!(others[0].get("logicalId").is_none(), "{others:?}");
    assert_says(&explain(&served, &["web-2"]).await, 3, &[&other]);
}

#[tokio::test]
async fn a_deployment_leads_to_its_own_run() {
    let world = world();
    let first = run(&world, "web", "one", Some(failure())).await;
    let second = run(&world, "web", "two", Some(success())).await;
    let served = listen(&world.aws).await;
    for (id, code, name, absent) in [("one", 1, &first, &second), ("two", 0, &second, &first)] {
        let ended = explain(&served, &[&deployment("web", id)]).await;
        assert_says(&ended, code, &[name]);
        assert!(!ended.stdout.contains(absent.as_str()), "{}", ended.stdout);
    }
    let unknown = explain(&served, &[&deployment("web", "three")]).await;
    let parts = [
        "no execution for the deployment arn:aws:ecs:",
        "2 execution(s) of arn:aws:states:",
        "the log of the function hook says why",
    ];
    assert_says(&unknown, 2, &parts);
}

#[tokio::test]
async fn a_stack_of_the_same_name_comes_first_if_it_has_executions() {
    let world = world();
    let of_service = run(&world, STACK, "one", Some(failure())).await;
    let served = listen(&world.aws).await;
    assert_says(&explain(&served, &[STACK]).await, 1, &[&of_service]);
    let of_stack = super::explain_stack::ended_as(&world, "Create", success()).await;
    let ended = explain(&served, &[STACK]).await;
    assert_says(&ended, 0, &[&of_stack.name]);
    assert!(!ended.stdout.contains(&of_service), "{}", ended.stdout);
}

#[tokio::test]
async fn a_name_that_is_neither_stack_nor_service_is_said_to_be_no_stack() {
    let world = world();
    run(&world, "web", "one", Some(failure())).await;
    let served = listen(&world.aws).await;
    assert_says(
        &explain(&served, &["we"]).await,
        2,
        &["there is no stack we"],
    );
    let underscored = explain(&served, &["todo_web"]).await;
    let parts = ["no execution for the deployments of service todo_web was found"];
    assert_says(&underscored, 2, &parts);
}
