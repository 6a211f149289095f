//! What holds in every history of a stack.

use std::time::Duration;

use serde_json::Value;
use stand_ins::ecs::TaskView;
use stand_ins::sfn::{ExecutionEnd, ExecutionView};

use super::play::{Played, Request};
use super::schedule::{History, Rollback, Run};

/// From the end of a run's `Timeout` to the reply: three deliveries of the event, the tasks of earlier
/// runs that are waited for, and what follows the deadline.
const REPLY: Duration = Duration::from_secs(900);

/// Gives what does not hold.
pub fn broken(_history: &History, played: &Played) -> Vec<String> {
    let mut broken = Vec::new();
    for request in &played.requests {
        broken.extend(replied(request));
        broken.extend(signalled(played, request));
        if request.sent.rolls_back.is_some() {
            broken.extend(rolled_back(played, request));
        }
        if request.sent.request_type == "Delete" {
            broken.extend(left_after_delete(played, request));
        }
    }
    broken.extend(ways_back(played));
    broken.extend(side_by_side(&played.tasks));
    broken.extend(left_over(&played.tasks));
    if played.stuck > 0 {
        broken.push(format!("{} workers did not end", played.stuck));
    }
    if !played.dead_letters.is_empty() {
        broken.push(format!("dead letters: {:?}", played.dead_letters));
    }
    broken
}

/// In bounded time, and in one way.
fn replied(request: &Request) -> Option<String> {
    let kind = request.kind();
    let Some(first) = request.answers.first() else {
        return Some(format!("the {kind} was not replied to"));
    };
    let statuses: Vec<_> = request
        .answers
        .iter()
        .map(|answer| &answer.status)
        .collect();
    if statuses.iter().any(|status| **status != first.status) {
        return Some(format!("the {kind} was replied to with {statuses:?}"));
    }
    let end = request.sent.at + Duration::from_secs(request.sent.timeout.into()) + REPLY;
    if first.at > end {
        let late = first.at.saturating_sub(request.sent.at);
        return Some(format!("the {kind} was replied to after {late:?}"));
    }
    (kind == "Delete" && first.status != "SUCCESS").then(|| format!("the Delete failed: {first:?}"))
}

/// The condition of a request that CloudFormation took for done is signalled in one way, and once the
/// run has ended or was skipped.
fn signalled(played: &Played, request: &Request) -> Option<String> {
    let handle = request.sent.new_handle.as_ref()?;
    let mut bodies: Vec<Value> = request
        .signals
        .iter()
        .map(|put| serde_json::from_slice(&put.body).unwrap())
        .collect();
    bodies.dedup();
    let first = request.answers.first()?;
    match bodies.len() {
        0 if first.status == "SUCCESS" => Some(format!(
            "nothing was signalled for the {}, which was replied to: {first:?}",
            request.kind()
        )),
        0 => None,
        // Only what is the same twice is one signal to CloudFormation.
        1 if handle.signals().len() == 1 => {
            let execution = execution(played, &request.name)?;
            let (ended, _) = execution.ended.as_ref()?;
            let end =
                execution.started_at + Duration::from_secs(request.sent.timeout.into()) + REPLY;
            let at = request.signals[0].at;
            (at > end.max(*ended)).then(|| format!("signalled at {at:?}, long after the run"))
        }
        _ => Some(format!("the condition was signalled {bodies:?}")),
    }
}

fn execution<'p>(played: &'p Played, name: &str) -> Option<&'p ExecutionView> {
    played
        .executions
        .iter()
        .find(|execution| execution.name == name)
}

fn is_of(task: &TaskView, execution: &str) -> bool {
    task.started_by.as_deref() == Some(execution)
}

/// The execution that a way back rolls back.
fn rolls_back(execution: &ExecutionView) -> Option<String> {
    let input: Value = serde_json::from_str(&execution.input).unwrap();
    Some(input["rollbackOf"]["execution"].as_str()?.to_owned())
}

