//! Amazon CloudWatch Logs: GetLogEvents over what the containers printed, and whatever an endpoint
//! behind has.

mod behind;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use self::behind::Behind;
use crate::aws_error::AwsError;
use crate::clock::Clock;
use crate::dispatch::unknown_operation;
use crate::lock::Lock;

/// Most events of one answer (API_GetLogEvents).
const MAX_EVENTS: usize = 10_000;

/// The Logs stand-in; clones share it.
#[derive(Clone, Debug)]
pub struct Logs {
    clock: Clock,
    state: Arc<Mutex<State>>,
    behind: Arc<OnceLock<Behind>>,
}

#[derive(Debug, Default)]
struct State {
    groups: BTreeSet<String>,
    /// By group and stream.
    streams: HashMap<(String, String), Stream>,
    pages: Pages,
    /// How long after it was printed a line is to be read.
    lag: Duration,
}

/// How a stream is cut into pages, as the service may do as it likes.
#[derive(Clone, Copy, Debug)]
struct Pages {
    /// Most events of one page, whatever the caller's limit.
    largest: usize,
    /// Empty pages before each page, on the way back from the end.
    empty: usize,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            largest: MAX_EVENTS,
            empty: 0,
        }
    }
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEvent {
    /// When it was printed.
    pub at: Duration,
    /// The line.
    pub message: String,
}

/// Where a stream's events come from.
enum Stream {
    Kept(Vec<LogEvent>),
    /// Asked for them at each moment; `None` as long as the stream does not exist.
    Derived(Box<Source>),
}

type Source = dyn Fn(Duration) -> Option<Vec<LogEvent>> + Send + Sync;

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(events) => f.debug_tuple("Kept").field(events).finish(),
            Self::Derived(_) => f.write_str("Derived"),
        }
    }
}

impl Logs {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Arc::default(),
            behind: Arc::default(),
        }
    }

    /// Makes a log group without streams.
    pub fn group(&self, group: &str) {
        self.state.locked().groups.insert(group.to_owned());
    }

    /// From now on a page has at most so many events, and so many empty ones come before each page
    /// on the way back from a stream's end. All of them have tokens that change.
    pub fn pages(&self, largest: usize, empty: usize) {
        self.state.locked().pages = Pages { largest, empty };
    }

    /// From now on a line is to be read only so long after it was printed: lines arrive in batches.
    pub fn lag(&self, lag: Duration) {
        self.state.locked().lag = lag;
    }

    /// Adds a line, printed now. The group and stream are made if there are none.
    pub fn put(&self, group: &str, stream: &str, message: impl Into<String>) {
        let event = LogEvent {
            at: self.clock.now(),
            message: message.into(),
        };
        let mut state = self.state.locked();
        state.groups.insert(group.to_owned());
        let stream = state.streams.entry((group.to_owned(), stream.to_owned()));
        if let Stream::Kept(events) = stream.or_insert_with(|| Stream::Kept(Vec::new())) {
            events.push(event);
        }
    }

    /// Makes an empty stream, if there is none.
    pub(crate) fn open(&self, group: &str, stream: &str) {
        let mut state = self.state.locked();
        state.groups.insert(group.to_owned());
        state
            .streams
            .entry((group.to_owned(), stream.to_owned()))
            .or_insert_with(|| Stream::Kept(Vec::new()));
    }

    /// Makes a stream that asks for its events whenever it is read.
    pub(crate) fn derive(
        &self,
        group: &str,
        stream: &str,
        source: impl Fn(Duration) -> Option<Vec<LogEvent>> + Send + Sync + 'static,
    ) {
        let mut state = self.state.locked();
        state.groups.insert(group.to_owned());
        state.streams.insert(
            (group.to_owned(), stream.to_owned()),
            Stream::Derived(Box::new(source)),
        );
    }

    /// The events of a stream so far; none where there is no such stream.
    pub fn events(&self, group: &str, stream: &str) -> Vec<LogEvent> {
        self.find(group, stream).unwrap_or_default()
    }

    fn find(&self, group: &str, stream: &str) -> Option<Vec<LogEvent>> {
        let state = self.state.locked();
        let now = self.clock.now();
        let mut events = match state.streams.get(&(group.to_owned(), stream.to_owned()))? {
            Stream::Kept(events) => events.clone(),
            Stream::Derived(source) => source(now)?,
        };
        events.retain(|event| event.at + state.lag <= now);
        Some(events)
    }

    pub(crate) async fn serve(
        &self,
        operation: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        match (operation, self.behind.get()) {
            ("GetLogEvents", None) => self.get_log_events(body),
            ("GetLogEvents", Some(_)) if self.has_stream(body) => self.get_log_events(body),
            (_, Some(behind)) => self.pass_on(behind, operation, body, headers).await,
            (_, None) => Err(unknown_operation(operation)),
        }
    }

    fn has_stream(&self, body: &Value) -> bool {
        let (group, stream) = group_and_stream(body);
        self.find(group, stream).is_some()
    }

    fn get_log_events(&self, body: &Value) -> Result<Value, AwsError> {
        let text = |member: &str| body[member].as_str();
        let (group, stream) = group_and_stream(body);
        if !self.state.locked().groups.contains(group) {
            return Err(not_found("The specified log group does not exist."));
        }
        let events = self
            .find(group, stream)
            .ok_or_else(|| not_found("The specified log stream does not exist."))?;
        let limit = match body.get("limit").filter(|limit| !limit.is_null()) {
            None => MAX_EVENTS,
            Some(limit) => limit
                .as_u64()
                .and_then(|limit| usize::try_from(limit).ok())
                .filter(|limit| (1..=MAX_EVENTS).contains(limit))
                .ok_or_else(|| {
                    invalid_parameter(format!("limit must be from 1 to {MAX_EVENTS}."))
                })?,
        };
        let from_head = body["startFromHead"].as_bool().unwrap_or(false);
        let pages = self.state.locked().pages;
        let page = Page::of(events.len(), limit, from_head, text("nextToken"), pages)?;
        let shown: Vec<_> = events[page.start..page.end]
            .iter()
            .map(|event| {
                let timestamp = self.clock.epoch_millis(event.at);
                json!({"timestamp": timestamp, "message": event.message, "ingestionTime": timestamp})
            })
            .collect();
        Ok(json!({
            "events": shown,
            "nextForwardToken": format!("f/{:056}/s", page.end),
            "nextBackwardToken": format!("b/{:056}/{}", page.start, page.empty_before),
        }))
    }
}

