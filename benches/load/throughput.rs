//! Tasks a second with a handler that does nothing, and the processor time of each.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::account::Account;
use crate::contender::{Contender, peers};
use crate::process::own_cpu;
use crate::report::{micros, progress, row, table};
use crate::subject::{BARE_LOOP, CEILING, RUNTIME};

const AT_ONCE: [u32; 4] = [1, 10, 50, 100];
/// Peers with a process for each task need gigabytes beyond.
const MOST_FOR_PEERS: u32 = 50;
/// Tasks that wait in the queue, so that no poll finds it empty.
const QUEUED: u64 = 1_000;
const FILLED_EVERY: Duration = Duration::from_millis(10);
/// A program has started and grown to its size when it has answered this many tasks and this time
/// has passed.
const WARM_TASKS: u64 = 200;
const WARM_TIME: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(4);
/// The runtime and the bare loop take turns this often, and the median counts: the machine may be
/// busy for a while.
const ROUNDS: usize = 5;

struct Measured {
    per_second: f64,
    cpu_per_task: Duration,
    /// Processors that the stand-ins were busy on.
    stand_ins: f64,
}

pub(crate) async fn run() {
    table(
        "Throughput of an activity, no-op handler",
        &[
            "at once",
            "who",
            "tasks/s",
            "CPU per task",
            "processors used by the stand-ins",
        ],
    );
    for at_once in AT_ONCE {
        let [runtime, bare, ceiling] = [RUNTIME, BARE_LOOP, CEILING].map(Contender::Subject);
        let mut contenders = vec![(runtime, ROUNDS), (bare, ROUNDS), (ceiling, 1)];
        if at_once <= MOST_FOR_PEERS {
            contenders.extend(peers().into_iter().map(|peer| (peer, 1)));
        }
        let mut measured: Vec<Vec<Measured>> = contenders.iter().map(|_| Vec::new()).collect();
        for round in 0..ROUNDS {
            for ((contender, rounds), measured) in contenders.iter().zip(&mut measured) {
                if round < *rounds {
                    progress(&format!("throughput: {} at {at_once}", contender.name()));
                    measured.extend(measure(contender, at_once).await);
                }
            }
        }
        for ((contender, _), measured) in contenders.iter().zip(measured) {
            let speed = median(
                &measured,
                |one| format!("{:.0}", one.per_second),
                |one, other| one.per_second.total_cmp(&other.per_second),
            );
            let cpu = median(
                &measured,
                |one| micros(one.cpu_per_task),
                |one, other| one.cpu_per_task.cmp(&other.cpu_per_task),
            );
            let stand_ins = median(
                &measured,
                |one| format!("{:.2}", one.stand_ins),
                |one, other| one.stand_ins.total_cmp(&other.stand_ins),
            );
            row(&[at_once.to_string(), contender.name(), speed, cpu, stand_ins]);
        }
    }
}

/// What a measurement in the middle of them says, in the order of what is asked for.
fn median(
    measured: &[Measured],
    say: impl Fn(&Measured) -> String,
    order: impl Fn(&Measured, &Measured) -> Ordering,
) -> String {
    let mut sorted: Vec<_> = measured.iter().collect();
    sorted.sort_by(|one, other| order(one, other));
    sorted
        .get(sorted.len() / 2)
        .map_or_else(|| "stalled".to_owned(), |middle| say(middle))
}

/// `None` when the contender does not get going.
async fn measure(contender: &Contender, at_once: u32) -> Option<Measured> {
    let account = Arc::new(Account::open().await);
    let filling = tokio::spawn(keep_queue_filled(Arc::clone(&account)));
    let process = contender.start(&account, at_once, true);
    let warm = account.aws.calls().ended("SendTaskSuccess", WARM_TASKS);
    let warmed = tokio::time::timeout(PATIENCE, async {
        warm.await;
        sleep(WARM_TIME).await;
    });
    if warmed.await.is_err() {
        filling.abort();
        return None;
    }
    let (cpu, own, answered, start) = (
        process.usage().cpu,
        own_cpu(),
        account.answered("SendTaskSuccess"),
        Instant::now(),
    );
    sleep(WINDOW).await;
    let answered = account.answered("SendTaskSuccess") - answered;
    let elapsed = start.elapsed().as_secs_f64();
    let (cpu, own) = (
        process.usage().cpu.saturating_sub(cpu),
        own_cpu().saturating_sub(own),
    );
    filling.abort();
    Some(Measured {
        per_second: answered as f64 / elapsed,
        cpu_per_task: cpu / u32::try_from(answered.max(1)).unwrap(),
        stand_ins: own.as_secs_f64() / elapsed,
    })
}

async fn keep_queue_filled(account: Arc<Account>) {
    let mut scheduled = 0;
    loop {
        while scheduled < account.answered("SendTaskSuccess") + QUEUED {
            for _ in 0..50 {
                account.schedule_nothing();
            }
            scheduled += 50;
        }
        sleep(FILLED_EVERY).await;
    }
}
