//! Histories by the thousand: one seed each, over all cores, with figures at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::invariants::broken;
use super::play::{Played, play};
use super::schedule::{History, history};

/// Plays of ever smaller histories, to find a small one that fails as well.
const SHRINKING: u32 = 60;
const PROGRESS: Duration = Duration::from_secs(60);

/// The variables that a campaign is set by.
const CASES: &str = "HISTORIES_CASES";
const SEED: &str = "HISTORIES_SEED";
const MINUTES: &str = "HISTORIES_MINUTES";
/// The first seed of those histories that are played every time.
const USUAL_SEED: u64 = 1;

/// How long a campaign goes on, and from which seed.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    length: Length,
    first: u64,
}

#[derive(Debug, Clone, Copy)]
enum Length {
    Cases(u64),
    Minutes(u64),
}

impl Campaign {
    /// So many histories, the same ones every time: a change is not to fail for what chance brings
    /// up beside it. New ones when the environment says how many.
    pub fn of_cases(usual: u64) -> Self {
        let cases = from_environment(CASES);
        let first = from_environment(SEED).unwrap_or_else(|| {
            if cases.is_some() {
                new_seed()
            } else {
                USUAL_SEED
            }
        });
        Self {
            length: Length::Cases(cases.unwrap_or(usual)),
            first,
        }
    }

    /// So many minutes of new histories, unless the environment says how many.
    pub fn of_minutes(usual: u64) -> Self {
        let length = Length::Minutes(from_environment(MINUTES).unwrap_or(usual));
        Self {
            length,
            first: from_environment(SEED).unwrap_or_else(new_seed),
        }
    }
}

fn from_environment<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text}, which is no number")),
    )
}

/// Sums over the histories played.
#[derive(Debug, Default)]
struct Figures {
    played: u64,
    failed: Vec<String>,
    ends: BTreeMap<String, u64>,
    struck: BTreeMap<&'static str, u64>,
    virtual_time: Duration,
    calls: u64,
}

/// The history that a seed stands for.
fn of_seed(seed: u64) -> (TestRunner, impl ValueTree<Value = History>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: SHRINKING,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tree = history().new_tree(&mut runner).unwrap();
    (runner, tree)
}

/// Every call that a seed's history brings, as text: when it arrived, which it was, what became of
/// it.
pub fn trace(seed: u64) -> Vec<String> {
    let (_, tree) = of_seed(seed);
    let played = play(seed, &tree.current());
    let call = |call: stand_ins::Call| {
        let outcome = match call.outcome {
            stand_ins::Outcome::Answered(_) => "answered",
            stand_ins::Outcome::Refused(_) => "refused",
            _ => "unanswered",
        };
        format!("{:?} {} {outcome}", call.at, call.operation)
    };
    let ends = played.ends();
    played.calls.into_iter().map(call).chain(ends).collect()
}

/// Plays histories, and fails with the seeds of those in which something does not hold.
pub fn campaign(test: &str, Campaign { length, first }: Campaign) {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let figures = Mutex::new(Figures::default());
    let goes_on = |number: u64| match length {
        Length::Cases(cases) => number < cases,
        Length::Minutes(minutes) => began.elapsed() < Duration::from_secs(60 * minutes),
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if !goes_on(number) {
                        return;
                    }
                    let seed = first.wrapping_add(number);
                    let failure = one(seed, &figures);
                    let mut figures = figures.lock().unwrap();
                    figures.played += 1;
                    if let Some(failure) = failure {
                        let failure =
                            format!("{failure}\nagain: {SEED}={seed} {CASES}=1 cargo test --test {PROGRAM} {FEW} -- --exact --nocapture");
                        eprintln!("\n{failure}\n");
                        figures.failed.push(failure);
                    }
                }
            });
        }
        scope.spawn(|| {
            let mut told = Instant::now();
            while goes_on(next.load(Ordering::Relaxed)) {
                std::thread::sleep(Duration::from_millis(100));
                if told.elapsed() >= PROGRESS {
                    told = Instant::now();
                    let figures = figures.lock().unwrap();
                    eprintln!(
                        "{test}: {} histories, {} failed, {} min",
                        figures.played,
                        figures.failed.len(),
                        began.elapsed().as_secs() / 60
                    );
                }
            }
        });
    });
    let figures = figures.into_inner().unwrap();
    println!("{}", figures.told(first, began.elapsed()));
    assert!(
        figures.failed.is_empty(),
        "{} histories failed:\n{}",
        figures.failed.len(),
        figures.failed.join("\n")
    );
}

/// The program of the test.
const PROGRAM: &str = env!("CARGO_CRATE_NAME");
/// The test that plays a number of histories; it repeats those of any campaign.
const FEW: &str = "histories::whatever_happens_the_invariants_hold";

fn new_seed() -> u64 {
    // Below 2^32: easier to copy.
    fastrand::u64(..) >> 32
}

/// Plays the history of a seed. When something does not hold in it, gives the smallest history
/// found that fails as well.
fn one(seed: u64, figures: &Mutex<Figures>) -> Option<String> {
    let (mut runner, tree) = of_seed(seed);
    let is_first = std::cell::Cell::new(true);
    let result = runner.run_one(tree, |history| {
        let played = play(seed, &history);
        if is_first.replace(false) {
            figures.lock().unwrap().add(&played);
        }
        let broken = broken(&history, &played);
        if broken.is_empty() {
            Ok(())
        } else {
            Err(TestCaseError::fail(broken.join("; ")))
        }
    });
    match result {
        Ok(_) => None,
        Err(TestError::Fail(why, smallest)) => {
            Some(format!("seed {seed}: {why}\nwith {smallest:?}"))
        }
        Err(TestError::Abort(why)) => Some(format!("seed {seed}: {why}")),
    }
}

impl Figures {
    fn add(&mut self, played: &Played) {
        for counted in played.counted() {
            *self.ends.entry(counted).or_default() += 1;
        }
        for (operation, times) in &played.struck {
            *self.struck.entry(operation).or_default() += times;
        }
        self.virtual_time += played.lasted;
        self.calls += played.calls.len() as u64;
    }

    fn told(&self, first: u64, taken: Duration) -> String {
        let held = self.played - self.failed.len() as u64;
        let mut text = format!(
            "{} histories tried from seed {first} on, {held} held; {} s, {} h of virtual time, {} calls",
            self.played,
            taken.as_secs(),
            self.virtual_time.as_secs() / 3_600,
            self.calls
        );
        for (end, times) in &self.ends {
            write!(text, "\n{times:>10} {end}").unwrap();
        }
        for (operation, times) in &self.struck {
            write!(text, "\n{times:>10} {operation} struck").unwrap();
        }
        text
    }
}
