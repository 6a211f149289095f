//! The executions of a stack: which of a state machine's executions are the stack's, and which one a
//! person means who asks about the stack.

use std::collections::BTreeSet;
use std::time::Duration;

use super::choice::{Candidate, Place, chosen};
use super::requests::ResourceRequest;
use super::span::Span;
use crate::cloudformation::event::RequestType;
use crate::cloudformation::identity::{NameParts, prefix_of_resource};
use crate::cloudformation::stack::RESOURCE_TYPE;
use crate::execution::status::ListedExecution;

/// The clocks of CloudFormation and Step Functions may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(5);

/// The executions of a stack, or of one of its resources, which it recognises by their names.
#[derive(Debug, Clone)]
pub struct StackRuns {
    stack_id: String,
    /// The resource that was asked for.
    logical_id: Option<String>,
    /// Resources named beforehand: what the names of their executions begin with, and their logical
    /// ids. Needed where a name has room for part of the id only.
    known: Vec<(String, String)>,
}

/// An execution of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackExecution {
    /// The resource's name in the template.
    pub logical_id: String,
    /// What CloudFormation asked for.
    pub request_type: RequestType,
    /// The execution.
    pub execution: ListedExecution,
}

/// What a person means who asks about a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// An execution.
    Execution(StackExecution),
    /// A request for which no execution was started.
    Request(ResourceRequest),
    /// Nothing is known of what was asked for.
    Nothing {
        /// Resources of the stack that have executions.
        resources: Vec<String>,
    },
}

impl StackRuns {
    /// Of this stack, or of only one of its resources. `requests` name resources that may have
    /// executions.
    #[must_use]
    pub fn new(stack_id: &str, logical_id: Option<&str>, requests: &[ResourceRequest]) -> Self {
        let of_requests = requests.iter().map(|request| request.logical_id.as_str());
        Self {
            stack_id: stack_id.to_owned(),
            logical_id: logical_id.map(str::to_owned),
            known: of_requests
                .chain(logical_id)
                .map(|id| (prefix_of_resource(stack_id, id), id.to_owned()))
                .collect(),
        }
    }

    /// The execution, if it is the stack's.
    #[must_use]
    pub fn recognise(&self, execution: ListedExecution) -> Option<StackExecution> {
        let parts = NameParts::of(&execution.name)?;
        let request_type = parts.request_type;
        // The name holds a hash of the stack's id and the logical id, so that a logical id that
        // stands whole in the name proves itself. A longer one must be known beforehand.
        let stands_whole =
            prefix_of_resource(&self.stack_id, parts.logical_id) == parts.resource_prefix;
        let logical_id = if stands_whole {
            parts.logical_id
        } else {
            let mut known = self.known.iter();
            let (_, logical_id) = known.find(|(prefix, _)| prefix == parts.resource_prefix)?;
            logical_id
        };
        Some(StackExecution {
            logical_id: logical_id.to_owned(),
            request_type,
            execution,
        })
    }

    /// Chooses among the executions and the requests for which none was started: what runs; or else
    /// what failed, unless a later Create or Update succeeded; or else the last execution.
    /// `executions` then holds the others, newest first.
    ///
    /// The Delete that follows when a creation fails is not chosen before that creation, though it
    /// is newer.
    #[must_use]
    pub fn choose(
        &self,
        requests: Vec<ResourceRequest>,
        executions: &mut Vec<StackExecution>,
    ) -> Choice {
        let resources: BTreeSet<_> = executions
            .iter()
            .map(|run| run.logical_id.clone())
            .collect();
        self.keep_wanted(executions);
        let mut unstarted: Vec<_> = requests
            .into_iter()
            .filter(|request| self.is_unstarted(request, executions))
            .collect();
        let mut candidates: Vec<_> = executions
            .iter()
            .enumerate()
            .map(|(index, run)| {
                let is_delete = run.request_type == RequestType::Delete;
                Candidate::of_execution(index, &run.execution, is_delete)
            })
            .chain(
                unstarted
                    .iter()
                    .enumerate()
                    .map(|(index, request)| Candidate::of_request(index, request)),
            )
            .collect();
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.began));
        match chosen(&candidates).map(|candidate| candidate.place) {
            Some(Place::Execution(index)) => Choice::Execution(executions.remove(index)),
            Some(Place::Request(index)) => Choice::Request(unstarted.swap_remove(index)),
            None => Choice::Nothing {
                resources: resources.into_iter().collect(),
            },
        }
    }

    /// The executions beside the one of this ARN, newest first.
    #[must_use]
    pub fn others(&self, mut executions: Vec<StackExecution>, arn: &str) -> Vec<StackExecution> {
        self.keep_wanted(&mut executions);
        executions.retain(|run| run.execution.arn != arn);
        executions
    }

    /// Keeps the executions of what was asked for, newest first.
    fn keep_wanted(&self, executions: &mut Vec<StackExecution>) {
        if let Some(wanted) = &self.logical_id {
            executions.retain(|run| run.logical_id == *wanted);
        }
        executions.sort_by_key(|run| std::cmp::Reverse(run.execution.started));
    }

    /// Whether this is a request to the task runner for which no execution was started. Other
    /// custom resources have none either.
    fn is_unstarted(&self, request: &ResourceRequest, executions: &[StackExecution]) -> bool {
        let is_wanted = match &self.logical_id {
            Some(id) => *id == request.logical_id,
            None => {
                request.resource_type == RESOURCE_TYPE
                    || executions
                        .iter()
                        .any(|run| run.logical_id == request.logical_id)
            }
        };
        is_wanted && !executions.iter().any(|run| run.was_started_for(request))
    }
}

impl StackExecution {
    /// Whether the execution was started for this request.
    fn was_started_for(&self, request: &ResourceRequest) -> bool {
        let started = self.execution.started;
        let is_after = |from, to| Span::between(to, from).0 <= CLOCK_SLACK;
        self.logical_id == request.logical_id
            && self.request_type == request.request_type
            && is_after(request.began, started)
            && request
                .end
                .as_ref()
                .is_none_or(|end| is_after(started, end.at))
    }
}

#[cfg(test)]
mod tests;
