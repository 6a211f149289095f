//! `stop`: what an execution, or on Delete a resource, has left running.

use std::time::Duration;

use ecs_task_runner::clock::{Clock, after, before};
use ecs_task_runner::functions::Stopped;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::{OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::sfn::interpreter::definition;
use tokio::time::Instant;

use crate::worlds::functions::{CLUSTER, FAMILY, LOGICAL_ID, World, identity, properties};

/// The state of an execution that failed or that deletes, as the definition passes it on.
async fn state(world: &World, request_type: &str) -> Value {
    let event = world.event(request_type, &properties());
    world.start(&event).await.unwrap();
    let executions = world.aws.sfn().executions();
    serde_json::from_str(&executions.last().unwrap().input).unwrap()
}

fn name(state: &Value) -> String {
    state["task"]["startedBy"].as_str().unwrap().to_owned()
}

/// The family's tasks run from their launch on; one that is stopped before its containers start
/// would be gone at once.
fn runs_on(world: &World, family: &str) {
    let at_once = Script::runs_forever()
        .provisioning(Duration::ZERO)
        .pending(Duration::ZERO)
        .activating(Duration::ZERO);
    world
        .aws
        .ecs()
        .script(family, at_once.on_sigterm(OnSigterm::Ignored));
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_the_tasks_of_this_execution_are_stopped_and_no_others() {
    let world = World::new();
    runs_on(&world, FAMILY);
    let state = state(&world, "Create").await;
    let ours = world.launch(FAMILY, &name(&state)).await;
    let later = identity(&world.event("Update", &properties())).name;
    world.launch(FAMILY, &later).await;
    world.launch(FAMILY, "somebody-else").await;
    let stopped = world.stop(&state).await;
    assert_eq!(world.told_to_stop(), [ours]);
    assert_eq!(
        (stopped.running, stopped.checks, stopped.wait),
        (1, 1, true)
    );
    let (_, reason) = world.aws.ecs().tasks()[0].stop_requested.clone().unwrap();
    assert!(reason.contains(&name(&state)), "{reason}");
}

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
async fn tasks_that_are_stopping_are_counted_and_not_told_again() {
    let world = World::new();
    runs_on(&world, FAMILY);
    let mut state = state(&world, "Create").await;
    world.launch(FAMILY, &name(&state)).await;
    // Stopped before its container has started, it would not be seen stopping.
    while world.aws.ecs().tasks()[0].started_at.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let first = world.stop(&state).await;
    state["leftovers"] = serde_json::to_value(&first).unwrap();
    let second = world.stop(&state).await;
    assert_eq!((second.running, second.checks, second.wait), (1, 2, true));
    assert_eq!(world.aws.calls().count("StopTask").arrived, 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_waited_for_when_nothing_runs() {
    let world = World::new();
    let state = state(&world, "Create").await;
    world.launch(FAMILY, &name(&state)).await;
    // Its containers run for 100 ms.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (0, false));
    assert!(world.told_to_stop().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_waited_for_past_the_deadline() {
    let world = World::new();
    runs_on(&world, FAMILY);
    let mut state = state(&world, "Create").await;
    state["task"]["deadline"] = "2020-01-01T00:00:00Z".into();
    world.launch(FAMILY, &name(&state)).await;
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (1, false));
}

/// ECS that does not answer keeps CloudFormation waiting for its answer, but not for longer than
/// there is time.
#[tokio::test(start_paused = true)]
async fn ecs_that_cannot_be_asked_is_tried_again_only_while_there_is_time() {
    for fault in [Fault::InternalError, Fault::Delay(Duration::from_secs(600))] {
        let world = World::new();
        let mut state = state(&world, "Create").await;
        let event = |state: &Value| {
            serde_json::from_value(json!({"stateMachine": world.state_machine, "state": state}))
                .unwrap()
        };
        world.inject(Service::Ecs, "ListTasks", Span::Forever, fault.clone());
        if matches!(fault, Fault::InternalError) {
            assert!(world.stopper().stop(event(&state)).await.is_err());
        }
        state["task"]["deadline"] = before(world.clock.now(), Duration::from_secs(55))
            .to_string()
            .into();
        state["leftovers"] = json!({"running": 2, "executions": 0, "checks": 3, "wait": true});
        let began = Instant::now();
        let stopped = world.stopper().stop(event(&state)).await.unwrap();
        assert_eq!(
            (stopped.running, stopped.checks, stopped.wait),
            (2, 4, false),
            "{fault:?}"
        );
        assert!(
            began.elapsed() <= Duration::from_secs(10),
            "{fault:?}: {:?}",
            began.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_gone_has_nothing_to_stop() {
    for request_type in ["Create", "Delete"] {
        let world = World::new();
        let state = state(&world, request_type).await;
        world.aws.ecs().cluster("another");
        assert_eq!(world.stop(&state).await.running, 0, "{CLUSTER} is gone");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_stopped_counts_as_running() {
    let world = World::new();
    runs_on(&world, FAMILY);
    let state = state(&world, "Create").await;
    world.launch(FAMILY, &name(&state)).await;
    world.inject(Service::Ecs, "StopTask", Span::Forever, Fault::AccessDenied);
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (1, true));
}

#[tokio::test(start_paused = true)]
async fn a_delete_first_stops_the_runs_of_the_resource_that_are_still_going_on() {
    let world = World::new();
    let create = world.event("Create", &properties());
    let update = world.event("Update", &properties());
    let mut other = world.event("Create", &properties());
    other["LogicalResourceId"] = format!("{LOGICAL_ID}2").into();
    for event in [&create, &update, &other] {
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
async fn a_task_that_is_launched_while_the_delete_looks_is_stopped_as_well() {
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
    world.clock = Clock::following_tokio(after(Clock::system().now(), Duration::from_secs(60)));
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
async fn after_a_failure_no_execution_is_stopped() {
    let world = World::new();
    world
        .start(&world.event("Create", &properties()))
        .await
        .unwrap();
    let state = state(&world, "Update").await;
    world.stop(&state).await;
    assert_eq!(world.aws.calls().count("ListExecutions").arrived, 0);
    assert!(
        world
            .aws
            .sfn()
            .executions()
            .iter()
            .all(|one| one.ended.is_none())
    );
}

#[test]
fn the_definition_selects_exactly_what_the_function_answers() {
    let mut selected: Vec<_> = definition()["States"]["StopTasks"]["ResultSelector"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, path)| {
            (
                name.trim_end_matches(".$").to_owned(),
                path.as_str()
                    .unwrap()
                    .trim_start_matches("$.Payload.")
                    .to_owned(),
            )
        })
        .collect();
    let answered = serde_json::to_value(Stopped {
        running: 0,
        executions: 0,
        checks: 1,
        wait: false,
    })
    .unwrap();
    let mut answered: Vec<_> = answered
        .as_object()
        .unwrap()
        .keys()
        .map(|name| (name.clone(), name.clone()))
        .collect();
    selected.sort();
    answered.sort();
    assert_eq!(selected, answered);
}
