//! What the stand-ins were asked: every call with its moment, body and outcome, and counts that are
//! kept even where the calls themselves are not.

mod call;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

pub use self::call::{Call, Count, Outcome, Recording};

use crate::lock::Lock;
use crate::protocol::Service;

/// The record of calls; clones share it.
#[derive(Clone, Debug)]
pub struct Calls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    record: Mutex<Record>,
    /// Number of calls that arrived, for those who wait.
    arrived: watch::Sender<u64>,
    /// Number of calls that came to an end, for those who wait.
    ended: watch::Sender<u64>,
}

#[derive(Debug)]
struct Record {
    recording: Recording,
    next: u64,
    kept: VecDeque<Call>,
    counts: BTreeMap<(Service, Arc<str>), Count>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            record: Mutex::new(Record {
                recording: Recording::All,
                next: 0,
                kept: VecDeque::new(),
                counts: BTreeMap::new(),
            }),
            arrived: watch::Sender::new(0),
            ended: watch::Sender::new(0),
        }))
    }

    /// Sets how many calls are kept; those above the new bound are forgotten. Counts go on.
    pub fn record(&self, recording: Recording) {
        let mut record = self.0.record.locked();
        record.recording = recording;
        record.trim();
    }

    /// All calls kept, oldest first.
    pub fn all(&self) -> Vec<Call> {
        self.matching(|_| true)
    }

    /// The calls kept of one operation, oldest first.
    pub fn of(&self, operation: &str) -> Vec<Call> {
        self.matching(|call| &*call.operation == operation)
    }

    /// The calls kept that the predicate holds for, oldest first.
    pub fn matching(&self, mut wanted: impl FnMut(&Call) -> bool) -> Vec<Call> {
        let record = self.0.record.locked();
        record
            .kept
            .iter()
            .filter(|call| wanted(call))
            .cloned()
            .collect()
    }

    /// How often the operation was called, also where calls are not kept.
    pub fn count(&self, operation: &str) -> Count {
        let record = self.0.record.locked();
        record
            .counts
            .iter()
            .filter(|((_, name), _)| &**name == operation)
            .fold(Count::default(), |sum, (_, count)| sum.plus(count))
    }

    /// The counts of all operations called so far.
    pub fn counts(&self) -> BTreeMap<(Service, Arc<str>), Count> {
        self.0.record.locked().counts.clone()
    }

    /// Forgets all calls and counts.
    pub fn clear(&self) {
        let mut record = self.0.record.locked();
        record.kept.clear();
        record.counts.clear();
    }

    /// Waits until the operation was called `n` times in all.
    pub async fn arrived(&self, operation: &str, n: u64) {
        wait(&self.0.arrived, || self.count(operation).arrived >= n).await;
    }

    /// Waits until `n` calls of the operation came to an end, whichever.
    pub async fn ended(&self, operation: &str, n: u64) {
        wait(&self.0.ended, || {
            let count = self.count(operation);
            count.answered + count.refused + count.unanswered >= n
        })
        .await;
    }

    /// Notes a call's arrival. The guard notes its end; dropped without one, the caller went away.
    pub(crate) fn arrival(
        &self,
        service: Service,
        operation: Arc<str>,
        body: Arc<Value>,
        at: Duration,
        access_key: Option<Arc<str>>,
    ) -> OpenCall {
        let number = {
            let mut record = self.0.record.locked();
            let number = record.next;
            record.next += 1;
            record
                .counts
                .entry((service, Arc::clone(&operation)))
                .or_default()
                .arrived += 1;
            if record.recording != Recording::Off {
                record.kept.push_back(Call {
                    number,
                    service,
                    operation: Arc::clone(&operation),
                    body,
                    at,
                    access_key,
                    outcome: Outcome::Open,
                });
                record.trim();
            }
            number
        };
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        OpenCall {
            calls: self.clone(),
            number,
            service,
            operation,
            ended: false,
        }
    }
}

async fn wait(counter: &watch::Sender<u64>, mut reached: impl FnMut() -> bool) {
    let mut changes = counter.subscribe();
    // The sender lives as long as `self`, so waiting cannot fail.
    while !reached() && changes.changed().await.is_ok() {}
}

impl Record {
    fn trim(&mut self) {
        let bound = match self.recording {
            Recording::All => return,
            Recording::Last(bound) => bound,
            Recording::Off => 0,
        };
        while self.kept.len() > bound {
            self.kept.pop_front();
        }
    }
}

/// A call whose end is not known yet.
#[derive(Debug)]
pub(crate) struct OpenCall {
    calls: Calls,
    number: u64,
    service: Service,
    operation: Arc<str>,
    ended: bool,
}

impl OpenCall {
    pub(crate) fn end(mut self, outcome: Outcome) {
        self.note(outcome);
    }

    fn note(&mut self, outcome: Outcome) {
        self.ended = true;
        {
            let mut record = self.calls.0.record.locked();
            let count = record
                .counts
                .entry((self.service, Arc::clone(&self.operation)))
                .or_default();
            match &outcome {
                Outcome::Open => {}
                Outcome::Answered(_) => count.answered += 1,
                Outcome::Refused(code) => {
                    count.refused += 1;
                    count.throttled += u64::from(code.starts_with("Throttling"));
                }
                Outcome::Cut | Outcome::Abandoned => count.unanswered += 1,
            }
            let number = self.number;
            if let Ok(index) = record
                .kept
                .binary_search_by_key(&number, |call| call.number)
            {
                record.kept[index].outcome = outcome;
            }
        }
        self.calls.0.ended.send_modify(|ended| *ended += 1);
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if !self.ended {
            self.note(Outcome::Abandoned);
        }
    }
}
