//! The function `work`: one run for each invocation, as a worker runs it, and the run's place handed
//! over before the invocation ends.

mod ends;
mod events;
mod quotas;

use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use ecs_task_runner::clock::after;
use ecs_task_runner::times::work::WORK_TIMEOUT;
use serde_json::json;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{EventKind, Schedule, Scheduled};
use stand_ins::{Outcome, Service};
use tokio::time::{Instant, sleep};

use crate::worlds::lambda::NAME;
use crate::worlds::worker::{HEARTBEAT, World, failure, outcome, success, within};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The causes with which a run was handed over.
fn hand_overs(scheduled: &Scheduled) -> Vec<String> {
    let cause = |kind: EventKind| match kind {
        EventKind::Failed { error, cause } if error == HANDED_OVER => Some(cause),
        _ => None,
    };
    let events = scheduled.events().into_iter();
    events.filter_map(|event| cause(event.kind)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_run_is_worked_for_and_answered() {
    let world = World::new();
    world.script(Script::exits(0).running(MINUTE));
    let scheduled = world.schedule(&world.task());
    let event = world.next_event().await;
    world.invoke(event).await.unwrap();
    let output = success(outcome(&scheduled).await);
    assert_eq!(output["ExitCode"], "0");
    assert_eq!(world.launched(), 1);
    let first = world
        .aws
        .calls()
        .matching(|call| &*call.operation != "GetActivityTask")
        .remove(0);
    assert_eq!(&*first.operation, "SendTaskHeartbeat");
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_answered_as_a_worker_answers_it() {
    let world = World::new();
    world.script(Script::exits(3));
    let scheduled = world.schedule(&world.task());
    let event = world.next_event().await;
    world.invoke(event).await.unwrap();
    let (error, cause) = failure(outcome(&scheduled).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(cause.contains("exited with code 3"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_handed_over_a_minute_before_the_invocation_ends_and_the_next_one_adopts_its_task()
{
    for minutes in [15, 5] {
        let world = World::new();
        world.script(Script::exits(0).running(20 * MINUTE));
        let scheduled = world.schedule(&world.task());
        let event = world.next_event().await;
        let start = Instant::now();
        world.invoke_for(event, minutes * MINUTE).await.unwrap();
        let taken = start.elapsed();
        let handed_over = (minutes - 1) * MINUTE;
        assert!(
            taken >= handed_over && taken < handed_over + SECOND,
            "{taken:?} of {minutes} minutes"
        );
        let [cause] = &hand_overs(&scheduled)[..] else {
            panic!("{:?}", scheduled.events())
        };
        assert!(
            cause.contains(NAME) && cause.contains("is at the end of its invocation"),
            "{cause}"
        );
        let _lambda = world.lambda();
        success(outcome(&scheduled).await);
        assert_eq!(world.launched(), 1);
        assert!(world.aws.ecs().tasks()[0].stop_requested.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn twelve_hours_with_a_hand_over_every_fourteen_minutes_end_right_with_one_task() {
    let hours = |hours: u32| hours * 60 * MINUTE;
    let world = World::new();
    world.script(Script::exits(0).running(hours(12)));
    let mut task = world.task();
    task["deadline"] = world.deadline_in(13 * 3_600);
    let scheduled = world.schedule(&task);
    let _lambda = world.lambda();
    let output = success(within(hours(13), scheduled.outcome()).await);
    assert_eq!(output["TaskArn"], world.aws.ecs().tasks()[0].arn);
    assert_eq!(world.launched(), 1);
    assert_eq!(hand_overs(&scheduled).len(), 12 * 60 / 14);
    assert!(
        !scheduled
            .events()
            .iter()
            .any(|event| event.kind == EventKind::HeartbeatTimedOut)
    );
    // As long as a task is old, nobody looks at it every second, whichever invocation has it.
    let looks = world.aws.calls().count("DescribeTasks").arrived;
    assert!(looks < 12 * 60 * 60 / 5, "{looks} looks");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_deadline_passes_is_stopped_and_told() {
    let world = World::new();
    world.script(Script::runs_forever());
    let mut task = world.task();
    task["deadline"] = world.deadline_in(1_200);
    let scheduled = world.schedule(&task);
    let _lambda = world.lambda();
    assert_eq!(
        failure(outcome(&scheduled).await).0,
        "EcsTask.DeadlineExceeded"
    );
    assert_eq!(world.launched(), 1);
    assert!(world.aws.ecs().tasks()[0].stop_requested.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_instance_works_for_one_run_after_the_other() {
    let world = World::new();
    world.script(Script::exits(0));
    let worker = world.lambda_worker();
    for number in 0..3 {
        let mut task = world.task();
        task["clientToken"] = json!(format!("token-{number}"));
        let scheduled = world.schedule(&task);
        let event = world.next_event().await;
        let end = after(world.clock.now(), WORK_TIMEOUT);
        worker.work(event, end).await.unwrap();
        success(outcome(&scheduled).await);
        // Lambda freezes the instance until the next event.
        sleep(20 * MINUTE).await;
    }
    assert_eq!(world.launched(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_a_run_share_their_calls_however_old_they_are() {
    let looks = async |count: u32| {
        let world = World::new();
        world.script(Script::exits(0).running(40 * MINUTE));
        let mut task = world.task();
        task["count"] = json!(count);
        let scheduled = world.schedule(&task);
        let _lambda = world.lambda();
        let throttle = async {
            sleep(30 * MINUTE).await;
            let span = Span::Next(1);
            world.inject(Service::Ecs, "DescribeTasks", span, Fault::Throttle);
        };
        let (outcome, ()) = tokio::join!(outcome(&scheduled), throttle);
        success(outcome);
        world.aws.calls().count("DescribeTasks").arrived
    };
    let (one, ten) = (looks(1).await, looks(10).await);
    assert!(ten < one + one / 10, "{one} looks at one, {ten} at ten");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_function_takes_misses_heartbeats_and_goes_on_with_the_first_that_does() {
    let world = World::new();
    world.script(Script::exits(0));
    let scheduled = world.aws.sfn().schedule(
        &world.activity,
        &json!({"heartbeatSeconds": 60, "task": world.task()}),
        Schedule::retrying().heartbeat(HEARTBEAT),
    );
    // Lambda drops an event that is as old as the heartbeat's period.
    for _ in 0..20 {
        drop(world.next_event().await);
    }
    let _lambda = world.lambda();
    success(outcome(&scheduled).await);
    assert_eq!(world.launched(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_looked_at_less_often_as_it_gets_older_and_a_single_one_is_told_of_at_once() {
    let world = World::new();
    for (minutes, longest) in [(1, 1_200), (10, 5_600), (40, 10_200)] {
        world.script(Script::exits(0).running(minutes * MINUTE));
        let mut task = world.task();
        task["clientToken"] = json!(format!("token-{minutes}"));
        let scheduled = world.schedule(&task);
        let _lambda = world.lambda();
        success(outcome(&scheduled).await);
        let exited = world.aws.ecs().tasks().last().unwrap().last_container_end();
        let told = world.aws.calls().of("SendTaskSuccess").pop().unwrap().at;
        let noticed = told.saturating_sub(exited.unwrap());
        assert!(
            noticed <= Duration::from_millis(longest),
            "{noticed:?} after {minutes} minutes"
        );
    }
    sleep(SECOND).await;
    let calls = world.aws.calls().matching(|call| {
        call.service == Service::Ecs && !matches!(call.outcome, Outcome::Answered(_))
    });
    assert!(calls.is_empty(), "{calls:?}");
}
