//! The fault suite: every call of the path, struck by every fault, for a while or for ever; and
//! workers killed, terminated and frozen in every phase of a task.
//! `cargo test --test faults -- --nocapture` prints the matrix.

// The futures of the SDK calls nest deeper than the compiler looks by default.
#![recursion_limit = "256"]
#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cell;
mod cell_check;
mod course;
mod deployment;
mod exceptions;
mod histories;
mod killed;
mod matrix;
mod requests;
mod secrets;
mod signals;

/// Plays a scene under a paused clock. All jitter comes from the seed: the same seed brings the same
/// calls.
fn play_from<F: Future>(seed: u64, scene: F) -> F::Output {
    stand_ins::jitter::seed(seed);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(scene)
}
