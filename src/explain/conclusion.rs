//! The conclusion of an explanation: what came of the execution, or what it waits for, and what to
//! do. It is drawn from the progress and the timeline; no event is read here.

mod direct;
mod running;

use jiff::Timestamp;
use serde::Serialize;

use super::advice::advice;
use super::execution_arn::ExecutionArn;
use super::span::Span;
use super::timeline::Timeline;
use crate::cloudformation::event::RequestType;
use crate::cloudformation::response::Status;
use crate::execution::ended_unanswered::error_of;
use crate::execution::error::{CaughtError, UNKNOWN};
use crate::execution::history::{Answer, Progress};
use crate::execution::reason::reason;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::task::spec::TaskSpec;

/// Whether the request was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RunResult {
    /// The request was carried out, and CloudFormation was answered.
    Succeeded,
    /// The request was not carried out, or this execution did not answer CloudFormation.
    Failed,
    /// The execution is not over.
    Running,
}

/// What came of an execution, or what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conclusion {
    /// The result in one word, which is also the program's exit code.
    pub result: RunResult,
    /// The result in a sentence or two.
    pub sentence: String,
    /// Name of the error, after a failure.
    pub error: Option<String>,
    /// The Reason, after a failure: as `respond` gives it, without its last line, which leads to this
    /// explanation; of that with which `rescue` answers only the beginning, which says why the
    /// execution ended. What `rescue` adds of the task is not known here.
    pub reason: Option<String>,
    /// What to do about it, without a full stop.
    pub advice: Option<String>,
}

/// All that a conclusion is drawn from.
pub(super) struct Facts<'e> {
    pub(super) execution: &'e Execution,
    pub(super) arn: &'e ExecutionArn,
    /// `None` for a direct run.
    pub(super) request_type: Option<RequestType>,
    pub(super) task: Option<&'e TaskSpec>,
    pub(super) progress: &'e Progress,
    pub(super) timeline: &'e Timeline,
    pub(super) now: Timestamp,
}

