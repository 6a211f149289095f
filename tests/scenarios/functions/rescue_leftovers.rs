//! `rescue`: the tasks that an execution has left when it ended without an answer.

use std::time::Duration;

use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, advance, sleep};

use super::rescue::aborted;
use crate::worlds::events::{identity, properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{FAMILY, World};
use crate::worlds::outputs::assert_all_outputs;

#[tokio::test(start_paused = true)]
async fn a_delete_succeeds_whatever_happened_and_its_tasks_are_stopped() {
    let world = World::new();
    world.script(Script::runs_forever());
    let created = identity(&world.event("Create", &properties())).name;
    let ours = world.launch(FAMILY, &created).await;
    let execution = Execution::of(&world, "Delete").await;
    execution
        .entered("StopTasks", &json!({}))
        .invoked("Scheduled");
    world.rescue(&execution.ends(aborted())).await.unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_all_outputs(&answer);
    assert_eq!(world.told_to_stop(), [ours]);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_do_not_stop_in_time_do_not_hold_the_answer_up() {
    let world = World::new();
    world.script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    let execution = Execution::of(&world, "Create").await;
    world.launch(FAMILY, &execution.name).await;
    world.inject(Service::Ecs, "StopTask", Span::Forever, Fault::AccessDenied);
    let event = execution.ends(aborted());
    world.rescue(&event).await.unwrap();
    assert!(
        world
            .reason()
            .contains("1 task of this run was not seen to stop")
    );
}

/// A worker, or the function `work`, may launch until its next heartbeat tells it that the execution
/// has ended. Then it lets go of the task and leaves it to `rescue`.
#[tokio::test(start_paused = true)]
async fn what_a_worker_launches_that_has_not_heard_of_the_end_is_stopped_as_well() {
    for (later, is_given, is_stopped) in [
        (10, false, true),
        (60, false, true),
        (60, true, true),
        (120, false, false),
    ] {
        let world = World::new();
        world.script(Script::runs_forever());
        let execution = Execution::of(&world, "Create").await;
        if is_given {
            execution.given();
        } else {
            execution.taken();
        }
        let event = execution.ends(aborted());
        let launch = async {
            sleep(Duration::from_secs(later)).await;
            assert_eq!(world.urls.puts().len(), 1, "the answer does not wait");
            world.launch(FAMILY, &execution.name).await
        };
        let (rescued, launched) = tokio::join!(world.rescue(&event), launch);
        assert_eq!(rescued.unwrap(), Rescued::Answered);
        assert_eq!(
            world.told_to_stop().contains(&launched),
            is_stopped,
            "launched {later} s later"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_watched_for_when_no_worker_had_the_run() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution.scheduled();
    let event = execution.ends(aborted());
    let began = Instant::now();
    world.rescue(&event).await.unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

/// CloudFormation stops waiting for the answer soon after the deadline.
#[tokio::test(start_paused = true)]
async fn an_execution_that_ends_after_its_deadline_is_answered_without_waiting_for_its_tasks() {
    let world = World::new();
    world.script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    let execution = Execution::of_event(
        &world,
        &world.event("Create", &with(properties(), &json!({"Timeout": "60"}))),
    )
    .await;
    execution.taken();
    let ours = world.launch(FAMILY, &execution.name).await;
    advance(Duration::from_secs(300)).await;
    let event = execution.ends(ExecutionEnd::TimedOut);
    let ended = world.aws.clock().now();
    world.rescue(&event).await.unwrap();
    let puts = world.urls.puts();
    assert!(
        puts[0].at < ended + Duration::from_secs(6),
        "ended at {ended:?}, answered at {:?}",
        puts[0].at
    );
    assert_eq!(world.told_to_stop(), [ours]);
}
