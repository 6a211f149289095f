//! When a cell has held: the right answer was given once, in time and at the right place, one task
//! ran, and nothing was left over. Where a fault makes that impossible,
//! [`exceptions`](crate::exceptions) says what must come about instead.

use std::time::Duration;

use ecs_task_runner::times::rollback::MOST_CHECKS_BEFORE_TASK;
use ecs_task_runner::times::{ANSWER_MARGIN, CHECK_PAUSE};
use stand_ins::ecs::TaskView;
use stand_ins::faults::Span;

use crate::cell::Cell;
use crate::course::{Course, LIMIT};
use crate::deployment::Deployment;
use crate::exceptions::{Instead, exceptions};
use crate::requests::Answer;

/// How long after its run's end a deployment has ended: ECS asks the hook every 30 s, and takes some
/// seconds itself.
const SEEN_WITHIN: Duration = Duration::from_secs(45);
/// After so long somebody stops the deployment of a course.
const GIVEN_UP: Duration = Duration::from_secs(70);
/// How soon the run of a deployment that was given up is stopped.
const STOPPED_WITHIN: Duration = Duration::from_mins(2);
/// How much longer the hook waits for an execution whose end it cannot see.
const HOOK_GRACE: Duration = Duration::from_secs(380);

/// How a cell that held ended for CloudFormation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellEnd {
    Succeeded,
    Failed,
    /// No answer could be given. The event is in the dead-letter queue, whose alarm tells people.
    DeadLettered,
}

/// How a cell ended, or everything that is wrong with how it went.
pub fn judge(cell: &Cell, deployment: &Deployment) -> Result<CellEnd, Vec<String>> {
    let instead: Vec<Instead> = exceptions(cell)
        .map(|exception| exception.instead)
        .collect();
    let last = cell.call.course.requests().checked_sub(1);
    let answers = match last {
        Some(_) if cell.call.course.is_for_a_condition() => deployment.ends_for_the_condition(),
        Some(last) => deployment.answers(last),
        None if cell.call.course.is_hooked() => {
            let is_stopped = cell.call.course == Course::LosesItsDeployment;
            deployment.hook_end(is_stopped).into_iter().collect()
        }
        None => deployment.direct_end().into_iter().collect(),
    };
    let (end, mut wrong) = match answers.first() {
        None => (CellEnd::DeadLettered, unanswered(&instead)),
        Some(first) => {
            let end = if first.status == "SUCCESS" {
                CellEnd::Succeeded
            } else {
                CellEnd::Failed
            };
            (end, wrong_answer(cell, first, deployment, &instead))
        }
    };
    let dead_letters = deployment.dead_letters();
    let is_right = match end {
        CellEnd::DeadLettered => !dead_letters.is_empty(),
        // While a call is never replied to, nobody knows that the answer has arrived.
        CellEnd::Succeeded | CellEnd::Failed => {
            dead_letters.is_empty() || cell.span == Span::Forever
        }
    };
    if !is_right {
        wrong.push(format!("dead letters: {dead_letters:?}"));
    }
    wrong.extend(repeated(&answers, &instead));
    if cell.call.course.is_for_a_condition() {
        wrong.extend(answers_at_the_beginning(deployment));
    }
    wrong.extend(other_requests(deployment, last));
    wrong.extend(late_ends(cell.call.course, deployment, &instead));
    wrong.extend(tasks(cell.call.course, deployment, &instead));
    if wrong.is_empty() {
        Ok(end)
    } else {
        Err(wrong)
    }
}

fn unanswered(instead: &[Instead]) -> Vec<String> {
    if instead.contains(&Instead::GoesUnanswered) {
        Vec::new()
    } else {
        vec!["no answer".to_owned()]
    }
}

/// What is wrong with the answer that CloudFormation acts on.
fn wrong_answer(
    cell: &Cell,
    first: &Answer,
    deployment: &Deployment,
    instead: &[Instead],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let course = cell.call.course;
    // The end of a direct run counts from its start.
    let after = match course.requests().checked_sub(1) {
        Some(last) => first.at.saturating_sub(deployment.request(last).at),
        None => first.at,
    };
    let limit = match course {
        _ if instead.contains(&Instead::IsSeenLate) => LIMIT + ANSWER_MARGIN + HOOK_GRACE,
        Course::LosesItsDeployment if instead.is_empty() => GIVEN_UP + STOPPED_WITHIN,
        _ if course.is_hooked() => LIMIT + ANSWER_MARGIN + SEEN_WITHIN,
        _ => end_of_run(course),
    };
    if after > limit {
        wrong.push(format!("the answer came after {} s", after.as_secs()));
    }
    let error = instead.iter().find_map(|instead| {
        if let Instead::Fails(error) = instead {
            Some(*error)
        } else {
            None
        }
    });
    let is_right = match error.or(course.error()) {
        None => first.status == "SUCCESS",
        Some(error) => first.status == "FAILED" && first.reason.starts_with(&format!("{error}: ")),
    };
    if !is_right {
        wrong.push(format!("answered {}: {}", first.status, first.reason));
    }
    if instead.contains(&Instead::GoesUnanswered) {
        wrong.push("it was answered, and could not be".to_owned());
    }
    wrong
}

