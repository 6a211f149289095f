//! What an execution's history shows: whether a worker has the run, and whether CloudFormation was
//! answered.
//!
//! ```text
//! ActivityScheduled ─▶ ActivityStarted ─▶ ActivitySucceeded, …Failed, …TimedOut     Activity:
//!      Waiting              Taken                      Ended
//!
//! TaskScheduled (invoke.waitForTaskToken) ─▶ TaskSucceeded, …Failed, …TimedOut
//!      GivenToFunction                             Ended
//!
//! RespondSuccess, RespondFailure entered ─▶ the function respond succeeded          Answer:
//!                 Begun                                 Given
//! ```
//!
//! The names of events are those of `API_HistoryEvent`. An emulator may name an activity's events
//! `Task…`, record no event when a worker takes the activity, and spell an action as the definition
//! does, `arn:aws:states:::lambda:invoke.waitForTaskToken`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::arn::Arn;
use crate::cloudformation::response::Status;

/// The state that answers SUCCESS.
pub const RESPOND_SUCCESS: &str = "RespondSuccess";
/// The state that answers FAILED.
pub const RESPOND_FAILURE: &str = "RespondFailure";
/// The state that answers SUCCESS when a run begins whose end goes to a wait condition. It is no answer
/// in the sense of [`Answer`]: the run's end is still to be reported.
pub const RESPOND_STARTED: &str = "RespondStarted";
/// The states that the state machine enters only after an answer was delivered.
pub const AFTER_ANSWER: [&str; 2] = ["Succeeded", "Failed"];
/// The states in which a direct run ends by itself. Nobody waits for an answer, and what a failure left
/// running has been stopped before.
pub const DIRECT_ENDS: [&str; 3] = ["RunSucceeded", "RunFailed", "NotPrepared"];
/// The states in which `respond` counts a direct run, one state before its end. Whatever happens in one, the
/// run is over, and `rescue` must not count it again.
const DIRECT_COUNTS: [&str; 2] = ["CountSuccess", "CountFailure"];

/// The last event of an execution that ended without success (`API_HistoryEvent`).
const END_EVENTS: [&str; 3] = ["ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"];

/// The action of the state that gives a run to the function `work` and waits for its task token's
/// answer, as `Task…` events spell it.
const GIVEN_TO_FUNCTION: &str = "invoke.waitForTaskToken";

/// An event of a history, with those of its parts that are read. What an event does not have is
/// `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// When Step Functions recorded the event.
    pub at: Timestamp,
    /// The event's type in `API_HistoryEvent`, such as `ActivityScheduled`.
    pub event_type: String,
    /// Name of the state that was entered.
    pub state: Option<String>,
    /// Input of the state that was entered, or of the activity that was scheduled; JSON.
    pub input: Option<String>,
    /// What a `Task…` event concerns: an activity's ARN, or the action of a service integration.
    pub resource: Option<String>,
    /// The worker that took the activity, by the name that it gave to `GetActivityTask`.
    pub worker: Option<String>,
    /// Name of the error, for an event that records a failure.
    pub error: Option<String>,
    /// Cause of the error, in words.
    pub cause: Option<String>,
    /// `TimeoutSeconds` of the activity or the function's task that was scheduled. An activity's
    /// counts from the claim, a function's from the scheduling.
    pub time_limit: Option<Duration>,
    /// `HeartbeatSeconds` of the same, counted likewise.
    pub heartbeat_limit: Option<Duration>,
}

impl RecordedEvent {
    /// Whether a `Task…` event records an activity, as an emulator does it: the event's resource is
    /// then the activity's ARN. `false` for the events that Step Functions names `Activity…`.
    #[must_use]
    pub fn concerns_activity(&self) -> bool {
        self.resource
            .as_deref()
            .and_then(Arn::parse)
            .is_some_and(|arn| arn.resource_of("states", "activity:").is_some())
    }

    /// Whether a `Task…` event is about a run that was given to the function `work`, and not about a
    /// function whose return the definition waits for.
    #[must_use]
    pub fn concerns_work_function(&self) -> bool {
        let action = |resource: &str| resource.rsplit(':').next() == Some(GIVEN_TO_FUNCTION);
        self.resource.as_deref().is_some_and(action)
    }
}

/// How far an execution has come, or had come when it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Whether a worker has the run.
    pub activity: Activity,
    /// When the run must be over, read from the input of the attempt that was scheduled last.
    pub deadline: Option<Timestamp>,
    /// Whether CloudFormation was answered.
    pub answer: Answer,
}

/// Whether a worker has the run. The activity is scheduled anew for each attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// The execution has not reached the activity, or did so before the first event that was read.
    Unknown,
    /// The activity waits for a worker.
    Waiting {
        /// When this attempt was scheduled.
        since: Timestamp,
    },
    /// A worker has the run.
    Taken {
        /// The worker's name, if it gave one.
        worker: Option<String>,
    },
    /// The function `work` was given the run. The history does not tell whether it works on the
    /// run, or the event waits for a free function.
    GivenToFunction {
        /// When Step Functions called Lambda in this attempt.
        since: Timestamp,
    },
    /// An attempt has ended, and no other has been scheduled.
    Ended,
}

