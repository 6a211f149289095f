//! How many runs at once the function carries under the account's quotas, each with a watcher and
//! budgets of its own.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use stand_ins::ecs::{Script, Throttle};
use stand_ins::sfn::{EventKind, Scheduled};
use tokio::time::sleep;

use super::{MINUTE, SECOND};
use crate::worlds::worker::{World, outcome, success};

/// What became of runs.
#[derive(Debug)]
struct Figures {
    /// From the exit of a task's containers to the arrival of its answer, sorted.
    noticed: Vec<Duration>,
    looks: u64,
    throttled: u64,
    launches_throttled: u64,
}

impl Figures {
    /// Under this are so many hundredths of the times.
    fn percentile(&self, hundredths: usize) -> Duration {
        let rank = (self.noticed.len() * hundredths).div_ceil(100);
        self.noticed[rank.max(1) - 1]
    }
}

/// So many runs, which begin evenly over a time and take so long; all of them succeed.
async fn run(seed: u64, runs: u32, over: Duration, script: Script) -> Figures {
    stand_ins::jitter::seed(seed);
    let world = World::new();
    world.aws.sfn().enforce_throttles(true);
    for throttle in [Throttle::Read, Throttle::Modify] {
        world.aws.ecs().enforce(throttle, true);
    }
    world.script(script);
    let _lambda = world.lambda();
    let mut scheduled: Vec<(String, Scheduled)> = Vec::new();
    for number in 0..runs {
        let name = format!("Load-1a2b3c4d-create-{number:012x}");
        let mut task = world.task();
        task["startedBy"] = json!(name);
        task["clientToken"] = json!(name);
        scheduled.push((name, world.schedule(&task)));
        sleep(over / runs).await;
    }
    for (_, scheduled) in &scheduled {
        success(outcome(scheduled).await);
    }
    let tasks = world.aws.ecs().tasks();
    assert_eq!(tasks.len(), scheduled.len(), "one task for each run");
    let exits: HashMap<_, _> = tasks
        .iter()
        .map(|task| {
            let exit = task.last_container_end().unwrap();
            (task.started_by.clone().unwrap(), exit)
        })
        .collect();
    let mut noticed: Vec<_> = scheduled
        .iter()
        .map(|(name, scheduled)| {
            let events = scheduled.events();
            let answer = events
                .iter()
                .find(|event| matches!(event.kind, EventKind::Succeeded { .. }));
            answer.unwrap().at.saturating_sub(exits[name])
        })
        .collect();
    noticed.sort_unstable();
    let calls = world.aws.calls();
    Figures {
        noticed,
        looks: calls.count("DescribeTasks").arrived,
        throttled: calls.count("DescribeTasks").throttled,
        launches_throttled: calls.count("RunTask").throttled,
    }
}

fn a_minute() -> Script {
    Script::exits(0).running(MINUTE)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_runs_at_once_are_told_of_their_ends_within_ten_seconds() {
    for seed in [1, 2] {
        let figures = run(seed, 100, Duration::ZERO, a_minute()).await;
        assert!(figures.percentile(99) <= 10 * SECOND, "{figures:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_runs_that_begin_one_after_the_other_are_told_of_their_ends_within_ten_seconds() {
    for seed in [1, 2] {
        let figures = run(seed, 100, MINUTE, a_minute()).await;
        assert!(figures.percentile(99) <= 10 * SECOND, "{figures:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_run_alone_is_told_of_its_end_within_little_more_than_a_second() {
    for seed in 1..=10 {
        let figures = run(seed, 1, Duration::ZERO, a_minute()).await;
        assert!(figures.percentile(100) <= SECOND * 6 / 5, "{figures:?}");
    }
}

/// Prints the figures of `tests/load.md`:
/// `cargo test --test scenarios figures_of_work -- --ignored --nocapture`.
#[tokio::test(start_paused = true)]
#[ignore = "prints figures, and takes a minute"]
async fn figures_of_work() {
    println!("| runs | begin | p50 | p99 | last | DescribeTasks | throttled | RunTask throttled |");
    println!("|---|---|---|---|---|---|---|---|");
    for runs in [1, 20, 100, 200, 300, 500] {
        for (begin, over) in [("at once", Duration::ZERO), ("within a minute", MINUTE)] {
            let figures = run(1, runs, over, a_minute()).await;
            println!(
                "| {runs} | {begin} | {:.1} s | {:.1} s | {:.1} s | {} | {} | {} |",
                figures.percentile(50).as_secs_f64(),
                figures.percentile(99).as_secs_f64(),
                figures.percentile(100).as_secs_f64(),
                figures.looks,
                figures.throttled,
                figures.launches_throttled
            );
        }
    }
}
