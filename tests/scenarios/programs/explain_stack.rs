//! `ecs-task-runner explain STACK`, as people run it: it finds the execution.

use std::time::Duration;

use ecs_task_runner::clock::{Clock, before};
use serde_json::{Value, json};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{ResourceEvent, Served};

use crate::worlds::execution::{Execution, NOW};
use crate::worlds::functions::{STACK, World};
use crate::worlds::program::{Ended, Program, listen};

/// A world with a task runner that exports what one does.
pub(super) fn world() -> World {
    let world = World::new();
    let stacks = world.aws.cloudformation();
    stacks.stack("ecs-task-runner", "CREATE_COMPLETE");
    stacks.output("ecs-task-runner", "ServiceToken", "arn:aws:lambda:…");
    stacks.output("ecs-task-runner", "StateMachineArn", &world.state_machine);
    world
}

pub(super) fn person(served: &Served, arguments: &[&str]) -> Program {
    let arguments = [&["explain", "--region", "us-east-1"], arguments].concat();
    Program::of_person(served, &arguments)
}

pub(super) async fn explain(served: &Served, arguments: &[&str]) -> Ended {
    person(served, arguments).ended().await
}

pub(super) fn assert_says(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.status.code(), Some(code), "{ended:?}");
    let said = format!("{}{}", ended.stdout, ended.stderr);
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

/// An execution that ends so, without a run.
pub(super) async fn ended_as<'w>(
    world: &'w World,
    request_type: &str,
    end: ExecutionEnd,
) -> Execution<'w> {
    let execution = Execution::of(world, request_type).await;
    execution.ends(end);
    execution
}

pub(super) fn failure() -> ExecutionEnd {
    ExecutionEnd::Failed {
        error: "EcsTask.Failed".to_owned(),
        cause: "Container 'migrate' exited with code 1.".to_owned(),
    }
}

pub(super) fn success() -> ExecutionEnd {
    ExecutionEnd::Succeeded(json!({}))
}

/// A change of the resource's status so long ago.
pub(super) fn event(world: &World, ago: Duration, status: &str, reason: &str) {
    let at = before(Clock::system().now(), ago);
    let event = ResourceEvent {
        logical_id: "MigrateTask",
        resource_type: "Custom::EcsTask",
        status,
        reason,
    };
    let stacks = world.aws.cloudformation();
    stacks.event(STACK, &at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), event);
}

#[tokio::test]
async fn a_stack_leads_to_the_execution_that_failed_and_to_the_others() {
    let world = world();
    let first = ended_as(&world, "Update", success()).await;
    let failed = ended_as(&world, "Update", failure()).await;
    let delete = ended_as(&world, "Delete", success()).await;
    let served = listen(&world.aws).await;
    for what in [
        STACK.to_owned(),
        format!("{STACK}/MigrateTask"),
        world.aws.cloudformation().stack(STACK, "DELETE_FAILED"),
    ] {
        let ended = explain(&served, &[&what]).await;
        let parts = [
            "Update of MigrateTask (Custom::EcsTask) in stack todobackend\n",
            &failed.name,
            "\nOther executions, newest first\n",
            "To see one: ecs-task-runner explain arn:aws:states:us-east-1:000000000000:execution:ecs-task:NAME\n",
        ];
        assert_says(&ended, 1, &parts);
        let (_, others) = ended.stdout.split_once("Other executions").unwrap();
        let (newer, older) = others.split_once(&delete.name).unwrap();
        assert!(newer.contains("SUCCEEDED") && older.contains(&first.name));
        assert!(!others.contains(&failed.name), "{others}");
        assert_eq!(ended.stderr, "");
    }
    let ended = explain(&served, &["--json", STACK]).await;
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["execution"], failed.arn.as_str());
    assert_eq!(json["verdict"]["error"], "EcsTask.Failed");
    let others = json["otherExecutions"].as_array().unwrap();
    assert_eq!(others.len(), 2);
    assert_eq!(others[0]["execution"], delete.arn.as_str());
    assert_eq!(
        (&others[0]["requestType"], &others[0]["status"]),
        (&json!("Delete"), &json!("SUCCEEDED"))
    );
}

