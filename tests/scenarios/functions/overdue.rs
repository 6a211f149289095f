//! `rescue` on its schedule: requests that still run at their `answerBy`. CloudFormation gives up 15 s
//! later.

use std::time::Duration;

use ecs_task_runner::functions::{Rescued, Rescuer};
use ecs_task_runner::times::RESCUE_TIMEOUT;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, advance, sleep};

use super::rescue::aborted;
use crate::worlds::events::{every_minute, properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{FAMILY, World};

const SECOND: Duration = Duration::from_secs(1);
/// From the start of a run with a `Timeout` of 60 s to its `answerBy`.
const ANSWER_BY: Duration = Duration::from_secs(140);
/// How long CloudFormation waits after that.
const MARGIN: Duration = Duration::from_secs(15);

/// A request that a worker has, with an `answerBy` 140 s from now.
async fn taken(world: &World) -> Execution<'_> {
    let event = world.event("Create", &with(properties(), &json!({"Timeout": "60"})));
    let execution = Execution::of_event(world, &event).await;
    execution.taken();
    execution
}

/// Has the instance look, and says how many it ended and how long that took.
async fn look(rescuer: &Rescuer) -> (usize, Duration) {
    let began = Instant::now();
    let Rescued::Swept { overdue, .. } = rescuer.rescue(every_minute()).await.unwrap() else {
        panic!("it was to look")
    };
    (overdue, began.elapsed())
}

/// Stopping is refused, or is not answered. The third one would be beyond the time of the function if
/// each waited for those before it.
#[tokio::test(start_paused = true)]
async fn executions_that_cannot_be_ended_are_all_answered_in_time() {
    for fault in [Fault::AccessDenied, Fault::Delay(600 * SECOND)] {
        let world = World::new();
        world.script(Script::runs_forever());
        let began = world.aws.clock().now();
        let mut tasks = Vec::new();
        for _ in 0..4 {
            let execution = taken(&world).await;
            tasks.push(world.launch(FAMILY, &execution.name).await);
        }
        world.inject(Service::Sfn, "StopExecution", Span::Forever, fault.clone());
        sleep(120 * SECOND).await;
        let (ended, took) = look(&world.rescuer()).await;
        assert_eq!(ended, 0, "{fault:?}");
        assert!(took < 60 * SECOND, "{fault:?}: {took:?}");
        let puts = world.urls.puts();
        assert_eq!(puts.len(), 4, "{fault:?}");
        for put in puts {
            let late = put.at.saturating_sub(began + ANSWER_BY);
            assert!(late < MARGIN, "{fault:?}: {late:?} after the answerBy");
        }
        let mut stopped = world.told_to_stop();
        stopped.sort();
        tasks.sort();
        assert_eq!(stopped, tasks, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_answered_delays_no_other_execution() {
    let world = World::new();
    let began = Instant::now();
    for _ in 0..3 {
        taken(&world).await;
    }
    world.inject(
        Service::Sfn,
        "StopExecution",
        Span::Nth(1),
        Fault::Delay(600 * SECOND),
    );
    sleep(120 * SECOND).await;
    let rescuer = world.rescuer();
    let looking = look(&rescuer);
    let others_ended = async {
        let ended = || {
            let executions = world.aws.sfn().executions().into_iter();
            executions.filter(|one| one.ended.is_some()).count()
        };
        while ended() < 2 {
            sleep(SECOND / 10).await;
        }
        began.elapsed().saturating_sub(ANSWER_BY)
    };
    let ((ended, took), late) = tokio::join!(looking, others_ended);
    assert_eq!(ended, 2);
    assert!(late < 3 * SECOND, "{late:?} after the answerBy");
    assert!(took < RESCUE_TIMEOUT, "{took:?}");
}

/// Step Functions takes its time with each description, so that reading lasts as long as it may.
#[tokio::test(start_paused = true)]
async fn what_is_known_to_be_due_does_not_wait_for_inputs_that_are_read() {
    let world = World::new();
    let began = Instant::now();
    let due = taken(&world).await;
    let rescuer = world.rescuer();
    assert_eq!(look(&rescuer).await.0, 0);
    for _ in 0..300 {
        Execution::of(&world, "Create").await;
    }
    world.inject(
        Service::Sfn,
        "DescribeExecution",
        Span::Forever,
        Fault::Delay(2 * SECOND),
    );
    sleep(130 * SECOND).await;
    let ended = async {
        while world.aws.sfn().execution(&due.name).ended.is_none() {
            sleep(SECOND / 10).await;
        }
        began.elapsed().saturating_sub(ANSWER_BY)
    };
    let ((overdue, took), late) = tokio::join!(look(&rescuer), ended);
    assert_eq!(overdue, 1);
    assert!(took > 40 * SECOND, "reading took {took:?}");
    assert!(late < 5 * SECOND, "{late:?} after the answerBy");
}

/// Nobody is answered, and the task is not left running for that.
#[tokio::test(start_paused = true)]
async fn an_execution_that_ends_after_cloudformation_gave_up_leaves_nothing_running() {
    let world = World::new();
    world.script(Script::runs_forever());
    let execution = taken(&world).await;
    let ours = world.launch(FAMILY, &execution.name).await;
    world.launch(FAMILY, "somebody-else").await;
    advance(3 * 3_600 * SECOND).await;
    let event = execution.ends(ExecutionEnd::TimedOut);
    let rescued = world.rescue(&event).await.unwrap();
    assert_eq!(rescued, Rescued::LeftoversStopped);
    world.assert_no_answer();
    assert_eq!(world.told_to_stop(), [ours]);
}

/// ECS lists tasks that have stopped by their family, and for an hour.
#[tokio::test(start_paused = true)]
async fn tasks_that_have_stopped_are_not_read_again_while_workers_are_informed() {
    let world = World::new();
    world.script(Script::exits(0));
    for number in 0..250 {
        world.launch(FAMILY, &format!("another-{number}")).await;
    }
    sleep(60 * SECOND).await;
    let execution = Execution::of(&world, "Create").await;
    execution.taken();
    let event = execution.ends(aborted());
    assert_eq!(world.rescue(&event).await.unwrap(), Rescued::Answered);
    let described = world.aws.calls().count("DescribeTasks").arrived;
    assert_eq!(described, 3, "three hundreds, once");
    let listed = world.aws.calls().of("ListTasks").into_iter();
    let by_family = listed
        .filter(|call| call.body.to_string().contains("family"))
        .count();
    assert_eq!(by_family, 3, "three pages, once");
}