/// Answers after the first one. Nobody reads them; one that is needless tells of an answer that was
/// given and not known of.
fn repeated(answers: &[Answer], instead: &[Instead]) -> Vec<String> {
    let Some((first, others)) = answers.split_first() else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    if others.iter().any(|other| other.body != first.body) {
        wrong.push(format!("answers that contradict one another: {answers:?}"));
    }
    if !others.is_empty() && !instead.contains(&Instead::IsRepeated) {
        wrong.push(format!("answered {} times", answers.len()));
    }
    wrong
}

/// What is wrong with the answers to the request whose run's end is signalled. They may be repeated at
/// the run's end, and never contradict one another.
fn answers_at_the_beginning(deployment: &Deployment) -> Option<String> {
    let answers = deployment.answers(0);
    let (first, others) = answers.split_first()?;
    let contradict = others.iter().any(|other| other.body != first.body);
    let was_refused = first.status == "FAILED" && !deployment.signals().is_empty();
    (contradict || was_refused).then(|| format!("answered at the beginning: {answers:?}"))
}

/// What is wrong with the answers to the requests before the last one, and with what was stored and
/// answers no request.
fn other_requests(deployment: &Deployment, last: Option<usize>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut answers = last.map_or(0, |last| deployment.answers(last).len());
    for number in 0..last.unwrap_or_default() {
        let given_up = deployment.answers(number);
        answers += given_up.len();
        if given_up.is_empty() || given_up.iter().any(|answer| answer.status != "FAILED") {
            wrong.push(format!(
                "the request that CloudFormation gave up was answered {given_up:?}"
            ));
        }
        wrong.extend(repeated(&given_up, &[]));
    }
    answers += deployment.signals().len();
    let stored = deployment.stored();
    if stored != answers {
        wrong.push(format!(
            "of {stored} things that were stored, {answers} are answers to a request"
        ));
    }
    wrong
}

/// How long the last run of a course takes at most. That of a rollback waits for the run before it in
/// time of its own.
fn end_of_run(course: Course) -> Duration {
    let waits = if course == Course::IsRolledBack {
        CHECK_PAUSE * u32::try_from(MOST_CHECKS_BEFORE_TASK - 1).unwrap()
    } else {
        Duration::ZERO
    };
    waits + LIMIT + ANSWER_MARGIN
}

/// Executions that ended long after they should have.
fn late_ends(course: Course, deployment: &Deployment, instead: &[Instead]) -> Option<String> {
    let executions = deployment.aws.sfn().executions();
    let is_late = executions.iter().any(|execution| {
        execution
            .ended
            .as_ref()
            .is_none_or(|(at, _)| *at > execution.started_at + end_of_run(course))
    });
    let should_be = instead.contains(&Instead::EndsLate);
    (is_late != should_be).then(|| {
        let ends: Vec<_> = executions
            .iter()
            .map(|execution| &execution.ended)
            .collect();
        format!("executions ended {ends:?}")
    })
}

fn tasks(course: Course, deployment: &Deployment, instead: &[Instead]) -> Vec<String> {
    let mut wrong = Vec::new();
    let tasks = deployment.aws.ecs().tasks();
    let most = if course == Course::IsRolledBack { 2 } else { 1 };
    let is_beside = |pair: &[TaskView]| {
        let ended = pair[0].last_container_end().or(pair[0].stopped_at);
        ended.is_none_or(|ended| ended > pair[1].launched_at)
    };
    if tasks.windows(2).any(is_beside) && !instead.contains(&Instead::RunsTwice) {
        wrong.push("a task was launched while another still ran".to_owned());
    }
    if tasks.len() > most && !instead.contains(&Instead::RunsTwice) {
        let started = tasks
            .iter()
            .filter(|task| task.started_at.is_some())
            .count();
        wrong.push(format!(
            "{} tasks, {started} of them with a started container",
            tasks.len()
        ));
    }
    let runs_on = tasks.iter().any(|task| task.stopped_at.is_none());
    if runs_on != instead.contains(&Instead::RunsOn) {
        wrong.push(
            if runs_on {
                "a task was left running"
            } else {
                "the task was stopped, and could not be"
            }
            .to_owned(),
        );
    }
    wrong
}
