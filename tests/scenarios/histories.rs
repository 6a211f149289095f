//! Random histories: whatever ECS does, whichever calls are struck, however often workers come and
//! go, be they of a fleet or invocations of the function `work`, and even when the resource is deleted under way, each request gets one answer in bounded
//! time, no task is launched twice, and nothing is left over.
//!
//! A history is all in its seed: the same one brings the same calls at the same virtual times.
//!
//! - `HISTORIES_CASES`: how many histories are played. Without it, the same 60 every time.
//! - `HISTORIES_MINUTES`: how long the test that is ignored goes on (60).
//! - `HISTORIES_SEED`: the first one's seed, where they are not the usual ones a random one. The
//!   others have the seeds after it.

mod account;
mod campaign;
mod course;
mod excuses;
mod invariants;
mod invocations;
mod network;
mod play;
mod schedule;
mod shifts;
mod strikes;

use campaign::{Campaign, campaign, trace};

#[test]
fn whatever_happens_the_invariants_hold() {
    campaign("histories", Campaign::of_cases(60));
}

#[test]
#[ignore = "goes on for an hour: HISTORIES_MINUTES=15 cargo test --test scenarios histories::for_an_hour -- --ignored --nocapture"]
fn for_an_hour_the_invariants_hold() {
    campaign("histories", Campaign::of_minutes(60));
}

#[test]
fn a_seed_brings_the_same_calls_every_time() {
    for seed in 1..=6 {
        let (first, again) = (trace(seed), trace(seed));
        assert!(first.len() > 10, "{first:?}");
        for (one, other) in first.iter().zip(&again) {
            assert_eq!(one, other, "seed {seed}");
        }
        assert_eq!(first.len(), again.len(), "seed {seed}");
    }
}
