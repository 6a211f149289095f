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
fn a_message_that_is_empty_leaves_no_sentence_behind() {
    for (code, message, expected) in [
        (None, "", "ecs:RunTask on cluster 'main' was denied"),
        (
            Some("AccessDenied"),
            "",
            "ecs:RunTask on cluster 'main' was denied. AccessDenied",
        ),
        (
            Some("AccessDenied"),
            ".",
            "ecs:RunTask on cluster 'main' was denied. AccessDenied",
        ),
        (None, "No.", "ecs:RunTask on cluster 'main' was denied. No"),
        (
            Some("AccessDenied"),
            "No.",
            "ecs:RunTask on cluster 'main' was denied. AccessDenied: No",
        ),
    ] {
        let error = ApiError {
            action: "ecs:RunTask",
            resource: "cluster 'main'".to_owned(),
            kind: ErrorKind::AccessDenied,
            code: code.map(str::to_owned),
            message: message.to_owned(),
        };
        assert_eq!(error.to_string(), expected);
    }
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
