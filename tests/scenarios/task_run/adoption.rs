//! Runs that another worker goes on with: it adopts the tasks that the first one launched.

use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use serde_json::json;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::EventKind;
use stand_ins::{Outcome, Service};
use tokio::time::sleep;

use crate::worlds::worker::{CLUSTER, HEARTBEAT, LONGEST, World, outcome, success, within};

const MINUTE: Duration = Duration::from_secs(60);

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
    assert!(
        world.aws.ecs().tasks()[0].stop_requested.is_none(),
        "the worker stopped a task that was not its own to stop"
    );
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
