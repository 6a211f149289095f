//! A rollback that runs a task: how long `start` looks for what is to be rolled back, and how long the
//! task waits for the runs before it to end.
//!
//! ```text
//! start stops the execution of the update that failed
//!   │  a worker may not know it yet, and launch a task     WORKERS_INFORMED_AT_LATEST  75 s
//!   │  a container that is asked to stop may take          LONGEST_STOP_TIMEOUT       120 s
//!   ▼
//! the state machine gives up after MOST_CHECKS_BEFORE_TASK checks, CHECK_PAUSE apart  205 s
//! ```

use std::time::Duration;

use super::{
    CHECK_PAUSE, OVERHEAD, START_ANSWER_TIMEOUT, START_TIMEOUT, STOP_EARLIER_BUDGET,
    WORKERS_INFORMED_AT_LATEST, fit, seconds,
};

/// How long `start` reads the events of a stack to see when its newest operation began.
pub(crate) const BEGINNING_BUDGET: Duration = seconds(20);
/// How long `start` looks for what a rollback is to roll back, before it says that it cannot be seen.
pub(crate) const ROLLBACK_EVIDENCE_BUDGET: Duration = seconds(40);
/// How long `start` looks for an execution that has its request already.
pub(crate) const OWN_EXECUTION_BUDGET: Duration = seconds(20);
/// The longest time that a task definition may give a container to stop on Fargate
/// (`API_ContainerDefinition`, `stopTimeout`).
pub(crate) const LONGEST_STOP_TIMEOUT: Duration = seconds(120);
/// `start` has a run wait for the tasks of one that ended no longer than this before the
/// request: within it, a container that was asked to stop has stopped.
pub(crate) const EARLIER_RUN_PATIENCE: Duration = seconds(150);
/// Checks for tasks after which the state `TasksStillRunning` no longer waits, once the run has failed
/// and on Delete.
pub const MOST_CHECKS: u64 = 30;
/// The same before a task is launched that waits for the runs before it: of a rollback, or of the update
/// after one.
pub const MOST_CHECKS_BEFORE_TASK: u64 = 42;

/// How long such a task waits. Between n checks lie n - 1 pauses.
pub(crate) const CHECKED_FOR: Duration =
    seconds(CHECK_PAUSE.as_secs() * (MOST_CHECKS_BEFORE_TASK - 1));

// A worker launches a task as late as it may, and the container of that has had its longest time to
// stop when the state machine gives up.
const _: () = assert!(fit(
    &[WORKERS_INFORMED_AT_LATEST, LONGEST_STOP_TIMEOUT, OVERHEAD],
    CHECKED_FOR
));
const _: () = assert!(fit(&[LONGEST_STOP_TIMEOUT, OVERHEAD], EARLIER_RUN_PATIENCE));
// `start` says by itself what it could not see.
const _: () = assert!(fit(
    &[
        BEGINNING_BUDGET,
        STOP_EARLIER_BUDGET,
        ROLLBACK_EVIDENCE_BUDGET,
        OWN_EXECUTION_BUDGET,
        START_ANSWER_TIMEOUT
    ],
    START_TIMEOUT
));
