//! `stop` on a Delete: the tasks of the whole resource, and the executions that may launch more.

use std::time::Duration;

use ecs_task_runner::clock::{Clock, after};
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;

use super::stop::{name, runs_on, state};
use crate::worlds::events::{identity, properties};
use crate::worlds::functions::{FAMILY, LOGICAL_ID, World, clock_at};

#[tokio::test(start_paused = true)]
async fn a_delete_stops_every_task_of_the_resource_and_none_of_another() {
    let world = World::new();
    world.aws.ecs().register_family("other", &["migrate"]);
    runs_on(&world, FAMILY);
    runs_on(&world, "other");
    let earlier = [
        identity(&world.event("Create", &properties())).name,
        identity(&world.event("Update", &properties())).name,
    ];
    let mut ours = Vec::new();
    for name in &earlier {
        ours.push(world.launch(FAMILY, name).await);
    }
    let mut other_resource = world.event("Create", &properties());
    other_resource["LogicalResourceId"] = format!("{LOGICAL_ID}2").into();
    let mut other_stack = world.event("Create", &properties());
    other_stack["StackId"] =
        "arn:aws:cloudformation:us-east-1:123456789012:stack/other/guid".into();
    for event in [&other_resource, &other_stack] {
        world.launch(FAMILY, &identity(event).name).await;
    }
    world.launch("other", &earlier[0]).await;
    let state = state(&world, "Delete").await;
    let stopped = world.stop(&state).await;
    assert_eq!(world.told_to_stop(), ours);
    assert_eq!(stopped.running, 2);
}

#[tokio::test(start_paused = true)]
async fn a_delete_first_stops_the_runs_of_the_resource_that_are_still_going_on() {
    let world = World::new();
    let create = world.event("Create", &properties());
    let update = world.event("Update", &properties());
    let mut other = world.event("Create", &properties());
    other["LogicalResourceId"] = format!("{LOGICAL_ID}2").into();
    // An Update would not run beside the Create.
    for event in [&update, &create, &other] {
        world.start(event).await.unwrap();
    }
    // A Delete that was delivered before, under another URL.
    let earlier = state(&world, "Delete").await;
    let state = state(&world, "Delete").await;
    let stopped = world.stop(&state).await;
    let running: Vec<_> = world
        .aws
        .sfn()
        .executions()
        .into_iter()
        .filter(|one| one.ended.is_none())
        .map(|one| one.name)
        .collect();
    assert_eq!(
        running,
        [identity(&other).name, name(&earlier), name(&state)]
    );
    for execution in world
        .aws
        .sfn()
        .executions()
        .into_iter()
        .filter(|one| one.ended.is_some())
    {
        let Some((_, ExecutionEnd::Aborted { cause, .. })) = execution.ended else {
            panic!("{execution:?}")
        };
        assert!(cause.unwrap().contains("is being deleted"));
    }
    assert_eq!(
        (stopped.running, stopped.executions, stopped.wait),
        (0, 2, true)
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_launched_while_the_delete_waits_for_workers_is_stopped_as_well() {
    let world = World::new();
    runs_on(&world, FAMILY);
    let create = world.event("Create", &properties());
    world.start(&create).await.unwrap();
    let mut state = state(&world, "Delete").await;
    let first = world.stop(&state).await;
    assert_eq!(
        (first.running, first.wait),
        (0, true),
        "its worker has not heard yet that the execution was stopped"
    );
    let late = world.launch(FAMILY, &identity(&create).name).await;
    state["leftovers"] = serde_json::to_value(&first).unwrap();
    let second = world.stop(&state).await;
    assert_eq!(
        (second.running, second.executions, second.wait),
        (1, 1, true)
    );
    assert_eq!(world.told_to_stop(), [late]);
    // And once the workers must know, nothing is waited for any more.
    state["leftovers"] = json!({"running": 0, "executions": 1, "checks": 8, "wait": true});
    world.aws.ecs().cluster("another");
    assert!(!world.stop(&state).await.wait);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_sees_no_tasks_waits_until_the_workers_know_all_the_same() {
    let world = World::new();
    runs_on(&world, FAMILY);
    let create = world.event("Create", &properties());
    world.start(&create).await.unwrap();
    let ours = world.launch(FAMILY, &identity(&create).name).await;
    let mut state = state(&world, "Delete").await;
    let cut = world.inject(
        Service::Ecs,
        "DescribeTasks",
        Span::Forever,
        Fault::AccessDenied,
    );
    let first = world.stop(&state).await;
    assert_eq!((first.executions, first.checks, first.wait), (1, 1, true));
    cut.lift();
    state["leftovers"] = serde_json::to_value(&first).unwrap();
    assert_eq!(world.stop(&state).await.running, 1);
    assert_eq!(world.told_to_stop(), [ours]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_first_answer_was_lost_waits_until_the_workers_know_as_well() {
    let world = World::new();
    runs_on(&world, FAMILY);
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    let state = state(&world, "Delete").await;
    assert!(world.stop(&state).await.wait);
    let again = world.stop(&state).await;
    assert_eq!((again.executions, again.checks, again.wait), (1, 1, true));
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_was_stopped_long_ago_is_not_waited_for() {
    let mut world = World::new();
    runs_on(&world, FAMILY);
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    let state = state(&world, "Delete").await;
    assert_eq!(world.stop(&state).await.executions, 1);
    // The stand-ins write the system's time.
    world.clock = clock_at(after(Clock::system().now(), Duration::from_secs(60)));
    assert_eq!(world.stop(&state).await.executions, 0);
}

#[tokio::test(start_paused = true)]
async fn executions_that_cannot_be_stopped_do_not_keep_a_delete_from_stopping_tasks() {
    for operation in ["ListExecutions", "StopExecution"] {
        let world = World::new();
        runs_on(&world, FAMILY);
        let create = world.event("Create", &properties());
        world.start(&create).await.unwrap();
        let ours = world.launch(FAMILY, &identity(&create).name).await;
        let state = state(&world, "Delete").await;
        world.inject(Service::Sfn, operation, Span::Forever, Fault::AccessDenied);
        let stopped = world.stop(&state).await;
        assert_eq!((stopped.running, stopped.executions), (1, 0), "{operation}");
        assert_eq!(world.told_to_stop(), [ours]);
        // They may launch what nothing shows yet: it is tried again for as long as their workers
        // would take to know.
        world.aws.ecs().cluster("another");
        assert!(world.stop(&state).await.wait, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_containers_have_ended_is_left_to_a_delete_and_not_to_a_failed_run() {
    for (request_type, running) in [("Create", 0), ("Delete", 1)] {
        let world = World::new();
        let ended = Script::exits(1)
            .running(Duration::ZERO)
            .deprovisioning(Duration::from_secs(600));
        world.aws.ecs().script(FAMILY, ended);
        let state = state(&world, request_type).await;
        world.launch(FAMILY, &name(&state)).await;
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(world.stop(&state).await.running, running, "{request_type}");
    }
}
