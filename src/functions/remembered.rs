//! Executions that an instance of a function remembers while Lambda keeps it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A set of executions, by ARN. `rescue` remembers those that it has answered for, or has found
/// answered: an answer that it gives after the execution's end is recorded nowhere else, since the
/// history has ended too. `respond` and `rescue` remember those that they have counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Remembered(Arc<Mutex<HashSet<String>>>);

impl Remembered {
    /// More executions than end within the time for which sweeps look for them. A forgotten
    /// execution costs another look at its history, and at worst a repeated answer, or is counted a
    /// second time.
    const MOST: usize = 10_000;

    pub(super) fn contains(&self, execution_arn: &str) -> bool {
        // A poisoned lock is used as it is: a panic of another holder leaves the set whole.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(execution_arn)
    }

    /// Returns whether the execution was not remembered before.
    pub(super) fn remember(&self, execution_arn: &str) -> bool {
        let mut arns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if arns.len() >= Self::MOST {
            arns.clear();
        }
        arns.insert(execution_arn.to_owned())
    }
}
