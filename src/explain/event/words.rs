//! The entries of a timeline in words.

use std::fmt;

use super::{SinceTaken, TimelineEvent, WorkerLostReason};
use crate::explain::Span;
use crate::explain::conceal::one_line;
use crate::task::status::task_id;

/// Whose wait is over when the run begins, and whose is not.
const AT_BEGINNING: &str = "replied SUCCESS to CloudFormation for the resource; a wait condition waits for the end of the run";

impl fmt::Display for TimelineEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("requested by CloudFormation"),
            Self::StartedDirectly => f.write_str("started as a direct run"),
            Self::StartedByHook => f.write_str("started by the hook of a deployment"),
            Self::Scheduled { attempt: 1 } => f.write_str("scheduled for a worker"),
            Self::Scheduled { attempt } => {
                write!(f, "scheduled for another worker, attempt {attempt}")
            }
            Self::GivenToFunction { attempt: 1 } => f.write_str("given to a function"),
            Self::GivenToFunction { attempt } => {
                write!(f, "given to another function, attempt {attempt}")
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
            Self::HandedOver(since) => match since {
                SinceTaken::Given(_) => {
                    write!(f, "handed over by its function, whose time was up{since}")
                }
                _ => write!(f, "handed over by its worker, which was shut down{since}"),
            },
            Self::WorkerLost { reason, since } => write_lost(f, *reason, *since),
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
            Self::Told { error, since } => {
                let error = error.as_deref().map_or("success".into(), one_line);
                write!(f, "{} reported {error}{since}", since.holder())
            }
            Self::LeftoversStopped {
                tasks,
                still_running,
                executions,
            } => write_leftovers(f, *tasks, *still_running, *executions),
            Self::EarlierRuns { have_stopped } => f.write_str(earlier_runs(*have_stopped)),
            Self::LeftoversUnknown { error } => write!(
                f,
                "leftover tasks could not be looked for: {}",
                one_line(error)
            ),
            Self::AnswerFailed { error, cause } => write_answer_failed(f, error, cause),
            Self::Answered {
                answer,
                after,
                since_report,
                to_wait_condition: waits,
            } => {
                let (whom, after) = (whom(*waits), replied_after(*after, *since_report));
                write!(f, "replied {answer} to {whom}, {after}")
            }
            Self::AnsweredAtBeginning => f.write_str(AT_BEGINNING),
            Self::GaveUp { error } => {
                write!(f, "execution failed without a reply: {}", one_line(error))
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
            Self::Redriven => f.write_str("execution redriven: it goes on"),
        }
    }
}

const fn whom(is_wait_condition: bool) -> &'static str {
    if is_wait_condition {
        "the wait condition"
    } else {
        "CloudFormation"
    }
}

/// How long a reply took, and since when.
pub(in crate::explain) fn replied_after(after: Span, since_report: bool) -> String {
    let since = if since_report { "report" } else { "request" };
    format!("{after} after the {since}")
}

const fn earlier_runs(have_stopped: bool) -> &'static str {
    if have_stopped {
        "the tasks of earlier runs have stopped"
    } else {
        "the tasks of earlier runs were not seen to stop; nothing is started beside them"
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
        "CloudFormation could not be replied to: {}",
        one_line(error)
    )?;
    match cause.lines().next() {
        Some(first) => write!(f, ": {}", one_line(first)),
        None => Ok(()),
    }
}

fn write_lost(
    f: &mut fmt::Formatter<'_>,
    reason: WorkerLostReason,
    since: SinceTaken,
) -> fmt::Result {
    let what_it_did = match reason {
        WorkerLostReason::NoFunction => {
            return write!(
                f,
                "waited for a free function, or its function ended in its first seconds{since}"
            );
        }
        WorkerLostReason::Heartbeat => "sent no heartbeat any more",
        WorkerLostReason::TimeLimit => "did not end it within the state's TimeoutSeconds",
        WorkerLostReason::Unknown => "timed out, with its heartbeat or with the whole run",
    };
    write!(
        f,
        "taken from its {}, which {what_it_did}{since}",
        since.holder()
    )
}

impl SinceTaken {
    /// Who had the run.
    const fn holder(self) -> &'static str {
        match self {
            Self::Given(_) => "function",
            Self::Claimed(_) | Self::Scheduled(_) | Self::Unknown => "worker",
        }
    }
}

impl fmt::Display for SinceTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed(claimed) => write!(f, ", {claimed} after the claim"),
            Self::Scheduled(scheduled) => write!(f, ", {scheduled} after it was scheduled"),
            Self::Given(given) => write!(f, ", {given} after it was given"),
            Self::Unknown => Ok(()),
        }
    }
}
