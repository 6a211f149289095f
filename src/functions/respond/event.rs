//! What `respond` is invoked with.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::cloudformation::event::Request;
use crate::cloudformation::response::Status;
use crate::execution::deployment::Deployment;
use crate::execution::error::CaughtError;
use crate::task::outcome::Output;
use crate::text::lenient;

/// What the state machine invokes the function with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RespondEvent {
    /// The answer that the state machine has decided on.
    pub status: Status,
    /// Whether the run has only begun: CloudFormation is answered, and not the wait condition.
    #[serde(default)]
    pub has_only_begun: bool,
    /// Whether the run is a direct one, or that of a deployment's hook: it is counted, and nobody is
    /// answered.
    #[serde(default)]
    pub nobody_waits: bool,
    /// ARN of the execution; empty when the state machine does not pass it, as that of 0.1.0.
    #[serde(default, deserialize_with = "lenient::text")]
    pub execution: String,
    /// When the execution was started, if the state machine passes it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub started: Option<Timestamp>,
    /// The execution's state, as the state machine passes it.
    pub state: ExecutionState,
}

/// The part of the execution's state that an answer needs. Only the request must be as `start`
/// makes it. A member of another form is read as if it were missing, since CloudFormation must be
/// answered in any case.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionState {
    /// `None` where nobody waits.
    #[serde(default)]
    pub(in crate::functions) request: Option<Request>,
    /// The deployment for whose hook the task was run.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(in crate::functions) deployment: Option<Deployment>,
    /// The activity's output; none on Delete.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(in crate::functions) output: Output,
    /// The error that the state machine caught; none on success.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(in crate::functions) error: CaughtError,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(in crate::functions) leftovers: Leftovers,
    /// The mark of the state `RespondStarted`: CloudFormation was answered when the run had begun.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(in crate::functions) begun: Option<IgnoredAny>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::functions) struct Leftovers {
    #[serde(deserialize_with = "lenient::or_default")]
    pub(in crate::functions) running: u32,
}

impl RespondEvent {
    /// The event with which an execution had the function invoked, made again of the state in which it
    /// did so. `None` when nobody waits for the execution.
    pub(in crate::functions) fn repeated(
        status: Status,
        state: ExecutionState,
        execution: &str,
        started: Timestamp,
    ) -> Option<Self> {
        state.request.as_ref()?;
        Some(Self {
            status,
            has_only_begun: false,
            nobody_waits: false,
            execution: execution.to_owned(),
            started: Some(started),
            state,
        })
    }
}
