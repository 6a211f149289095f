//! One call and what became of it, and counts of them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::protocol::Service;

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Counts all calls from 0, in the order of their arrival.
    pub number: u64,
    /// The service addressed.
    pub service: Service,
    /// The operation, as in `RunTask`.
    pub operation: Arc<str>,
    /// The request's members.
    pub body: Arc<Value>,
    /// When it arrived.
    pub at: Duration,
    /// The access key id that signed it: tells apart programs that run with different keys.
    pub access_key: Option<Arc<str>>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Not answered yet.
    Open,
    /// Answered with these members.
    Answered(Arc<Value>),
    /// Answered with the error of this name.
    Refused(String),
    /// The stand-in closed the connection without an answer (a fault).
    Cut,
    /// The caller went away before the answer.
    Abandoned,
}

impl Outcome {
    /// Whether the call was answered without an error.
    pub fn is_answered(&self) -> bool {
        matches!(self, Self::Answered(_))
    }
}

/// How many calls are kept in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// All of them (tests).
    All,
    /// The last so many.
    Last(usize),
    /// None: only the counts (load runs).
    Off,
}

/// How often an operation was called and how it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls that arrived.
    pub arrived: u64,
    /// Answered without an error.
    pub answered: u64,
    /// Answered with an error, a throttle included.
    pub refused: u64,
    /// Of those refused: throttled.
    pub throttled: u64,
    /// Cut by a fault, or abandoned by the caller.
    pub unanswered: u64,
}

impl Count {
    pub(super) fn plus(self, other: &Self) -> Self {
        Self {
            arrived: self.arrived + other.arrived,
            answered: self.answered + other.answered,
            refused: self.refused + other.refused,
            throttled: self.throttled + other.throttled,
            unanswered: self.unanswered + other.unanswered,
        }
    }
}
