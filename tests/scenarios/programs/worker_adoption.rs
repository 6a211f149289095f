//! Workers that end or freeze as processes, and the workers that go on with their tasks.

use ecs_task_runner::activity::HANDED_OVER;
use nix::sys::signal::Signal;
use serde_json::json;
use stand_ins::ecs::Script;
use stand_ins::sfn::{EventKind, Schedule};
use tokio::time::sleep;

use crate::worlds::program::{PATIENCE, Program, listen};
use crate::worlds::worker::{World, success, within};

use super::worker_process::{SECOND, launched_once, outcome, schedule, world};

#[tokio::test]
async fn a_terminated_worker_hands_over_and_the_next_one_adopts_the_task() {
    let world = world();
    world.script(Script::exits(0).running(4 * SECOND));
    let served = listen(&world.aws).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled = schedule(&world, 60);
    within(PATIENCE, scheduled.started(1)).await;
    within(PATIENCE, world.aws.calls().ended("RunTask", 1)).await;
    first.signal(Signal::SIGTERM);
    let _second = Program::worker(&world, &served, "second");
    let ended = first.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    success(outcome(&scheduled).await);
    launched_once(&world);
    assert!(
        world.aws.ecs().tasks()[0].stop_requested.is_none(),
        "the worker stopped a task that was not its own to stop"
    );
}

#[tokio::test]
async fn a_killed_worker_is_followed_by_one_that_adopts_the_task() {
    let world = world();
    world.script(Script::exits(0).running(6 * SECOND));
    let served = listen(&world.aws).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled = schedule(&world, 2);
    within(PATIENCE, world.aws.calls().ended("RunTask", 1)).await;
    first.signal(Signal::SIGKILL);
    let _second = Program::worker(&world, &served, "second");
    success(outcome(&scheduled).await);
    assert!(
        scheduled
            .events()
            .iter()
            .any(|event| event.kind == EventKind::HeartbeatTimedOut)
    );
    launched_once(&world);
}

#[tokio::test]
async fn a_frozen_worker_lets_go_when_it_wakes_up() {
    let world = world();
    world.script(Script::exits(0).running(8 * SECOND));
    let served = listen(&world.aws).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled = schedule(&world, 2);
    within(PATIENCE, world.aws.calls().ended("RunTask", 1)).await;
    first.signal(Signal::SIGSTOP);
    let _second = Program::worker(&world, &served, "second");
    within(PATIENCE, scheduled.started(2)).await;
    first.signal(Signal::SIGCONT);
    success(outcome(&scheduled).await);
    launched_once(&world);
    first.signal(Signal::SIGTERM);
    let ended = first.ended().await;
    assert_eq!(ended.status.code(), Some(0));
    assert!(
        ended.stdout.contains("let go of the task"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn a_task_fetched_by_a_poll_in_flight_at_shutdown_is_not_lost() {
    let world = World::new();
    let served = listen(&world.aws).await;
    let first = Program::worker(&world, &served, "first");
    within(PATIENCE, world.aws.calls().arrived("GetActivityTask", 2)).await;
    first.signal(Signal::SIGTERM);
    first.logs("shutting down").await;
    let scheduled = schedule(&world, 60);
    within(PATIENCE, scheduled.started(1)).await;
    let _second = Program::worker(&world, &served, "second");
    success(outcome(&scheduled).await);
    launched_once(&world);
}

#[tokio::test]
async fn two_hundred_tasks_in_flight_are_handed_over_and_another_worker_goes_on_with_all_of_them() {
    const TASKS: usize = 200;
    let world = world();
    world.script(Script::exits(0).running(20 * SECOND));
    let served = listen(&world.aws).await;
    let first = Program::worker(&world, &served, "first");
    let scheduled: Vec<_> = (0..TASKS)
        .map(|number| {
            let mut task = world.task();
            task["deadline"] =
                json!((jiff::Timestamp::now() + jiff::SignedDuration::from_mins(10)).to_string());
            task["clientToken"] = json!(format!("token-of-{number}"));
            task["startedBy"] = json!(format!("Migrate{number}-1a2b3c4d-create-0123456789ab"));
            let input = json!({"heartbeatSeconds": 60, "task": task});
            world.aws.sfn().schedule(
                &world.activity,
                &input,
                Schedule::retrying().heartbeat(60 * SECOND),
            )
        })
        .collect();
    within(PATIENCE, world.aws.calls().ended("RunTask", TASKS as u64)).await;
    let _second = Program::worker(&world, &served, "second");
    within(PATIENCE, async {
        while !world
            .aws
            .calls()
            .of("GetActivityTask")
            .iter()
            .any(|poll| poll.body["workerName"] == "second")
        {
            sleep(SECOND / 20).await;
        }
    })
    .await;
    let answers = world.aws.calls().count("SendTaskSuccess").arrived
        + world.aws.calls().count("SendTaskFailure").arrived;
    assert_eq!(answers, 0, "fewer than {TASKS} tasks were in flight");
    first.signal(Signal::SIGTERM);
    assert_eq!(first.ended().await.status.code(), Some(0));
    for one in scheduled {
        success(outcome(&one).await);
        // A poll in flight may bring the first worker a task again, which it hands over again.
        let events = one.events();
        let given = |to: &str| {
            let is_given = |kind: &EventKind| matches!(kind, EventKind::Started { worker: Some(worker), .. } if worker == to);
            events.iter().filter(|event| is_given(&event.kind)).count()
        };
        let is_handed_over = |kind: &EventKind| matches!(kind, EventKind::Failed { error, .. } if error == HANDED_OVER);
        let handed_over = events
            .iter()
            .filter(|event| is_handed_over(&event.kind))
            .count();
        assert!(handed_over >= 1);
        assert_eq!((given("first"), given("second")), (handed_over, 1));
    }
    assert_eq!(
        world.aws.ecs().tasks().len(),
        TASKS,
        "a task was launched again"
    );
}
