//! Calls that fail, in words: which right is missing, what it is needed for, and what to do.

use anyhow::anyhow;
use ecs_task_runner::aws::{ApiError, ErrorKind};

/// Why a call failed. `purpose` says what it is needed for, as in "to find the stack"; `otherwise`
/// is a way to do without it, if there is one.
pub(crate) fn in_words(error: &ApiError, purpose: &str, otherwise: Option<&str>) -> anyhow::Error {
    match error.kind {
        ErrorKind::AccessDenied => {
            let action = error.action;
            let otherwise = otherwise.map_or_else(String::new, |way| format!(", or {way}"));
            anyhow!(
                "{error}. It is needed {purpose}: use credentials that are allowed {action}{otherwise}"
            )
        }
        ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Rejected => {
            anyhow!("{error}. It is needed {purpose}")
        }
    }
}

/// The note about a call that failed and is not needed for the rest. `lacking` says what is left
/// out.
pub(crate) fn note(error: &ApiError, lacking: &str) -> String {
    format!("{lacking}: {error}")
}
