//! Cells in which the fault leaves no way to the usual end. What an exception says must come about,
//! and nothing else may.

use ecs_task_runner::execution::error::NOT_CLAIMED;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::task::error::ErrorName;
use stand_ins::faults::{Fault, Span};

use crate::cell::Cell;
use crate::course::Course;

const START: &str = "The run could not be started";
const DENIED: &str = ErrorName::AccessDenied.as_str();
const DEADLINE: &str = ErrorName::DeadlineExceeded.as_str();
const FAILED: &str = ErrorName::Failed.as_str();
const NOT_STARTED: &str = ErrorName::NotStarted.as_str();

/// A reason for which some cells end otherwise than the others.
pub struct Exception {
    pub why: &'static str,
    is_for: fn(&Cell) -> bool,
    pub instead: Instead,
}

/// What comes about instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// It is answered FAILED, and the Reason begins with this.
    Fails(&'static str),
    /// The event ends in the dead-letter queue.
    GoesUnanswered,
    /// The same answer is given more than once.
    IsRepeated,
    /// A second task runs.
    RunsTwice,
    /// Nobody can stop the task.
    RunsOn,
    /// Nobody can end the execution, until its own time is over.
    EndsLate,
    /// The hook of a deployment ends only when its patience is over.
    IsSeenLate,
}

/// The exceptions that a cell falls under.
pub fn exceptions(cell: &Cell) -> impl Iterator<Item = &'static Exception> {
    EXCEPTIONS
        .iter()
        .filter(|exception| (exception.is_for)(cell))
}

fn is(cell: &Cell, operations: &[&str], course: Course) -> bool {
    cell.call.course.of_a_stack() == course && operations.contains(&cell.call.operation)
}

fn lasts(cell: &Cell) -> bool {
    cell.span == Span::Forever
}

fn is_denied(cell: &Cell) -> bool {
    cell.fault == Fault::AccessDenied
}

/// Whether the call takes no effect.
fn is_lost(cell: &Cell) -> bool {
    matches!(
        cell.fault,
        Fault::Throttle
            | Fault::InternalError
            | Fault::AccessDenied
            | Fault::Refuse
            | Fault::CutBefore
    )
}

/// Whether the caller gets no answer that it can use.
fn is_unanswered(cell: &Cell) -> bool {
    cell.fault != Fault::Duplicate
}

const STARTS: [&str; 2] = ["Encrypt", "StartExecution"];
const LAUNCHES: [&str; 3] = ["DescribeServices", "RunTask", "StartTask"];
const READS: [&str; 2] = ["DescribeExecution", "GetExecutionHistory"];

fn is_launch(cell: &Cell) -> bool {
    LAUNCHES.contains(&cell.call.operation) || is(cell, &["ListTasks"], Course::RunsOnAnInstance)
}

/// Whether the call is one of the function `hook`.
fn is_hooks(cell: &Cell) -> bool {
    cell.call.by == Some("hook")
}

fn is_read_by_rescue(cell: &Cell) -> bool {
    !is_hooks(cell) && cell.call.by != Some("start") && READS.contains(&cell.call.operation)
}

/// On these courses nobody but `rescue` looks for the run's task.
fn is_listed_by_rescue(cell: &Cell) -> bool {
    let is_only_rescues = matches!(
        (cell.call.operation, cell.call.by),
        ("ListTasks", _) | ("DescribeTasks", Some("rescue"))
    );
    is_only_rescues
        && matches!(
            cell.call.course.of_a_stack(),
            Course::IsAborted | Course::TimesOut
        )
}

