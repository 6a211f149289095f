//! What holds in every history.

use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use stand_ins::ecs::TaskView;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;

use super::excuses::{ended_unheard, may_not_be_stopped, was_launched_uninformed};
use super::play::{Played, Request};
use super::schedule::{History, Invocation};
use super::strikes::Strike;

/// From the deadline, or from when there is a worker again, to the answer: a worker that vanished
/// is missed for a minute, a dead poll takes the run with it for another, the worker waits 38 s for
/// tasks to stop, and the definition another 50 s with functions that fail and are tried again.
const ANSWER: Duration = Duration::from_secs(300);

/// A look each second, and the answer.
const LOOK: Duration = Duration::from_secs(3);
/// Until the worker that came last has the run: a heartbeat is missed for a minute, and a dead poll
/// takes the run with it for another.
const TAKEN_OVER: Duration = Duration::from_secs(150);
/// Seconds for which an exit code is shown before its container is STOPPED, and one for rounding.
const SETTLING: f64 = 5.0;

/// Gives what does not hold.
pub fn broken(history: &History, played: &Played) -> Vec<String> {
    let mut broken = Vec::new();
    for request in &played.requests {
        broken.extend(answered(history, played, request));
    }
    broken.extend(judged(history, played));
    broken.extend(told_early(history, played));
    broken.extend(launches(history, &played.tasks));
    broken.extend(leftovers(history, played));
    if played.stuck > 0 {
        broken.push(format!(
            "{} workers did not end: a permit was lost",
            played.stuck
        ));
    }
    broken
}

/// Exactly one effective answer in bounded time, which says what the execution says.
fn answered(history: &History, played: &Played, request: &Request) -> Option<String> {
    let what = if request.is_delete {
        "the Delete"
    } else {
        "the Create"
    };
    let statuses: Vec<&str> = request
        .answers
        .iter()
        .map(|(_, status)| status.as_str())
        .collect();
    let expected = match &request.end {
        // `rescue` repeats an answer that was begun and gives one that was not; no history plays
        // it.
        None if was_stopped_by_the_delete(played, request) => return None,
        None => return Some(format!("{what} was stopped, and not by a Delete")),
        Some(ExecutionEnd::Succeeded(_)) => "SUCCESS",
        Some(ExecutionEnd::Failed { .. }) => "FAILED",
        _ => {
            return Some(format!(
                "{what} was answered {statuses:?}, and ended {:?}",
                request.end
            ));
        }
    };
    let is_other = |status: &&str| **status != *expected;
    if statuses.is_empty() || statuses.iter().any(is_other) {
        return Some(format!(
            "{what} was answered {statuses:?}, and ended {:?}",
            request.end
        ));
    }
    if request.is_delete && expected != "SUCCESS" {
        return Some(format!("the Delete failed: {:?}", request.end));
    }
    if let Some(ExecutionEnd::Failed { error, .. }) = &request.end
        && error == HANDED_OVER
    {
        return Some("a worker's going away is told as the run's failure".to_owned());
    }
    let from = if request.is_delete {
        request.began
    } else {
        played.fleet_is_back.max(deadline(history))
    };
    let (at, _) = request.answers[0];
    (at > from + ANSWER).then(|| {
        format!(
            "{what} was answered {} s late",
            at.saturating_sub(from).as_secs()
        )
    })
}

fn was_stopped_by_the_delete(played: &Played, request: &Request) -> bool {
    !request.is_delete
        && played
            .requests
            .iter()
            .any(|other| other.is_delete && other.began <= request.ended)
}

fn deadline(history: &History) -> Duration {
    Duration::from_secs(history.limit.into())
}

/// Tasks that did their work by a moment: their course brings them to exit with a code of success,
/// and nobody stopped them before.
fn done(history: &History, played: &Played, by: Duration) -> usize {
    let has_stopped = |task: &TaskView| {
        task.stop_requested.is_none() && work_ended(task).is_some_and(|at| at <= by)
    };
    played
        .tasks
        .iter()
        .enumerate()
        .filter(|(launch, task)| history.course(*launch).succeeds() && has_stopped(task))
        .count()
}

/// From when ECS shows the container that counts as STOPPED.
fn work_ended(task: &TaskView) -> Option<Duration> {
    task.container_ends
        .iter()
        .find(|(name, _)| name == "migrate")
        .map(|(_, at)| *at)
}

/// A Create that is answered with SUCCESS had its tasks do their work, all of them. The reverse
/// holds where it is certain.
fn judged(history: &History, played: &Played) -> Option<String> {
    let count = usize::from(history.count);
    let create = played.requests.iter().find(|request| !request.is_delete)?;
    match &create.end {
        Some(ExecutionEnd::Succeeded(_)) => {
            let (at, _) = create.answers.first()?;
            let done = done(history, played, *at);
            (done != count).then(|| format!("the Create was answered SUCCESS, and {done} of {count} tasks had done their work"))
        }
        Some(end) if success_is_certain(history, played) && !ended_unheard(history, end) => Some(
            format!("all of {count} tasks did their work in time, and the Create ended {end:?}"),
        ),
        _ => None,
    }
}

