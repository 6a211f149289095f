//! Invocations that end early, and what is left of those that end in time: nothing that runs.

use std::time::Duration;

use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::EventKind;
use tokio::time::{Instant, sleep};

use super::{MINUTE, SECOND};
use crate::worlds::worker::{LONGEST, World, outcome, success, within};

/// Calls by which an invocation can be in the middle of something, with the service they go to.
const PHASES: [(Service, &str); 4] = [
    (Service::Sfn, "SendTaskHeartbeat"),
    (Service::Ecs, "RunTask"),
    (Service::Ecs, "DescribeTasks"),
    (Service::Sfn, "SendTaskSuccess"),
];

#[tokio::test(start_paused = true)]
async fn an_invocation_that_is_killed_in_any_phase_is_followed_by_one_that_has_the_same_task() {
    for (service, operation) in PHASES {
        for fault in [Fault::Delay(SECOND), Fault::CutAfter, Fault::CutBefore] {
            let world = World::new();
            world.script(Script::exits(0).running(30 * SECOND));
            let scheduled = world.schedule(&world.task());
            let event = world.next_event().await;
            world.inject(service, operation, Span::Next(1), fault.clone());
            let struck = world.aws.calls().arrived(operation, 1);
            tokio::select! {
                biased;
                // Lambda ends the process: the future goes, with everything of it.
                () = struck => {}
                _ = world.invoke(event) => panic!("{operation} was not called"),
            }
            let _lambda = world.lambda();
            success(outcome(&scheduled).await);
            assert_eq!(world.launched(), 1, "killed at {operation}, {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_whose_function_crashes_is_noticed_within_the_heartbeats_period() {
    let world = World::new();
    world.script(Script::exits(0).running(10 * MINUTE));
    let scheduled = world.schedule(&world.task());
    let event = world.next_event().await;
    let killed = tokio::time::timeout(100 * SECOND, world.invoke(event)).await;
    assert!(killed.is_err());
    let start = Instant::now();
    let _lambda = world.lambda();
    within(LONGEST, scheduled.started(2)).await;
    assert!(start.elapsed() <= 62 * SECOND, "{:?}", start.elapsed());
    success(outcome(&scheduled).await);
    assert_eq!(world.launched(), 1);
    let missed = scheduled
        .events()
        .into_iter()
        .filter(|event| event.kind == EventKind::HeartbeatTimedOut);
    assert_eq!(missed.count(), 1);
}

/// Calls that arrived so far.
fn arrived(world: &World) -> u64 {
    let counts = world.aws.calls().counts();
    counts.values().map(|count| count.arrived).sum()
}

#[tokio::test(start_paused = true)]
async fn nothing_of_an_invocation_runs_on_after_it_has_returned() {
    // How an invocation ends, and the call that is under way then.
    for (end, operation) in [
        ("answered", ""),
        ("handed over", ""),
        ("handed over", "RunTask"),
        ("handed over", "DescribeTasks"),
        ("lost", "RunTask"),
        ("lost", "DescribeTasks"),
    ] {
        let case = format!("{end}, while {operation} is under way");
        let world = World::new();
        world.script(match end {
            "answered" => Script::exits(0),
            _ => Script::runs_forever(),
        });
        let scheduled = world.schedule(&world.task());
        let event = world.next_event().await;
        if !operation.is_empty() {
            let late = Fault::Delay(9 * SECOND);
            world.inject(Service::Ecs, operation, Span::Forever, late);
        }
        let time = if end == "handed over" { 65 } else { 600 };
        let losing = async {
            if end == "lost" {
                sleep(5 * SECOND).await;
                world.aws.sfn().abort(&scheduled);
            }
        };
        let (worked, ()) = tokio::join!(world.invoke_for(event, Duration::from_secs(time)), losing);
        worked.unwrap();
        let calls = world.aws.calls();
        if end == "handed over" {
            world.aws.sfn().abort(&scheduled);
        }
        // A call that is given up has ended, too.
        let still_open = calls.matching(|call| call.outcome == stand_ins::Outcome::Open);
        assert!(still_open.is_empty(), "{case}: {still_open:?}");
        let before = arrived(&world);
        sleep(60 * MINUTE).await;
        assert_eq!(arrived(&world), before, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_that_cannot_be_delivered_is_given_up_before_the_invocation_ends() {
    for fault in [
        Fault::Refuse,
        Fault::InternalError,
        Fault::Delay(20 * MINUTE),
    ] {
        let world = World::new();
        world.script(Script::exits(0).running(20 * MINUTE));
        let scheduled = world.schedule(&world.task());
        let event = world.next_event().await;
        let span = Span::For(16 * MINUTE);
        let failing = world.inject(Service::Sfn, "SendTaskFailure", span, fault.clone());
        let start = Instant::now();
        world.invoke(event).await.unwrap();
        let taken = start.elapsed();
        assert!(failing.struck() > 0 && taken < 15 * MINUTE, "{taken:?}");
        // The heartbeats have ended with the invocation, and the next one follows.
        failing.lift();
        let _lambda = world.lambda();
        success(outcome(&scheduled).await);
        assert_eq!(world.launched(), 1, "{fault:?}");
    }
}
