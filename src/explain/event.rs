//! The entries of a timeline: what can happen in an execution, as data (JSON) and in words (text).

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::conceal::one_line;
use super::span::Span;
use crate::cloudformation::response::Status;
use crate::task::status::task_id;

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
    /// The activity was scheduled: the run waits for a worker.
    Scheduled {
        /// Number of the attempt, from 1.
        attempt: u32,
    },
    /// Step Functions could not schedule the activity, for example because it was deleted.
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
    /// The worker was shut down and handed the run over; another worker takes it.
    HandedOver(SinceTaken),
    /// The worker sent no heartbeat in time; another worker takes the run.
    WorkerLost(SinceTaken),
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
        /// Time from the worker's answer to that of CloudFormation; from the request when nothing
        /// was run.
        #[serde(rename = "afterSeconds")]
        after: Span,
    },
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
}

/// For how long a worker had the run: the time since the claim, or the time since the scheduling
/// when an emulator's history records no claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SinceTaken {
    #[serde(
        rename = "sinceClaimedSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) claimed: Option<Span>,
    #[serde(
        rename = "sinceScheduledSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) scheduled: Option<Span>,
}

impl fmt::Display for TimelineEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("requested by CloudFormation"),
            Self::Scheduled { attempt: 1 } => f.write_str("scheduled for a worker"),
            Self::Scheduled { attempt } => {
                write!(f, "scheduled for another worker, attempt {attempt}")
            }
            Self::NotScheduled { error } => write!(
                f,
                "could not be scheduled for a worker: {}",
                one_line(error)
            ),
            Self::Claimed {
                worker: Some(worker),
                after,
            } => write!(f, "claimed by worker '{worker}' after {after}"),
            Self::Claimed {
                worker: None,
                after,
            } => write!(f, "claimed by a worker after {after}"),
            Self::HandedOver(since) => {
                write!(f, "handed over by its worker, which was shut down{since}")
            }
            Self::WorkerLost(since) => write!(
                f,
                "taken from its worker, which sent no heartbeat any more{since}"
            ),
            Self::TaskStarted {
                task,
                tasks: 1,
                since,
            } => write!(f, "ECS task {} started{since}", task_id(task)),
            Self::TaskStarted { task, tasks, since } => write!(
                f,
                "first of {tasks} ECS tasks started, {}{since}",
                task_id(task)
            ),
            Self::TaskStopped {
                tasks: 1,
                exit_code,
                ran_for,
            } => write!(
                f,
                "ECS task ended with exit code {exit_code}, ran for {ran_for}"
            ),
            Self::TaskStopped {
                tasks,
                exit_code,
                ran_for,
            } => {
                write!(
                    f,
                    "last of {tasks} ECS tasks ended, the first with exit code {exit_code}; they ran for {ran_for}"
                )
            }
            Self::Told { error: None, since } => write!(f, "worker told success{since}"),
            Self::Told {
                error: Some(error),
                since,
            } => write!(f, "worker told {}{since}", one_line(error)),
            Self::LeftoversStopped {
                tasks,
                still_running,
                executions,
            } => write_leftovers(f, *tasks, *still_running, *executions),
            Self::LeftoversUnknown { error } => write!(
                f,
                "leftover tasks could not be looked for: {}",
                one_line(error)
            ),
            Self::AnswerFailed { error, cause } => write_answer_failed(f, error, cause),
            Self::Answered { answer, after } => {
                write!(f, "CloudFormation answered {answer} after {after}")
            }
            Self::GaveUp { error } => {
                write!(f, "execution failed without an answer: {}", one_line(error))
            }
            Self::Aborted { error, cause } => {
                f.write_str("execution stopped")?;
                let cause = cause.as_deref().and_then(|cause| cause.lines().next());
                for part in [error.as_deref(), cause].into_iter().flatten() {
                    write!(f, ": {}", one_line(part))?;
                }
                Ok(())
            }
            Self::TimedOut => f.write_str("execution timed out"),
        }
    }
}

fn write_leftovers(
    f: &mut fmt::Formatter<'_>,
    tasks: u64,
    still_running: u64,
    executions: u64,
) -> fmt::Result {
    match (tasks, still_running) {
        (0, _) => f.write_str("no tasks were left running")?,
        (tasks, 0) => write!(f, "leftover tasks stopped: {tasks}")?,
        (tasks, running) => write!(
            f,
            "leftover tasks told to stop: {tasks}, still stopping: {running}"
        )?,
    }
    if executions > 0 {
        write!(f, "; earlier executions stopped: {executions}")?;
    }
    Ok(())
}

fn write_answer_failed(f: &mut fmt::Formatter<'_>, error: &str, cause: &str) -> fmt::Result {
    write!(
        f,
        "CloudFormation could not be answered: {}",
        one_line(error)
    )?;
    match cause.lines().next() {
        Some(first) => write!(f, ": {}", one_line(first)),
        None => Ok(()),
    }
}

impl fmt::Display for SinceTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.claimed, self.scheduled) {
            (Some(claimed), _) => write!(f, ", {claimed} after the claim"),
            (None, Some(scheduled)) => write!(f, ", {scheduled} after it was scheduled"),
            (None, None) => Ok(()),
        }
    }
}
