//! What no worker can help in a history, and what therefore breaks no invariant.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use stand_ins::ecs::TaskView;
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{Call, Outcome};

use super::play::Played;
use super::schedule::History;

/// How long after a Delete's answer a worker may launch that no heartbeat told of it: the state
/// machine waits 45 s for workers to learn of it, and 75 s is the longest that takes.
const UNINFORMED: Duration = Duration::from_secs(30);

/// The beginning of the cause with which the state machine ends a run of whose function nothing is
/// heard.
const UNHEARD: &str = "The deadline passed while no function was heard of that works on the run";

/// Whether the task may have been launched by a worker whose heartbeats did not get through, so that
/// it could not learn in time that its execution was stopped. `rescue`, which is not part of a
/// history, stops what it launched.
pub fn was_launched_uninformed(history: &History, after_answer: Duration) -> bool {
    let heartbeats_fail = history
        .strikes
        .iter()
        .any(|strike| strike.operation == "SendTaskHeartbeat");
    heartbeats_fail && after_answer <= UNINFORMED
}

/// Whether the run had no function when the deadline passed, since one was killed, cut off or not
/// free, or since its heartbeats or Step Functions' call of it failed. What its task has done is then
/// not seen, and the state machine says so.
pub fn ended_unheard(history: &History, end: &ExecutionEnd) -> bool {
    let is_told = matches!(end, ExecutionEnd::Failed { cause, .. } if cause.starts_with(UNHEARD));
    let is_excused = !history.shifts.is_empty()
        || history
            .strikes
            .iter()
            .any(|strike| ["Invoke", "SendTaskHeartbeat"].contains(&strike.operation));
    history.workers == Workers::Lambda && is_told && is_excused
}

/// Whether there were calls to stop the task, and all of them were denied.
pub fn may_not_be_stopped(played: &Played, task: &TaskView) -> bool {
    let is_denied = |call: &&Call| matches!(&call.outcome, Outcome::Refused(code) if code.contains("AccessDenied"));
    let mut stops = played
        .calls
        .iter()
        .filter(|call| *call.operation == *"StopTask" && call.body["task"] == *task.arn)
        .peekable();
    stops.peek().is_some() && stops.all(|call| is_denied(&call))
}