fn has_succeeded(execution: &ExecutionView) -> bool {
    matches!(execution.ended, Some((_, ExecutionEnd::Succeeded(_))))
}

/// An update is rolled back successfully once at most, and only where a worker may have started its
/// container.
fn ways_back(played: &Played) -> Vec<String> {
    let mut broken = Vec::new();
    let mut succeeded = Vec::new();
    for way_back in &played.executions {
        let Some(failed) = rolls_back(way_back) else {
            continue;
        };
        let has_tasks = played.tasks.iter().any(|task| is_of(task, &way_back.name));
        let is_certain = execution(played, &failed).is_some_and(|execution| {
            matches!(&execution.ended, Some((_, ExecutionEnd::Failed { error, .. })) if error == "EcsTask.NotStarted")
        });
        if has_tasks && is_certain {
            broken.push(format!("{failed} started nothing, and was rolled back"));
        }
        if has_succeeded(way_back) {
            if succeeded.contains(&failed) {
                broken.push(format!("{failed} was rolled back twice"));
            }
            succeeded.push(failed);
        }
    }
    broken
}

/// A rollback that succeeds has rolled back what a container of the update may have done.
fn rolled_back(played: &Played, request: &Request) -> Option<String> {
    let update = &played.requests[request.sent.rolls_back?];
    let own = [Rollback::RunsItsOwnTask, Rollback::MayFail].contains(&request.sent.rollback);
    let first = request.answers.first()?;
    if !own || update.sent.run != Run::Runs || first.status != "SUCCESS" {
        return None;
    }
    let has_run = played
        .tasks
        .iter()
        .any(|task| is_of(task, &update.name) && task.started_at.is_some());
    let is_rolled_back = played.executions.iter().any(|execution| {
        rolls_back(execution).as_ref() == Some(&update.name) && has_succeeded(execution)
    });
    let is_ignored = first.body.contains("RollbackFailure is ignore");
    (has_run && !is_rolled_back && !is_ignored).then(|| {
        format!(
            "the update had run, and was not rolled back: {}",
            first.body
        )
    })
}

/// From when to when the container that counts may have run. Others are not waited for.
fn ran(task: &TaskView) -> Option<(Duration, Duration)> {
    let counts = |(name, _): &&(String, Duration)| name == "migrate";
    let end = task.container_ends.iter().find(counts).map(|(_, at)| *at);
    let end = end.or(task.stopped_at);
    Some((task.started_at?, end.unwrap_or(Duration::MAX)))
}

fn side_by_side(tasks: &[TaskView]) -> Vec<String> {
    let mut broken = Vec::new();
    for (index, task) in tasks.iter().enumerate() {
        for other in &tasks[..index] {
            let (Some((start, end)), Some((other_start, other_end))) = (ran(task), ran(other))
            else {
                continue;
            };
            if start < other_end && other_start < end {
                broken.push(format!(
                    "{:?} ran {start:?} to {end:?} beside {:?}, {other_start:?} to {other_end:?}",
                    task.started_by, other.started_by
                ));
            }
        }
    }
    broken
}

/// Nothing is started for a Delete, and nothing runs any more once it was replied to.
fn left_after_delete(played: &Played, request: &Request) -> Vec<String> {
    let mut broken = Vec::new();
    let Some(first) = request.answers.first() else {
        return broken;
    };
    for task in &played.tasks {
        if is_of(task, &request.name) {
            broken.push("the Delete started a task".to_owned());
        }
        if task.stopped_at.is_none_or(|stopped| stopped > first.at) {
            broken.push(format!(
                "{:?}, launched {:?} and stopped {:?}, ran on after the Delete's reply {:?}",
                task.started_by, task.launched_at, task.stopped_at, first.at
            ));
        }
    }
    broken
}

fn left_over(tasks: &[TaskView]) -> Vec<String> {
    let left = tasks.iter().filter(|task| task.stopped_at.is_none());
    left.map(|task| format!("{:?} still runs as {}", task.started_by, task.last_status))
        .collect()
}