/// How far the answer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The execution has entered no state that answers.
    NotBegun,
    /// The execution has entered a state that answers, and no event shows that the answer was
    /// delivered.
    Begun {
        /// Whether the answer says SUCCESS or FAILED.
        status: Status,
        /// The input of the state that answers, JSON. `respond` makes the answer from it.
        state: String,
    },
    /// CloudFormation has the answer.
    Given,
    /// A direct run has ended by itself, and nobody waits for an answer.
    NobodyWaits,
}

impl Answer {
    /// Whether the answer under way says that the run succeeded.
    #[must_use]
    pub(crate) const fn is_of_success(&self) -> bool {
        matches!(
            self,
            Self::Begun {
                status: Status::Success,
                ..
            }
        )
    }

    /// Whether nothing is left to be answered.
    #[must_use]
    pub(crate) const fn is_settled(&self) -> bool {
        matches!(self, Self::Given | Self::NobodyWaits)
    }
}

impl Progress {
    /// Reads a history, or the end of one, oldest event first.
    #[must_use]
    pub fn of(events: &[RecordedEvent]) -> Self {
        let mut progress = Self::unread();
        for event in events {
            progress.note(event);
        }
        progress
    }

    /// What is known before the first event is read.
    #[must_use]
    pub const fn unread() -> Self {
        Self {
            activity: Activity::Unknown,
            deadline: None,
            answer: Answer::NotBegun,
        }
    }

    /// Takes the next event into account. The state machine has no parallel states, so an event
    /// belongs to the state that was entered last.
    pub fn note(&mut self, event: &RecordedEvent) {
        let concerns_activity = event.concerns_activity();
        // The arms for an activity, or for a run that a function was given, come before those for
        // other functions: all of these events may be named `Task…`, and the success of a run must
        // not be taken for a delivered answer.
        match event.event_type.as_str() {
            "ActivityScheduled" => {
                self.activity = Activity::Waiting { since: event.at };
                self.deadline = event.input.as_deref().and_then(deadline_of);
            }
            "ActivityStarted" => {
                self.activity = Activity::Taken {
                    worker: event.worker.clone(),
                };
            }
            "ActivityScheduleFailed"
            | "ActivitySucceeded"
            | "ActivityFailed"
            | "ActivityTimedOut" => self.activity = Activity::Ended,
            // An emulator records no event when a worker takes the activity. It counts as taken
            // from the start, since `rescue` must not give up a run that a worker may have.
            "TaskScheduled" if concerns_activity => {
                self.activity = Activity::Taken { worker: None };
            }
            "TaskScheduled" if event.concerns_work_function() => {
                self.activity = Activity::GivenToFunction { since: event.at };
            }
            "TaskSucceeded" | "TaskFailed" | "TaskTimedOut" | "TaskStartFailed"
            | "TaskSubmitFailed"
                if concerns_activity || event.concerns_work_function() =>
            {
                self.activity = Activity::Ended;
            }
            // The function `respond` came back without an error. The event for leaving the state
            // does not count, since a state is also left through its Catch.
            "TaskSucceeded" | "LambdaFunctionSucceeded"
                if matches!(self.answer, Answer::Begun { .. }) =>
            {
                self.answer = Answer::Given;
            }
            // A redriven execution runs its last state anew: no attempt from before it goes on, and
            // `rescue` must not count how long one waited.
            "ExecutionRedriven" if self.activity != Activity::Unknown => {
                self.activity = Activity::Ended;
            }
            entered if entered.ends_with("StateEntered") => self.enter(event),
            _ => {}
        }
    }

    /// Takes the entry of a state into account.
    fn enter(&mut self, event: &RecordedEvent) {
        let name = event.state.as_deref().unwrap_or_default();
        if AFTER_ANSWER.contains(&name) {
            self.answer = Answer::Given;
        } else if DIRECT_ENDS.contains(&name) || DIRECT_COUNTS.contains(&name) {
            self.answer = Answer::NobodyWaits;
        } else if let Some(status) = status_given_in(name) {
            let state = event.input.clone().unwrap_or_default();
            self.answer = Answer::Begun { status, state };
        }
    }
}

/// Whether the last event read is one that ends an execution without success.
pub(crate) fn ends_with_its_end(events: &[RecordedEvent]) -> bool {
    events
        .last()
        .is_some_and(|last| END_EVENTS.contains(&last.event_type.as_str()))
}

/// Whether a worker has taken the run, or the function `work` may have taken it, so that it may still
/// launch tasks. The execution of a Delete has neither.
pub(crate) fn was_taken(events: &[RecordedEvent]) -> bool {
    let mut progress = Progress::unread();
    events.iter().any(|event| {
        progress.note(event);
        matches!(
            progress.activity,
            Activity::Taken { .. } | Activity::GivenToFunction { .. }
        )
    })
}

/// What the state of this name answers; `None` for states that do not answer.
#[must_use]
pub(crate) fn status_given_in(state: &str) -> Option<Status> {
    match state {
        RESPOND_SUCCESS => Some(Status::Success),
        RESPOND_FAILURE => Some(Status::Failed),
        _ => None,
    }
}

/// The deadline in an activity's input; `None` when it cannot be read.
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