impl Facts<'_> {
    pub(super) fn conclude(&self) -> Conclusion {
        // Whether the execution runs or succeeded counts before the answer: an execution that
        // succeeded has answered. For the others, the history's answer decides who answers
        // CloudFormation.
        let mut conclusion = match (self.execution.status, &self.progress.answer) {
            (ExecutionStatus::Running, _) => self.running(),
            _ if self.request_type.is_none() => self.ended_directly(),
            (ExecutionStatus::Succeeded, _) => self.succeeded(),
            (_, Answer::Given | Answer::NobodyWaits) => self.ended_after_answer(),
            (_, Answer::Begun { status, .. }) => self.answer_undelivered(*status),
            (_, Answer::NotBegun) => self.unanswered(),
        };
        if self.timeline.redriven_unanswered && self.request_type.is_some() {
            conclusion.sentence += " The execution was redriven after an end without a reply: if the function rescue replied to CloudFormation before that, CloudFormation ignores every later reply.";
        }
        conclusion
    }

    fn succeeded(&self) -> Conclusion {
        let sentence = match self.request_type {
            Some(RequestType::Delete)
                if self
                    .timeline
                    .leftovers
                    .is_some_and(|leftovers| leftovers.running == 0) =>
            {
                format!(
                    "Succeeded: nothing of the resource runs any more. {}",
                    self.answer_in_words(Status::Success)
                )
            }
            _ => {
                format!("Succeeded. {}", self.answer_in_words(Status::Success))
            }
        };
        Conclusion {
            result: RunResult::Succeeded,
            sentence,
            error: None,
            reason: None,
            advice: None,
        }
    }

    /// The execution failed or was ended from outside, after CloudFormation had its answer. The
    /// answer says what came of the request.
    fn ended_after_answer(&self) -> Conclusion {
        let answer = &self.timeline;
        if answer.failure_reply == Status::Success && answer.caught.is_some() {
            return self.failed(
                format!(
                    "Failed, which RollbackFailure: ignore lets pass. {}",
                    self.answer_in_words(Status::Success)
                ),
                &self.caught_error(),
            );
        }
        if self
            .timeline
            .answered
            .is_some_and(|(answer, _)| answer == Status::Success)
        {
            let sentence = format!(
                "Succeeded: the execution was ended after its reply. {}",
                self.answer_in_words(Status::Success)
            );
            return Conclusion {
                result: RunResult::Succeeded,
                sentence,
                error: None,
                reason: None,
                advice: None,
            };
        }
        self.failed(
            format!("Failed. {}", self.answer_in_words(Status::Failed)),
            &self.caught_error(),
        )
    }

    /// The execution ended while it was answering. `rescue` delivers that very answer.
    fn answer_undelivered(&self, status: Status) -> Conclusion {
        let run = match status {
            Status::Success => "The run succeeded",
            Status::Failed => "The run failed",
        };
        let sentence = format!(
            "{run}, but this execution could not report that to {}. The function rescue sends the reply {}, or has sent it, outside this history.",
            if self.timeline.is_for_condition {
                "the wait condition"
            } else {
                "CloudFormation"
            },
            self.timeline.reply_of(status)
        );
        let advice = Some("if the stack still waits, read the logs of respond and rescue, and look into the dead-letter queue".to_owned());
        let caught = (status == Status::Failed).then(|| self.caught_error());
        let reason = caught.as_ref().map(|caught| self.reason(caught));
        Conclusion {
            result: RunResult::Failed,
            sentence,
            error: caught.map(|caught| caught.error),
            reason,
            advice,
        }
    }

    /// The execution ended before it began to answer. `rescue` answers: SUCCESS to a Delete, FAILED
    /// otherwise.
    fn unanswered(&self) -> Conclusion {
        let ended = match self.execution.status {
            ExecutionStatus::Aborted => "The execution was stopped",
            ExecutionStatus::TimedOut => "The execution timed out",
            ExecutionStatus::Failed | ExecutionStatus::Running | ExecutionStatus::Succeeded => {
                "The execution failed"
            }
        };
        let by_rescue =
            "The function rescue replies in its place, or has replied, outside this history:";
        if self.request_type == Some(RequestType::Delete) {
            let sentence =
                format!("{ended} before it had replied. {by_rescue} SUCCESS, as to every Delete.");
            return Conclusion {
                result: RunResult::Failed,
                sentence,
                error: None,
                reason: None,
                advice: None,
            };
        }
        let reply = self.timeline.reply_of(Status::Failed);
        let caught = error_of(
            self.execution.status,
            self.execution,
            &self.progress.activity,
        );
        self.failed(
            format!(
                "{ended} before it had replied. {by_rescue} {reply}. If CloudFormation still waited, the Reason in the stack's events may also say what became of the task."
            ),
            &caught,
        )
    }

    fn failed(&self, sentence: String, caught: &CaughtError) -> Conclusion {
        let advice = advice(&caught.error).map(str::to_owned);
        Conclusion {
            result: RunResult::Failed,
            sentence,
            error: Some(caught.error.clone()),
            reason: Some(self.reason(caught)),
            advice,
        }
    }

    /// The error that the state machine caught, or else the one that ended the execution.
    fn caught_error(&self) -> CaughtError {
        self.timeline.caught.clone().unwrap_or_else(|| CaughtError {
            error: self
                .execution
                .error
                .clone()
                .unwrap_or_else(|| UNKNOWN.to_owned()),
            cause: self.execution.cause.clone().unwrap_or_default(),
        })
    }

    fn reason(&self, caught: &CaughtError) -> String {
        reason(
            caught,
            u32::try_from(self.timeline.leftovers.unwrap_or_default().running).unwrap_or(u32::MAX),
        )
    }

    fn answer_in_words(&self, status: Status) -> String {
        match self.timeline.answered {
            Some((_, at)) => {
                format!(
                    "{} was sent {status}, {} after {} request.",
                    self.who_waits(),
                    Span::between(self.execution.started, at),
                    if self.timeline.is_for_condition {
                        "the"
                    } else {
                        "its"
                    }
                )
            }
            None => format!("{} was sent {status}.", self.who_waits()),
        }
    }

    /// Who is told of the run's end, as a sentence begins.
    fn who_waits(&self) -> &'static str {
        if self.timeline.is_for_condition {
            "The wait condition"
        } else {
            "CloudFormation"
        }
    }
}
