//! The event that CloudFormation sends for a custom resource (`crpg-ref-requests`). Only its
//! envelope is read here; [`crate::properties`] reads the properties.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::lenient;

/// What CloudFormation asks to be done with the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestType {
    /// The resource is new in the stack.
    Create,
    /// The resource's properties changed, or a failed update is being rolled back.
    Update,
    /// The resource leaves the stack, or its creation is being rolled back.
    Delete,
}

impl RequestType {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    fn is_known(name: &str) -> bool {
        matches!(name, "Create" | "Update" | "Delete")
    }

    /// The word used in execution names.
    #[must_use]
    pub(crate) const fn in_lower_case(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A presigned URL at which CloudFormation waits for an answer: the response URL of a request, or that
/// of a wait condition's handle. Anybody who has it can answer in the stack's place, so `Debug` does not
/// print it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// Takes the URL as CloudFormation or the execution's input has it, in clear or sealed.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The text of the URL, for hashing, sealing and the PUT. It must never reach a log line.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ResponseUrl {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(hidden)")
    }
}

/// The event's envelope, which is all that an answer needs: the ids that CloudFormation compares,
/// and the URL at which it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// Whether the resource is created, updated or deleted.
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
    /// Absent on Create, where the answer chooses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_resource_id: Option<String>,
    /// Where the answer is sent with PUT. Sealed in an execution's input, if the functions have a
    /// key.
    #[serde(rename = "ResponseURL")]
    pub response_url: ResponseUrl,
    /// Where the end of the request's run is reported, if a wait condition waits for it: the request
    /// itself is then answered once the run has begun. No event of CloudFormation has it; `start`
    /// adds it to an execution's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_condition_handle: Option<WaitConditionHandle>,
    /// Whether the request is a rollback of which the properties say that it does not matter if it
    /// fails: what fails is then answered SUCCESS, with the reason in the output `Skipped`. `start` adds
    /// it to an execution's input as well.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub ignores_failure: bool,
}

/// The handle of a wait condition, as an execution's input has it (`using-cfn-waitcondition`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitConditionHandle {
    /// The handle's URL. Whoever has it can answer in the run's place. Sealed like the response URL.
    #[serde(rename = "URL")]
    pub url: ResponseUrl,
    /// The execution's name, or its end. CloudFormation takes a second signal with the same id for a repetition.
    #[serde(rename = "UniqueId")]
    pub unique_id: String,
}

/// Where a reply goes.
#[derive(Debug, Clone, Copy)]
pub enum ReplyTo<'r> {
    /// To the response URL of the request: CloudFormation waits for the resource.
    Request(&'r Request),
    /// To the handle of a wait condition, which the request's properties name.
    WaitCondition(&'r Request, &'r WaitConditionHandle),
}

impl Request {
    /// Where the end of the request's run is reported.
    #[must_use]
    pub fn reply_of_run_to(&self) -> ReplyTo<'_> {
        match &self.wait_condition_handle {
            Some(handle) => ReplyTo::WaitCondition(self, handle),
            None => ReplyTo::Request(self),
        }
    }
}

impl<'r> ReplyTo<'r> {
    /// The request that the reply belongs to.
    #[must_use]
    pub fn request(self) -> &'r Request {
        match self {
            Self::Request(request) | Self::WaitCondition(request, _) => request,
        }
    }

    /// The URL that takes the reply, in clear or sealed.
    #[must_use]
    pub fn url(self) -> &'r ResponseUrl {
        match self {
            Self::Request(request) => &request.response_url,
            Self::WaitCondition(_, handle) => &handle.url,
        }
    }

    /// What kind of URL that is.
    #[must_use]
    pub fn url_kind(self) -> UrlKind {
        match self {
            Self::Request(_) => UrlKind::Response,
            Self::WaitCondition(..) => UrlKind::WaitConditionHandle,
        }
    }
}

/// The kinds of URLs at which CloudFormation takes a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlKind {
    /// The response URL of a request.
    Response,
    /// The URL of a wait condition's handle.
    WaitConditionHandle,
}

impl fmt::Display for UrlKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Response => "the response URL of the request",
            Self::WaitConditionHandle => "WaitConditionHandle",
        })
    }
}

/// A request with the properties as CloudFormation sent them. [`crate::properties`] reads them in a
/// second step, since an event whose properties are wrong must be answered too.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// The ids and the response URL.
    #[serde(flatten)]
    pub request: Request,
    /// The resource's properties. CloudFormation turns numbers and booleans into strings.
    #[serde(default)]
    pub resource_properties: Value,
    /// The properties before the Update; null for other requests.
    #[serde(default)]
    pub old_resource_properties: Value,
    /// `ServiceTimeout` in seconds, where CloudFormation puts it beside the properties.
    #[serde(default)]
    pub service_timeout: Value,
}

/// An event that cannot be acted on.
#[derive(Debug, thiserror::Error)]
pub enum UnusableEvent {
    /// It lacks what an answer needs, so it can be reported only to the function's own log and its
    /// dead-letter queue.
    #[error(
        "the event is no CloudFormation custom resource request, so there is nobody to answer: {0}. Invoke this function only as the ServiceToken of a custom resource"
    )]
    NotACustomResourceEvent(#[from] serde_json::Error),
    /// CloudFormation waits for an answer to something that this version does not know.
    #[error("the RequestType {0:?} is unknown; expected Create, Update or Delete")]
    UnknownRequestType(String, Box<Event>),
}

impl Event {
    /// Reads the event as Lambda delivers it.
    ///
    /// # Errors
    /// When a part of the envelope is missing or of the wrong type. Wrong properties are no error
    /// here. The event of an unknown request type is given as an Update, for answering it.
    pub fn parse(event: Value) -> Result<Self, UnusableEvent> {
        let request_type = event.get("RequestType").and_then(Value::as_str);
        let Some(unknown) = request_type.filter(|name| !RequestType::is_known(name)) else {
            return Ok(serde_json::from_value(event)?);
        };
        let unknown = unknown.to_owned();
        let mut event = event;
        event["RequestType"] = Value::from("Update");
        let event = serde_json::from_value(event)?;
        Err(UnusableEvent::UnknownRequestType(unknown, Box::new(event)))
    }
}

#[cfg(test)]
mod tests;
