//! The lifecycle hook of an ECS deployment: what ECS calls the function `hook` with, what is run for
//! it, and what the function replies ("Lifecycle hooks for Amazon ECS service deployments", ECS
//! developer guide).
//!
//! ```text
//! event ──▶ HookCall ─┬─ configured: the run's properties ──▶ name, input of the execution
//!                     └─ progress: what the last reply passed on ──▶ the execution, since when
//! ```
//!
//! ECS calls the function again and again until it replies SUCCEEDED or FAILED, and nothing promises
//! that `executionId` stays the same. So the execution is named after what does not change: the
//! deployment, its stage, and the hook's configuration.

mod call;
mod details;
mod run;

pub use call::{HookCall, UnusableCall, hook_prefix, is_of_a_hook, is_of_service_named};
pub use details::HookProgress;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::times::hook::{LONGEST_CALL_BACK_DELAY, SHORTEST_CALL_BACK_DELAY};

/// What the function replies to ECS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "hookStatus",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum HookReply {
    /// ECS calls the function again.
    InProgress {
        /// After so many seconds.
        call_back_delay: u64,
        /// ECS merges it into the `hookDetails` of the next call.
        hook_details: PassedOn,
    },
    /// The deployment goes on.
    Succeeded,
    /// ECS rolls the deployment back. There is no field in which ECS would show why.
    Failed,
}

/// What a reply passes on to the next call: flat and small, since it is said nowhere whether ECS
/// merges deeply and how much it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PassedOn {
    /// ARN of the execution, once it is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_arn: Option<String>,
    /// When the function was called first for this hook of this deployment.
    pub first_call: Timestamp,
}

/// How long ECS waits until it calls again, when the hook has been waited for so long: a short run is
/// noticed soon, and a long one costs few calls.
#[must_use]
pub fn call_back_delay(waited: Duration) -> u64 {
    let sixth = waited.as_secs() / 6;
    sixth.clamp(
        SHORTEST_CALL_BACK_DELAY.as_secs(),
        LONGEST_CALL_BACK_DELAY.as_secs(),
    )
}

#[cfg(test)]
mod tests;
