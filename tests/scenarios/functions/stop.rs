//! `stop` after a failed run: what the execution has left running.

use std::time::Duration;

use ecs_task_runner::clock::before;
use ecs_task_runner::functions::Stopped;
use ecs_task_runner::times::STOP_TIMEOUT;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::{Container, OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::interpreter::definition;
use tokio::time::Instant;

use crate::worlds::events::{identity, properties};
use crate::worlds::functions::{CLUSTER, FAMILY, World};

/// The state of an execution that failed or that deletes, as the definition passes it on.
pub(super) async fn state(world: &World, request_type: &str) -> Value {
    let event = world.event(request_type, &properties());
    world.start(&event).await.unwrap();
    let executions = world.aws.sfn().executions();
    serde_json::from_str(&executions.last().unwrap().input).unwrap()
}

pub(super) fn name(state: &Value) -> String {
    state["task"]["startedBy"].as_str().unwrap().to_owned()
}

/// The family's tasks run from their launch on; one that is stopped before its containers start
/// would be gone at once.
pub(super) fn runs_on(world: &World, family: &str) {
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

/// Lambda would end the function after its timeout, and nobody would learn what it has done.
#[tokio::test(start_paused = true)]
async fn an_invocation_ends_by_itself_when_step_functions_and_ecs_are_silent() {
    for request_type in ["Create", "Delete"] {
        let world = World::new();
        let state = state(&world, request_type).await;
        let event =
            serde_json::from_value(json!({"stateMachine": world.state_machine, "state": state}))
                .unwrap();
        for service in [Service::Ecs, Service::Sfn] {
            let silence = Fault::Delay(Duration::from_secs(600));
            world
                .aws
                .faults()
                .inject_all(service, Span::Forever, silence);
        }
        let began = Instant::now();
        let stopped = world.stopper().stop(event).await;
        assert!(began.elapsed() < STOP_TIMEOUT, "{:?}", began.elapsed());
        match stopped {
            Ok(stopped) => assert!(stopped.wait, "a worker may launch something meanwhile"),
            Err(error) => assert_eq!((request_type, error.may_pass()), ("Create", true)),
        }
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
async fn after_a_failure_no_execution_is_stopped() {
    let world = World::new();
    world
        .start(&world.event("Update", &properties()))
        .await
        .unwrap();
    let state = state(&world, "Create").await;
    let listed = |world: &World| world.aws.calls().count("ListExecutions").arrived;
    let by_start = listed(&world);
    world.stop(&state).await;
    assert_eq!(listed(&world), by_start);
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

#[tokio::test(start_paused = true)]
async fn a_task_whose_containers_have_stopped_is_left_on_a_delete_only() {
    for (request_type, left) in [("Create", 0), ("Update", 0), ("Delete", 1)] {
        let world = World::new();
        let script = Script::exits(1).deprovisioning(Duration::from_secs(24));
        world.aws.ecs().script(FAMILY, script);
        let state = state(&world, request_type).await;
        world.launch(FAMILY, &name(&state)).await;
        while world.aws.ecs().tasks()[0].last_status != "DEPROVISIONING" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let stopped = world.stop(&state).await;
        assert_eq!(stopped.running, left, "{request_type}");
        assert_eq!(stopped.wait, left > 0, "{request_type}");
        assert_eq!(world.told_to_stop(), Vec::<String>::new(), "{request_type}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_sidecar_still_runs_is_left_after_a_failure_too() {
    let world = World::new();
    world
        .aws
        .ecs()
        .register_family("two", &["migrate", "proxy"]);
    let deaf = Container::runs_forever().on_sigterm(OnSigterm::Ignored);
    let script = Script::exits(1).container("proxy", deaf);
    world.aws.ecs().script("two", script);
    let mut state = state(&world, "Create").await;
    state["task"]["taskDefinition"] = json!("two");
    world.launch("two", &name(&state)).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.stop(&state).await.running, 1);
}
