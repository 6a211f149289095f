//! What stands at the end of a row, in a few words. The steps' own words are in
//! `explain/event/words.rs`; they are the titles of bars and marks.

use jiff::Timestamp;

use super::lane::Lane;
use crate::explain::conceal::one_line;
use crate::explain::event::replied_after;
use crate::explain::{SinceTaken, Span, TimelineEvent, WorkerLostReason};
use crate::task::status::task_id;

pub(super) fn waited(from: Timestamp, to: Timestamp) -> String {
    format!("waited {}", Span::between(from, to))
}

pub(super) fn held(from: Timestamp, to: Timestamp) -> String {
    format!("held for {}", Span::between(from, to))
}

pub(super) fn took(from: Timestamp, to: Timestamp) -> String {
    format!("took {}", Span::between(from, to))
}

pub(super) fn so_far(from: Timestamp, to: Timestamp) -> String {
    format!("{} so far", Span::between(from, to))
}

pub(super) fn started(from: Timestamp, to: Timestamp) -> String {
    format!("started in {}", Span::between(from, to))
}

pub(super) fn ran(from: Timestamp, to: Timestamp) -> String {
    format!("ran for {}", Span::between(from, to))
}

pub(super) fn has_run(from: Timestamp, to: Timestamp) -> String {
    format!("has run for {} so far", Span::between(from, to))
}

/// When the worker took the run that had the task at `at` start after this time.
pub(super) fn began(since: SinceTaken, at: Timestamp) -> Option<Timestamp> {
    match since {
        SinceTaken::Claimed(span) | SinceTaken::Scheduled(span) | SinceTaken::Given(span) => {
            at.checked_sub(span.0).ok()
        }
        SinceTaken::Unknown => None,
    }
}

pub(super) fn name_task(lane: &mut Lane, task: &str, tasks: usize) {
    task_id(task).clone_into(&mut lane.detail);
    if tasks > 1 {
        lane.name = format!("{tasks} ECS tasks");
    }
}

/// How an attempt ended.
pub(super) fn end_of_attempt(event: &TimelineEvent) -> String {
    match event {
        TimelineEvent::Told { error: None, .. } => "reported success".to_owned(),
        TimelineEvent::Told {
            error: Some(error), ..
        } => format!("reported {}", one_line(error)),
        TimelineEvent::HandedOver(SinceTaken::Given(_)) => "handed over: time was up".to_owned(),
        TimelineEvent::HandedOver(_) => "handed over: shut down".to_owned(),
        TimelineEvent::WorkerLost { reason, .. } => match reason {
            WorkerLostReason::Heartbeat => "lost: no heartbeat any more",
            WorkerLostReason::NoFunction => "no function was free, or it ended",
            WorkerLostReason::TimeLimit => "lost: TimeoutSeconds were over",
            WorkerLostReason::Unknown => "lost: timed out",
        }
        .to_owned(),
        TimelineEvent::NotScheduled { error } => format!("not scheduled: {}", one_line(error)),
        _ => String::new(),
    }
}

/// What came of the search for leftover tasks.
pub(super) fn leftovers(event: &TimelineEvent) -> String {
    match event {
        TimelineEvent::LeftoversStopped {
            tasks,
            still_running,
            executions,
        } => {
            let tasks = match (tasks, still_running) {
                (0, _) => "none were left".to_owned(),
                (tasks, 0) => format!("stopped: {tasks}"),
                (_, running) => format!("still stopping: {running}"),
            };
            match executions {
                0 => tasks,
                runs => format!("{tasks}; runs stopped: {runs}"),
            }
        }
        TimelineEvent::LeftoversUnknown { error } => format!("unknown: {}", one_line(error)),
        _ => String::new(),
    }
}

/// How long the reply took, as the timeline says it; a reply that was not delivered took from `from`
/// to `to`.
pub(super) fn reply_time(event: &TimelineEvent, from: Timestamp, to: Timestamp) -> String {
    match event {
        TimelineEvent::Answered {
            after,
            since_report,
            ..
        } => replied_after(*after, *since_report),
        _ => took(from, to),
    }
}

/// What came of the reply.
pub(super) fn reply(event: &TimelineEvent) -> String {
    match event {
        TimelineEvent::Answered {
            answer,
            to_wait_condition: true,
            ..
        } => format!("{answer} to the wait condition"),
        TimelineEvent::Answered { answer, .. } => format!("{answer} to CloudFormation"),
        TimelineEvent::AnsweredAtBeginning => "SUCCESS, when the run began".to_owned(),
        TimelineEvent::AnswerFailed { error, .. } => format!("not delivered: {}", one_line(error)),
        _ => String::new(),
    }
}
