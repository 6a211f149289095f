//! The executions that run, as an instance of the function remembers them.
//!
//! An execution's input never changes, so that each is read once for its `answerBy` and its deployment.
//! And when Step Functions does not list what runs, the executions of the last list are looked after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::aws::ApiError;
use crate::aws::step_functions::StateMachine;
use crate::execution::deployment::Deployment;
use crate::execution::status::ListedExecution;

/// What this instance knows of the executions that run.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    last_list: Vec<ListedExecution>,
    /// By ARN, of those whose input was read.
    inputs: HashMap<String, KnownInput>,
}

/// What a sweep needs of an execution's input.
#[derive(Debug, Clone)]
pub(super) struct KnownInput {
    /// The end of all times where the input says none.
    pub(super) answer_by: Timestamp,
    /// Of a hook's run.
    pub(super) deployment: Option<Deployment>,
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
            Ok(running) => {
                let mut known = std::mem::take(&mut memory.inputs);
                memory.inputs = running
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
        memory
            .inputs
            .get(execution_arn)
            .map(|input| input.answer_by)
    }

    /// The deployment of a hook's run, if its input was read.
    pub(super) fn deployment(&self, execution_arn: &str) -> Option<Deployment> {
        let memory = self.memory();
        memory.inputs.get(execution_arn)?.deployment.clone()
    }

    pub(super) fn remember(&self, execution_arn: &str, input: KnownInput) {
        self.memory().inputs.insert(execution_arn.to_owned(), input);
    }

    /// Leaves the execution out of the list that is looked after when Step Functions gives none.
    pub(super) fn forget(&self, execution_arn: &str) {
        self.memory()
            .last_list
            .retain(|execution| execution.arn != execution_arn);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A poisoned lock is used as it is: a panic of another holder leaves the memory whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