/// A success that nothing delays is told when the containers that count have ended, whatever else of
/// the tasks is still there, and with their times.
fn told_early(history: &History, played: &Played) -> Option<String> {
    let create = played.requests.iter().find(|request| !request.is_delete)?;
    let Some(ExecutionEnd::Succeeded(output)) = &create.end else {
        return None;
    };
    let done = played
        .tasks
        .iter()
        .enumerate()
        .filter(|(launch, _)| history.course(*launch).succeeds());
    let done = done.map(|(_, task)| (task.started_at, work_ended(task)));
    let (starts, ends): (Vec<_>, Vec<_>) = done.unzip();
    // ECS shows a task only so long after its launch.
    let lag = Duration::from_secs(history.lag.into());
    let shown_from = played
        .tasks
        .iter()
        .map(|task| task.launched_at + lag)
        .max()?;
    let (start, end) = (
        starts.into_iter().flatten().min()?,
        ends.into_iter().flatten().max()?,
    );
    let told: Option<f64> = output["output"]["DurationSeconds"]
        .as_str()
        .and_then(|told| told.parse().ok());
    let Some(told) = told else {
        return Some(format!("a success tells no duration: {output}"));
    };
    let took = end.saturating_sub(start).as_secs_f64();
    if (told - took).abs() > SETTLING {
        return Some(format!("the tasks took {took} s, and {told} s were told"));
    }
    let is_undisturbed = history.strikes.is_empty()
        && history.delete.is_none()
        && matches!(history.respond.first(), None | Some(Invocation::Works));
    let seen_from = if history.shifts.is_empty() {
        end.max(shown_from)
    } else {
        end.max(shown_from).max(played.fleet_is_back + TAKEN_OVER)
    };
    let (at, _) = create.answers.first()?;
    (is_undisturbed && *at > seen_from + LOOK).then(|| {
        format!(
            "the Create was answered {:?} after the work was done",
            at.saturating_sub(end)
        )
    })
}

/// Whether the tasks did their work in time, and a worker that comes later can see so: one that
/// comes after the deadline, or that may not launch any more, finds them in a list only, and does
/// not look for them for ever.
fn success_is_certain(history: &History, played: &Played) -> bool {
    let mut lists = history
        .strikes
        .iter()
        .filter(|strike| strike.operation == "ListTasks");
    let fails_once = |strike: &Strike| {
        matches!(strike.span, Span::Nth(_))
            && !matches!(strike.fault, Fault::AccessDenied | Fault::Delay(_))
    };
    let lists_work = lists.next().is_none_or(fails_once) && lists.next().is_none();
    let is_denied =
        |strike: &Strike| strike.operation == "RunTask" && strike.fault == Fault::AccessDenied;
    // A worker that comes later looks at the tasks of a list with `DescribeTasks`.
    let looks_work = history.shifts.is_empty()
        || !history.strikes.iter().any(|strike| {
            strike.operation == "DescribeTasks" && strike.fault == Fault::AccessDenied
        });
    let lists_know = history.lag == 0 || !history.strikes.iter().any(is_denied);
    lists_work
        && looks_work
        && lists_know
        && done(history, played, deadline(history)) == usize::from(history.count)
}

/// At most one task with a started container for each task of the run, and no launch beside enough
/// others.
fn launches(history: &History, tasks: &[TaskView]) -> Vec<String> {
    let count = usize::from(history.count);
    let mut broken = Vec::new();
    let started = tasks
        .iter()
        .filter(|task| task.started_at.is_some())
        .count();
    if started > count {
        broken.push(format!(
            "{started} tasks with a started container for {count}"
        ));
    }
    for (index, task) in tasks.iter().enumerate() {
        let there = tasks[..index].iter().filter(|earlier| {
            earlier.started_at.is_some()
                || earlier
                    .stopped_at
                    .is_none_or(|stopped| stopped > task.launched_at)
        });
        if there.count() >= count {
            broken.push(format!("task {index} was launched beside enough others"));
        }
    }
    broken
}

/// Nothing runs any more some minutes after the last answer, and nothing was launched after it.
/// What runs is excused when the last answer was given with the knowledge that something may be
/// left, as when calls that stop tasks fail until there is no more time for them. A task that a
/// worker may not stop is left to the state machine, which finds it only once ECS lists it.
fn leftovers(history: &History, played: &Played) -> Vec<String> {
    let Some(last) = played.requests.iter().max_by_key(|request| request.ended) else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    for (index, task) in played.tasks.iter().enumerate() {
        if task.launched_at > last.ended
            && !was_launched_uninformed(history, task.launched_at.saturating_sub(last.ended))
        {
            broken.push(format!(
                "task {index} was launched {:?} after the last answer",
                task.launched_at.saturating_sub(last.ended)
            ));
        } else if task.stopped_at.is_none()
            && !last.knows_of_leftovers
            && !may_not_be_stopped(played, task)
        {
            broken.push(format!(
                "task {index} still runs as {}, told to stop: {:?}",
                task.last_status, task.stop_requested
            ));
        }
    }
    broken
}
