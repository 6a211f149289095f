//! Launches of a run: what stands in their way, and what is launched again.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use stand_ins::ecs::{Container, Placement, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::{AwsError, Service};

use crate::worlds::worker::{TOKEN, World, failure, success};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Client tokens of the launches, in order, without repeats.
fn tokens(world: &World) -> Vec<String> {
    let mut tokens: Vec<String> = world
        .aws
        .calls()
        .of("RunTask")
        .iter()
        .map(|call| call.body["clientToken"].as_str().unwrap().to_owned())
        .collect();
    tokens.dedup();
    tokens
}

/// Launches that find no room keep their token until there is some.
#[tokio::test(start_paused = true)]
async fn a_lack_of_capacity_is_waited_out_under_one_token() {
    let fargate = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    for reason in ["RESOURCE:MEMORY", "RESOURCE:CPU", "AGENT", fargate] {
        let world = World::new();
        let _worker = world.worker();
        world.placements([
            Placement::fails(reason),
            Placement::fails(reason),
            Placement::fails(reason),
            Placement::All,
        ]);
        success(world.run(&world.task()).await);
        assert_eq!(world.aws.calls().count("RunTask").arrived, 4, "{reason}");
        assert_eq!(tokens(&world), [TOKEN], "{reason}");
        assert_eq!(world.launched(), 1, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_placement_that_can_never_succeed_is_told_at_once() {
    let world = World::new();
    let _worker = world.worker();
    world.placement(Placement::fails("ATTRIBUTE"));
    let (error, cause) = failure(world.run(&world.task()).await);
    assert_eq!(error, "EcsTask.NotStarted");
    assert!(
        cause.contains("ATTRIBUTE") && cause.contains("placement constraint"),
        "{cause}"
    );
    assert_eq!(world.aws.calls().count("RunTask").arrived, 1);
}

#[tokio::test(start_paused = true)]
async fn capacity_that_never_comes_ends_at_the_deadline_with_the_obstacle_named() {
    let world = World::new();
    let _worker = world.worker();
    world.placement(Placement::fails("RESOURCE:MEMORY"));
    let deadline = world.deadline_in(600);
    let (error, cause) = failure(world.run_with(&json!({"deadline": deadline})).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    assert!(cause.contains("RESOURCE:MEMORY"), "{cause}");
    assert_eq!(world.launched(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_retries_a_lack_of_capacity_is_told_at_once() {
    let world = World::new();
    let _worker = world.worker();
    world.placement(Placement::fails("RESOURCE:MEMORY"));
    let (error, _) = failure(world.run_with(&json!({"retryStartFailures": false})).await);
    assert_eq!(error, "EcsTask.NotStarted");
    assert_eq!(world.aws.calls().count("RunTask").arrived, 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_failure_that_may_pass_is_launched_again_under_the_next_token() {
    let world = World::new();
    let _worker = world.worker();
    let pull = || {
        Script::fails_to_start(
            "CannotPullContainerError: net/http: request canceled (Client.Timeout exceeded)",
        )
    };
    world.scripts([pull(), pull(), Script::exits(0)]);
    success(world.run(&world.task()).await);
    assert_eq!(
        tokens(&world),
        [TOKEN.to_owned(), format!("{TOKEN}-1"), format!("{TOKEN}-2")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_is_never_launched_again_once_any_container_of_it_may_have_started() {
    for script in [
        Script::spot_interruption(Duration::from_secs(30)),
        Script::fails_to_start("CannotPullContainerError: i/o timeout")
            .container("sidecar", Container::exits(0).started_before_the_failure()),
    ] {
        let world = World::new();
        world
            .aws
            .ecs()
            .register_family("two", &["migrate", "sidecar"]);
        let _worker = world.worker();
        world.aws.ecs().script("two", script);
        failure(world.run_with(&json!({"taskDefinition": "two"})).await);
        assert_eq!(world.launched(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_partial_placement_goes_under_the_next_token() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(MINUTE));
    world.placements([
        Placement::only(2, "RESOURCE:CPU"),
        Placement::fails("RESOURCE:CPU"),
        Placement::All,
    ]);
    let output = success(world.run_with(&json!({"count": 3})).await);
    assert_eq!(world.launched(), 3);
    assert_eq!(tokens(&world), [TOKEN.to_owned(), format!("{TOKEN}-1")]);
    assert_eq!(
        output["TaskArns"]
            .as_str()
            .unwrap()
            .split(',')
            .collect::<BTreeSet<_>>()
            .len(),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn errors_of_run_task_are_told_by_what_can_be_done_about_them() {
    for (fault, error, says) in [
        (Fault::AccessDenied, "EcsTask.AccessDenied", "ecs:RunTask"),
        (
            Fault::Error(AwsError::new(
                "ClientException",
                "TaskDefinition not found.",
            )),
            "EcsTask.InvalidRequest",
            "active task definition",
        ),
        (
            Fault::Error(AwsError::new(
                "ClusterNotFoundException",
                "Cluster not found.",
            )),
            "EcsTask.InvalidRequest",
            "todobackend",
        ),
        (
            Fault::Error(AwsError::new(
                "InvalidParameterException",
                "Network Configuration must be provided",
            )),
            "EcsTask.InvalidRequest",
            "Network",
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.inject(Service::Ecs, "RunTask", Span::Forever, fault);
        let (told, cause) = failure(world.run(&world.task()).await);
        assert_eq!(told, error, "{cause}");
        assert!(cause.contains(says), "{cause}");
        assert_eq!(world.aws.calls().count("RunTask").arrived, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_with_ecs_is_waited_out_and_launches_one_task() {
    for operation in ["RunTask", "DescribeTasks"] {
        for fault in [
            Fault::InternalError,
            Fault::Throttle,
            Fault::Refuse,
            Fault::CutBefore,
            Fault::CutAfter,
            Fault::Duplicate,
        ] {
            let world = World::new();
            let _worker = world.worker();
            world.script(Script::exits(0).running(MINUTE));
            world.inject(
                Service::Ecs,
                operation,
                Span::For(2 * MINUTE),
                fault.clone(),
            );
            success(world.run(&world.task()).await);
            assert_eq!(world.launched(), 1, "{operation} with {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_run_task_that_pass_are_waited_out() {
    for (code, message) in [
        (
            "ClientException",
            "Tasks provisioning capacity limit exceeded.",
        ),
        (
            "InvalidParameterException",
            "Error retrieving security group information for [sg-0a]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)",
        ),
        (
            "InvalidParameterException",
            "Error retrieving subnet information for [subnet-0a]: Rate exceeded",
        ),
        (
            "ClientException",
            "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/Stack-TaskDefinitionTaskRole1A2B' that was provided for this task.",
        ),
        (
            "ClientException",
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.inject(
            Service::Ecs,
            "RunTask",
            Span::For(20 * SECOND),
            Fault::Error(AwsError::new(code, message)),
        );
        success(world.run(&world.task()).await);
        assert_eq!(world.launched(), 1, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_too_new_is_waited_for() {
    let world = World::new();
    let _worker = world.worker();
    let lag = stand_ins::AwsError::new(
        "ClientException",
        "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task.",
    );
    world.inject(
        Service::Ecs,
        "RunTask",
        Span::For(20 * SECOND),
        Fault::Error(lag),
    );
    success(world.run(&world.task()).await);
}
