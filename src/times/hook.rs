//! The function `hook`, which ECS waits for.

use std::time::Duration;

use super::answer_by::ANSWER_BY_SPAN;
use super::{CALL_TIMEOUT, OVERHEAD, RESCUE_TIMEOUT, SWEEP_INTERVAL, fit, seconds};

/// `Timeout` of the function. ECS rolls a deployment back when it is reached, so that it never may be.
pub const HOOK_TIMEOUT: Duration = seconds(60);
/// How long one call may take: then the function replies that the hook is in progress, and goes on at
/// the next call.
pub(crate) const HOOK_BUDGET: Duration = seconds(20);
/// The least and the most time after which ECS is to call again.
pub const SHORTEST_CALL_BACK_DELAY: Duration = seconds(5);
/// See [`SHORTEST_CALL_BACK_DELAY`]. ECS waits as long where a reply does not say
/// (`lambda-lifecycle-hooks`).
pub const LONGEST_CALL_BACK_DELAY: Duration = seconds(30);
/// How long past the deadline the function waits for an execution to end. Its `answerBy` has passed by
/// then, at which `rescue` ends it.
pub(crate) const HOOK_GRACE: Duration = seconds(380);

// The function replies before Lambda ends it.
const _: () = assert!(fit(&[HOOK_BUDGET, OVERHEAD], HOOK_TIMEOUT));
// One call to AWS that hangs leaves time for a second attempt.
const _: () = assert!(fit(&[CALL_TIMEOUT, seconds(2)], HOOK_BUDGET));
// A run that has not ended by its `answerBy` is ended by the sweep of `rescue` then or by the next one.
const _: () = assert!(fit(
    &[ANSWER_BY_SPAN, SWEEP_INTERVAL, RESCUE_TIMEOUT],
    HOOK_GRACE
));
