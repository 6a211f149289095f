//! How the time that CloudFormation waits is divided: the times that depend on one another, and
//! the relations between them, which the compiler checks.
//!
//! ```text
//!     0 s  CloudFormation signs the response URL and sends the event
//!          │  start (Lambda, at most 300 s) starts the execution
//!          │  a worker claims the run, launches the ECS task and watches it
//! 3,505 s  the latest deadline: SERVICE_TIMEOUT - ANSWER_MARGIN
//!          │  the worker stops the task and waits for its end      WORKER_STOP_PATIENCE      38 s
//!          │  it reads definition and log for the Reason           2 × LOOKUP_TIMEOUT        10 s
//! 3,555 s  the state RunTask times out                             RUN_STATE_TIMEOUT
//!          │  StopTasks waits for what still runs, counted         DEFINITION_STOP_PATIENCE  50 s
//!          │  from the deadline
//!          │  respond puts the answer to the response URL          RESPOND_ANSWER_TIMEOUT    45 s
//! 3,585 s  the execution times out, and rescue answers for it      EXECUTION_TIMEOUT
//! 3,600 s  CloudFormation gives up                                 SERVICE_TIMEOUT
//! ```
//!
//! Times that stand by themselves are with the code that uses them. The definition's numbers and
//! the Lambda timeouts of the template are repeated here, and a test compares them.

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

// CloudFormation.

/// How long CloudFormation waits for an answer when the template does not say
/// (`aws-resource-cloudformation-customresource`).
pub const SERVICE_TIMEOUT: Duration = seconds(3_600);
/// Kept free between the deadline of a run and the end of CloudFormation's wait: for stopping the
/// task, waiting for it to stop, and delivering the answer.
pub const ANSWER_MARGIN: Duration = seconds(95);
/// An event for which `start` fails is delivered again after one minute, and once more after
/// another two (Lambda guide, `invocation-async-error-handling`). An event younger than this has a
/// delivery ahead.
pub const REDELIVERY_AGE: Duration = seconds(150);
/// What must be left of CloudFormation's wait for `start` to rely on that delivery: it comes two
/// minutes later at most, and has all of the function's time to answer.
pub const REDELIVERY_SPAN: Duration = seconds(420);

// The worker, in a run.

/// How long past the deadline the worker waits for a task to stop. After `StopTask` a container has
/// 30 s until it is killed, unless its definition says otherwise (`API_StopTask`), and the task
/// takes a few seconds more to end. What still runs then is left to the definition's own stopping.
pub const WORKER_STOP_PATIENCE: Duration = seconds(38);
/// How long the worker waits for a task definition, and again for a log, that the words of an
/// answer need.
pub const LOOKUP_TIMEOUT: Duration = seconds(5);
/// A call that is answered at once (`RunTask`, `StopTask`, …) is given up after this.
pub const CALL_TIMEOUT: Duration = seconds(10);

// The worker, at its activity.

/// The service holds a poll for up to 60 s; a client must wait longer (`API_GetActivityTask` asks
/// for at least 65 s).
pub const POLL_TIMEOUT: Duration = seconds(70);
/// A poll is held for 60 s and given up after 70 s, so a last success longer ago than this means
/// that polls fail.
pub const LONGEST_BETWEEN_POLLS: Duration = seconds(90);
/// A heartbeat or an answer is given up after this, and sent again.
pub const ANSWER_ATTEMPT_TIMEOUT: Duration = seconds(5);
/// Pause before a heartbeat that failed is sent again.
pub const HEARTBEAT_RETRY_PAUSE: Duration = seconds(1);
/// How long after the request to shut down the worker goes on trying to deliver an answer: no
/// longer than its polls may take, so that a service that takes no answers does not keep it. The
/// token then ends with its heartbeats, and another worker takes the task over.
pub const SHUTDOWN_ANSWER_PATIENCE: Duration = seconds(60);
/// A task that the last of the worker's polls brought is tried to be handed over for at least this.
pub const HAND_OVER_PATIENCE: Duration = seconds(10);
/// How long the service may hold a poll that is in flight when the worker shuts down.
pub const LONGEST_POLL: Duration = seconds(65);
/// What shutting down takes at most.
pub const DRAIN_TIMEOUT: Duration = seconds(75);
/// How long systemd and ECS wait for that before they kill the worker (`TimeoutStopSec` of the unit,
/// `StopTimeout` of the service's container).
pub const UNIT_STOP_TIMEOUT: Duration = seconds(90);

// The definition, statemachine/ecs-task.asl.json.

