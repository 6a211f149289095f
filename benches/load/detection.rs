//! How long after a task's stop its run is answered, while so many tasks are in flight.

use std::time::Duration;

use stand_ins::ecs::{Script, Throttle};
use tokio::time::{Instant, sleep, sleep_until};

use crate::account::{Account, ended};
use crate::contender::Contender;
use crate::report::{percentile, progress, row, seconds, table};

const IN_FLIGHT: [u32; 3] = [100, 1_000, 10_000];
/// Tasks that end at random moments, on top of those that stay: one each tenth of a second, for
/// this long.
const PROBES_EVERY: Duration = Duration::from_millis(100);
const WINDOW: Duration = Duration::from_secs(40);
/// Tasks described in a second: ten calls of a hundred.
const PER_SECOND: f64 = 1_000.0;
const STEADY: &str = "Steady";
const PROBE: &str = "Probe";

pub(crate) async fn run() {
    let columns = [
        "in flight",
        "period",
        "p50",
        "p99",
        "worst",
        "goal for p99",
        "DescribeTasks per task-second",
    ];
    table("Time from a task's stop to its answer", &columns);
    for in_flight in IN_FLIGHT {
        measure(in_flight).await;
    }
}

async fn measure(in_flight: u32) {
    progress(&format!("detection at {in_flight}"));
    let account = Account::open().await;
    account.aws.sfn().enforce_throttles(true);
    account.aws.ecs().enforce(Throttle::Read, true);
    let period =
        Duration::from_secs_f64(f64::from(in_flight) / PER_SECOND).max(Duration::from_secs(1));
    let spread = period + Duration::from_secs(2);
    let longest = spread + Duration::from_secs(1);
    account.aws.ecs().register_family(STEADY, &["app"]);
    account.aws.ecs().script(STEADY, Script::runs_forever());
    account.aws.ecs().register_family(PROBE, &["app"]);
    let second = Duration::from_secs(1);
    account.aws.ecs().script_with(PROBE, move |_| {
        Script::exits(0).running(second + spread.mul_f64(fastrand::f64()))
    });
    let probes_at_once =
        (longest + Duration::from_secs(1)).as_secs_f64() / 2.0 / PROBES_EVERY.as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few dozen"
    )]
    let steady = in_flight - (probes_at_once as u32).min(in_flight / 2);
    for number in 0..steady {
        account.schedule_run(STEADY, number);
    }
    let _worker =
        Contender::worker(&["--run-task-rate", "1000"]).start(&account, in_flight + 300, false);
    while account.in_flight() < steady.into() {
        sleep(Duration::from_millis(100)).await;
    }
    sleep(2 * period).await;

    let (described, start) = (account.arrived("DescribeTasks"), Instant::now());
    let mut probes = Vec::new();
    let mut number = 0;
    while start.elapsed() < WINDOW {
        probes.push(account.schedule_run(PROBE, number));
        number += 1;
        sleep_until(start + PROBES_EVERY * number).await;
    }
    let described =
        (account.arrived("DescribeTasks") - described) as f64 / start.elapsed().as_secs_f64();
    ended(&probes, 3 * longest).await;
    let outcomes = account.outcomes(&probes);
    assert_eq!(
        outcomes.succeeded,
        number,
        "every probe was to succeed: {:?}",
        (outcomes.failed, outcomes.unanswered)
    );
    row(&[
        in_flight.to_string(),
        seconds(period),
        seconds(percentile(&outcomes.detection, 0.5)),
        seconds(percentile(&outcomes.detection, 0.99)),
        seconds(percentile(&outcomes.detection, 1.0)),
        seconds(period + Duration::from_millis(200)),
        format!("{:.4}", described / f64::from(in_flight)),
    ]);
}
