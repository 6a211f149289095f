//! Heartbeats: how often they are sent, and what becomes of them when there are many.

use std::collections::BTreeMap;
use std::time::Duration;

use ecs_task_runner::activity::Options;
use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::Schedule;
use tokio::time::sleep;

use crate::worlds::running::{Worker, number};
use crate::worlds::worker::{HEARTBEAT, World, outcome, success};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_long_task_alive_at_a_third_of_the_period() {
    let world = World::new();
    let _worker = world.worker_with(10, |_| async {
        sleep(Duration::from_secs(900)).await;
        Ok("{}".to_owned())
    });
    let scheduled = world.schedule_once();
    success(outcome(&scheduled).await);
    let beats = scheduled.heartbeats();
    let longest = beats
        .windows(2)
        .map(|pair| pair[1].checked_sub(pair[0]).unwrap())
        .max()
        .unwrap();
    assert!(
        longest <= HEARTBEAT / 3,
        "two heartbeats were {longest:?} apart"
    );
    assert!(
        (44..=58).contains(&beats.len()),
        "{} heartbeats in 900 s",
        beats.len()
    );
}

#[tokio::test(start_paused = true)]
async fn heartbeats_that_fail_for_a_while_are_sent_again() {
    let world = World::new();
    let _worker = world.worker_with(1, |_| async {
        sleep(Duration::from_secs(300)).await;
        Ok("{}".to_owned())
    });
    world.inject(
        Service::Sfn,
        "SendTaskHeartbeat",
        Span::For(Duration::from_secs(45)),
        Fault::InternalError,
    );
    let scheduled = world.schedule_once();
    success(outcome(&scheduled).await);
}

#[tokio::test(start_paused = true)]
async fn many_heartbeats_are_spread_below_the_quota_and_none_is_missed() {
    // As many tasks for each second of the heartbeat's period as 10,000 tasks are at the
    // definition's 60 s.
    const TASKS: u32 = 2_000;
    const PERIOD: Duration = Duration::from_secs(12);
    let world = World::new();
    world.aws.sfn().enforce_throttles(true);
    world.aws.calls().record(stand_ins::Recording::Off);
    let options = Options {
        max_tasks: number(TASKS + 10),
        ..Options::default()
    };
    let handler = |_| async {
        sleep(30 * SECOND).await;
        Ok("{}".to_owned())
    };
    let input = json!({"heartbeatSeconds": PERIOD.as_secs()});
    let scheduled: Vec<_> = (0..TASKS)
        .map(|_| {
            world
                .aws
                .sfn()
                .schedule(&world.activity, &input, Schedule::once().heartbeat(PERIOD))
        })
        .collect();
    let _worker = Worker::serve(&world.connection(), &world.activity, options, handler);
    let mut beats: BTreeMap<u64, u32> = BTreeMap::new();
    for scheduled in scheduled {
        success(scheduled.outcome().await);
        for at in scheduled.heartbeats() {
            *beats.entry(at.as_secs()).or_default() += 1;
        }
    }
    // Without spreading, thousands would come in one second. 500 is what an account earns in each
    // (`service-quotas`).
    let most = beats.values().max().unwrap();
    assert!(*most <= 500, "{most} heartbeats in one second");
    assert!(
        world
            .aws
            .calls()
            .counts()
            .values()
            .all(|count| count.throttled == 0)
    );
}