/// `HeartbeatSeconds` of the state `RunTask`.
pub const HEARTBEAT_TIMEOUT: Duration = seconds(60);
/// `TimeoutSeconds` of the state `RunTask`, counted from the moment a worker took it.
pub const RUN_STATE_TIMEOUT: Duration = seconds(3_555);
/// `TimeoutSeconds` of the states that invoke a function.
pub const FUNCTION_STATE_TIMEOUT: Duration = seconds(70);
/// `Seconds` of the state `WaitForTasksToStop`, between two checks for leftovers.
pub const CHECK_PAUSE: Duration = seconds(5);
/// How long past the deadline the definition waits for tasks to stop before it answers.
pub const DEFINITION_STOP_PATIENCE: Duration = seconds(50);
/// `TimeoutSeconds` of the whole execution.
pub const EXECUTION_TIMEOUT: Duration = seconds(3_585);

// Lambda `start`.

/// `Timeout` of the function.
pub const START_TIMEOUT: Duration = seconds(300);
/// How long `start` tries to deliver an answer. The calls before may have taken most of its time.
pub const START_ANSWER_TIMEOUT: Duration = seconds(30);
/// How long `start` tries to stop the executions of an update that is taken back, before it looks
/// at the request itself.
pub const STOP_EARLIER_BUDGET: Duration = seconds(40);

// Lambda `stop`.

/// `Timeout` of the function.
pub const STOP_TIMEOUT: Duration = seconds(60);
/// How long one attempt to stop leftovers may take when the time for stopping is over.
pub const STOP_FINAL_ATTEMPT: Duration = seconds(10);
/// Once an execution was stopped, its worker learns of it with its next heartbeat, a third of
/// [`HEARTBEAT_TIMEOUT`] later or a few seconds more if one gets lost, and a launch that is under
/// way then takes up to [`CALL_TIMEOUT`]. This many checks, [`CHECK_PAUSE`] apart, outlast that.
/// What comes later still, from a worker that hears of nothing, is stopped by the rescue of the
/// stopped execution.
pub const CHECKS_UNTIL_WORKERS_ARE_INFORMED: u32 = 9;
/// The time that those checks take.
pub const WORKERS_INFORMED_SOON: Duration = seconds(45);

// Lambda `respond`.

/// `Timeout` of the function.
pub const RESPOND_TIMEOUT: Duration = seconds(60);
/// How long `respond` tries to deliver an answer: it must say by itself that it could not.
pub const RESPOND_ANSWER_TIMEOUT: Duration = seconds(45);

// Lambda `rescue`.

/// `Timeout` of the function.
pub const RESCUE_TIMEOUT: Duration = seconds(240);
/// How often EventBridge's schedule invokes the function.
pub const SWEEP_INTERVAL: Duration = seconds(60);
/// For how long one sweep reads the histories of running executions.
pub const CLAIM_CHECK_BUDGET: Duration = seconds(45);
/// For how long one sweep begins answers for executions whose event was lost.
pub const SWEEP_BUDGET: Duration = seconds(110);
/// How long `rescue` waits for leftover tasks to stop before it answers all the same: a container
/// has 30 s after SIGTERM unless its definition says otherwise (`API_StopTask`).
pub const RESCUE_STOP_PATIENCE: Duration = seconds(40);
/// How long one attempt to stop leftovers may take when no time is left before the answer.
pub const RESCUE_FINAL_ATTEMPT: Duration = seconds(5);
/// How long `rescue` tries to deliver an answer.
pub const RESCUE_ANSWER_TIMEOUT: Duration = seconds(45);
/// How long an invocation works at most, stopping included. One that Lambda cuts off is repeated,
/// and so is its answer.
pub const RESCUE_BUDGET: Duration = seconds(200);
/// A worker learns with its next heartbeat that its execution has ended, at the latest when none
/// has got through for [`HEARTBEAT_TIMEOUT`], and may launch a task until then. A launch under way
/// takes up to [`CALL_TIMEOUT`] more, and ECS lists the task some seconds later.
pub const WORKERS_INFORMED_AT_LAST: Duration = seconds(75);
/// How long after an execution's end EventBridge's event has to bring the rescue that answers. Only
/// then does a sweep look after it.
pub const EVENT_GRACE: Duration = seconds(180);
/// Executions that ended lately began within this time.
pub const LONGEST_EXECUTION: Duration = seconds(3_600);

/// Whether the times add up to no more than the limit.
const fn fit(times: &[Duration], limit: Duration) -> bool {
    let (mut sum, mut index) = (0, 0);
    while index < times.len() {
        sum += times[index].as_millis();
        index += 1;
    }
    sum <= limit.as_millis()
}

const LATEST_DEADLINE: Duration = seconds(SERVICE_TIMEOUT.as_secs() - ANSWER_MARGIN.as_secs());
/// For starting a function or a state, and for what Step Functions takes between two of them.
const OVERHEAD: Duration = seconds(10);

