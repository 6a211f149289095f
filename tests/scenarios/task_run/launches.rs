//! Launches of a run: what stands in their way, what is launched again, and what another worker
//! adopts.

use std::collections::BTreeSet;
use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use serde_json::json;
use stand_ins::ecs::{Container, Placement, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::EventKind;
use stand_ins::{AwsError, Outcome, Service};
use tokio::time::sleep;

use crate::worlds::worker::{
    CLUSTER, HEARTBEAT, LONGEST, TOKEN, World, failure, outcome, success, within,
};

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
async fn a_worker_that_shuts_down_leaves_the_task_to_the_next_one() {
    let world = World::new();
    world.script(Script::exits(0).running(10 * MINUTE));
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    sleep(2 * MINUTE).await;
    first.request_shutdown();
    let _second = world.worker();
    success(outcome(&scheduled).await);
    first.ended().await;
    assert_eq!(world.launched(), 1);
    assert!(world.aws.ecs().tasks()[0].stop_requested.is_none());
    let handed_over = scheduled
        .events()
        .iter()
        .filter(
            |event| matches!(&event.kind, EventKind::Failed { error, .. } if error == HANDED_OVER),
        )
        .count();
    assert_eq!(handed_over, 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_cut_off_from_the_service_is_followed_by_one_that_adopts_its_task() {
    let world = World::new();
    world.script(Script::exits(0).running(10 * MINUTE));
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    sleep(2 * MINUTE).await;
    let cut = world
        .aws
        .faults()
        .inject_all(Service::Sfn, Span::Forever, Fault::Refuse);
    sleep(2 * HEARTBEAT).await;
    first.request_shutdown();
    cut.lift();
    let _second = world.worker();
    success(outcome(&scheduled).await);
    assert!(
        scheduled
            .events()
            .iter()
            .any(|event| event.kind == EventKind::HeartbeatTimedOut)
    );
    assert_eq!(world.launched(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_worker_follows_the_tokens_of_the_first_one() {
    let world = World::new();
    let pull = || Script::fails_to_start("CannotPullContainerError: i/o timeout");
    world.scripts([pull(), pull(), Script::exits(0).running(10 * MINUTE)]);
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    sleep(3 * MINUTE).await;
    assert_eq!(world.launched(), 3);
    first.request_shutdown();
    let _second = world.worker();
    success(outcome(&scheduled).await);
    assert_eq!(
        world.launched(),
        3,
        "a second worker launched what the first had launched"
    );
}

/// ECS knows the first launch by its token and refuses the second, whose parameters are others.
#[tokio::test(start_paused = true)]
async fn a_second_worker_that_finds_another_network_adopts_the_task_of_the_first() {
    let world = World::new();
    world.script(Script::exits(0).running(10 * MINUTE));
    // No list shows the task so early: the refusal alone names it.
    world.aws.ecs().describe_lag(MINUTE);
    let serve_in = |subnet: &str| {
        let network = json!({"awsvpcConfiguration": {"subnets": [subnet]}});
        world.aws.ecs().service(
            CLUSTER,
            "web",
            &json!({"launchType": "FARGATE", "networkConfiguration": network}),
        );
    };
    serve_in("subnet-1");
    let first = world.worker();
    let scheduled = world.schedule_with(&json!({"networkFrom": "web"}));
    within(LONGEST, world.aws.calls().ended("RunTask", 1)).await;
    serve_in("subnet-2");
    first.request_shutdown();
    let _second = world.worker();
    let output = success(outcome(&scheduled).await);
    let outcomes: Vec<_> = world
        .aws
        .calls()
        .of("RunTask")
        .into_iter()
        .map(|call| call.outcome)
        .collect();
    assert!(
        matches!(&outcomes[..], [Outcome::Answered(_), Outcome::Refused(code)] if code == "ConflictException"),
        "{outcomes:?}"
    );
    assert_eq!(world.launched(), 1);
    assert_eq!(output["TaskArn"], world.aws.ecs().tasks()[0].arn);
}
