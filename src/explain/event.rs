//! What can happen in an execution, as data and in words.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::conceal::one_line;
use super::span::Span;
use crate::cloudformation::response::Status;
use crate::task::status::task_id;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// Since the execution was started.
    #[serde(rename = "secondsSinceStart")]
    pub since_start: Span,
    /// What.
    #[serde(flatten)]
    pub event: TimelineEvent,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum TimelineEvent {
    /// CloudFormation's request became an execution.
    Requested,
    /// The run waits for a worker.
    Scheduled {
        /// 1 for the first worker.
        attempt: u32,
    },
    /// It could not wait for one.
    NotScheduled {
        /// The error's name.
        error: String,
    },
    /// A worker took it.
    Claimed {
        /// The worker, as far as it gave a name.
        worker: Option<String>,
        /// Since it was scheduled.
        #[serde(rename = "afterSeconds")]
        after: Span,
    },
    /// The worker was shut down and gave the run back.
    HandedOver(SinceTaken),
    /// The worker was not heard of any more.
    WorkerLost(SinceTaken),
    /// The ECS task started, of several the first.
    TaskStarted {
        /// ARN of the first task.
        task: String,
        /// Number of tasks.
        tasks: usize,
        /// Since when.
        #[serde(flatten)]
        since: SinceTaken,
    },
    /// The ECS task stopped, of several the last.
    TaskStopped {
        /// Number of tasks.
        tasks: usize,
        /// Exit code of the first container that counts.
        exit_code: String,
        /// Since it was started.
        #[serde(rename = "ranForSeconds")]
        ran_for: Span,
    },
    /// The worker told how the run ended.
    Told {
        /// The error's name; `None` for success.
        error: Option<String>,
        /// Since when.
        #[serde(flatten)]
        since: SinceTaken,
    },
    /// What was left running was stopped.
    LeftoversStopped {
        /// Tasks that ran and were told to stop.
        tasks: u64,
        /// Of those, how many had not stopped when the execution went on.
        still_running: u64,
        /// Earlier executions of the resource that were stopped, on Delete.
        executions: u64,
    },
    /// What was left running could not be looked for, or not to its end.
    LeftoversUnknown {
        /// The error's name.
        error: String,
    },
    /// An attempt to answer CloudFormation failed.
    AnswerFailed {
        /// The error's name.
        error: String,
        /// What was said of it.
        cause: String,
    },
    /// CloudFormation was answered.
    Answered {
        /// SUCCESS or FAILED.
        answer: Status,
        /// Since the run ended, or since the request when nothing was run.
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
        /// The error that was given as the reason.
        error: Option<String>,
        /// The cause that was given.
        cause: Option<String>,
    },
    /// The time for the whole execution was over.
    TimedOut,
}

/// How long a worker had a run. Where a history does not tell who took it and when, how long ago it
/// was scheduled.
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
            } => {
                match (tasks, still_running) {
                    (0, _) => f.write_str("no tasks were left running")?,
                    (tasks, 0) => write!(f, "leftover tasks stopped: {tasks}")?,
                    (tasks, running) => write!(
                        f,
                        "leftover tasks told to stop: {tasks}, still stopping: {running}"
                    )?,
                }
                if *executions > 0 {
                    write!(f, "; earlier executions stopped: {executions}")?;
                }
                Ok(())
            }
            Self::LeftoversUnknown { error } => write!(
                f,
                "leftover tasks could not be looked for: {}",
                one_line(error)
            ),
            Self::AnswerFailed { error, cause } => match cause.lines().next() {
                Some(first) => write!(
                    f,
                    "CloudFormation could not be answered: {}: {}",
                    one_line(error),
                    one_line(first)
                ),
                None => write!(
                    f,
                    "CloudFormation could not be answered: {}",
                    one_line(error)
                ),
            },
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

impl fmt::Display for SinceTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.claimed, self.scheduled) {
            (Some(claimed), _) => write!(f, ", {claimed} after the claim"),
            (None, Some(scheduled)) => write!(f, ", {scheduled} after it was scheduled"),
            (None, None) => Ok(()),
        }
    }
}
