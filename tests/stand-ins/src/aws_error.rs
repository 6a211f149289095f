//! The errors that AWS answers, in each service's own words.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::protocol::Service;

/// An error as AWS answers it.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AwsError {
    /// The error's name, as in `ClusterNotFoundException`.
    pub code: Cow<'static, str>,
    /// The sentence beside it.
    pub message: String,
    /// HTTP status; 400 for nearly everything these services refuse.
    pub status: u16,
    /// Further members of the error, as `resourceIds` of a `ConflictException`.
    pub members: Map<String, Value>,
}

impl AwsError {
    /// An error with HTTP status 400.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: 400,
            members: Map::new(),
        }
    }

    /// The same error with another HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same error with one more member.
    pub fn with_member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// What the service answers when a token bucket is empty.
    pub fn throttled(service: Service) -> Self {
        match service {
            Service::CloudFormation => Self::new("Throttling", "Rate exceeded"),
            Service::S3 => {
                Self::new("SlowDown", "Please reduce your request rate.").with_status(503)
            }
            Service::Ecs | Service::Sfn | Service::Logs | Service::Kms | Service::Lambda => {
                Self::new("ThrottlingException", "Rate exceeded")
            }
        }
    }

    /// What IAM answers for a call that no policy allows.
    pub fn access_denied(service: Service, operation: &str) -> Self {
        Self::not_authorized(
            service,
            "worker",
            &format!("{}:{operation}", service.iam_prefix()),
            "*",
        )
    }

    /// What IAM answers when no policy of `role` allows the action on the resource.
    pub(crate) fn not_authorized(
        service: Service,
        role: &str,
        action: &str,
        resource: &str,
    ) -> Self {
        let message = format!(
            "User: arn:aws:sts::000000000000:assumed-role/{role}/i-0123456789abcdef0 is not authorized to perform: {action} \
             on resource: {resource} because no identity-based policy allows the {action} action"
        );
        match service {
            Service::CloudFormation => Self::new("AccessDenied", message).with_status(403),
            // A presigned URL that has expired.
            Service::S3 => Self::new("AccessDenied", "Request has expired").with_status(403),
            Service::Ecs | Service::Sfn | Service::Logs | Service::Kms | Service::Lambda => {
                Self::new("AccessDeniedException", message)
            }
        }
    }

    /// HTTP 500: the service's own failure, which clients may retry.
    pub fn internal(service: Service) -> Self {
        let code = match service {
            Service::Ecs => "ServerException",
            Service::Sfn => "InternalServerError",
            Service::Logs => "ServiceUnavailableException",
            Service::Kms => "KMSInternalException",
            Service::CloudFormation => "InternalFailure",
            Service::S3 => "InternalError",
            Service::Lambda => "ServiceException",
        };
        Self::new(
            code,
            "The service could not answer because of an internal error.",
        )
        .with_status(500)
    }

    /// A member of the request is missing, too long, or of the wrong form.
    pub(crate) fn validation(constraint: impl fmt::Display) -> Self {
        Self::new(
            "ValidationException",
            format!("1 validation error detected: {constraint}"),
        )
    }

    /// The length of a member is above the API's limit.
    pub(crate) fn too_long(member: &str, limit: usize) -> Self {
        Self::validation(format_args!(
            "Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {limit}"
        ))
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.message)
    }
}

impl std::error::Error for AwsError {}
