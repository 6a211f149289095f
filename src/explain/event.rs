//! The entries of a timeline: what can happen in an execution, as data (JSON), and in words
//! (`event/words.rs`).

mod words;

pub(super) use words::replied_after;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::span::Span;
use crate::cloudformation::response::Status;

/// One entry of the timeline: an event with its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// When it happened: by Step Functions' clock, or for an ECS task's start and stop by ECS's
    /// clock.
    pub at: Timestamp,
    /// Time from the start of the execution to `at`.
    #[serde(rename = "secondsSinceStart")]
    pub since_start: Span,
    /// What happened.
    #[serde(flatten)]
    pub event: TimelineEvent,
}

/// What can happen in an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum TimelineEvent {
    /// `start` made an execution of CloudFormation's request.
    Requested,
    /// Somebody started a direct run.
    StartedDirectly,
    /// The lifecycle hook of a deployment started the run.
    StartedByHook,
    /// The activity was scheduled: the run waits for a worker.
    Scheduled {
        /// Number of the attempt, from 1.
        attempt: u32,
    },
    /// The run was given to the function `work`: one takes it at once, or it waits for a free one.
    GivenToFunction {
        /// Number of the attempt, from 1.
        attempt: u32,
    },
    /// Step Functions could not schedule the activity, for example because it was deleted, or Lambda
    /// did not take the event for the function `work`.
    NotScheduled {
        /// The error's name.
        error: String,
    },
    /// A worker took the run.
    Claimed {
        /// The worker's name, if it gave one.
        worker: Option<String>,
        /// Time from the scheduling to the claim.
        #[serde(rename = "afterSeconds")]
        after: Span,
    },
    /// The worker was shut down, or the function's time was nearly over, and handed the run over;
    /// another one takes it.
    HandedOver(SinceTaken),
    /// Step Functions took the run from its worker or function; another one takes it.
    WorkerLost {
        /// Why Step Functions took it.
        reason: WorkerLostReason,
        /// Time from the claim to this.
        #[serde(flatten)]
        since: SinceTaken,
    },
    /// The ECS task started; with several tasks, the first of them.
    TaskStarted {
        /// ARN of the first task.
        task: String,
        /// Number of tasks.
        tasks: usize,
        /// Time from the claim to the start.
        #[serde(flatten)]
        since: SinceTaken,
    },
    /// The ECS task stopped; with several tasks, the last of them.
    TaskStopped {
        /// Number of tasks.
        tasks: usize,
        /// Exit code of the first container that counts.
        exit_code: String,
        /// Time from the first start to the last stop.
        #[serde(rename = "ranForSeconds")]
        ran_for: Span,
    },
    /// The worker answered Step Functions with the end of the run.
    Told {
        /// The error's name; `None` for success.
        error: Option<String>,
        /// Time until the worker's answer to Step Functions; see [`SinceTaken`].
        #[serde(flatten)]
        since: SinceTaken,
    },
    /// The function `stop` looked for tasks that were left running, and stopped them.
    LeftoversStopped {
        /// Number of tasks that `stop` asked ECS to stop.
        tasks: u64,
        /// Number of those that had not stopped when the execution went on.
        still_running: u64,
        /// Number of earlier executions of the resource that were stopped, on Delete.
        executions: u64,
    },
    /// Before the task of a rollback, the function `stop` looked for the tasks of the update that is rolled
    /// back.
    EarlierRuns {
        /// Whether their containers were seen to stop. Otherwise nothing is started.
        have_stopped: bool,
    },
    /// The function `stop` failed: it is unknown whether tasks were left running.
    LeftoversUnknown {
        /// The error's name.
        error: String,
    },
    /// An attempt to answer CloudFormation failed.
    AnswerFailed {
        /// The error's name.
        error: String,
        /// Cause of the error, in words.
        cause: String,
    },
    /// CloudFormation was answered.
    Answered {
        /// Whether the answer was SUCCESS or FAILED.
        answer: Status,
        /// Time from the worker's report to the reply; from the request when nothing was reported.
        #[serde(rename = "afterSeconds")]
        after: Span,
        /// Whether it is the time from the worker's report.
        since_report: bool,
        /// Whether the answer went to a wait condition.
        #[serde(skip_serializing_if = "is_false")]
        to_wait_condition: bool,
    },
    /// CloudFormation was answered SUCCESS when the run began, whose end goes to a wait condition.
    AnsweredAtBeginning,
    /// The execution ended by itself without an answer.
    GaveUp {
        /// The error's name.
        error: String,
    },
    /// Somebody stopped the execution.
    Aborted {
        /// The error that was given to `StopExecution`.
        error: Option<String>,
        /// The cause that was given to `StopExecution`.
        cause: Option<String>,
    },
    /// The execution ran longer than the state machine's `TimeoutSeconds`.
    TimedOut,
    /// Somebody redrove the execution after it had ended: it goes on (`API_RedriveExecution`).
    Redriven,
}

/// Why Step Functions took a run from its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkerLostReason {
    /// The worker sent no heartbeat in time.
    Heartbeat,
    /// No heartbeat came after the first seconds: the run waited for a free function, or the one
    /// that took it ended in its first seconds.
    NoFunction,
    /// The worker had the run for as long as the state's `TimeoutSeconds`.
    TimeLimit,
    /// One of the two: the error's name is `States.Timeout`, and the history does not tell when the
    /// worker claimed the run, or how long it may have it.
    Unknown,
}

/// For how long a worker or a function had the run. In JSON one member, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinceTaken {
    /// Time since a worker claimed it; `sinceClaimedSeconds`.
    Claimed(Span),
    /// Time since it was scheduled, where an emulator's history tells no claim;
    /// `sinceScheduledSeconds`.
    Scheduled(Span),
    /// Time since it was given to the function `work`, which may have begun later;
    /// `sinceGivenSeconds`.
    Given(Span),
    /// The history does not tell.
    Unknown,
}

impl Serialize for SinceTaken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, span) = match self {
            Self::Claimed(span) => ("sinceClaimedSeconds", span),
            Self::Scheduled(span) => ("sinceScheduledSeconds", span),
            Self::Given(span) => ("sinceGivenSeconds", span),
            Self::Unknown => return serializer.collect_map([(); 0].map(|()| ("", ()))),
        };
        serializer.collect_map([(name, span)])
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}
