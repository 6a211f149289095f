//! Errors of AWS calls, sorted by what a caller can do about them.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::text::printable;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The role is not allowed the call. Waiting does not help.
    AccessDenied,
    /// Too many calls at the moment. The same call may succeed later.
    Throttled,
    /// The call got no answer, or one which says that the service has trouble. The same call may
    /// succeed later, and this one may have taken effect.
    Unavailable,
    /// The service understood the call and does not carry it out. The same call fails again.
    Rejected,
}

/// A call to AWS that failed. Its text says which action on what, why, and in the service's words.
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
        let code = code
            .as_deref()
            .map(|code| format!("{code}: "))
            .unwrap_or_default();
        // Some services end their messages with a full stop. The sentences that contain this text
        // end with one too, so the message's is dropped.
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

/// Error codes of all services that mean "too many calls". Fargate also uses the first for
/// "Capacity is unavailable at this time", which `ecs/run_task.rs` tells apart.
const THROTTLING: &[&str] = &[
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceQuotaExceededException",
    "LimitExceededException",
];

/// Error codes which mean that the role is not allowed the call, or that the credentials are wrong.
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

/// The texts of an error and of its causes, fit to print. A cause that the text before repeats is left out.
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
        // Credentials that could not be fetched end here too. They count as unavailable, since the
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
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn an_error_is_sorted_by_its_code_and_counts_as_unavailable_without_one() {
        for (code, status, expected) in [
            (Some("ThrottlingException"), 400, ErrorKind::Throttled),
            (Some("TooManyRequestsException"), 400, ErrorKind::Throttled),
            (Some("RunTaskThrottled"), 400, ErrorKind::Throttled),
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

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(
            status.try_into().unwrap(),
            aws_smithy_types::body::SdkBody::empty(),
        )
    }

    #[test]
    fn what_went_wrong_on_the_way_is_said_with_its_cause() {
        let refused = std::io::Error::other("connection refused");
        for (error, said) in [
            (
                SdkError::timeout_error("deadline"),
                "it did not answer in time",
            ),
            (
                SdkError::dispatch_failure(ConnectorError::io(refused.into())),
                "connection refused",
            ),
            (
                SdkError::response_error("garbage", response(502)),
                "its answer could not be read, HTTP status 502",
            ),
            (
                SdkError::construction_failure("no credentials"),
                "the request could not be built or signed",
            ),
        ] {
            let error: SdkError<ErrorMetadata, HttpResponse> = error;
            let error = api_error("ecs:RunTask", "cluster 'main'", &error);
            assert_eq!((error.kind, &error.code), (ErrorKind::Unavailable, &None));
            assert!(error.message.contains(said), "{error}");
        }
    }

    #[test]
    fn an_error_of_the_service_keeps_its_code_and_its_words() {
        let error = |metadata: ErrorMetadata| {
            api_error(
                "ecs:RunTask",
                "cluster 'main'",
                &SdkError::service_error(metadata, response(400)),
            )
        };
        let named = ErrorMetadata::builder()
            .code("ClusterNotFoundException")
            .message("Cluster not found.")
            .build();
        let named = error(named);
        assert_eq!(
            named.to_string(),
            "ecs:RunTask on cluster 'main' was rejected. ClusterNotFoundException: Cluster not found"
        );
        assert!(!named.may_pass());
        let unnamed = error(ErrorMetadata::builder().build());
        assert_eq!(
            unnamed.to_string(),
            "ecs:RunTask on cluster 'main' got no usable answer. HTTP status 400"
        );
        assert!(unnamed.may_pass());
    }

    #[test]
    fn causes_are_said_once_each() {
        #[derive(Debug, thiserror::Error)]
        #[error("{text}")]
        struct Failure {
            text: &'static str,
            source: Option<Box<Failure>>,
        }
        let failure = |text, source: Option<Failure>| Failure {
            text,
            source: source.map(Box::new),
        };
        let refused = failure("connection refused", None);
        let repeated = failure("not sent", Some(refused));
        assert_eq!(
            with_causes(&failure("not sent", Some(repeated))),
            "not sent: connection refused"
        );
    }
}
