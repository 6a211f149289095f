//! The signal to the handle of a wait condition (`using-cfn-waitcondition`): how the run of a request
//! ended that CloudFormation was answered for when it began.
//!
//! CloudFormation ends the condition as unparsable when a member is missing or no
//! string, and shows the reason of a failure in one line, between apostrophes. A failure cannot be taken
//! back by a later success, so that only the end of a run is signalled.

use serde::Serialize;

use super::response::{Status, TooLarge};
use super::size::Content;
use crate::cloudformation::event::WaitConditionHandle;
use crate::task::outcome::Output;
use crate::text::printable;

/// Longest id of a signal in characters (`API_SignalResource`; of a handle's signals nothing is said).
const MAX_UNIQUE_ID: usize = 64;

/// The id of the signal for an execution: its name, of which a long one loses its beginning. The end
/// distinguishes executions.
#[must_use]
pub fn unique_id(name: &str) -> &str {
    let beginning = name.ceil_char_boundary(name.len().saturating_sub(MAX_UNIQUE_ID));
    name[beginning..].trim_start_matches('-')
}

/// Stands between what are lines in the Reason of a response.
const BETWEEN_LINES: &str = " | ";

/// A signal. Only its [`body`](Self::body) leaves this module, so no signal is sent that was not cut to
/// size.
#[derive(Debug, Clone)]
pub struct Signal {
    status: Status,
    unique_id: String,
    content: Content,
}

/// The body: these four members, all of them strings.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'b> {
    status: &'b str,
    reason: &'b str,
    unique_id: &'b str,
    data: &'b str,
}

impl Signal {
    /// The run succeeded, or nothing was to be run.
    #[must_use]
    pub fn success(handle: &WaitConditionHandle, output: Output) -> Self {
        let reason = if output.skipped.is_empty() {
            "The run succeeded.".to_owned()
        } else {
            format!("Nothing was run: {}.", output.skipped)
        };
        Self::new(Status::Success, handle, &reason, Some(output))
    }

    /// The run failed. People read `reason` in the event of the condition.
    #[must_use]
    pub fn failure(handle: &WaitConditionHandle, reason: &str) -> Self {
        Self::new(Status::Failed, handle, reason, None)
    }

    fn new(
        status: Status,
        handle: &WaitConditionHandle,
        reason: &str,
        output: Option<Output>,
    ) -> Self {
        Self {
            status,
            unique_id: handle.unique_id.clone(),
            content: Content {
                reason: in_one_line(reason),
                last_line: None,
                between: BETWEEN_LINES,
                output,
            },
        }
    }

    /// The signal with this at the end of its reason, also where the reason is cut.
    #[must_use]
    pub fn ending_with(mut self, last_line: Option<String>) -> Self {
        self.content.last_line = last_line;
        self
    }

    /// The JSON body. The outputs stand in `Data` as the text of a JSON object, which is empty for a
    /// failure.
    ///
    /// # Errors
    /// When the body is too large without reason and outputs, because the id is too long.
    ///
    /// # Panics
    /// Never: strings always serialize.
    pub fn body(self) -> Result<Vec<u8>, TooLarge> {
        let status = match self.status {
            Status::Success => "SUCCESS",
            Status::Failed => "FAILURE",
        };
        self.content.into_body(|reason, output| {
            let data = output.map_or_else(
                || "{}".to_owned(),
                |output| serde_json::to_string(output).expect("strings always serialize"),
            );
            let body = Body {
                status,
                reason: &in_one_line(reason),
                unique_id: &self.unique_id,
                data: &data,
            };
            serde_json::to_vec(&body).expect("strings always serialize")
        })
    }
}

fn in_one_line(reason: &str) -> String {
    printable::written_lines(reason).join(BETWEEN_LINES)
}

#[cfg(test)]
mod tests;
