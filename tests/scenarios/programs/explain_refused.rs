//! `ecs-task-runner explain STACK` where a call that it needs is refused.

use ecs_task_runner::aws::step_functions::StepFunctions;
use local_run::directories::RunDirectory;
use stand_ins::Service;
use stand_ins::faults::{Fault, Injected, Span};

use super::explain_stack::{assert_says, ended_as, event, explain, failure, world};
use crate::worlds::execution::NOW;
use crate::worlds::functions::{STACK, World};
use crate::worlds::program::listen;

/// Executions on a page of the list, the most that the API gives (`API_ListExecutions`).
const PAGE: usize = 1_000;

#[tokio::test]
async fn what_could_not_be_asked_is_not_said_to_be_missing() {
    let world = world();
    event(&world, NOW, "CREATE_FAILED", "refused");
    let served = listen(&world.aws).await;
    let _fault = deny(&world, Service::CloudFormation, "DescribeStackEvents");
    let ended = explain(&served, &[STACK]).await;
    let parts = [
        "no execution of stack todobackend was found among 0 execution(s)",
        "left out: cloudformation:DescribeStackEvents",
    ];
    assert_says(&ended, 2, &parts);
    assert!(!ended.stderr.contains("asked for none"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_picture_is_drawn_without_the_tasks_where_nobody_may_see_them() {
    let world = world();
    let execution = ended_as(&world, "Create", failure()).await;
    let served = listen(&world.aws).await;
    let _fault = deny(&world, Service::Ecs, "ListTasks");
    let directory = RunDirectory::create("explain-refused").unwrap();
    let file = directory.file("timeline.svg");
    let ended = explain(&served, &["--svg", file.to_str().unwrap(), &execution.arn]).await;
    let parts = [
        "the picture has no more of the ECS tasks than the execution's history: ",
        "ecs:ListTasks",
    ];
    assert_says(&ended, 1, &parts);
    let picture = std::fs::read_to_string(file).unwrap();
    assert!(picture.contains(">failed</text>"), "{picture}");
}

/// A task runner may have more executions than one page of the list holds.
#[tokio::test]
async fn of_a_task_runner_that_could_be_listed_in_part_nothing_is_shown() {
    let world = world();
    let old = ended_as(&world, "Create", failure()).await;
    let stacks = world.aws.cloudformation();
    let busy = world.aws.sfn().state_machine("busy");
    stacks.stack("second", "CREATE_COMPLETE");
    stacks.output("second", "ServiceToken", "arn:aws:lambda:…");
    stacks.output("second", "StateMachineArn", &busy);
    let connection = world.connection_of("TESTS");
    let busy = StepFunctions::new(&connection).state_machine(busy);
    let newest = old.name.replace("create", "update");
    for number in 0..PAGE {
        let name = format!("other-{number}");
        busy.start(&name, "{}").await.unwrap();
    }
    busy.start(&newest, "{}").await.unwrap();
    let served = listen(&world.aws).await;
    // The page of the first state machine and the first page of the second are given, and the last is
    // refused.
    world.inject(
        Service::Sfn,
        "ListExecutions",
        Span::Nth(3),
        Fault::AccessDenied,
    );
    let ended = explain(&served, &[STACK]).await;
    let parts = [&old.name, "A task runner's executions are left out"];
    assert_says(&ended, 1, &parts);
    assert!(!ended.stdout.contains(&newest), "{}", ended.stdout);
}

fn deny(world: &World, service: Service, operation: &'static str) -> Injected {
    world.inject(service, operation, Span::Forever, Fault::AccessDenied)
}

#[tokio::test]
async fn a_missing_right_is_named_with_its_purpose_and_a_way_without_it() {
    let world = world();
    ended_as(&world, "Create", failure()).await;
    let stack_id = world.aws.cloudformation().stack(STACK, "CREATE_FAILED");
    let served = listen(&world.aws).await;
    for (service, operation, what, parts) in [
        (
            Service::CloudFormation,
            "DescribeStacks",
            STACK,
            &[
                "to find the stack's id",
                "allowed cloudformation:DescribeStacks, or give the stack's ARN",
            ][..],
        ),
        (
            Service::CloudFormation,
            "ListStacks",
            "gone",
            &["allowed cloudformation:ListStacks"],
        ),
        (
            Service::Sfn,
            "ListExecutions",
            STACK,
            &[
                "to find the executions of the stack",
                "states:ListExecutions",
            ],
        ),
        (
            Service::Sfn,
            "GetExecutionHistory",
            STACK,
            &[
                "to read the execution",
                "allowed states:GetExecutionHistory",
            ],
        ),
    ] {
        let fault = deny(&world, service, operation);
        assert_says(&explain(&served, &[what]).await, 2, parts);
        fault.lift();
    }
    // With a stack's ARN and a state machine's, CloudFormation need not be asked.
    let faults = ["DescribeStacks", "DescribeStackEvents", "ListExports"]
        .map(|operation| deny(&world, Service::CloudFormation, operation));
    let ended = explain(
        &served,
        &["--state-machine", &world.state_machine, &stack_id],
    )
    .await;
    let parts = [
        "Create of MigrateTask",
        "left out: cloudformation:DescribeStackEvents",
    ];
    assert_says(&ended, 1, &parts);
    let ended = explain(&served, &[&stack_id]).await;
    assert_says(&ended, 2, &["give its ARN with --state-machine"]);
    let [describe_stacks, ..] = faults;
    describe_stacks.lift();
    // The task runner of the default name is found without the right to list exports.
    assert_says(
        &explain(&served, &[STACK]).await,
        1,
        &["Create of MigrateTask"],
    );
}