#[tokio::test]
async fn a_stack_that_was_deleted_is_found_by_its_name() {
    let world = world();
    ended_as(&world, "Create", failure()).await;
    let id = world.aws.cloudformation().stack(STACK, "DELETE_COMPLETE");
    let served = listen(&world.aws).await;
    for what in [STACK, &id] {
        let ended = explain(&served, &[what]).await;
        assert_says(&ended, 1, &["Create of MigrateTask"]);
    }
}

#[tokio::test]
async fn the_execution_of_another_task_runner_is_found_by_its_exports() {
    let world = world();
    let execution = ended_as(&world, "Create", failure()).await;
    // The task runner of the default name has not run it.
    let stacks = world.aws.cloudformation();
    let other = world.aws.sfn().state_machine("other");
    stacks.stack("second", "CREATE_COMPLETE");
    stacks.output("second", "ServiceToken", "arn:aws:lambda:…");
    stacks.output("second", "StateMachineArn", &other);
    let served = listen(&world.aws).await;
    assert_says(&explain(&served, &[STACK]).await, 1, &[&execution.name]);
    for named in [
        ["--task-runner", "ecs-task-runner"],
        ["--state-machine", &world.state_machine],
    ] {
        let ended = explain(&served, &[&named[..], &[STACK]].concat()).await;
        assert_says(&ended, 1, &[&execution.name]);
    }
    let ended = explain(&served, &["--task-runner", "second", STACK]).await;
    assert_says(
        &ended,
        2,
        &[
            "no execution of stack todobackend was found among 0 execution(s) of arn:",
            "stateMachine:other",
            "--task-runner",
        ],
    );
    let ended = explain(&served, &["--task-runner", "third", STACK]).await;
    assert_says(&ended, 2, &["there is no stack third with an output"]);
}

#[tokio::test]
async fn a_request_that_start_refused_or_has_not_seen_is_told_from_the_stacks_events() {
    let world = world();
    let served = listen(&world.aws).await;
    event(&world, Duration::from_secs(42), "CREATE_IN_PROGRESS", "");
    let waiting = explain(&served, &[STACK]).await;
    let parts = [
        "Create of MigrateTask (Custom::EcsTask) in stack todobackend\n",
        "Running. CloudFormation has waited for 4",
        "no execution is to be seen yet",
        "DeadLetterQueueUrl",
    ];
    assert_says(&waiting, 3, &parts);
    let reason = "EcsTask.InvalidRequest: Cluster is missing";
    event(&world, NOW, "CREATE_FAILED", reason);
    let refused = explain(&served, &["todobackend/MigrateTask"]).await;
    let parts = [
        "Failed, and among the executions looked at none is to be seen",
        reason,
    ];
    assert_says(&refused, 1, &parts);
    let json = explain(&served, &["--json", STACK]).await;
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["verdict"]["reason"], reason);
    assert_eq!(json["otherExecutions"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_found_is_said_with_what_to_do() {
    let world = world();
    ended_as(&world, "Create", failure()).await;
    let served = listen(&world.aws).await;
    for (what, parts) in [
        (
            "todobackend/Migrate",
            &[
                "no execution of todobackend/Migrate was found",
                "Resources of the stack with executions: MigrateTask.",
            ][..],
        ),
        ("other", &["there is no stack other", "90 days"]),
        (
            "MigrateTask-1a2b3c4d-create-0123456789ab",
            &["looks like the name of an execution"],
        ),
        (
            "arn:aws:cloudformation:us-east-1:000000000000:stack/gone/guid",
            &["there is no stack arn:"],
        ),
    ] {
        assert_says(&explain(&served, &[what]).await, 2, parts);
    }
    let elsewhere = "arn:aws:cloudformation:eu-west-1:000000000000:stack/gone/guid";
    let ended = explain(&served, &[elsewhere]).await;
    assert_says(&ended, 64, &["eu-west-1", "us-east-1", "name one region"]);
    let ended = explain(&served, &["--state-machine", "ecs-task", STACK]).await;
    assert_says(&ended, 64, &["stateMachine:NAME"]);
}
