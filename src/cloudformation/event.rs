//! The event CloudFormation sends for a custom resource (`crpg-ref-requests`).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What CloudFormation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestType {
    /// The resource is new in the stack.
    Create,
    /// The resource's properties changed, or a failed update is being taken back.
    Update,
    /// The resource leaves the stack, or its creation is being taken back.
    Delete,
}

impl RequestType {
    /// The word used in execution names.
    #[must_use]
    pub const fn in_lower_case(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The presigned URL that CloudFormation waits at. Whoever has it can answer for the stack, so it
/// shows in no `Debug` print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// Wraps a URL as received.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL in clear, for hashing and for the PUT; never for a log line.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(hidden)")
    }
}

/// Everything an answer needs: who asks, about what, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// What is asked for.
    pub request_type: RequestType,
    /// ARN of the stack.
    pub stack_id: String,
    /// Unique to the request within the stack operation.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_resource_id: String,
    /// The resource's type in the template, such as `Custom::EcsTask`.
    #[serde(default)]
    pub resource_type: String,
    /// Absent on Create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_resource_id: Option<String>,
    /// Where the answer goes.
    #[serde(rename = "ResponseURL")]
    pub response_url: ResponseUrl,
}

/// A request with the properties as they came. The properties are read by [`crate::properties`]: an
/// event whose properties are wrong must still be answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// The envelope.
    #[serde(flatten)]
    pub request: Request,
    /// The resource's properties, scalars turned to strings by CloudFormation.
    #[serde(default)]
    pub resource_properties: Value,
    /// On Update, the properties before it.
    #[serde(default)]
    pub old_resource_properties: Value,
    /// `ServiceTimeout` in seconds, where CloudFormation puts it beside the properties.
    #[serde(default)]
    pub service_timeout: Value,
}

/// The event lacks what an answer needs, so nobody can be told but the function's own log and its
/// dead-letter queue.
#[derive(Debug, thiserror::Error)]
#[error(
    "the event is no CloudFormation custom resource request, so there is nobody to answer: {0}. Invoke this function only as the ServiceToken of a custom resource"
)]
pub struct NotACustomResourceEvent(#[from] serde_json::Error);

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// When a part of the envelope is missing or of the wrong type. Wrong properties are no error
    /// here.
    pub fn parse(event: Value) -> Result<Self, NotACustomResourceEvent> {
        Ok(serde_json::from_value(event)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn create() -> Value {
        json!({
            "RequestType": "Create",
            "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:start",
            "ResponseURL": "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/key?X-Amz-Signature=abc",
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid",
            "RequestId": "2f2b6f2d",
            "LogicalResourceId": "MigrateTask",
            "ResourceType": "Custom::EcsTask",
            "ResourceProperties": {"Cluster": "todobackend", "TaskDefinition": "migrate:3"}
        })
    }

    #[test]
    fn the_envelope_is_read_and_properties_are_left_as_they_are() {
        let event = Event::parse(create()).unwrap();
        assert_eq!(event.request.request_type, RequestType::Create);
        assert_eq!(event.request.logical_resource_id, "MigrateTask");
        assert_eq!(event.request.physical_resource_id, None);
        assert_eq!(event.resource_properties["TaskDefinition"], "migrate:3");
        assert_eq!(event.old_resource_properties, Value::Null);
    }

    #[test]
    fn an_envelope_without_a_response_url_is_refused() {
        let mut event = create();
        event.as_object_mut().unwrap().remove("ResponseURL");
        let refused = Event::parse(event).unwrap_err().to_string();
        assert!(refused.contains("ResponseURL"), "{refused}");
    }

    #[test]
    fn properties_of_any_type_are_no_error() {
        let mut event = create();
        event["ResourceProperties"] = json!([1, 2]);
        assert!(Event::parse(event).is_ok());
    }

    #[test]
    fn a_debug_print_hides_the_response_url() {
        let printed = format!("{:?}", Event::parse(create()).unwrap());
        assert!(!printed.contains("X-Amz-Signature"), "{printed}");
        assert!(printed.contains("ResponseUrl(hidden)"), "{printed}");
    }
}
