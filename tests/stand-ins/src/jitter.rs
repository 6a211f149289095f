//! Chance in the programs' pauses, for tests that are to bring the same calls every time.

use crate::log_capture::subscribe;

/// Has what runs on this thread from now on draw its jitter from the seed: our own code and the AWS
/// SDKs draw from the thread's generator of `fastrand`.
pub fn seed(seed: u64) {
    // While a process has no subscriber, every call of an SDK draws a number for its span. One that
    // another test sets in the middle of this one would change all pauses after it.
    subscribe();
    fastrand::seed(seed);
}