pub static EXCEPTIONS: [Exception; 24] = [
    Exception {
        why: "`start` leaves what fails to the next delivery of the event, which comes twice, and answers itself then",
        is_for: |cell| {
            let never_starts = match cell.call.operation {
                "Encrypt" => is_unanswered(cell),
                // What took effect without an answer is found.
                _ => is_lost(cell),
            };
            (is(cell, &STARTS, Course::Succeeds) || is(cell, &STARTS, Course::IsRolledBack))
                && !is_hooks(cell)
                && (lasts(cell) && never_starts || is_denied(cell))
        },
        instead: Instead::Fails(START),
    },
    Exception {
        why: "no worker gets the run",
        is_for: |cell| {
            is(cell, &["GetActivityTask"], Course::Succeeds) && lasts(cell) && is_lost(cell)
        },
        instead: Instead::Fails(NOT_CLAIMED),
    },
    Exception {
        why: "each hand-out is lost on its way, and to the service a worker has the run, until its time is over",
        is_for: is_every_hand_out_lost,
        instead: Instead::Fails(DEADLINE),
    },
    Exception {
        why: "no invocation of `work` begins: Lambda takes no event, or confirms none, or no heartbeat tells that the token is valid; the deadline ends it",
        is_for: is_never_begun_on_lambda,
        instead: Instead::Fails(DEADLINE),
    },
    Exception {
        why: "Step Functions may not invoke `work`, which does not pass",
        is_for: |cell| cell.call.operation == "Invoke" && lasts(cell) && is_denied(cell),
        instead: Instead::Fails("Lambda.AWSLambdaException"),
    },
    Exception {
        why: "the worker knows the outcome, which Step Functions never takes, until the run's time is over",
        is_for: is_every_outcome_lost,
        instead: Instead::Fails(DEADLINE),
    },
    Exception {
        why: "the worker's role lacks the action, which does not pass",
        is_for: |cell| is_launch(cell) && is_denied(cell),
        instead: Instead::Fails(DENIED),
    },
    Exception {
        why: "StartTask has no client token: a call whose outcome nobody knows is never repeated",
        is_for: is_start_of_unknown_outcome,
        instead: Instead::Fails(FAILED),
    },
    Exception {
        why: "StartTask has no client token: a call that arrives twice starts two tasks",
        is_for: |cell| {
            is(cell, &["StartTask"], Course::RunsOnAnInstance) && cell.fault == Fault::Duplicate
        },
        instead: Instead::RunsTwice,
    },
    Exception {
        why: "no task can be started before the deadline",
        is_for: |cell| {
            // Launches that took effect are found by their token or their name.
            let takes_effect =
                ["RunTask", "StartTask"].contains(&cell.call.operation) && !is_lost(cell);
            let tried = is_launch(cell) && lasts(cell) && is_unanswered(cell) && !takes_effect;
            tried && !is_denied(cell) && !is_start_of_unknown_outcome(cell)
        },
        instead: Instead::Fails(DEADLINE),
    },
    Exception {
        why: "nobody sees the task end before the deadline",
        is_for: |cell| {
            is(cell, &["DescribeTasks"], Course::Succeeds)
                && lasts(cell)
                && is_unanswered(cell)
                && !is_denied(cell)
        },
        instead: Instead::Fails(DEADLINE),
    },
    Exception {
        why: "the worker's role lacks the action, and nobody can see the task end",
        is_for: |cell| {
            is(cell, &["DescribeTasks"], Course::Succeeds) && lasts(cell) && is_denied(cell)
        },
        instead: Instead::Fails(DENIED),
    },
    Exception {
        why: "nobody can find the task, or stop it, without it",
        is_for: |cell| {
            let stops_are_lost =
                cell.call.operation == "StopTask" && cell.call.by.is_none() && is_lost(cell);
            let is_never_found = is_read_by_rescue(cell) || is_listed_by_rescue(cell);
            lasts(cell) && (stops_are_lost || is_never_found && is_unanswered(cell))
        },
        instead: Instead::RunsOn,
    },
    Exception {
        why: "the response URL stays sealed, or takes no answer, or nobody can find out whose it is",
        is_for: |cell| {
            let is_needed = cell.call.operation == "Decrypt" || is_read_by_rescue(cell);
            lasts(cell)
                && !cell.call.course.is_direct()
                && (is_needed && is_unanswered(cell)
                    || cell.call.operation == "PutObject" && is_lost(cell))
        },
        instead: Instead::GoesUnanswered,
    },
    Exception {
        why: "an answer whose arrival nobody confirmed is sent again; or it arrives twice by itself",
        is_for: |cell| cell.call.operation == "PutObject" && !is_lost(cell),
        instead: Instead::IsRepeated,
    },
    Exception {
        why: "`rescue` cannot end the execution when its time is over, and answers for it all the same",
        is_for: |cell| {
            is(cell, &["StopExecution"], Course::IsNeverTaken) && lasts(cell) && is_lost(cell)
        },
        instead: Instead::EndsLate,
    },
    Exception {
        why: "the role of `hook` lacks the action, which does not pass",
        is_for: |cell| {
            // Whether a deployment is rolled back, its traffic tells as well.
            is_hooks(cell) && is_denied(cell) && cell.call.operation != "DescribeServiceDeployments"
        },
        instead: Instead::Fails(DENIED),
    },
    Exception {
        why: "`hook` learns neither whether the deployment goes on nor what it deploys, or no execution is taken, until its time is over",
        is_for: |cell| {
            let never_starts = match cell.call.operation {
                "DescribeServiceRevisions" | "DescribeServiceDeployments" => is_unanswered(cell),
                // What took effect without an answer is found.
                "StartExecution" => is_lost(cell),
                _ => false,
            };
            is_hooks(cell) && lasts(cell) && never_starts && !is_denied(cell)
        },
        instead: Instead::Fails(NOT_STARTED),
    },
    Exception {
        why: "`hook` cannot see how the run ended",
        is_for: is_end_never_seen_by_hook,
        instead: Instead::Fails(DEADLINE),
    },
    Exception {
        why: "`hook` waits until the execution has ended in every case",
        is_for: is_end_never_seen_by_hook,
        instead: Instead::IsSeenLate,
    },
    Exception {
        why: "`rescue` cannot see that the deployment is given up, or cannot stop its run; the deadline ends it",
        is_for: |cell| {
            let is_never_stopped = match cell.call.operation {
                "DescribeServiceDeployments" => is_unanswered(cell),
                "StopExecution" => is_lost(cell),
                _ => false,
            };
            cell.call.course == Course::LosesItsDeployment && lasts(cell) && is_never_stopped
        },
        instead: Instead::Fails(DEADLINE),
    },
    Exception {
        why: "`start` cannot see what is to be rolled back, or cannot stop it, and a guess could damage the data",
        is_for: |cell| {
            let is_missed = match cell.call.operation {
                // What took effect without an answer is seen.
                "StopExecution" => is_lost(cell),
                _ => is_unanswered(cell),
            };
            is_evidence_of_rollback(cell) && lasts(cell) && is_missed && !is_denied(cell)
        },
        instead: Instead::Fails(NOT_STARTED),
    },
    Exception {
        why: "the role of `start` lacks the action, which does not pass",
        is_for: |cell| {
            is_evidence_of_rollback(cell) && is_denied(cell) && !is_first_look_at_events(cell)
        },
        instead: Instead::Fails(DENIED),
    },
    Exception {
        why: "the task of the update cannot be stopped, or `stop` cannot see it, and nothing is started beside it",
        is_for: |cell| {
            let looks = ["ListTasks", "DescribeTasks"].contains(&cell.call.operation);
            let is_unseen = looks && is_unanswered(cell);
            let runs_on = cell.call.operation == "StopTask" && is_lost(cell);
            cell.call.course == Course::IsRolledBack && lasts(cell) && (is_unseen || runs_on)
        },
        instead: Instead::Fails(NOT_STARTED),
    },
];

