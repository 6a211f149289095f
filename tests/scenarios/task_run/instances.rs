//! Runs on container instances that the properties name. StartTask knows no client token: what it
//! launched is found by name.

use std::time::Duration;

use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::Ecs;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use tokio::time::sleep;

use crate::worlds::worker::{INSTANCES, World, failure, success, with};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_start_task_whose_answer_was_lost_starts_nothing_twice() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(60 * SECOND));
    world.inject(Service::Ecs, "StartTask", Span::Next(1), Fault::CutAfter);
    world.aws.ecs().describe_lag(30 * SECOND);
    success(world.run_with(&json!({"instances": INSTANCES[..1]})).await);
    assert_eq!(world.launched(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_task_that_never_arrived_is_not_repeated_either() {
    let world = World::new();
    let _worker = world.worker();
    world.inject(Service::Ecs, "StartTask", Span::Next(1), Fault::CutBefore);
    let (error, cause) = failure(world.run_with(&json!({"instances": INSTANCES})).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(cause.contains("run them twice"), "{cause}");
    assert_eq!(world.aws.calls().count("StartTask").arrived, 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_worker_finds_the_tasks_on_instances_by_name() {
    let world = World::new();
    world.script(Script::exits(0).running(600 * SECOND));
    let first = world.worker();
    let scheduled = world.schedule_with(&json!({"instances": INSTANCES}));
    sleep(120 * SECOND).await;
    first.request_shutdown();
    let _second = world.worker();
    let output = success(scheduled.outcome().await);
    assert_eq!(world.launched(), 2);
    assert_eq!(output["TaskArns"].as_str().unwrap().split(',').count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_instance_of_which_start_task_says_nothing_makes_the_run_fail() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().instance_fails(INSTANCES[1], "");
    let (error, cause) = failure(world.run_with(&json!({"instances": INSTANCES})).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(cause.contains("1 of 2 tasks"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_another_worker_used_during_a_pause_is_not_used_again() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(60 * SECOND));
    world.inject(Service::Ecs, "StartTask", Span::Next(3), Fault::Throttle);
    let task = with(world.task(), &json!({"instances": INSTANCES[..1]}));
    let scheduled = world.schedule(&task);
    world.aws.calls().arrived("StartTask", 3).await;
    let spec = serde_json::from_value(task).unwrap();
    let instances = [INSTANCES[0].to_owned()];
    let ecs = Ecs::without_retries(&world.connection(), CallRates::default());
    let permit = ecs.budgets().run_task.acquire().await;
    ecs.start_task(permit, &spec, &instances).await.unwrap();
    success(scheduled.outcome().await);
    assert_eq!(world.launched(), 1);
}
