//! What must hold of a cell: before the signal, and at its end.

use ecs_task_runner::activity::HANDED_OVER;
use nix::sys::signal::Signal;
use stand_ins::sfn::Scheduled;
use stand_ins::{Call, Outcome as CallOutcome, StandIns};

use super::Phase;

/// How often a worker that was told to end hands over: what it has in hand, and what comes with
/// each of its two polls in flight.
const HAND_OVERS: usize = 3;

/// Whether the task is where the phase says.
pub fn check_phase(phase: Phase, aws: &StandIns) -> Result<(), String> {
    let is_open = |operation: &str| {
        aws.calls()
            .of(operation)
            .iter()
            .any(|call| call.outcome == CallOutcome::Open)
    };
    let tasks = aws.ecs().tasks();
    let status = tasks.first().map_or("none", |task| task.last_status);
    let is_reached = match phase {
        Phase::Polling => is_open("GetActivityTask") && tasks.is_empty(),
        Phase::Launching => is_open("RunTask"),
        Phase::Starting => status == "PENDING",
        Phase::Running => status == "RUNNING",
        Phase::Ending => status == "STOPPING",
        Phase::Answering => is_open("SendTaskSuccess"),
    };
    if is_reached {
        Ok(())
    } else {
        Err(format!(
            "the phase was not reached: the task's status is {status}"
        ))
    }
}

/// One outcome was taken, and beside it nothing but hand-overs of a worker that was told to end.
pub fn check_answers(scheduled: &Scheduled, signal: Signal, aws: &StandIns) -> Result<(), String> {
    let taken = |call: &Call| call.outcome.is_answered();
    let tokens = scheduled.tokens();
    let is_last = |call: &Call| {
        tokens
            .last()
            .is_some_and(|token| call.body["taskToken"] == **token)
    };
    // That of a worker that was killed while it waited for the reply may have taken effect, and
    // nobody was there to be replied to.
    let died_waiting = |call: &Call| {
        signal == Signal::SIGKILL && is_last(call) && call.outcome == CallOutcome::Abandoned
    };
    let successes = aws
        .calls()
        .of("SendTaskSuccess")
        .iter()
        .filter(|call| taken(call) || died_waiting(call))
        .count();
    let failures: Vec<_> = aws
        .calls()
        .of("SendTaskFailure")
        .into_iter()
        .filter(taken)
        .collect();
    let hand_overs = failures
        .iter()
        .filter(|call| call.body["error"] == HANDED_OVER)
        .count();
    let may_hand_over = if signal == Signal::SIGTERM {
        HAND_OVERS
    } else {
        0
    };
    if successes != 1 || hand_overs != failures.len() || hand_overs > may_hand_over {
        return Err(format!(
            "{successes} successes, {} failures and {hand_overs} hand-overs were taken",
            failures.len() - hand_overs
        ));
    }
    Ok(())
}
