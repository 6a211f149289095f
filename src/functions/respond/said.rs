//! What a reply says, in the form that CloudFormation reads where it goes.

use crate::cloudformation::event::{ReplyTo, Request};
use crate::cloudformation::response::{Response, Status, TooLarge};
use crate::cloudformation::signal::Signal;
use crate::task::outcome::Output;

/// What a reply says.
#[derive(Debug, Clone)]
pub(super) enum Said {
    Success(Output),
    Failure {
        reason: String,
        last_line: Option<String>,
    },
}

impl Said {
    pub(super) fn status(&self) -> Status {
        match self {
            Self::Success(_) => Status::Success,
            Self::Failure { .. } => Status::Failed,
        }
    }

    /// The body in the form that CloudFormation reads there.
    pub(super) fn body(self, to: ReplyTo<'_>) -> Result<Vec<u8>, TooLarge> {
        match (to, self) {
            (ReplyTo::Request(request), Self::Success(output)) => {
                Response::success(request, fallback_id(request), output).body()
            }
            (ReplyTo::Request(request), Self::Failure { reason, last_line }) => {
                Response::failure(request, fallback_id(request), reason)
                    .ending_with(last_line)
                    .body()
            }
            (ReplyTo::WaitCondition(_, handle), Self::Success(output)) => {
                Signal::success(handle, output).body()
            }
            (ReplyTo::WaitCondition(_, handle), Self::Failure { reason, last_line }) => {
                Signal::failure(handle, &reason)
                    .ending_with(last_line)
                    .body()
            }
        }
    }
}

/// The physical resource id for a request that has none. `start` puts an id into every request, so
/// this is for an input of another origin. `Identity` cannot be used: it hashes the response URL in
/// clear, and here the URL is sealed.
fn fallback_id(request: &Request) -> &str {
    &request.logical_resource_id
}