/// Whether the call is one with which `start` looks for what a rollback is to roll back, or stops it.
fn is_evidence_of_rollback(cell: &Cell) -> bool {
    cell.call.course == Course::IsRolledBack
        && cell.call.by == Some("start")
        && cell.call.operation != "StartExecution"
}

/// `start` reads the stack's events twice. The first time it looks whether the request is over, and goes on
/// where it may not see that. The second time it looks for the evidence, and this call is not struck.
fn is_first_look_at_events(cell: &Cell) -> bool {
    cell.call.operation == "DescribeStackEvents" && cell.span == Span::Next(1)
}

fn is_end_never_seen_by_hook(cell: &Cell) -> bool {
    let is_look = is_hooks(cell) && cell.call.operation == "DescribeExecution";
    is_look && lasts(cell) && is_unanswered(cell) && !is_denied(cell)
}

/// A poll whose answer is lost each time: to the service its task was handed out.
fn is_every_hand_out_lost(cell: &Cell) -> bool {
    is(cell, &["GetActivityTask"], Course::Succeeds)
        && lasts(cell)
        && matches!(cell.fault, Fault::CutAfter | Fault::Duplicate)
}

/// Without a fleet: the run is given to `work` time and again, which never begins it. An event that
/// arrives late, or twice, is as good as any.
fn is_never_begun_on_lambda(cell: &Cell) -> bool {
    let is_never_given = cell.call.operation == "Invoke"
        && !is_denied(cell)
        && (is_lost(cell) || cell.fault == Fault::CutAfter);
    let is_never_heard = cell.call.workers == Workers::Lambda
        && cell.call.operation == "SendTaskHeartbeat"
        && is_unanswered(cell);
    lasts(cell) && (is_never_given || is_never_heard)
}

fn is_every_outcome_lost(cell: &Cell) -> bool {
    let is_outcome = is(cell, &["SendTaskSuccess"], Course::Succeeds)
        || is(cell, &["SendTaskSuccess"], Course::IsRolledBack)
        || is(cell, &["SendTaskFailure"], Course::Fails);
    is_outcome && lasts(cell) && is_lost(cell)
}

fn is_start_of_unknown_outcome(cell: &Cell) -> bool {
    is(cell, &["StartTask"], Course::RunsOnAnInstance)
        && matches!(
            cell.fault,
            Fault::InternalError | Fault::Refuse | Fault::CutBefore
        )
}
