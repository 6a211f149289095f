//! Ten thousand tasks in flight at once, under every quota but `RunTask`'s; with it processor time
//! and memory of a task and API calls of a task.

use std::time::Duration;

use stand_ins::ecs::{Script, Throttle};
use tokio::time::{Instant, sleep};

use crate::account::{Account, ScheduledRun};
use crate::contender::Contender;
use crate::process::{Process, Usage, own_cpu};
use crate::report::{mebibytes, micros, percentile, progress, row, seconds, table};

const TASKS: u32 = 10_000;
const POLLERS: u32 = 100;
const RUNNING: Duration = Duration::from_secs(120);
const SECOND: Duration = Duration::from_secs(1);
/// Throttled calls before this are the start's.
const START: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(2);
/// For launches, tasks and answers: several times what they take.
const PATIENCE: Duration = Duration::from_secs(600);
const FAMILY: &str = "Flight";

/// What was seen while the load ran.
#[derive(Debug, Default)]
struct Seen {
    throttled_at_start: u64,
    /// Most tasks in flight at a moment, and what the worker used then.
    most: u64,
    at_most: Usage,
    /// Task-seconds while at least nine tenths of the tasks were in flight, and the `DescribeTasks`
    /// calls in that time.
    task_seconds: u64,
    described: u64,
    /// Until the last answer.
    elapsed: Duration,
}

pub(crate) async fn run() {
    let account = Account::open().await;
    account.aws.sfn().enforce_throttles(true);
    account.aws.ecs().enforce(Throttle::Read, true);
    account.aws.ecs().register_family(FAMILY, &["app"]);
    account
        .aws
        .ecs()
        .script(FAMILY, Script::exits(0).running(RUNNING));
    let pollers = POLLERS.to_string();
    let arguments = ["--run-task-rate", "1000", "--pollers", &pollers];
    let worker = Contender::worker(&arguments).start(&account, TASKS + POLLERS, false);
    sleep(IDLE).await;
    let (idle, own) = (worker.usage(), own_cpu());
    let runs: Vec<_> = (0..TASKS)
        .map(|number| account.schedule_run(FAMILY, number))
        .collect();
    let seen = watch(&account, &worker).await;
    report(
        &account,
        &runs,
        &seen,
        idle,
        worker.usage(),
        own_cpu().saturating_sub(own),
    );
}

/// Looks once a second until all is answered.
async fn watch(account: &Account, worker: &Process) -> Seen {
    let start = Instant::now();
    let mut seen = Seen::default();
    let mut described_before = 0;
    loop {
        sleep(SECOND).await;
        seen.elapsed = start.elapsed();
        let answered = account.answered("SendTaskSuccess") + account.answered("SendTaskFailure");
        let (in_flight, described, throttled) = (
            account.in_flight(),
            account.arrived("DescribeTasks"),
            account.throttled(),
        );
        if seen.elapsed <= START {
            seen.throttled_at_start = throttled;
        }
        if in_flight > seen.most {
            (seen.most, seen.at_most) = (in_flight, worker.usage());
        }
        if in_flight >= u64::from(TASKS) * 9 / 10 {
            seen.task_seconds += in_flight;
            seen.described += described - described_before;
        }
        described_before = described;
        if seen.elapsed.as_secs().is_multiple_of(10) {
            progress(&format!(
                "in flight {in_flight}, answered {answered}, throttled {throttled}, {:?}",
                worker.usage()
            ));
        }
        if answered >= TASKS.into() || seen.elapsed > PATIENCE {
            return seen;
        }
    }
}

fn report(
    account: &Account,
    runs: &[ScheduledRun],
    seen: &Seen,
    idle: Usage,
    used: Usage,
    own: Duration,
) {
    let outcomes = account.outcomes(runs);
    let per_task = |count: u64| format!("{:.2}", count as f64 / f64::from(TASKS));
    table(
        &format!("{TASKS} tasks of {} in flight", seconds(RUNNING)),
        &["figure", "measured", "goal"],
    );
    let line = |figure: &str, measured: String, goal: &str| {
        row(&[figure.to_owned(), measured, goal.to_owned()]);
    };
    line("most in flight at once", seen.most.to_string(), "10000");
    line(
        "succeeded / failed / unanswered",
        format!(
            "{} / {} / {}",
            outcomes.succeeded, outcomes.failed, outcomes.unanswered
        ),
        "10000 / 0 / 0",
    );
    line(
        "missed heartbeats",
        outcomes.heartbeats_missed.to_string(),
        "0",
    );
    line("duplicate launches", account.duplicates().to_string(), "0");
    line(
        "throttled calls in the first 5 s",
        seen.throttled_at_start.to_string(),
        "–",
    );
    line(
        "throttled calls after",
        (account.throttled() - seen.throttled_at_start).to_string(),
        "0",
    );
    line("peak resident memory", mebibytes(used.peak_rss), "≤ 200 MB");
    line("resident memory idle", mebibytes(idle.rss), "–");
    line(
        "resident memory for a task in flight",
        format!(
            "{} bytes",
            seen.at_most.rss.saturating_sub(idle.rss) / seen.most.max(1)
        ),
        "a few KB",
    );
    line(
        "processor time of a task",
        micros(used.cpu.saturating_sub(idle.cpu) / TASKS),
        "–",
    );
    line(
        "processors used by the worker",
        format!("{:.2}", used.cpu.as_secs_f64() / seen.elapsed.as_secs_f64()),
        "–",
    );
    line(
        "processors used by the stand-ins",
        format!("{:.2}", own.as_secs_f64() / seen.elapsed.as_secs_f64()),
        "–",
    );
    line(
        "DescribeTasks per task-second",
        format!(
            "{:.4}",
            seen.described as f64 / seen.task_seconds.max(1) as f64
        ),
        "≤ 0.02",
    );
    line(
        "exit to answer, p50 / p99",
        [0.5, 0.99]
            .map(|share| seconds(percentile(&outcomes.detection, share)))
            .join(" / "),
        "p99 ≤ 10.2 s",
    );
    for ((_, operation), count) in account.aws.calls().counts() {
        line(
            &format!("{operation} calls for each task"),
            per_task(count.arrived),
            "–",
        );
    }
    line("elapsed", seconds(seen.elapsed), "–");
}
