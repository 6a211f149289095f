//! Errors of AWS calls, sorted by what a caller can do about them.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The role may not make this call. Waiting does not help.
    AccessDenied,
    /// Too many calls for now.
    Throttled,
    /// The call got no answer, or one that says the service has trouble. It may have taken effect.
    Unavailable,
    /// The service understood the call and will not carry it out as given.
    Rejected,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ApiError {
    /// The action as IAM names it, such as `ecs:RunTask`.
    pub action: &'static str,
    /// What it was called on, such as `cluster 'todobackend'`.
    pub resource: String,
    /// What can be done about it.
    pub kind: ErrorKind,
    /// The service's error code, when it gave one.
    pub code: Option<String>,
    /// The service's message, or what went wrong on the way to it.
    pub message: String,
}

impl ApiError {
    /// Whether the same call may succeed a little later.
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
        let code = code
            .as_deref()
            .map(|code| format!("{code}: "))
            .unwrap_or_default();
        // Services end their messages with a full stop or without; the sentences that this stands
        // in have one of their own.
        let message = message.trim_end_matches('.');
        match kind {
            ErrorKind::AccessDenied => {
                write!(f, "{action} on {resource} was denied. {code}{message}")
            }
            ErrorKind::Throttled => {
                write!(f, "{action} on {resource} was throttled. {code}{message}")
            }
            ErrorKind::Unavailable => write!(
                f,
                "{action} on {resource} got no usable answer. {code}{message}"
            ),
            ErrorKind::Rejected => {
                write!(f, "{action} on {resource} was rejected. {code}{message}")
            }
        }
    }
}

/// Codes that mean "too many calls", over all services. Fargate also says "Capacity is unavailable
/// at this time" with the first, which `ecs/run_task.rs` tells apart.
const THROTTLING: &[&str] = &[
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceQuotaExceededException",
    "LimitExceededException",
];

/// Codes that mean "you may not".
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

/// Codes that fresh credentials mend, which the SDK fetches by itself, or a clock that is set,
/// which it allows for.
const EXPIRED: &[&str] = &[
    "ExpiredTokenException",
    "ExpiredToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

/// What went wrong on the way to the service. The SDK's own sentence says only at which step; its
/// causes say why.
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

/// An error and its causes, each said once.
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
    text
}

/// Maps an error of the SDK.
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
        // Also credentials that could not be fetched: the metadata service has its moments.
        return ApiError {
            action,
            resource,
            kind: ErrorKind::Unavailable,
            code: None,
            message: in_words(error),
        };
    };
    let code = service_error.code().map(str::to_owned);
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    let kind = kind(code.as_deref(), status);
    let message = service_error
        .message()
        .map_or_else(|| format!("HTTP status {status}"), str::to_owned);
    ApiError {
        action,
        resource,
        kind,
        code,
        message,
    }
}

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
        // A service names its errors. Who does not is something on the way to it.
        None => ErrorKind::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_sorted_by_its_code_and_without_one_taken_for_no_answer() {
        for (code, status, expected) in [
            (Some("ThrottlingException"), 400, ErrorKind::Throttled),
            (None, 429, ErrorKind::Throttled),
            (Some("AccessDeniedException"), 400, ErrorKind::AccessDenied),
            (
                Some("MissingAuthenticationTokenException"),
                403,
                ErrorKind::AccessDenied,
            ),
            (
                Some("UnrecognizedClientException"),
                400,
                ErrorKind::AccessDenied,
            ),
            (Some("ExpiredTokenException"), 400, ErrorKind::Unavailable),
            (
                Some("InvalidSignatureException"),
                403,
                ErrorKind::Unavailable,
            ),
            (Some("RequestTimeTooSkewed"), 403, ErrorKind::Unavailable),
            (Some("ServerException"), 500, ErrorKind::Unavailable),
            (Some("InvalidParameterException"), 400, ErrorKind::Rejected),
            (None, 403, ErrorKind::Unavailable),
            (None, 413, ErrorKind::Unavailable),
        ] {
            assert_eq!(
                kind(code, status),
                expected,
                "{code:?}, HTTP status {status}"
            );
        }
    }
}
