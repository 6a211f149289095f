//! The executions that `rescue` need not answer any more, as an instance of the function remembers them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The executions that this instance of the function has answered for, or has found answered. An
/// answer that `rescue` gives after the execution's end is recorded nowhere else: the history has
/// ended too.
#[derive(Debug, Clone, Default)]
pub(super) struct Answered(Arc<Mutex<HashSet<String>>>);

impl Answered {
    /// More executions than end within the time for which sweeps look for them. A forgotten
    /// execution costs another look at its history, and at worst a repeated answer.
    const REMEMBERED: usize = 10_000;

    pub(super) fn contains(&self, execution_arn: &str) -> bool {
        // A poisoned lock is used as it is: a panic of another holder leaves the set whole.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(execution_arn)
    }

    pub(super) fn remember(&self, execution_arn: &str) {
        let mut arns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if arns.len() >= Self::REMEMBERED {
            arns.clear();
        }
        arns.insert(execution_arn.to_owned());
    }
}
