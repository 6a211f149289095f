//! Random histories of a stack's requests on one resource: it is created, updated, rolled back and
//! deleted, with the real functions and definition, while calls are struck, events come late or twice,
//! workers vanish and executions are stopped by hand. Whatever happens, each request is replied to in
//! bounded time and in one way, each wait condition is signalled once, no two containers of the resource
//! run at a time, an update is rolled back once, and nothing is left over.
//!
//! The histories of single runs are in `tests/scenarios/histories`, and are set by the same
//! variables.

#[path = "../scenarios/histories/campaign.rs"]
mod campaign;
#[path = "../scenarios/histories/course.rs"]
#[expect(dead_code, reason = "what is asked of a course differs")]
mod course;
mod invariants;
#[path = "../scenarios/histories/network.rs"]
mod network;
mod play;
mod schedule;
#[path = "../scenarios/histories/shifts.rs"]
mod shifts;
mod stack;
#[path = "../scenarios/histories/strikes.rs"]
mod strikes;

use campaign::{Campaign, campaign, trace};

const USUAL: u64 = 30;

#[test]
fn whatever_happens_the_invariants_hold() {
    campaign("histories of stacks", Campaign::of_cases(USUAL));
}

#[test]
#[ignore = "goes on for an hour: HISTORIES_MINUTES=15 cargo test --test faults histories::for_an_hour -- --ignored --nocapture"]
fn for_an_hour_the_invariants_hold() {
    campaign("histories of stacks", Campaign::of_minutes(60));
}

#[test]
fn a_seed_brings_the_same_calls_every_time() {
    for seed in 1..=3 {
        // Both at once, as the tests of this program are played: none is to touch another.
        let (first, again) = std::thread::scope(|scope| {
            let other = scope.spawn(|| trace(seed));
            (trace(seed), other.join().unwrap())
        });
        assert!(first.len() > 10, "{first:?}");
        for (one, other) in first.iter().zip(&again) {
            assert_eq!(one, other, "seed {seed}");
        }
        assert_eq!(first.len(), again.len(), "seed {seed}");
    }
}