// After the deadline: the worker says how its stop went before the state times out, …
const _: () = assert!(fit(
    &[
        LATEST_DEADLINE,
        WORKER_STOP_PATIENCE,
        LOOKUP_TIMEOUT,
        LOOKUP_TIMEOUT
    ],
    RUN_STATE_TIMEOUT
));
// … and the definition gives up on tasks later than the worker, …
const _: () = assert!(WORKER_STOP_PATIENCE.as_secs() < DEFINITION_STOP_PATIENCE.as_secs());
// … but early enough to answer before CloudFormation gives up …
const _: () = assert!(fit(
    &[DEFINITION_STOP_PATIENCE, RESPOND_ANSWER_TIMEOUT],
    ANSWER_MARGIN
));
// … and before the execution times out.
const _: () = assert!(fit(
    &[LATEST_DEADLINE, DEFINITION_STOP_PATIENCE, OVERHEAD],
    EXECUTION_TIMEOUT
));
// When the state RunTask times out it is retried, and the next worker says that the deadline has
// passed.
const _: () = assert!(fit(
    &[RUN_STATE_TIMEOUT, OVERHEAD, OVERHEAD],
    EXECUTION_TIMEOUT
));
const _: () = assert!(EXECUTION_TIMEOUT.as_secs() < SERVICE_TIMEOUT.as_secs());
const _: () = assert!(fit(&[EXECUTION_TIMEOUT], LONGEST_EXECUTION));

// The worker at its activity: it outlasts a poll that the service holds, and what it does on
// shutdown ends before systemd kills it.
const _: () =
    assert!(fit(&[LONGEST_POLL], POLL_TIMEOUT) && fit(&[POLL_TIMEOUT], LONGEST_BETWEEN_POLLS));
const _: () = assert!(fit(&[SHUTDOWN_ANSWER_PATIENCE], DRAIN_TIMEOUT));
const _: () = assert!(fit(&[LONGEST_POLL, HAND_OVER_PATIENCE], DRAIN_TIMEOUT));
const _: () = assert!(fit(&[DRAIN_TIMEOUT], UNIT_STOP_TIMEOUT));

// A worker hears within so many checks that its execution was stopped: a heartbeat of each third of
// the period, one that gets lost, and the launch that is under way. The first check is not waited
// for.
const _: () = assert!(fit(
    &[
        seconds(HEARTBEAT_TIMEOUT.as_secs() / 3),
        ANSWER_ATTEMPT_TIMEOUT,
        HEARTBEAT_RETRY_PAUSE,
        CALL_TIMEOUT
    ],
    seconds(CHECK_PAUSE.as_secs() * (CHECKS_UNTIL_WORKERS_ARE_INFORMED as u64 - 1))
));
const _: () = assert!(
    WORKERS_INFORMED_SOON.as_secs()
        == CHECK_PAUSE.as_secs() * CHECKS_UNTIL_WORKERS_ARE_INFORMED as u64
);
const _: () = assert!(fit(
    &[HEARTBEAT_TIMEOUT, CALL_TIMEOUT],
    WORKERS_INFORMED_AT_LAST
));

// Each function says by itself how its work went before Lambda ends it, and the state that invokes
// it waits for that.
const _: () = assert!(fit(
    &[STOP_EARLIER_BUDGET, START_ANSWER_TIMEOUT],
    START_TIMEOUT
));
const _: () = assert!(fit(&[STOP_FINAL_ATTEMPT], STOP_TIMEOUT));
const _: () = assert!(fit(&[RESPOND_ANSWER_TIMEOUT, OVERHEAD], RESPOND_TIMEOUT));
const _: () = assert!(fit(&[RESPOND_TIMEOUT, OVERHEAD], FUNCTION_STATE_TIMEOUT));
const _: () = assert!(fit(&[STOP_TIMEOUT, OVERHEAD], FUNCTION_STATE_TIMEOUT));
const _: () = assert!(fit(&[RESCUE_BUDGET, RESCUE_FINAL_ATTEMPT], RESCUE_TIMEOUT));
const _: () = assert!(fit(
    &[RESCUE_STOP_PATIENCE, RESCUE_ANSWER_TIMEOUT],
    RESCUE_BUDGET
));
// The last answer that a sweep begins is delivered, or said to be undelivered, by the same
// invocation.
const _: () = assert!(fit(
    &[
        SWEEP_BUDGET,
        RESCUE_STOP_PATIENCE,
        RESCUE_ANSWER_TIMEOUT,
        OVERHEAD
    ],
    RESCUE_TIMEOUT
));
// One sweep does not run into the next one's quota.
const _: () = assert!(fit(&[CLAIM_CHECK_BUDGET], SWEEP_INTERVAL));
const _: () = assert!(fit(
    &[RESCUE_STOP_PATIENCE, RESCUE_ANSWER_TIMEOUT],
    EVENT_GRACE
));

// An event that `start` leaves to its next delivery is answered by that one: two minutes, and the
// function's time.
const _: () = assert!(fit(&[seconds(120), START_TIMEOUT], REDELIVERY_SPAN));
const _: () = assert!(fit(&[REDELIVERY_AGE], seconds(60 + 120)));
