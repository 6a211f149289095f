//! What keeps many tasks within the API's quotas, in virtual time. `cargo bench --bench load`
//! measures the rest.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::activity::{self, ActivityClient, ActivityTask, Options};
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::task_run::{CallRates, TaskRunner};
use serde_json::json;
use stand_ins::AwsError;
use stand_ins::Service;
use stand_ins::ecs::{Script, Throttle};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{Schedule, Scheduled};
use tokio::time::{Instant, sleep};

use crate::worlds::worker::{FAMILY, World, success};

/// A worker has 10,000 runs in hand within 200 MB, of which this is a run's own part.
const RUN_IN_HAND: usize = 6 * 1024;
const SECOND: Duration = Duration::from_secs(1);

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// A worker with the program's defaults but for its size and its launches. It works until it is
/// dropped.
fn worker(world: &World, tasks: u32) -> activity::ShutdownTrigger {
    let connection = world.connection();
    let rates = CallRates {
        run_task: 1_000.0,
        ..CallRates::default()
    };
    let runner = Arc::new(TaskRunner::start(
        &Ecs::without_retries(&connection),
        Logs::new(&connection),
        world.clock,
        rates,
    ));
    let client = ActivityClient::new(&connection, &world.activity, "worker-1");
    let options = Options {
        max_tasks: number(tasks + 100),
        ..Options::default()
    };
    let (trigger, shutdown) = activity::shutdown();
    tokio::spawn(async move {
        activity::serve(
            client,
            &options,
            move |task| Arc::clone(&runner).handle(task),
            shutdown,
        )
        .await;
    });
    trigger
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
    let connection = world.connection();
    let runner = Arc::new(TaskRunner::start(
        &Ecs::without_retries(&connection),
        Logs::new(&connection),
        world.clock,
        CallRates::default(),
    ));
    let size = size_of_val(&runner.handle(ActivityTask {
        input: String::new(),
    }));
    assert!(size <= RUN_IN_HAND, "{size} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_are_looked_at_every_second_with_ten_calls() {
    let world = World::new();
    world.aws.ecs().enforce(Throttle::Read, true);
    world.aws.sfn().enforce_throttles(true);
    world
        .aws
        .ecs()
        .script(FAMILY, Script::exits(0).running(20 * SECOND));
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
    world
        .aws
        .ecs()
        .script(FAMILY, Script::exits(0).running(60 * SECOND));
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
    world.aws.ecs().script(FAMILY, Script::runs_forever());
    let _worker = worker(&world, 1_000);
    let _scheduled = schedule(&world, 1_000);
    world.aws.calls().ended("RunTask", 1_000).await;
    sleep(5 * SECOND).await;
    let calls_in = async |time: Duration| {
        let before = world.aws.calls().count("DescribeTasks").arrived;
        sleep(time).await;
        world.aws.calls().count("DescribeTasks").arrived - before
    };
    world.aws.faults().inject(
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

#[tokio::test(start_paused = true)]
async fn polls_grow_from_two_one_at_a_time_and_stay_within_their_share() {
    let world = World::new();
    let client = ActivityClient::new(&world.connection(), &world.activity, "worker-1");
    let options = Options {
        max_tasks: number(1_000),
        pollers: number(50),
        polls_per_second: number(20),
        ..Options::default()
    };
    let (_trigger, shutdown) = activity::shutdown();
    let start = Instant::now();
    let scheduled: Vec<_> = (0..200)
        .map(|_| {
            world
                .aws
                .sfn()
                .schedule(&world.activity, &json!({}), Schedule::once())
        })
        .collect();
    tokio::spawn(async move {
        activity::serve(
            client,
            &options,
            |_| async { Ok("{}".to_owned()) },
            shutdown,
        )
        .await;
    });
    for scheduled in scheduled {
        success(scheduled.outcome().await);
    }
    // 20 in the first moment, the other 180 at 20 a second.
    assert!(
        start.elapsed() >= 9 * SECOND && start.elapsed() <= 10 * SECOND,
        "{:?}",
        start.elapsed()
    );
    sleep(SECOND).await;
    let grown = world.aws.sfn().waiting_polls(&world.activity);
    assert!((10..=50).contains(&grown), "{grown} polls wait");
    sleep(Duration::from_secs(180)).await;
    assert_eq!(world.aws.sfn().waiting_polls(&world.activity), 2);
}

#[tokio::test(start_paused = true)]
async fn a_worker_makes_do_with_fewer_polls_where_the_activity_takes_no_more() {
    let world = World::new();
    let client = ActivityClient::new(&world.connection(), &world.activity, "worker-1");
    let options = Options {
        max_tasks: number(1_000),
        pollers: number(50),
        ..Options::default()
    };
    let (_trigger, shutdown) = activity::shutdown();
    for _ in 0..100 {
        world
            .aws
            .sfn()
            .schedule(&world.activity, &json!({}), Schedule::once());
    }
    tokio::spawn(async move {
        activity::serve(
            client,
            &options,
            |_| async { Ok("{}".to_owned()) },
            shutdown,
        )
        .await;
    });
    sleep(SECOND).await;
    let too_many = Fault::Error(AwsError::new(
        "ActivityWorkerLimitExceeded",
        "Activity Worker Limit Exceeded",
    ));
    world.aws.faults().inject(
        Service::Sfn,
        "GetActivityTask",
        Span::For(30 * SECOND),
        too_many,
    );
    sleep(90 * SECOND).await;
    let before = world.aws.calls().count("GetActivityTask");
    sleep(30 * SECOND).await;
    assert_eq!(
        world.aws.calls().count("GetActivityTask").refused,
        before.refused
    );
    assert_eq!(world.aws.sfn().waiting_polls(&world.activity), 2);
    let next = world
        .aws
        .sfn()
        .schedule(&world.activity, &json!({}), Schedule::once());
    success(next.outcome().await);
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
    let client = ActivityClient::new(&world.connection(), &world.activity, "worker-1");
    let options = Options {
        max_tasks: number(TASKS + 10),
        ..Options::default()
    };
    let (_trigger, shutdown) = activity::shutdown();
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
    tokio::spawn(async move { activity::serve(client, &options, handler, shutdown).await });
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
