//! The executions that run, as an instance of the function remembers them.
//!
//! An execution's input never changes, so that each is read once for its `answerBy` and its
//! deployment. An execution that a worker was seen to have is looked at more rarely. And when Step
//! Functions does not list what runs, the executions of the last list are looked after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::INCIDENT_NOT_LISTED;
use crate::aws::ApiError;
use crate::aws::step_functions::StateMachine;
use crate::cloudformation::event::Request;
use crate::execution::deployment::Deployment;
use crate::execution::status::ListedExecution;

/// What this instance knows of the executions that run.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    last_list: Vec<ListedExecution>,
    /// By ARN.
    known: HashMap<String, Known>,
}

/// What is known of one execution.
#[derive(Debug, Default)]
struct Known {
    /// `None` until it was read.
    input: Option<KnownInput>,
    /// When a worker was last seen to have the run, or the function `work` to have been given it.
    held: Option<Timestamp>,
}

/// What a sweep needs of an execution's input.
#[derive(Debug, Clone)]
pub(super) struct KnownInput {
    /// The end of all times where the input says none.
    pub(super) answer_by: Timestamp,
    /// Of a hook's run.
    pub(super) deployment: Option<Deployment>,
    /// Of a run whose end goes to a wait condition, until this instance has answered once more that the
    /// run has begun.
    pub(super) begun: Option<Box<Request>>,
}

impl Running {
    /// The executions that run, newest first. With an error, those that ran when they were listed
    /// last.
    pub(super) async fn look(
        &self,
        state_machine: &StateMachine,
    ) -> (Vec<ListedExecution>, Option<ApiError>) {
        let listed = state_machine.running().await;
        let mut memory = self.memory();
        match listed {
            Ok((running, extent)) => {
                if extent.is_cut {
                    tracing::error!(
                        incident = INCIDENT_NOT_LISTED,
                        listed = running.len(),
                        "more executions run than can be listed; the oldest are left out, and those of them that still run at their answerBy are not ended"
                    );
                }
                let mut known = std::mem::take(&mut memory.known);
                memory.known = running
                    .iter()
                    .filter_map(|execution| known.remove_entry(&execution.arn))
                    .collect();
                memory.last_list.clone_from(&running);
                (running, None)
            }
            Err(error) => (memory.last_list.clone(), Some(error)),
        }
    }

    /// The `answerBy` of an execution, if its input was read.
    pub(super) fn answer_by(&self, execution_arn: &str) -> Option<Timestamp> {
        let memory = self.memory();
        let input = memory.known.get(execution_arn)?.input.as_ref()?;
        Some(input.answer_by)
    }

    /// The deployment of a hook's run, if its input was read.
    pub(super) fn deployment(&self, execution_arn: &str) -> Option<Deployment> {
        let memory = self.memory();
        let input = memory.known.get(execution_arn)?.input.as_ref()?;
        input.deployment.clone()
    }

    /// The request of an execution of which this instance has still to repeat that the run has begun,
    /// if its input was read.
    pub(super) fn begun(&self, execution_arn: &str) -> Option<Box<Request>> {
        let memory = self.memory();
        let input = memory.known.get(execution_arn)?.input.as_ref()?;
        input.begun.clone()
    }

    /// The answer that the run has begun need not be repeated any more.
    pub(super) fn need_not_repeat(&self, execution_arn: &str) {
        self.note(execution_arn, |known| {
            if let Some(input) = &mut known.input {
                input.begun = None;
            }
        });
    }

    pub(super) fn remember(&self, execution_arn: &str, input: KnownInput) {
        self.note(execution_arn, |known| known.input = Some(input));
    }

    /// When a worker was last seen to have the run, or the function `work` to have been given it.
    pub(super) fn held(&self, execution_arn: &str) -> Option<Timestamp> {
        self.memory().known.get(execution_arn)?.held
    }

    pub(super) fn saw_held(&self, execution_arn: &str, now: Timestamp) {
        self.note(execution_arn, |known| known.held = Some(now));
    }

    /// Leaves the execution out of the list that is looked after when Step Functions gives none.
    pub(super) fn forget(&self, execution_arn: &str) {
        self.memory()
            .last_list
            .retain(|execution| execution.arn != execution_arn);
    }

    fn note(&self, execution_arn: &str, learn: impl FnOnce(&mut Known)) {
        learn(
            self.memory()
                .known
                .entry(execution_arn.to_owned())
                .or_default(),
        );
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A poisoned lock is used as it is: a panic of another holder leaves the memory whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
