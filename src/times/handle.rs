//! Runs whose end goes to the handle of a wait condition.

use std::time::Duration;

use super::answer_by::{ANSWER_BY_SPAN, LONGEST_RUN, RESCUE_ANSWER_MARGIN};
use super::{ANSWER_MARGIN, EXECUTION_TIMEOUT, fit, seconds};

/// The longest `Timeout` of a wait condition (`aws-resource-cloudformation-waitcondition`), and so the
/// longest of a run whose end goes to one.
pub const LONGEST_WAIT: Duration = seconds(43_200);
/// How long before the end of the handle's URL such a run ends: the URL may be signed with temporary
/// keys, which can end before it does.
pub(crate) const HANDLE_MARGIN: Duration = seconds(3_600);
/// A handle whose URL leaves less than this for a run is refused.
pub(crate) const SHORTEST_RUN: Duration = seconds(60);
/// The URL of a handle works for no longer than this after the handle's creation, in the stacks that
/// were seen.
pub(crate) const HANDLE_URL_LIFE: Duration = seconds(86_400);

// Such a run is no longer than a direct run may be, so that what holds for those holds for it.
const _: () = assert!(fit(&[LONGEST_WAIT], LONGEST_RUN));
const _: () = assert!(fit(&[HANDLE_URL_LIFE], EXECUTION_TIMEOUT));
// The run is stopped and reported, by `rescue` at the latest, while the URL works.
const _: () = assert!(fit(&[ANSWER_MARGIN], HANDLE_MARGIN));
const _: () = assert!(fit(&[ANSWER_BY_SPAN, RESCUE_ANSWER_MARGIN], ANSWER_MARGIN));
