//! How long after the exit of a task's containers its run is answered, while so many tasks are in
//! flight. Tasks end as on Fargate: they are STOPPED only some time after their containers.

use std::time::Duration;

use stand_ins::ecs::{Script, Throttle};
use tokio::time::{Instant, sleep, sleep_until};

use crate::account::{Account, Outcomes, ScheduledRun, ended};
use crate::contender::{Contender, peers};
use crate::report::{percentile, progress, row, seconds, table};

/// Names other numbers of tasks in flight, separated by commas.
const IN_FLIGHT_VARIABLE: &str = "LOAD_IN_FLIGHT";
const IN_FLIGHT: [u32; 3] = [100, 1_000, 10_000];
/// Names another length of the window, in seconds.
const WINDOW_VARIABLE: &str = "LOAD_WINDOW";
/// Tasks that end at random moments, on top of those that stay: one each tenth of a second, for
/// this long.
const PROBES_EVERY: Duration = Duration::from_millis(100);
const WINDOW: Duration = Duration::from_secs(40);
/// From the exit of a task's containers to STOPPED: the shortest that was recorded on Fargate.
const DEPROVISIONING: Duration = Duration::from_secs(13);
/// Tasks described in a second: ten calls of a hundred.
const PER_SECOND: f64 = 1_000.0;
const SECOND: Duration = Duration::from_secs(1);
/// Peers take few tasks at once, and probes wait for their turn.
const PEER_PATIENCE: Duration = Duration::from_secs(300);
/// Tasks that a peer is told to take at once.
const PEER_AT_ONCE: u32 = 300;
const STEADY: &str = "Steady";
const PROBE: &str = "Probe";

pub(crate) async fn run() {
    let columns = [
        "who",
        "in flight",
        "period",
        "right",
        "p50",
        "p99",
        "worst",
        "goal for p50 / p99",
        "DescribeTasks per task-second",
    ];
    table(
        &format!(
            "Time from the exit of a task's containers to its answer, with {} of DEPROVISIONING",
            seconds(DEPROVISIONING)
        ),
        &columns,
    );
    for in_flight in in_flight() {
        measure(in_flight).await;
    }
    for peer in peers() {
        measure_peer(&peer).await;
    }
}

fn in_flight() -> Vec<u32> {
    match std::env::var(IN_FLIGHT_VARIABLE) {
        Ok(given) => given
            .split(',')
            .map(|number| number.trim().parse().unwrap())
            .collect(),
        Err(_) => IN_FLIGHT.to_vec(),
    }
}

fn window() -> Duration {
    match std::env::var(WINDOW_VARIABLE) {
        Ok(given) => Duration::from_secs(given.parse().unwrap()),
        Err(_) => WINDOW,
    }
}

/// An account whose probes end at random moments within `spread`, as on Fargate.
async fn account(spread: Duration) -> Account {
    let account = Account::open().await;
    let ecs = account.aws.ecs();
    ecs.register_family(STEADY, &["app"]);
    ecs.script(STEADY, Script::runs_forever());
    ecs.register_family(PROBE, &["app"]);
    ecs.script_with(PROBE, move |_| {
        Script::exits(0)
            .running(SECOND + spread.mul_f64(fastrand::f64()))
            .deprovisioning(DEPROVISIONING)
    });
    account
}

/// Schedules a probe each tenth of a second, for the window.
async fn probe(account: &Account) -> Vec<ScheduledRun> {
    let start = Instant::now();
    let window = window();
    let mut probes = Vec::new();
    let mut number = 0;
    while start.elapsed() < window {
        probes.push(account.schedule_run(PROBE, number));
        number += 1;
        sleep_until(start + PROBES_EVERY * number).await;
    }
    probes
}

async fn measure(in_flight: u32) {
    progress(&format!("detection at {in_flight}"));
    let period = Duration::from_secs_f64(f64::from(in_flight) / PER_SECOND).max(SECOND);
    let spread = period + 2 * SECOND;
    let longest = spread + SECOND;
    let account = account(spread).await;
    account.aws.sfn().enforce_throttles(true);
    account.aws.ecs().enforce(Throttle::Read, true);
    let probes_at_once = (longest + SECOND).as_secs_f64() / 2.0 / PROBES_EVERY.as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few dozen"
    )]
    let steady = in_flight - (probes_at_once as u32).min(in_flight / 2);
    for number in 0..steady {
        account.schedule_run(STEADY, number);
    }
    let worker = Contender::worker(&["--run-task-rate", "1000"]);
    let name = worker.name();
    let _worker = worker.start(&account, in_flight + 300, false);
    while account.in_flight() < steady.into() {
        sleep(Duration::from_millis(100)).await;
    }
    sleep(2 * period).await;

    let (described, start) = (account.arrived("DescribeTasks"), Instant::now());
    let probes = probe(&account).await;
    let described =
        (account.arrived("DescribeTasks") - described) as f64 / start.elapsed().as_secs_f64();
    ended(&probes, 3 * longest).await;
    let outcomes = account.outcomes(&probes);
    assert_eq!(
        outcomes.succeeded as usize,
        probes.len(),
        "every probe was to succeed: {:?}",
        (outcomes.failed, outcomes.unanswered)
    );
    let goal = if in_flight <= 1_000 {
        "0.60 s / 1.20 s".to_owned()
    } else {
        format!("– / {}", seconds(period + Duration::from_millis(200)))
    };
    tell(
        name,
        in_flight.to_string(),
        seconds(period),
        &outcomes,
        goal,
        format!("{:.4}", described / f64::from(in_flight)),
    );
}

/// Somebody else's worker, with the probes alone and without the account's quotas: under them most
/// of its runs fail, which the part `quotas` shows.
async fn measure_peer(peer: &Contender) {
    progress(&format!("detection by {}", peer.name()));
    let account = account(3 * SECOND).await;
    let _peer = peer.start(&account, PEER_AT_ONCE, false);
    let probes = probe(&account).await;
    ended(&probes, PEER_PATIENCE).await;
    tell(
        peer.name(),
        "the probes".to_owned(),
        "1.00 s each".to_owned(),
        &account.outcomes(&probes),
        "–".to_owned(),
        "–".to_owned(),
    );
}

fn tell(
    who: String,
    in_flight: String,
    period: String,
    outcomes: &Outcomes,
    goal: String,
    described: String,
) {
    let of =
        outcomes.succeeded + outcomes.failed + outcomes.heartbeats_missed + outcomes.unanswered;
    row(&[
        who,
        in_flight,
        period,
        format!("{} of {of}", outcomes.succeeded),
        seconds(percentile(&outcomes.detection, 0.5)),
        seconds(percentile(&outcomes.detection, 0.99)),
        seconds(percentile(&outcomes.detection, 1.0)),
        goal,
        described,
    ]);
}
