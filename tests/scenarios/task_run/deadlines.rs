//! Where launch, deadline and hand-over meet: the places at which a task could be lost, run twice,
//! or be told of wrongly.

use std::time::Duration;

use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::functions::{StopEvent, Stopper};
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::{Container, Placement, Script};
use stand_ins::faults::{Fault, Span};
use tokio::time::{Instant, sleep};

use crate::worlds::worker::{CLUSTER, HEARTBEAT, World, failure, success, with};

const SECOND: Duration = Duration::from_secs(1);
fn task_until(world: &World, seconds: i64) -> Value {
    with(
        world.task(),
        &json!({"deadline": world.deadline_in(seconds)}),
    )
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_missing_at_the_deadline_is_waited_for_in_vain_but_not_for_ever() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().describe_lag(3_600 * SECOND);
    let start = Instant::now();
    let (error, cause) = failure(world.run(&task_until(&world, 100)).await);
    assert!(
        matches!(
            error.as_str(),
            "EcsTask.DeadlineExceeded" | "EcsTask.Failed"
        ),
        "{cause}"
    );
    assert!(start.elapsed() < 150 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ended_before_the_deadline_is_judged_by_its_end() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(55 * SECOND));
    world.inject(
        Service::Ecs,
        "DescribeTaskDefinition",
        Span::Forever,
        Fault::Delay(7 * SECOND),
    );
    success(world.run(&task_until(&world, 60)).await);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_describe_task_definition_does_not_make_sidecars_count() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().register(&json!({"family": "two", "containerDefinitions": [
        {"name": "migrate", "essential": true, "image": "x"}, {"name": "sidecar", "essential": false, "image": "x"}]}));
    world.aws.ecs().script(
        "two",
        Script::exits(0).container(
            "sidecar",
            Container::exits(5).after(Duration::from_millis(10)),
        ),
    );
    world.inject(
        Service::Ecs,
        "DescribeTaskDefinition",
        Span::Next(1),
        Fault::Throttle,
    );
    success(world.run_with(&json!({"taskDefinition": "two"})).await);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_stop_at_the_deadline_is_repeated() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever());
    world.inject(Service::Ecs, "StopTask", Span::Next(1), Fault::Throttle);
    let (error, cause) = failure(world.run(&task_until(&world, 60)).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    assert!(
        world.aws.ecs().tasks()[0].stop_requested.is_some(),
        "never told to stop, yet: {cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_launch_whose_answers_were_lost_is_stopped_at_the_deadline() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever());
    world.inject(Service::Ecs, "RunTask", Span::Forever, Fault::CutAfter);
    let (_, cause) = failure(world.run(&task_until(&world, 60)).await);
    assert!(
        world.aws.ecs().tasks()[0].stop_requested.is_some(),
        "left running: {cause}"
    );
    assert!(cause.contains("while the task ran"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_launch_under_way_at_the_deadline_is_taken_and_stopped() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever());
    world.inject(
        Service::Ecs,
        "RunTask",
        Span::Forever,
        Fault::Delay(8 * SECOND),
    );
    failure(world.run(&task_until(&world, 5)).await);
    assert!(
        world.aws.ecs().tasks()[0].stop_requested.is_some(),
        "the worker left the task running"
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_that_were_placed_are_stopped_when_the_rest_cannot_be_though_no_list_shows_them_yet()
{
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever());
    world.placements([Placement::only(1, "ATTRIBUTE")]);
    world.aws.ecs().describe_lag(30 * SECOND);
    let (error, _) = failure(world.run_with(&json!({"count": 2})).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(
        world.aws.ecs().tasks()[0].stop_requested.is_some(),
        "the worker left the task running"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_worker_does_not_wait_out_the_pauses_of_the_first_again() {
    let world = World::new();
    let pull = || Script::fails_to_start("CannotPullContainerError: toomanyrequests: rate limit");
    world.scripts(
        (0..8)
            .map(|_| pull())
            .chain([Script::exits(0).running(30 * SECOND)]),
    );
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    while world.launched() < 9 {
        sleep(SECOND).await;
    }
    first.request_shutdown();
    let _second = world.worker();
    let start = Instant::now();
    success(scheduled.outcome().await);
    assert!(start.elapsed() < 60 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_comes_after_the_deadline_says_what_became_of_the_task() {
    let world = World::new();
    world.script(Script::exits(0).running(100 * SECOND));
    let first = world.worker();
    let scheduled = world.schedule(&task_until(&world, 120));
    sleep(10 * SECOND).await;
    let cut = world
        .aws
        .faults()
        .inject_all(Service::Sfn, Span::Forever, Fault::Refuse);
    sleep(2 * HEARTBEAT).await;
    first.request_shutdown();
    cut.lift();
    let _second = world.worker();
    success(scheduled.outcome().await);
    assert_eq!(world.launched(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_comes_after_the_deadline_launches_nothing() {
    let world = World::new();
    let _worker = world.worker();
    let (error, cause) = failure(world.run(&task_until(&world, -5)).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded", "{cause}");
    assert_eq!(world.aws.calls().count("RunTask").arrived, 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_network_was_taken_may_go_while_the_task_runs() {
    let world = World::new();
    world.script(Script::exits(0).running(300 * SECOND));
    let service = |status: &str| json!({"status": status, "launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}});
    world.aws.ecs().service(CLUSTER, "web", &service("ACTIVE"));
    let first = world.worker();
    let scheduled = world.schedule_with(&json!({"networkFrom": "web"}));
    sleep(60 * SECOND).await;
    world
        .aws
        .ecs()
        .service(CLUSTER, "web", &service("INACTIVE"));
    first.request_shutdown();
    let _second = world.worker();
    success(scheduled.outcome().await);
    assert_eq!(world.launched(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_tasks_that_a_failed_run_leaves_are_stopped() {
    let world = World::new();
    let _worker = world.worker();
    world.scripts([Script::exits(1), Script::runs_forever()]);
    let mut task = world.task();
    task["count"] = json!(2);
    let denied = world.inject(Service::Ecs, "StopTask", Span::Forever, Fault::AccessDenied);
    failure(world.run(&task).await);
    assert!(
        world.aws.ecs().tasks()[1].stop_requested.is_none(),
        "the worker could not stop it"
    );
    denied.lift();
    let state = json!({"request": {"RequestType": "Create"}, "task": task});
    let event: StopEvent =
        serde_json::from_value(json!({"state": state, "stateMachine": ""})).unwrap();
    let connection = world.connection_of("stop");
    let stopper = Stopper::new(
        Ecs::with_retries(&connection),
        StepFunctions::new(&connection),
        world.clock,
    );
    let found = stopper.stop(event).await.unwrap();
    assert!(
        world.aws.ecs().tasks()[1].stop_requested.is_some(),
        "{found:?}"
    );
    assert_eq!(found.running, 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_comes_after_the_deadline_does_not_mistake_a_replaced_task_for_the_runs_end()
{
    let world = World::new();
    let pull = Script::fails_to_start("CannotPullContainerError: i/o timeout");
    world.scripts([pull, Script::exits(0).running(60 * SECOND)]);
    let first = world.worker();
    let scheduled = world.schedule(&task_until(&world, 120));
    while world.launched() < 2 {
        sleep(SECOND).await;
    }
    let cut = world
        .aws
        .faults()
        .inject_all(Service::Sfn, Span::Forever, Fault::Refuse);
    sleep(3 * HEARTBEAT).await;
    first.request_shutdown();
    cut.lift();
    let _second = world.worker();
    success(scheduled.outcome().await);
    assert_eq!(world.launched(), 2);
}
