//! What keeps many tasks within the API's quotas, in virtual time. `cargo bench --bench load`
//! measures the rest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::activity::{ActivityTask, Options};
use ecs_task_runner::aws::CallRates;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{Script, Throttle};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::Scheduled;
use tokio::time::sleep;

use crate::worlds::running::{Worker, number};
use crate::worlds::worker::{World, success};

/// A worker has 10,000 runs in hand within 200 MB, of which this is a run's own part.
const RUN_IN_HAND: usize = 6 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// A worker with the program's defaults but for its size and its launches. It works until it is
/// dropped.
fn worker(world: &World, tasks: u32) -> Worker {
    let runner = world.runner_with(CallRates {
        run_task: 1_000.0,
        ..CallRates::default()
    });
    let options = Options {
        max_tasks: number(tasks + 100),
        ..Options::default()
    };
    Worker::serve(&world.connection(), &world.activity, options, move |task| {
        Arc::clone(&runner).handle(task)
    })
}

fn schedule(world: &World, tasks: u32) -> Vec<Scheduled> {
    (0..tasks)
        .map(|number| {
            let mut task = world.task();
            task["startedBy"] = json!(format!("Load-1a2b3c4d-create-{number:012x}"));
            task["clientToken"] = json!(format!("token-{number}"));
            world.schedule(&task)
        })
        .collect()
}

/// `DescribeTasks` calls in each second since the world began.
fn looks_by_second(world: &World) -> BTreeMap<u64, usize> {
    let mut looks = BTreeMap::new();
    for call in world.aws.calls().of("DescribeTasks") {
        *looks.entry(call.at.as_secs()).or_default() += 1;
    }
    looks
}

/// The longest time between two looks at one task.
fn longest_between_looks(world: &World) -> Duration {
    let mut last: BTreeMap<String, Duration> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for call in world.aws.calls().of("DescribeTasks") {
        for task in call.body["tasks"].as_array().unwrap() {
            if let Some(before) = last.insert(task.as_str().unwrap().to_owned(), call.at) {
                longest = longest.max(call.at.checked_sub(before).unwrap());
            }
        }
    }
    longest
}

#[tokio::test]
async fn a_run_in_hand_takes_a_few_kilobytes() {
    let world = World::new();
    let size = size_of_val(&world.runner().handle(ActivityTask {
        input: String::new(),
    }));
    assert!(size <= RUN_IN_HAND, "{size} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_are_looked_at_every_second_with_ten_calls() {
    let world = World::new();
    world.aws.ecs().enforce(Throttle::Read, true);
    world.aws.sfn().enforce_throttles(true);
    world.script(Script::exits(0).running(20 * SECOND));
    let _worker = worker(&world, 1_000);
    for scheduled in schedule(&world, 1_000) {
        success(scheduled.outcome().await);
    }
    assert!(
        looks_by_second(&world).values().all(|&calls| calls <= 20),
        "{:?}",
        looks_by_second(&world)
    );
    let calls = world.aws.calls();
    let task_seconds = 1_000.0 * 20.0;
    let looks = u32::try_from(calls.count("DescribeTasks").arrived).unwrap();
    assert!(f64::from(looks) / task_seconds <= 0.02, "{looks} looks");
    assert!(
        longest_between_looks(&world) <= SECOND + SECOND / 5,
        "{:?}",
        longest_between_looks(&world)
    );
    assert!(calls.counts().values().all(|count| count.throttled == 0));
    assert_eq!(calls.count("RunTask").arrived, 1_000);
    assert_eq!(calls.count("SendTaskSuccess").arrived, 1_000);
}

#[tokio::test(start_paused = true)]
async fn few_tasks_that_began_at_different_times_come_to_share_calls() {
    let world = World::new();
    world.script(Script::exits(0).running(60 * SECOND));
    let _worker = worker(&world, 20);
    let mut all = Vec::new();
    for number in 0..20 {
        let mut task = world.task();
        task["clientToken"] = json!(format!("token-{number}"));
        all.push(world.schedule(&task));
        sleep(SECOND / 7).await;
    }
    for scheduled in all {
        success(scheduled.outcome().await);
    }
    let looks = looks_by_second(&world);
    let steady: Vec<_> = looks
        .iter()
        .filter(|(second, _)| (10..55).contains(*second))
        .collect();
    assert!(steady.iter().all(|(_, calls)| **calls <= 2), "{steady:?}");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_watcher_halves_its_calls_and_recovers() {
    let world = World::new();
    world.script(Script::runs_forever());
    let _worker = worker(&world, 1_000);
    let _scheduled = schedule(&world, 1_000);
    world.aws.calls().ended("RunTask", 1_000).await;
    sleep(5 * SECOND).await;
    let calls_in = async |time: Duration| {
        let before = world.aws.calls().count("DescribeTasks").arrived;
        sleep(time).await;
        world.aws.calls().count("DescribeTasks").arrived - before
    };
    world.inject(
        Service::Ecs,
        "DescribeTasks",
        Span::For(SECOND / 2),
        Fault::Throttle,
    );
    sleep(SECOND / 2).await;
    let cut = calls_in(2 * SECOND).await;
    assert!(
        (8..=15).contains(&cut),
        "{cut} calls in the two seconds after a cut from ten to five a second"
    );
    sleep(20 * SECOND).await;
    let recovered = calls_in(10 * SECOND).await;
    assert!(
        (95..=102).contains(&recovered),
        "{recovered} calls in ten seconds at the full rate"
    );
}
