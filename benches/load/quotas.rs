//! Three hundred tasks of fifteen seconds at once under the account's quotas, through the worker
//! and through other people's.

use std::time::Duration;

use stand_ins::ecs::{Script, Throttle};
use tokio::time::Instant;

use crate::account::{Account, ended};
use crate::contender::{Contender, peers};
use crate::report::{mebibytes, percentile, progress, row, seconds, table};

const TASKS: u32 = 300;
const RUNNING: Duration = Duration::from_secs(15);
/// Several times what launching at the quotas and running takes.
const PATIENCE: Duration = Duration::from_secs(150);
const FAMILY: &str = "Quota";

pub(crate) async fn run() {
    let columns = [
        "who",
        "right",
        "reported as failed",
        "not reported",
        "duplicate launches",
        "throttled calls",
        "DescribeTasks",
        "exit to answer, p50 / p99",
        "peak memory",
        "elapsed",
    ];
    table(
        &format!(
            "{TASKS} tasks of {} at once under the account's quotas, all of which exit with 0",
            seconds(RUNNING)
        ),
        &columns,
    );
    let mut contenders = vec![Contender::worker(&[])];
    contenders.extend(peers());
    for contender in contenders {
        progress(&format!("quotas: {}", contender.name()));
        measure(&contender).await;
    }
}

async fn measure(contender: &Contender) {
    let account = Account::open().await;
    account.aws.sfn().enforce_throttles(true);
    for throttle in [Throttle::Modify, Throttle::Read, Throttle::FargateLaunches] {
        account.aws.ecs().enforce(throttle, true);
    }
    account.aws.ecs().register_family(FAMILY, &["app"]);
    account
        .aws
        .ecs()
        .script(FAMILY, Script::exits(0).running(RUNNING));
    let runs: Vec<_> = (0..TASKS)
        .map(|number| account.schedule_run(FAMILY, number))
        .collect();
    let start = Instant::now();
    let mut process = contender.start(&account, TASKS + 10, false);
    ended(&runs, PATIENCE).await;
    let (elapsed, peak) = (start.elapsed(), process.usage().peak_rss);
    let outcomes = account.outcomes(&runs);
    let name = if process.has_ended() {
        format!("{} (ended by itself)", contender.name())
    } else {
        contender.name()
    };
    row(&[
        name,
        outcomes.succeeded.to_string(),
        outcomes.failed.to_string(),
        (outcomes.unanswered + outcomes.heartbeats_missed).to_string(),
        account.duplicates().to_string(),
        account.throttled().to_string(),
        account.arrived("DescribeTasks").to_string(),
        [0.5, 0.99]
            .map(|share| seconds(percentile(&outcomes.detection, share)))
            .join(" / "),
        mebibytes(peak),
        seconds(elapsed),
    ]);
}
