//! CloudWatch Logs of another endpoint behind this one: it has the logs of functions, and knows
//! every operation. What containers printed is copied there before it is asked.

use std::collections::HashMap;

use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{LogEvent, Logs, MAX_EVENTS};
use crate::aws_error::AwsError;
use crate::lock::Lock;
use crate::protocol::Service;
use crate::upstream::Upstream;

/// The endpoint behind.
#[derive(Debug)]
pub(super) struct Behind {
    upstream: Upstream,
    /// How many events of each stream it has. The lock is held while more are copied, so that none is
    /// copied twice.
    copied: Mutex<HashMap<(String, String), usize>>,
}

impl Logs {
    /// Passes on to the endpoint at `url` every call but `GetLogEvents` of a stream of this
    /// stand-in.
    ///
    /// # Panics
    /// When it was called before.
    pub fn in_front_of(&self, url: &str) {
        let behind = Behind {
            upstream: Upstream::new(url),
            copied: Mutex::default(),
        };
        self.behind
            .set(behind)
            .expect("a stand-in is put in front of one endpoint");
    }

    /// Asks the endpoint behind, which has all that was printed here until now.
    pub(super) async fn pass_on(
        &self,
        behind: &Behind,
        operation: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        self.copy(behind, headers).await?;
        let upstream = &behind.upstream;
        upstream.call(Service::Logs, operation, body, headers).await
    }

    async fn copy(&self, behind: &Behind, headers: &HeaderMap) -> Result<(), AwsError> {
        let mut copied = behind.copied.lock().await;
        for (name, events) in self.all() {
            let known = copied.get(&name).copied();
            let (group, stream) = &name;
            let call = async |operation: &str, mut body: Value| {
                body["logGroupName"] = group.as_str().into();
                let upstream = &behind.upstream;
                let answer = upstream.call(Service::Logs, operation, &body, headers);
                match answer.await {
                    // The group or stream is there already, or a stack has deleted it.
                    Err(error) if error.status < 500 => Ok(()),
                    answer => answer.map(drop),
                }
            };
            if known.is_none() {
                call("CreateLogGroup", json!({})).await?;
                call("CreateLogStream", json!({"logStreamName": stream})).await?;
            }
            let new = events.get(known.unwrap_or(0)..).unwrap_or_default();
            for part in new.chunks(MAX_EVENTS) {
                let part: Vec<_> = part.iter().map(|event| self.input_event(event)).collect();
                let body = json!({"logStreamName": stream, "logEvents": part});
                call("PutLogEvents", body).await?;
            }
            copied.insert(name, events.len());
        }
        Ok(())
    }

    /// Every stream with its events.
    fn all(&self) -> Vec<((String, String), Vec<LogEvent>)> {
        let names: Vec<_> = self.state.locked().streams.keys().cloned().collect();
        let found = names.into_iter().filter_map(|(group, stream)| {
            let events = self.find(&group, &stream)?;
            Some(((group, stream), events))
        });
        found.collect()
    }

    fn input_event(&self, event: &LogEvent) -> Value {
        json!({"timestamp": self.clock.epoch_millis(event.at), "message": event.message})
    }
}
