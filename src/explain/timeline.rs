//! The timeline: the events of a history that a reader needs, as entries, and the times that the
//! conclusion needs. The words are in [`super::event`].

mod attempts;
mod ecs_task;
mod end;
mod states;

use std::time::Duration;

use jiff::Timestamp;

use super::conceal::Secrets;
use super::event::{TimelineEntry, TimelineEvent};
use super::span::Span;
use crate::cloudformation::response::Status;
use crate::execution::error::{CaughtError, UNKNOWN};
use crate::execution::history::{Answer, Progress, RecordedEvent};
use crate::execution::status::ExecutionStatus;
use crate::task::outcome::Output;
use end::End;
use states::Leftovers;

/// A history as far as it was read, without secrets.
#[derive(Debug)]
pub(super) struct Timeline {
    secrets: Secrets,
    started: Timestamp,
    /// Whether a wait condition waits for the run's end.
    pub(super) is_for_condition: bool,
    /// What a failure is answered: SUCCESS where `RollbackFailure` is `ignore`.
    pub(super) failure_reply: Status,
    pub(super) steps: Vec<TimelineEntry>,
    /// The state entered last, and when.
    pub(super) state: Option<(String, Timestamp)>,
    /// How often the run was scheduled for a worker, or given to a function.
    attempts: u32,
    /// When the last attempt was scheduled, and claimed if it was.
    pub(super) scheduled_at: Option<Timestamp>,
    pub(super) claimed_at: Option<Timestamp>,
    /// Whether the last attempt was given to a function.
    is_given: bool,
    /// How long the attempt that was scheduled last may take, and go without a heartbeat.
    time_limit: Option<Duration>,
    heartbeat_limit: Option<Duration>,
    /// When the worker answered with the end of the run.
    told_at: Option<Timestamp>,
    /// Outputs of the run, in which ECS's times stand.
    output: Option<Output>,
    /// The error that led to an answer of FAILED.
    pub(super) caught: Option<CaughtError>,
    /// What `stop` found; `None` when it was not asked or failed.
    pub(super) leftovers: Option<Leftovers>,
    /// What CloudFormation was answered, and when.
    pub(super) answered: Option<(Status, Timestamp)>,
    /// The last end that the history tells; `None` while the execution runs, also after a redrive.
    pub(super) end: Option<End>,
    /// When the execution was redriven last.
    pub(super) redriven_at: Option<Timestamp>,
    /// Whether the execution had ended without an answer when it was redriven.
    pub(super) redriven_unanswered: bool,
}

impl Timeline {
    /// `beginning` says who started the execution.
    pub(super) fn new(started: Timestamp, beginning: TimelineEvent, secrets: Secrets) -> Self {
        let mut timeline = Self {
            secrets,
            started,
            is_for_condition: false,
            failure_reply: Status::Failed,
            steps: Vec::new(),
            state: None,
            attempts: 0,
            scheduled_at: None,
            claimed_at: None,
            is_given: false,
            time_limit: None,
            heartbeat_limit: None,
            told_at: None,
            output: None,
            caught: None,
            leftovers: None,
            answered: None,
            end: None,
            redriven_at: None,
            redriven_unanswered: false,
        };
        timeline.add(started, beginning);
        timeline
    }

    /// The same, of a rollback whose failure does not matter.
    pub(super) fn ignoring_failure(self, is_ignored: bool) -> Self {
        let failure_reply = if is_ignored {
            Status::Success
        } else {
            Status::Failed
        };
        Self {
            failure_reply,
            ..self
        }
    }

    /// The same, for a run whose end goes to a wait condition.
    pub(super) fn for_condition(self, is_for_condition: bool) -> Self {
        Self {
            is_for_condition,
            ..self
        }
    }

    /// Takes the next event into account, which `progress` has taken into account before.
    pub(super) fn note(&mut self, event: &RecordedEvent, progress: &Progress) {
        let at = event.at;
        let error = event.error.as_deref().unwrap_or(UNKNOWN);
        let concerns_function = event.concerns_work_function();
        let concerns_run = concerns_function
            || event.event_type.starts_with("Activity")
            || event.concerns_activity();
        // The prefix distinguishes an activity, an integration and a function, but an emulator names
        // an activity's events `Task…`, as Step Functions names those of a run that the function
        // `work` was given: what counts is `concerns_run`. The arms that ask for it stand first, so
        // that the rest are events of the other functions.
        match event
            .event_type
            .trim_start_matches("Activity")
            .trim_start_matches("Task")
            .trim_start_matches("LambdaFunction")
        {
            name if name.ends_with("StateEntered") => self.note_state_entered(event),
            "Scheduled" if concerns_run => self.note_scheduled(event),
            // The function's event was handed to Lambda; that it runs stands in no event.
            "Started" if concerns_function => {}
            "Started" if concerns_run => self.note_claimed(at, event.worker.as_deref()),
            "ScheduleFailed" | "StartFailed" | "SubmitFailed" if concerns_run => self.add(
                at,
                TimelineEvent::NotScheduled {
                    error: error.to_owned(),
                },
            ),
            "Succeeded" if concerns_run => self.note_told(at, None),
            "Failed" | "TimedOut" if concerns_run => {
                self.note_attempt_failed(at, error, &event.event_type);
            }
            "Succeeded" if self.is_answering_beginning() => {
                self.add(at, TimelineEvent::AnsweredAtBeginning);
            }
            "Succeeded" if progress.answer == Answer::Given => self.note_answered(at),
            "Failed" | "TimedOut" | "StartFailed" | "SubmitFailed" | "ScheduleFailed" => {
                self.note_function_failed(event, error);
            }
            "ExecutionSucceeded" => self.note_end(ExecutionStatus::Succeeded, event),
            "ExecutionFailed" => self.note_end(ExecutionStatus::Failed, event),
            "ExecutionAborted" => self.note_end(ExecutionStatus::Aborted, event),
            "ExecutionTimedOut" => self.note_end(ExecutionStatus::TimedOut, event),
            "ExecutionRedriven" => self.note_redriven(at, progress),
            _ => {}
        }
    }

    fn add(&mut self, at: Timestamp, event: TimelineEvent) {
        self.steps.push(TimelineEntry {
            at,
            since_start: Span::between(self.started, at),
            event,
        });
    }

    fn note_function_failed(&mut self, event: &RecordedEvent, error: &str) {
        // A failed call of `stop` gets no entry here: it is repeated, and `note_leftovers` adds
        // what came of the last one.
        if self.status_being_given().is_some() || self.is_answering_beginning() {
            let cause = event.cause.clone().unwrap_or_default();
            self.add(
                event.at,
                TimelineEvent::AnswerFailed {
                    error: error.to_owned(),
                    cause,
                },
            );
        }
    }

    /// What CloudFormation is sent when the execution gives this answer: a failed rollback may be
    /// ignored.
    pub(super) fn reply_of(&self, status: Status) -> Status {
        match status {
            Status::Success => Status::Success,
            Status::Failed => self.failure_reply,
        }
    }

    fn note_answered(&mut self, at: Timestamp) {
        let Some(status) = self.status_being_given() else {
            return;
        };
        let status = self.reply_of(status);
        // Only the first answer counts: CloudFormation ignores any further one.
        if self.answered.is_none() {
            self.answered = Some((status, at));
            self.add(
                at,
                TimelineEvent::Answered {
                    answer: status,
                    after: Span::between(self.told_at.unwrap_or(self.started), at),
                    since_report: self.told_at.is_some(),
                    to_wait_condition: self.is_for_condition,
                },
            );
        }
    }
}
