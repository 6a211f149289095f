//! The times of Lambda `work`, and how they depend on those of the table.

use std::time::Duration;

use super::{
    HAND_OVER_PATIENCE, HEARTBEAT_TIMEOUT, OVERHEAD, SHUTDOWN_ANSWER_PATIENCE, fit, seconds,
};

/// `Timeout` of the function: the most that Lambda allows (`configuration-timeout`).
pub const WORK_TIMEOUT: Duration = seconds(900);
/// The function hands its task over when less than this is left of its invocation.
pub(crate) const INVOCATION_MARGIN: Duration = seconds(60);
/// `MaximumEventAgeInSeconds` of the function: Lambda drops an event that has waited for a free
/// function for longer. It is the least that Lambda allows (`API_PutFunctionEventInvokeConfig`).
pub const WORK_EVENT_AGE: Duration = seconds(60);

// A hand-over is delivered, or given up, before Lambda ends the invocation, and what the function
// has begun is ended after that.
const _: () = assert!(fit(
    &[SHUTDOWN_ANSWER_PATIENCE, OVERHEAD],
    INVOCATION_MARGIN
));
const _: () = assert!(fit(&[HAND_OVER_PATIENCE], SHUTDOWN_ANSWER_PATIENCE));
// Most of an invocation is for the run.
const _: () = assert!(fit(
    &[seconds(10 * INVOCATION_MARGIN.as_secs())],
    WORK_TIMEOUT
));
// An event that waits longer than Lambda keeps it has no valid token any more: the state counts its
// heartbeat from the call.
const _: () = assert!(fit(&[WORK_EVENT_AGE], HEARTBEAT_TIMEOUT));
