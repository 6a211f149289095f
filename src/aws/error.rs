//! Errors of AWS calls, sorted by what a caller can do about them.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::text::printable;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The role is not allowed to make the call. Waiting does not help.
    AccessDenied,
    /// Too many calls at the moment. The same call may succeed later.
    Throttled,
    /// The call got no answer, or one that reports trouble of the service. The same call may
    /// succeed later, and this one may have taken effect.
    Unavailable,
    /// The service understood the call and does not carry it out. The same call fails again.
    Rejected,
}

/// A call to AWS that failed. Its text names the action and the resource, and gives the reason in
/// the service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ApiError {
    /// The action as IAM names it, such as `ecs:RunTask`.
    pub action: &'static str,
    /// What it was called on, such as `cluster 'todobackend'`.
    pub resource: String,
    /// What a caller can do about the error.
    pub kind: ErrorKind,
    /// The service's error code, if it gave one.
    pub code: Option<String>,
    /// The service's message, or what went wrong on the way to the service.
    pub message: String,
}

impl ApiError {
    /// The error of a call that gave an answer, or none in time, by which the caller cannot tell what it has
    /// to know. A later call may.
    #[must_use]
    pub(crate) fn inconclusive(
        action: &'static str,
        resource: String,
        message: impl Into<String>,
    ) -> Self {
        Self {
            action,
            resource,
            kind: ErrorKind::Unavailable,
            code: None,
            message: message.into(),
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, ErrorKind::Throttled | ErrorKind::Unavailable)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            resource,
            kind,
            code,
            message,
        } = self;
        // Some services end their messages with a full stop. The sentences that contain this text
        // end with one too, so the message's is dropped.
        let message = message.trim_end_matches('.');
        // A service may give a code without a message, and an answer with neither is possible too.
        let said = match (code.as_deref(), message) {
            (None, "") => String::new(),
            (Some(code), "") => format!(". {code}"),
            (None, message) => format!(". {message}"),
            (Some(code), message) => format!(". {code}: {message}"),
        };
        let what = match kind {
            ErrorKind::AccessDenied => "was denied",
            ErrorKind::Throttled => "was throttled",
            ErrorKind::Unavailable => "got no usable answer",
            ErrorKind::Rejected => "was rejected",
        };
        write!(f, "{action} on {resource} {what}{said}")
    }
}

/// Error codes of all services that mean "too many calls". Fargate also uses the first for
/// "Capacity is unavailable at this time", which `ecs/run_task.rs` recognises.
const THROTTLING: &[&str] = &[
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceQuotaExceededException",
    "LimitExceededException",
];

/// Error codes which mean that the role may not make the call, or that the credentials are wrong.
const DENIED: &[&str] = &[
    "AccessDeniedException",
    "AccessDenied",
    "UnauthorizedOperation",
    "NotAuthorized",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
];

/// Error codes of expired credentials and of clocks that differ. Both pass: the SDK fetches fresh
/// credentials and corrects for the difference by itself.
const EXPIRED: &[&str] = &[
    "ExpiredTokenException",
    "ExpiredToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

/// What went wrong on the way to the service. The text of an [`SdkError`] names only the step at
/// which it happened; its causes say why.
fn in_words<E>(error: &SdkError<E, HttpResponse>) -> String {
    match error {
        SdkError::TimeoutError(_) => "it did not answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => failure.as_connector_error().map_or_else(
            || "the request could not be sent".to_owned(),
            |error| with_causes(error),
        ),
        SdkError::ResponseError(failure) => format!(
            "its answer could not be read, HTTP status {}",
            failure.raw().status()
        ),
        SdkError::ConstructionFailure(_) => {
            "the request could not be built or signed; see whether credentials can be had"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

/// The texts of an error and of its causes, fit to print. A cause whose text is already there is
/// left out.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    printable::clean(&text).into_owned()
}

/// Makes an [`ApiError`] of an error of the SDK.
pub(crate) fn api_error<E>(
    action: &'static str,
    resource: impl Into<String>,
    error: &SdkError<E, HttpResponse>,
) -> ApiError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let resource = resource.into();
    let Some(service_error) = error.as_service_error() else {
        // Also reached when credentials could not be fetched. That counts as unavailable, since the
        // metadata service may fail for a moment.
        return ApiError {
            action,
            resource,
            kind: ErrorKind::Unavailable,
            code: None,
            message: in_words(error),
        };
    };
    let code = service_error
        .code()
        .map(|code| printable::clean(code).into_owned());
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    let kind = kind(code.as_deref(), status);
    let message = service_error.message().map_or_else(
        || format!("HTTP status {status}"),
        |message| printable::clean(message).into_owned(),
    );
    ApiError {
        action,
        resource,
        kind,
        code,
        message,
    }
}

/// Sorts an error of a service. The code counts before the HTTP status, since services answer
/// throttling, expired credentials and denials alike with 400 or 403.
fn kind(code: Option<&str>, status: u16) -> ErrorKind {
    match code {
        Some(code) if THROTTLING.contains(&code) || code.contains("Throttl") => {
            ErrorKind::Throttled
        }
        Some(code) if EXPIRED.contains(&code) => ErrorKind::Unavailable,
        Some(code) if DENIED.contains(&code) => ErrorKind::AccessDenied,
        _ if status == 429 => ErrorKind::Throttled,
        _ if status >= 500 => ErrorKind::Unavailable,
        Some(_) => ErrorKind::Rejected,
        // AWS services give their errors a code. An answer without one comes from a proxy or load
        // balancer on the way.
        None => ErrorKind::Unavailable,
    }
}

#[cfg(test)]
mod tests;
