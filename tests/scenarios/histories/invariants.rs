//! What holds in every history.

use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use stand_ins::ecs::TaskView;
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{Call, Outcome};

use super::play::{Played, Request};
use super::schedule::History;

/// From the deadline, or from when there is a worker again, to the answer: a worker that vanished is missed for a minute, a dead
/// poll takes the run with it for another, the worker waits 38 s for tasks to stop, and the definition another 50 s with
/// functions that fail and are tried again.
const ANSWER: Duration = Duration::from_secs(300);

/// Gives what does not hold.
pub fn broken(history: &History, played: &Played) -> Vec<String> {
    let mut broken = Vec::new();
    for request in &played.requests {
        broken.extend(answered(history, played, request));
    }
    broken.extend(launches(history, &played.tasks));
    broken.extend(leftovers(played));
    if played.stuck > 0 {
        broken.push(format!("{} workers did not end: a permit was lost", played.stuck));
    }
    broken
}

/// Exactly one effective answer in bounded time, which says what the execution says.
fn answered(history: &History, played: &Played, request: &Request) -> Option<String> {
    let what = if request.is_delete { "the Delete" } else { "the Create" };
    let statuses: Vec<&str> = request.answers.iter().map(|(_, status)| status.as_str()).collect();
    let expected = match &request.end {
        // `rescue` repeats an answer that was begun and gives one that was not; no history plays it.
        None => return None,
        Some(ExecutionEnd::Succeeded(_)) => "SUCCESS",
        Some(ExecutionEnd::Failed { .. }) => "FAILED",
        _ => return Some(format!("{what} was answered {statuses:?}, and ended {:?}", request.end)),
    };
    let is_other = |status: &&str| **status != *expected;
    if statuses.is_empty() || statuses.iter().any(is_other) {
        return Some(format!("{what} was answered {statuses:?}, and ended {:?}", request.end));
    }
    if request.is_delete && expected != "SUCCESS" {
        return Some(format!("the Delete failed: {:?}", request.end));
    }
    if let Some(ExecutionEnd::Failed { error, .. }) = &request.end
        && error == HANDED_OVER
    {
        return Some("a worker's going away is told as the run's failure".to_owned());
    }
    let from = if request.is_delete { request.began } else { played.fleet_is_back.max(Duration::from_secs(history.limit.into())) };
    let (at, _) = request.answers[0];
    (at > from + ANSWER).then(|| format!("{what} was answered {} s late", at.saturating_sub(from).as_secs()))
}

/// At most one task with a started container for each task of the run, and no launch beside enough others.
fn launches(history: &History, tasks: &[TaskView]) -> Vec<String> {
    let count = usize::from(history.count);
    let mut broken = Vec::new();
    let started = tasks.iter().filter(|task| task.started_at.is_some()).count();
    if started > count {
        broken.push(format!("{started} tasks with a started container for {count}"));
    }
    for (index, task) in tasks.iter().enumerate() {
        let there = tasks[..index]
            .iter()
            .filter(|earlier| earlier.started_at.is_some() || earlier.stopped_at.is_none_or(|stopped| stopped > task.launched_at));
        if there.count() >= count {
            broken.push(format!("task {index} was launched beside enough others"));
        }
    }
    broken
}

/// Nothing runs any more some minutes after the last answer, and nothing was launched after it; unless the answer was given with
/// the knowledge that something may be left, as when calls that stop tasks fail until there is no more time for them. A worker that
/// may not stop a task leaves it to the definition, which finds it only once ECS lists it.
fn leftovers(played: &Played) -> Vec<String> {
    if played.requests.iter().any(|request| request.knows_of_leftovers) {
        return Vec::new();
    }
    let Some(over) = played.requests.iter().map(|request| request.ended).max() else { return Vec::new() };
    let mut broken = Vec::new();
    for (index, task) in played.tasks.iter().enumerate() {
        if task.launched_at > over {
            broken.push(format!("task {index} was launched {:?} after the last answer", task.launched_at.saturating_sub(over)));
        } else if task.stopped_at.is_none() && !may_not_be_stopped(played, task) {
            broken.push(format!("task {index} still runs as {}, told to stop: {:?}", task.last_status, task.stop_requested));
        }
    }
    broken
}

fn may_not_be_stopped(played: &Played, task: &TaskView) -> bool {
    let is_refusal = |call: &&Call| {
        *call.operation == *"StopTask"
            && call.body["task"] == *task.arn
            && matches!(&call.outcome, Outcome::Refused(code) if code.contains("AccessDenied"))
    };
    played.calls.iter().any(|call| is_refusal(&call))
}
