//! What a person means who asks for no execution in particular: what runs; or else what failed, unless
//! a later run succeeded; or else the last execution.

use jiff::Timestamp;

use super::requests::ResourceRequest;
use crate::cloudformation::event::RequestType;
use crate::execution::status::{ExecutionStatus, ListedExecution};

/// What may be chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) began: Timestamp,
    ended: Option<Timestamp>,
    outcome: Outcome,
    is_delete: bool,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Running,
    Failed,
    /// Somebody stopped the execution, perhaps since another one had failed.
    Stopped,
    Succeeded,
}

/// Where the candidate stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Execution(usize),
    Request(usize),
}

impl Candidate {
    pub(super) fn of_execution(index: usize, execution: &ListedExecution, is_delete: bool) -> Self {
        Self {
            began: execution.started,
            ended: execution.stopped,
            outcome: match execution.status {
                ExecutionStatus::Running => Outcome::Running,
                ExecutionStatus::Failed | ExecutionStatus::TimedOut => Outcome::Failed,
                ExecutionStatus::Aborted => Outcome::Stopped,
                ExecutionStatus::Succeeded => Outcome::Succeeded,
            },
            is_delete,
            place: Place::Execution(index),
        }
    }

    pub(super) fn of_request(index: usize, request: &ResourceRequest) -> Self {
        Self {
            began: request.began,
            ended: request.end.as_ref().map(|end| end.at),
            outcome: match &request.end {
                None => Outcome::Running,
                Some(end) if end.is_failure => Outcome::Failed,
                Some(_) => Outcome::Succeeded,
            },
            is_delete: request.request_type == RequestType::Delete,
            place: Place::Request(index),
        }
    }

    /// Whether this run ended well, so that an earlier failure is over.
    fn makes_good(&self, failure: &Self) -> bool {
        self.outcome == Outcome::Succeeded
            && !self.is_delete
            && matches!(self.place, Place::Execution(_))
            && failure.ended.is_some_and(|ended| self.began > ended)
    }
}

/// The candidates are sorted, newest first.
pub(super) fn chosen(candidates: &[Candidate]) -> Option<&Candidate> {
    let newest = |outcome| candidates.iter().find(|one| one.outcome == outcome);
    if let Some(running) = newest(Outcome::Running) {
        return Some(running);
    }
    let failure = candidates.iter().find(|one| {
        matches!(one.outcome, Outcome::Failed | Outcome::Stopped)
            && !candidates.iter().any(|later| later.makes_good(one))
    });
    if let Some(failure) = failure {
        // A run that was stopped while another one failed was most likely stopped for that.
        let is_cause = |one: &&Candidate| {
            one.outcome == Outcome::Failed
                && one.ended >= Some(failure.began)
                && one.ended <= failure.ended
        };
        let cause = candidates.iter().find(is_cause);
        return match failure.outcome {
            Outcome::Stopped => cause.or(Some(failure)),
            _ => Some(failure),
        };
    }
    let is_execution = |one: &&Candidate| matches!(one.place, Place::Execution(_));
    candidates
        .iter()
        .find(is_execution)
        .or_else(|| candidates.first())
}