/// The stream that a request names.
fn group_and_stream(body: &Value) -> (&str, &str) {
    let text = |member: &str| body[member].as_str();
    let group = text("logGroupName").or(text("logGroupIdentifier"));
    (
        group.unwrap_or_default(),
        text("logStreamName").unwrap_or_default(),
    )
}

/// Which of a stream's events an answer holds.
#[derive(Debug, PartialEq)]
struct Page {
    start: usize,
    end: usize,
    /// Empty pages before the next one on the way back.
    empty_before: usize,
}

impl Page {
    fn of(
        length: usize,
        limit: usize,
        from_head: bool,
        token: Option<&str>,
        pages: Pages,
    ) -> Result<Self, AwsError> {
        let limit = limit.min(pages.largest);
        let before = |end: usize, empty: usize| {
            if empty > 0 {
                return Self {
                    start: end,
                    end,
                    empty_before: empty - 1,
                };
            }
            let start = end.saturating_sub(limit);
            Self {
                start,
                end,
                // A token that comes back says that nothing is before it.
                empty_before: if start < end { pages.empty } else { 0 },
            }
        };
        let after = |start: usize| Self {
            start,
            end: (start + limit).min(length),
            empty_before: pages.empty,
        };
        let Some(token) = token else {
            return Ok(if from_head {
                after(0)
            } else {
                before(length, pages.empty)
            });
        };
        let invalid = || invalid_parameter("The specified nextToken is invalid.");
        let mut parts = token.split('/');
        let direction = parts.next().ok_or_else(invalid)?;
        let mut number = || parts.next().ok_or_else(invalid);
        let position: usize = number()?.parse().map_err(|_| invalid())?;
        let position = position.min(length);
        match direction {
            "f" => Ok(after(position)),
            "b" => Ok(before(position, number()?.parse().map_err(|_| invalid())?)),
            _ => Err(invalid()),
        }
    }
}

fn not_found(message: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", message)
}

fn invalid_parameter(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

#[cfg(test)]
mod tests;
