//! How the state machine goes on when no worker, or no function `work`, is heard of any more.

use std::time::Duration;

use super::{ANSWER_MARGIN, HEARTBEAT_TIMEOUT, LONGEST_EXECUTION, OVERHEAD, fit, seconds};

/// `MaxAttempts` of the `Retry` of the state `RunTask` for missed heartbeats.
pub const ATTEMPTS: u32 = 1_500;
/// `IntervalSeconds` of the same `Retry`.
pub const INTERVAL: Duration = seconds(1);
/// `MaxAttempts` of the `Retry` for workers that hand their run over.
pub const HAND_OVERS: u32 = 1_000;

// The attempts of a fleet's run last longer than any execution, so that it does not end for want of
// attempts.
const _: () = assert!(fit(
    &[LONGEST_EXECUTION],
    seconds((HEARTBEAT_TIMEOUT.as_secs() + INTERVAL.as_secs()) * ATTEMPTS as u64)
));
// The run of a task runner without a fleet may find no free function. After each missed heartbeat the
// state `CheckDeadline` compares the time with the run's deadline. A run that no function had when
// its deadline passed therefore fails one heartbeat later at the latest, and time is left to look for
// its tasks and to answer.
const _: () = assert!(fit(&[HEARTBEAT_TIMEOUT, OVERHEAD, OVERHEAD], ANSWER_MARGIN));
