use super::*;

fn error_of(kind: ErrorKind, message: &str) -> ApiError {
    ApiError {
        action: "ecs:RunTask",
        resource: "cluster 'production'".to_owned(),
        kind: kind_by_words(kind, message),
        code: Some("ClientException".to_owned()),
        message: message.to_owned(),
    }
}

#[test]
fn capacity_and_agents_pass_and_attributes_do_not() {
    for (reason, expected) in [
        ("RESOURCE:CPU", true),
        ("RESOURCE:MEMORY", true),
        ("RESOURCE:ENI", true),
        ("AGENT", true),
        (
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
            true,
        ),
        (
            "You've reached the limit on the number of vCPUs you can run concurrently",
            true,
        ),
        ("ATTRIBUTE", false),
        ("MISSING", false),
        ("INACTIVE", false),
        ("", false),
    ] {
        let failure = PlacementFailure {
            reason: reason.to_owned(),
            detail: String::new(),
            arn: String::new(),
        };
        assert_eq!(failure.may_pass(), expected, "{reason}");
    }
}

#[test]
fn no_room_is_told_apart_from_throttling_whatever_the_code_and_as_failure_or_error() {
    for (message, expected) in [
        (
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
            true,
        ),
        (
            "You've reached the limit on the number of vCPUs you can run concurrently.",
            true,
        ),
        ("No Container Instances were found in your cluster.", true),
        ("Tasks provisioning capacity limit exceeded.", true),
        ("Rate exceeded", false),
        ("The requested CPU configuration is above your limit", false),
    ] {
        for kind in [ErrorKind::Rejected, ErrorKind::Throttled] {
            let error = error_of(kind, message);
            let is_throttled = error.kind == ErrorKind::Throttled;
            let is_no_room = matches!(
                launch_error(error),
                RunTaskError::NoCapacity(_) | RunTaskError::NoInstances(_)
            );
            assert_eq!(is_no_room, expected, "{message} as {kind:?}");
            assert!(
                !(is_no_room && is_throttled),
                "{message} must not halve the rate of launches"
            );
        }
        let unanswered = error_of(ErrorKind::Unavailable, message);
        assert!(
            matches!(launch_error(unanswered), RunTaskError::Api(_)),
            "{message}: a call without an answer may have launched something"
        );
    }
}

#[test]
fn errors_of_a_launch_are_told_apart_by_ecss_own_sentences() {
    let rejected = |message| launch_error(error_of(ErrorKind::Rejected, message));
    for message in [
        "TaskDefinition not found.",
        "TaskDefinition is inactive",
        "Unable to describe task definition.",
    ] {
        assert!(
            matches!(rejected(message), RunTaskError::NoTaskDefinition(_)),
            "{message}"
        );
    }
    for (message, kind) in [
        (
            "Error retrieving security group information for [sg-0a]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)",
            ErrorKind::Throttled,
        ),
        (
            "Error retrieving subnet information for [subnet-0a]: Rate exceeded",
            ErrorKind::Throttled,
        ),
        (
            "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/Stack-TaskDefinitionTaskRole1A2B' that was provided for this task.",
            ErrorKind::Rejected,
        ),
        (
            "Task definition does not support launch_type FARGATE.",
            ErrorKind::Rejected,
        ),
        (
            "Override for container named web is not a container in the TaskDefinition.",
            ErrorKind::Rejected,
        ),
    ] {
        let RunTaskError::Api(error) = rejected(message) else {
            panic!("there is a task definition: {message}")
        };
        assert_eq!(error.kind, kind, "{message}");
    }
}
