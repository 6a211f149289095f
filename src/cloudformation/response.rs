//! The answer to CloudFormation (`crpg-ref-responses`), and how it is cut to the size that
//! CloudFormation takes. [`crate::aws::response_url`] sends it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::size::Content;
pub use super::size::{MAX_BODY, TooLarge};
use crate::cloudformation::event::Request;
use crate::task::outcome::Output;
use crate::text::{byte_limit, printable};

/// Largest physical resource id that CloudFormation takes, in bytes.
pub(crate) const MAX_PHYSICAL_RESOURCE_ID: usize = 1_024;

/// Whether a request was carried out, as the answer to CloudFormation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The request was carried out.
    Success,
    /// The request was not carried out, and the stack operation fails.
    Failed,
}

impl Status {
    /// The status as it stands in the answer's body.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An answer. Only its [`body`](Self::body) leaves this module, so no answer is sent that was not
/// cut to size.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Response {
    status: Status,
    reason: String,
    /// Ends the reason, and is never cut off.
    #[serde(skip)]
    last_line: Option<String>,
    physical_resource_id: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    no_echo: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Output>,
}

impl Response {
    /// The answer SUCCESS. `output` becomes the resource's `Data`; see [`failure`](Self::failure)
    /// for `fallback_id`.
    #[must_use]
    pub fn success(request: &Request, fallback_id: &str, output: Output) -> Self {
        Self::new(
            Status::Success,
            request,
            fallback_id,
            String::new(),
            Some(output),
        )
    }

    /// The answer FAILED. People read `reason` in the stack's events. It is made fit to print here
    /// once more, since its parts may come from a worker of another release: a single control
    /// character in it makes the stack's events unreadable. `fallback_id` is the physical resource
    /// id where the request carries none.
    #[must_use]
    pub fn failure(request: &Request, fallback_id: &str, reason: impl Into<String>) -> Self {
        let reason = printable::clean(&reason.into()).into_owned();
        Self::new(Status::Failed, request, fallback_id, reason, None)
    }

    /// Every answer has a physical resource id, since CloudFormation hides the reason of an answer
    /// without one.
    fn new(
        status: Status,
        request: &Request,
        fallback_id: &str,
        reason: String,
        data: Option<Output>,
    ) -> Self {
        let echoed = request
            .physical_resource_id
            .as_deref()
            .filter(|id| !id.is_empty());
        Self {
            status,
            reason,
            last_line: None,
            physical_resource_id: byte_limit::prefix(
                echoed.unwrap_or(fallback_id),
                MAX_PHYSICAL_RESOURCE_ID,
            )
            .to_owned(),
            stack_id: request.stack_id.clone(),
            request_id: request.request_id.clone(),
            logical_resource_id: request.logical_resource_id.clone(),
            no_echo: false,
            data,
        }
    }

    /// The answer with this line at the end of its reason, also where the reason is cut.
    #[must_use]
    pub fn ending_with(self, last_line: Option<String>) -> Self {
        Self { last_line, ..self }
    }

    /// Whether the answer says SUCCESS or FAILED.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The JSON body, at most [`MAX_BODY`] bytes. What is too long is cut as `Content` in `size` says.
    ///
    /// # Errors
    /// When the body has more than [`MAX_BODY`] bytes without reason and outputs, because the
    /// request's own ids are too long.
    ///
    /// # Panics
    /// Never: a struct of strings and booleans always serializes.
    pub fn body(mut self) -> Result<Vec<u8>, TooLarge> {
        let content = Content {
            reason: std::mem::take(&mut self.reason),
            last_line: self.last_line.take(),
            between: "\n",
            output: self.data.take(),
        };
        content.into_body(|reason, output| {
            let body = Self {
                reason: reason.to_owned(),
                data: output.cloned(),
                ..self.clone()
            };
            serde_json::to_vec(&body).expect("strings and booleans always serialize")
        })
    }
}

#[cfg(test)]
mod tests;
