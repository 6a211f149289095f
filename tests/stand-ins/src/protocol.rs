//! The AWS JSON 1.0 and 1.1 protocols (and the little of the query protocol that is needed): which
//! service and operation a request addresses, and how answers and errors are written.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::aws_error::AwsError;

/// A service the stand-ins know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Amazon Elastic Container Service.
    Ecs,
    /// AWS Step Functions.
    Sfn,
    /// Amazon CloudWatch Logs.
    Logs,
    /// AWS Key Management Service.
    Kms,
    /// AWS CloudFormation (query protocol).
    CloudFormation,
    /// Amazon S3, which takes CloudFormation's answers at presigned URLs (`PutObject`).
    S3,
    /// AWS Lambda, which Step Functions calls with a task token for the function (`Invoke`). A fault
    /// strikes the call where the definition is [played](crate::sfn::interpreter); no client gets
    /// here.
    Lambda,
}

impl Service {
    const WITH_TARGETS: [(Self, &'static str); 4] = [
        (Self::Ecs, "AmazonEC2ContainerServiceV20141113"),
        (Self::Sfn, "AWSStepFunctions"),
        (Self::Logs, "Logs_20140328"),
        (Self::Kms, "TrentService"),
    ];

    /// The service and operation that an `X-Amz-Target` header names, as in
    /// `AWSStepFunctions.GetActivityTask`.
    pub fn from_target(target: &str) -> Option<(Self, &str)> {
        let (prefix, operation) = target.rsplit_once('.')?;
        let (service, _) = Self::WITH_TARGETS
            .iter()
            .find(|(_, name)| *name == prefix)?;
        Some((*service, operation))
    }

    /// The `X-Amz-Target` header that names an operation of the service.
    pub(crate) fn target(self, operation: &str) -> String {
        let prefix = Self::WITH_TARGETS
            .iter()
            .find(|(service, _)| *service == self)
            .map_or("", |(_, prefix)| prefix);
        format!("{prefix}.{operation}")
    }

    /// The service's prefix in IAM actions, as in `ecs:RunTask`.
    pub fn iam_prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Sfn => "states",
            Self::Logs => "logs",
            Self::Kms => "kms",
            Self::CloudFormation => "cloudformation",
            Self::S3 => "s3",
            Self::Lambda => "lambda",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Sfn => "application/x-amz-json-1.0",
            Self::Ecs | Self::Logs | Self::Kms | Self::Lambda => "application/x-amz-json-1.1",
            Self::CloudFormation => "text/xml",
            Self::S3 => "application/xml",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.iam_prefix())
    }
}

/// A complete HTTP answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Value of the `content-type` header.
    pub content_type: Cow<'static, str>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The answer to a call that succeeded.
    pub(crate) fn success(service: Service, answer: &Value) -> Self {
        let body = match answer {
            // The query protocol's operations hand over their XML as a string.
            Value::String(xml) if service == Service::CloudFormation => xml.clone(),
            answer => answer.to_string(),
        };
        Self {
            status: 200,
            content_type: service.content_type().into(),
            body: body.into(),
        }
    }

    /// The answer to a call that failed.
    pub(crate) fn error(service: Service, error: &AwsError) -> Self {
        let body = match service {
            Service::CloudFormation => query_error(error),
            Service::S3 => s3_error(error),
            Service::Ecs | Service::Sfn | Service::Logs | Service::Kms | Service::Lambda => {
                let mut body =
                    json!({"__type": type_name(service, &error.code), "message": error.message});
                if let Value::Object(members) = &mut body {
                    members.extend(error.members.clone());
                }
                body.to_string()
            }
        };
        Self {
            status: error.status,
            content_type: service.content_type().into(),
            body: body.into(),
        }
    }
}

/// Step Functions answers its errors under a namespace, the others by their bare names.
fn type_name(service: Service, code: &str) -> Cow<'_, str> {
    match service {
        Service::Sfn => Cow::Owned(format!("com.amazonaws.swf.service.v2.model#{code}")),
        _ => Cow::Borrowed(code),
    }
}

fn query_error(error: &AwsError) -> String {
    let fault = if error.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    format!(
        "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>{fault}</Type>\
         <Code>{}</Code><Message>{}</Message></Error></ErrorResponse>",
        escape_xml(&error.code),
        escape_xml(&error.message)
    )
}

fn s3_error(error: &AwsError) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>",
        escape_xml(&error.code),
        escape_xml(&error.message)
    )
}

/// Text as it may stand between two XML tags.
pub(crate) fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_service_and_operation() {
        for (target, expected) in [
            (
                "AmazonEC2ContainerServiceV20141113.RunTask",
                Some((Service::Ecs, "RunTask")),
            ),
            (
                "AWSStepFunctions.GetActivityTask",
                Some((Service::Sfn, "GetActivityTask")),
            ),
            (
                "Logs_20140328.GetLogEvents",
                Some((Service::Logs, "GetLogEvents")),
            ),
            ("TrentService.Decrypt", Some((Service::Kms, "Decrypt"))),
            ("DynamoDB_20120810.GetItem", None),
            ("RunTask", None),
        ] {
            assert_eq!(Service::from_target(target), expected, "{target}");
        }
    }

    #[test]
    fn errors_carry_type_message_and_members() {
        let error =
            AwsError::new("ConflictException", "used").with_member("resourceIds", json!(["a"]));
        let reply = Reply::error(Service::Ecs, &error);
        assert_eq!(reply.status, 400);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(
            body,
            json!({"__type": "ConflictException", "message": "used", "resourceIds": ["a"]})
        );
    }
}
