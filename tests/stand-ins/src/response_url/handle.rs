//! The handle of a wait condition, and what the condition makes of the signals that arrive there, by
//! CloudFormation's rules (`using-cfn-waitcondition`).

use serde_json::{Map, Value};

use super::{Put, ResponseUrls};
use crate::identifiers::{ACCOUNT, REGION};

/// Seconds for which the URL of a handle is valid.
const VALIDITY: u32 = 43_199;

/// A handle.
#[derive(Clone, Debug)]
pub struct Handle {
    url: String,
    urls: ResponseUrls,
}

/// A wait condition that waits for one signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing has come.
    Waiting,
    /// CREATE_COMPLETE.
    Complete(Signal),
    /// CREATE_FAILED, with "WaitCondition received failed message".
    Failed(Signal),
    /// CREATE_FAILED, with "Unparsable WaitCondition data". CloudFormation does not say why; this does.
    Unparsable(String),
}

/// A signal that CloudFormation can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// SUCCESS or FAILURE.
    pub status: String,
    /// Why.
    pub reason: String,
    /// Repeated signals have the same.
    pub unique_id: String,
    /// Any text.
    pub data: String,
}

impl ResponseUrls {
    /// The handle of this name, whose URL is signed when response URLs are.
    pub fn handle(&self, stack: &str, logical_id: &str) -> Handle {
        self.handle_signed(stack, logical_id, &self.signed)
    }

    /// The same with another `X-Amz-Date`.
    pub fn handle_signed(&self, stack: &str, logical_id: &str, signed: &str) -> Handle {
        let origin = self.origin.replace(
            &format!("custom-resource-response-{}", REGION.replace('-', "")),
            &format!("waitcondition-{REGION}"),
        );
        let url = format!(
            "{origin}/arn%3Aaws%3Acloudformation%3A{REGION}%3A{ACCOUNT}%3Astack/{stack}/51af3dc0-da77-11e4-872e-1234567db123/{logical_id}\
             ?X-Amz-Security-Token={token}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={signed}&X-Amz-SignedHeaders=host\
             &X-Amz-Expires={VALIDITY}&X-Amz-Credential=ASIAEXAMPLE%2F20260101%2F{REGION}%2Fs3%2Faws4_request\
             &X-Amz-Signature={signature}",
            token = "T0ken%2F".repeat(150),
            signature = "5e".repeat(32),
        );
        Handle {
            url,
            urls: self.clone(),
        }
    }
}

impl Handle {
    /// What `!Ref` of it gives.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was sent there, in order.
    pub fn puts(&self) -> Vec<Put> {
        let puts = self.urls.puts().into_iter();
        puts.filter(|put| self.url.ends_with(&put.path)).collect()
    }

    /// What a condition makes of it that counts to one. The first signal decides; another one with
    /// another id comes too late.
    pub fn condition(&self) -> Condition {
        let puts = self.puts();
        let Some(put) = puts.iter().find(|put| put.is_stored()) else {
            return Condition::Waiting;
        };
        match Signal::read(put) {
            Ok(signal) if signal.status == "SUCCESS" => Condition::Complete(signal),
            Ok(signal) => Condition::Failed(signal),
            Err(why) => Condition::Unparsable(why),
        }
    }

    /// The signals that CloudFormation counts: one for each id.
    ///
    /// # Panics
    /// When one cannot be read.
    pub fn signals(&self) -> Vec<Signal> {
        let mut signals: Vec<Signal> = Vec::new();
        for put in self.puts().iter().filter(|put| put.is_stored()) {
            let signal = Signal::read(put).expect("CloudFormation reads the signal");
            let is_new = |other: &Signal| other.unique_id != signal.unique_id;
            if signals.iter().all(is_new) {
                signals.push(signal);
            }
        }
        signals
    }
}

impl Signal {
    /// Reads a body strictly: four members and no other, all of them strings, at most 4,096 bytes, the
    /// reason printable and in one line, and sent as S3 takes it.
    fn read(put: &Put) -> Result<Self, String> {
        let content_type = put.headers.get("content-type");
        if put.method != "PUT" || content_type.is_some_and(|value| !value.is_empty()) {
            return Err(format!("sent with {} and {content_type:?}", put.method));
        }
        if put.body.len() > 4_096 {
            return Err(format!("{} bytes", put.body.len()));
        }
        let mut members: Map<String, Value> =
            serde_json::from_slice(&put.body).map_err(|error| error.to_string())?;
        let mut take = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => Ok(text),
            other => Err(format!("{name} is {other:?}")),
        };
        let signal = Self {
            status: take("Status")?,
            reason: take("Reason")?,
            unique_id: take("UniqueId")?,
            data: take("Data")?,
        };
        if !(1..=64).contains(&signal.unique_id.len()) {
            return Err(format!("UniqueId is {:?}", signal.unique_id));
        }
        if !members.is_empty() {
            return Err(format!("further members: {members:?}"));
        }
        if !["SUCCESS", "FAILURE"].contains(&signal.status.as_str()) {
            return Err(format!("Status is {}", signal.status));
        }
        if signal.reason.is_empty() || signal.reason.chars().any(char::is_control) {
            return Err(format!("Reason is {:?}", signal.reason));
        }
        Ok(signal)
    }
}
