//! What an execution's history says of it: whether a worker has its run, and whether CloudFormation
//! was answered.
//!
//! The names are those of `API_HistoryEvent`. An emulator may name an activity's events `Task…`,
//! and have no event for the moment a worker takes it.

use jiff::Timestamp;
use serde::Deserialize;

use crate::arn::Arn;
use crate::cloudformation::response::Status;

/// The state that answers SUCCESS.
pub const RESPOND_SUCCESS: &str = "RespondSuccess";
/// The state that answers FAILED.
pub const RESPOND_FAILURE: &str = "RespondFailure";
/// The states that follow an answer that was delivered, and nothing else.
pub const AFTER_ANSWER: [&str; 2] = ["Succeeded", "Failed"];

/// An event of a history, with what is read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Its type, such as `ActivityScheduled`.
    pub event_type: String,
    /// The state that was entered.
    pub state: Option<String>,
    /// The input of the state that was entered or of the activity that was scheduled, JSON.
    pub input: Option<String>,
    /// What a `Task…` event concerns: an activity's ARN, or the action of a service integration.
    pub resource: Option<String>,
    /// The worker that took an activity, as it names itself.
    pub worker: Option<String>,
    /// The error's name, of an event that tells a failure.
    pub error: Option<String>,
    /// What was said of the error.
    pub cause: Option<String>,
}

impl RecordedEvent {
    /// Whether it is an event of an activity that an emulator names `Task…`: its resource is the
    /// activity's ARN.
    #[must_use]
    pub fn concerns_activity(&self) -> bool {
        self.resource
            .as_deref()
            .and_then(Arn::parse)
            .is_some_and(|arn| arn.resource_of("states", "activity:").is_some())
    }
}

/// Where an execution stands, or stood when it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The run.
    pub activity: Activity,
    /// When the run must be over, as the input of the attempt says that was scheduled last.
    pub deadline: Option<Timestamp>,
    /// The answer.
    pub answer: Answer,
}

/// Who has the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// It was not reached, or lies further back than the events go.
    Unknown,
    /// It waits for a worker.
    Waiting {
        /// When it was scheduled; each attempt counts for itself.
        since: Timestamp,
    },
    /// A worker has it.
    Taken {
        /// The worker, as far as it gave a name.
        worker: Option<String>,
    },
    /// An attempt has ended and no other has begun.
    Ended,
}

/// How far the answer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// No state that answers was reached.
    NotBegun,
    /// It was decided on and has, as far as the history tells, not been delivered.
    Begun {
        /// What it says of the request.
        status: Status,
        /// The state's input, JSON: what the answer is made from.
        state: String,
    },
    /// CloudFormation has it.
    Given,
}

impl Progress {
    /// Reads the end of a history, oldest event first. The states follow one another, so an event
    /// belongs to the state entered last.
    #[must_use]
    pub fn of(events: &[RecordedEvent]) -> Self {
        let mut progress = Self::unread();
        for event in events {
            progress.note(event);
        }
        progress
    }

    /// Nothing is known yet.
    #[must_use]
    pub const fn unread() -> Self {
        Self {
            activity: Activity::Unknown,
            deadline: None,
            answer: Answer::NotBegun,
        }
    }

    /// Takes the next event into account.
    pub fn note(&mut self, event: &RecordedEvent) {
        let concerns_activity = event.concerns_activity();
        match event.event_type.as_str() {
            "ActivityScheduled" => {
                self.activity = Activity::Waiting { since: event.at };
                self.deadline = event.input.as_deref().and_then(deadline_of);
            }
            "ActivityStarted" => {
                self.activity = Activity::Taken {
                    worker: event.worker.clone(),
                }
            }
            "ActivityScheduleFailed"
            | "ActivitySucceeded"
            | "ActivityFailed"
            | "ActivityTimedOut" => self.activity = Activity::Ended,
            // Nothing will tell when a worker takes it. Taken for taken: a run that a worker may
            // have must not be given up.
            "TaskScheduled" if concerns_activity => {
                self.activity = Activity::Taken { worker: None }
            }
            "TaskSucceeded" | "TaskFailed" | "TaskTimedOut" if concerns_activity => {
                self.activity = Activity::Ended
            }
            // Leaving the state says nothing: it is left by its Catch as well.
            "TaskSucceeded" | "LambdaFunctionSucceeded"
                if matches!(self.answer, Answer::Begun { .. }) =>
            {
                self.answer = Answer::Given
            }
            entered if entered.ends_with("StateEntered") => self.enter(event),
            _ => {}
        }
    }

    fn enter(&mut self, event: &RecordedEvent) {
        let name = event.state.as_deref().unwrap_or_default();
        if AFTER_ANSWER.contains(&name) {
            self.answer = Answer::Given;
        } else if let Some(status) = status_given_in(name) {
            let state = event.input.clone().unwrap_or_default();
            self.answer = Answer::Begun { status, state };
        }
    }
}

/// The answer that a state gives, if it is one that answers.
#[must_use]
pub fn status_given_in(state: &str) -> Option<Status> {
    match state {
        RESPOND_SUCCESS => Some(Status::Success),
        RESPOND_FAILURE => Some(Status::Failed),
        _ => None,
    }
}

/// The deadline in an activity's input.
fn deadline_of(input: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Input {
        task: Task,
    }
    #[derive(Deserialize)]
    struct Task {
        deadline: Timestamp,
    }
    serde_json::from_str::<Input>(input)
        .ok()
        .map(|input| input.task.deadline)
}

#[cfg(test)]
mod tests;
