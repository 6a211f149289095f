//! How an execution ended, and that it goes on when somebody redrives it.

use jiff::Timestamp;

use super::Timeline;
use crate::execution::error::UNKNOWN;
use crate::execution::history::{Progress, RecordedEvent};
use crate::execution::status::{Execution, ExecutionStatus};
use crate::explain::event::TimelineEvent;

/// How an execution ended, as its history records it.
#[derive(Debug, Clone)]
pub(in crate::explain) struct End {
    pub(in crate::explain) status: ExecutionStatus,
    pub(in crate::explain) at: Timestamp,
    pub(in crate::explain) error: Option<String>,
    pub(in crate::explain) cause: Option<String>,
}

impl Timeline {
    pub(super) fn note_end(&mut self, status: ExecutionStatus, event: &RecordedEvent) {
        self.end = Some(End {
            status,
            at: event.at,
            error: event.error.clone(),
            cause: event.cause.clone(),
        });
    }

    /// The end before is an entry of its own, since the execution goes on after it.
    pub(super) fn note_redriven(&mut self, at: Timestamp, progress: &Progress) {
        if let Some(end) = self.end.take() {
            let is_answered = progress.answer.is_settled();
            self.redriven_unanswered |= !is_answered;
            self.add_end(end, is_answered);
            if !is_answered {
                // What was caught and found before concerns another end than the one to come.
                (self.caught, self.leftovers) = (None, None);
            }
        }
        // The state runs anew, though no event says that it is entered.
        if let Some((_, entered)) = &mut self.state {
            *entered = at;
        }
        self.redriven_at = Some(at);
        self.add(at, TimelineEvent::Redriven);
    }

    /// Adds an end from outside or without an answer. Any other end says no more than the answer
    /// before it.
    fn add_end(&mut self, end: End, is_answered: bool) {
        let End {
            status,
            at,
            error,
            cause,
        } = end;
        let event = match status {
            ExecutionStatus::Aborted => TimelineEvent::Aborted { error, cause },
            ExecutionStatus::TimedOut => TimelineEvent::TimedOut,
            ExecutionStatus::Failed if !is_answered => TimelineEvent::GaveUp {
                error: error.unwrap_or_else(|| UNKNOWN.to_owned()),
            },
            ExecutionStatus::Running | ExecutionStatus::Succeeded | ExecutionStatus::Failed => {
                return;
            }
        };
        self.add(at, event);
    }

    /// Adds what stands in no event: the ECS task's start and stop, and an end from outside or
    /// without an answer.
    pub(in crate::explain) fn finish(&mut self, execution: &Execution, progress: &Progress) {
        self.insert_ecs_task();
        let end = End {
            status: execution.status,
            at: execution.stopped.unwrap_or(self.started),
            error: execution.error.clone(),
            cause: execution.cause.clone(),
        };
        self.add_end(end, progress.answer.is_settled());
    }
}
