//! Where RunTask finds no room: the answers' `failures`, on demand.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use crate::identifiers::arn;

/// What one RunTask call (that is no replay of its client token) finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Room for all tasks.
    All,
    /// Room for the first `placed` tasks only; the others fail for `reason`.
    Only {
        /// How many tasks are placed.
        placed: u64,
        /// The failure's reason, as in `RESOURCE:MEMORY`, `AGENT`, `ATTRIBUTE`, or Fargate's
        /// `Capacity is unavailable at this time. Please try again later or in a different availability zone`.
        reason: String,
    },
}

impl Placement {
    /// No task is placed, for this reason.
    pub fn fails(reason: impl Into<String>) -> Self {
        Self::only(0, reason)
    }

    /// The first tasks are placed; the others are not, for this reason.
    pub fn only(placed: u64, reason: impl Into<String>) -> Self {
        Self::Only {
            placed,
            reason: reason.into(),
        }
    }
}

/// The placements that tests asked for, by family.
#[derive(Debug, Default)]
pub(crate) struct Placements(HashMap<String, Queue>);

#[derive(Debug)]
struct Queue {
    next: VecDeque<Placement>,
    then: Placement,
}

impl Placements {
    pub(crate) fn set(&mut self, family: &str, next: Vec<Placement>, then: Placement) {
        let queue = Queue {
            next: next.into(),
            then,
        };
        self.0.insert(family.to_owned(), queue);
    }

    /// How many of `count` tasks are placed, and a failure for each of the others.
    pub(crate) fn place(&mut self, family: &str, count: u64) -> (u64, Vec<Value>) {
        let placement = self.0.get_mut(family).map_or(Placement::All, |queue| {
            queue.next.pop_front().unwrap_or_else(|| queue.then.clone())
        });
        match placement {
            Placement::All => (count, Vec::new()),
            Placement::Only { placed, reason } => {
                let placed = placed.min(count);
                let failures = (placed..count).map(|_| failure(&reason)).collect();
                (placed, failures)
            }
        }
    }
}

/// A failure as RunTask reports it: about one container instance of the cluster, or, where the
/// reason is a sentence of Fargate's, about none.
fn failure(reason: &str) -> Value {
    if reason.contains(' ') {
        return json!({"reason": reason});
    }
    let instance = arn("ecs", "container-instance/0123456789abcdef0123456789abcdef");
    json!({"arn": instance, "reason": reason})
}
