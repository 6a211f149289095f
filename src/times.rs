//! How the time of a run is divided: the times that depend on one another, and the relations between
//! them, which the compiler checks.
//!
//! With the default `ServiceTimeout`, and a worker that claims the run at once:
//!
//! ```text
//!     0 s  CloudFormation signs the response URL and sends the event
//!          │  `start` (Lambda, at most 300 s) starts the execution
//!          │  a worker claims the run, launches the ECS task and watches it
//! 3,505 s  the latest deadline: SERVICE_TIMEOUT - ANSWER_MARGIN
//!          │  the worker stops the task and waits for its end      WORKER_STOP_PATIENCE         38 s
//!          │  it reads task definition and log for the Reason      2 × LOOKUP_TIMEOUT           10 s
//! 3,555 s  the state RunTask times out, counted from the claim     RUN_STATE_TIMEOUT
//!          │  (RunTaskOnLambda: from the call of the function work)
//!          │  StopTasks waits for what still runs, counted         STATE_MACHINE_STOP_PATIENCE  50 s
//!          │  from the deadline
//!          │  `respond` puts the answer to the response URL        RESPOND_ANSWER_TIMEOUT       45 s
//! 3,585 s  `answerBy`, counted from the deadline: `rescue` ends    answer_by::ANSWER_BY_SPAN   80 s
//!          │  what still runs, and answers for it
//! 3,600 s  CloudFormation gives up                                 SERVICE_TIMEOUT
//! ```
//!
//! The deadline and `answerBy` are computed in [`crate::cloudformation::deadline`]. A direct run, for
//! which CloudFormation does not wait, may take up to 23 hours ([`answer_by::LONGEST_RUN`]), and one
//! whose end goes to a wait condition 12 hours ([`handle::LONGEST_WAIT`]); what
//! follows its deadline takes as long as above.
//!
//! Times that stand by themselves are with the code that uses them. The numbers of the state
//! machine's definition and the Lambda timeouts of the template are repeated here, and a test
//! compares them.

pub mod answer_by;
pub mod handle;
pub mod hook;
pub mod missed_heartbeats;
pub mod rollback;
pub mod work;

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

// CloudFormation.

/// How long CloudFormation waits for an answer when the template does not say
/// (`aws-resource-cloudformation-customresource`).
pub(crate) const SERVICE_TIMEOUT: Duration = seconds(3_600);
/// A response URL works for no longer than this after the event, in the events that were seen.
pub(crate) const RESPONSE_URL_LIFE: Duration = seconds(7_200);
/// `start` sets the deadline of a run this long before CloudFormation gives up, or at half of a
/// `ServiceTimeout` that is short: time for stopping the task, waiting for it to stop, and
/// delivering the answer.
pub const ANSWER_MARGIN: Duration = seconds(95);
/// Lambda delivers an event for which `start` fails again after one minute, and once more after
/// another two (Lambda guide, `invocation-async-error-handling`). Below this age, less than those
/// three minutes by a margin, an event certainly has a delivery ahead.
pub(crate) const REDELIVERY_AGE: Duration = seconds(150);
/// What must be left of CloudFormation's wait for `start` to fail on purpose and leave the event to
/// its next delivery: that comes two minutes later at most, and has all of the function's time.
pub(crate) const REDELIVERY_SPAN: Duration = seconds(420);

// The worker, in a run.

/// How long past the deadline the worker waits for a task to stop. After `StopTask` a container has
/// 30 s until it is killed, unless the task definition says otherwise (`API_StopTask`), and the
/// task takes a few seconds more to end. What still runs then is left to the state `StopTasks`.
pub(crate) const WORKER_STOP_PATIENCE: Duration = seconds(38);
/// Limit of one look-up for the words of a failure: of the task definition, or one read of the log.
pub(crate) const LOOKUP_TIMEOUT: Duration = seconds(5);
/// The worker and the functions give up one attempt at a call that a service answers at once
/// (`RunTask`, `StopTask`, …) after this.
pub(crate) const CALL_TIMEOUT: Duration = seconds(10);

// The worker, at its activity.

/// Step Functions holds a poll for up to 60 s; a client must wait longer (`API_GetActivityTask`
/// asks for at least 65 s).
pub(crate) const POLL_TIMEOUT: Duration = seconds(70);
/// Step Functions holds a poll for 60 s, and the worker gives it up after 70 s: when no poll has
/// succeeded for longer than this, polls fail.
pub(crate) const LONGEST_BETWEEN_POLLS: Duration = seconds(90);
/// The worker gives up one attempt at a heartbeat or an answer after this, and sends it again.
pub(crate) const ANSWER_ATTEMPT_TIMEOUT: Duration = seconds(5);
/// Pause before a heartbeat that failed is sent again.
pub(crate) const HEARTBEAT_RETRY_PAUSE: Duration = seconds(1);
/// How long after the request to shut down the worker tries to deliver an answer: no longer than its
/// polls may take, so that it does not delay the shutdown, and less than what is left of an
/// invocation of `work`. Then the token expires, and another worker takes the run over.
pub(crate) const SHUTDOWN_ANSWER_PATIENCE: Duration = seconds(50);
/// How long the worker tries at least to hand over a task that one of its last polls brought after
/// the request to shut down.
pub(crate) const HAND_OVER_PATIENCE: Duration = seconds(10);
/// How long a poll that is in flight when the worker shuts down may take: 60 s at Step Functions,
/// and the way there and back.
pub(crate) const LONGEST_POLL: Duration = seconds(65);
/// How long shutting down may take, as the worker reports it to systemd and in its log; the
/// relations below show that it suffices.
pub const DRAIN_TIMEOUT: Duration = seconds(75);
/// How long systemd and ECS wait for the worker to shut down before they kill it (`TimeoutStopSec`
/// of the unit, `StopTimeout` of the worker's container).
pub const UNIT_STOP_TIMEOUT: Duration = seconds(90);

// The state machine, statemachine/ecs-task.asl.json.

/// `HeartbeatSeconds` of the states `RunTask` and `RunTaskOnLambda`.
pub const HEARTBEAT_TIMEOUT: Duration = seconds(60);
/// How long the same states may take where the execution's input, which an earlier release wrote,
/// does not say (`timeoutSeconds`); the longest for a request. It counts from the moment a worker took
/// the run; in `RunTaskOnLambda` from the moment the run was given to the function `work`.
pub const RUN_STATE_TIMEOUT: Duration = seconds(3_555);
/// `TimeoutSeconds` of the states that invoke a function and cannot do without it.
pub const FUNCTION_STATE_TIMEOUT: Duration = seconds(70);
/// `TimeoutSeconds` of the states `CountSuccess` and `CountFailure`: the end of a direct run waits for
/// them, and goes on without them.
pub const COUNT_STATE_TIMEOUT: Duration = seconds(10);
/// `Seconds` of the state `WaitForTasksToStop`, between two checks for leftovers.
pub const CHECK_PAUSE: Duration = seconds(5);
/// How long past the deadline the state machine waits for tasks to stop before it answers.
pub(crate) const STATE_MACHINE_STOP_PATIENCE: Duration = seconds(50);
/// `TimeoutSeconds` of the whole execution: the last resort, where `rescue` could not end it.
pub const EXECUTION_TIMEOUT: Duration = seconds(86_400);

// Lambda `start`.

/// `Timeout` of the function.
pub const START_TIMEOUT: Duration = seconds(300);
/// How long `start` tries to deliver an answer: short, since its calls before may have taken most
/// of its time.
pub(crate) const START_ANSWER_TIMEOUT: Duration = seconds(30);
/// How long `start` tries to stop the executions of an update that CloudFormation rolls back,
/// before it looks at the request itself.
pub(crate) const STOP_EARLIER_BUDGET: Duration = seconds(40);

// Lambda `prepare`.

/// `Timeout` of the function, which calls no service.
pub const PREPARE_TIMEOUT: Duration = seconds(10);

// Lambda `stop`.

/// `Timeout` of the function.
pub const STOP_TIMEOUT: Duration = seconds(60);
/// How long one invocation of `stop` tries to stop earlier executions, before it turns to tasks.
pub const STOP_EXECUTIONS_BUDGET: Duration = seconds(15);
/// How long one invocation of `stop` tries to stop tasks.
pub const STOP_TASKS_BUDGET: Duration = seconds(35);
/// How long one attempt to stop leftovers may take when the time for stopping is over.
pub(crate) const STOP_FINAL_ATTEMPT: Duration = seconds(10);
/// Once an execution was stopped, its worker learns of it with its next heartbeat: a third of
/// [`HEARTBEAT_TIMEOUT`] later, or a few seconds more if one gets lost. A launch that is under way
/// then takes up to [`CALL_TIMEOUT`]. This many checks, [`CHECK_PAUSE`] apart, outlast that. A
/// worker with thousands of runs sends its heartbeats at longer intervals, and the heartbeats of
/// another may not get through: the rescue of the stopped execution stops what they launch later
/// still.
pub(crate) const CHECKS_UNTIL_WORKERS_ARE_INFORMED: u32 = 9;
/// The time that those checks take, rounded up by one pause.
pub(crate) const WORKERS_INFORMED_SOON: Duration = seconds(45);

// Lambda `respond`.

/// `Timeout` of the function.
pub const RESPOND_TIMEOUT: Duration = seconds(60);
/// How long `respond` tries to deliver an answer: it must say by itself that it could not.
pub(crate) const RESPOND_ANSWER_TIMEOUT: Duration = seconds(45);

// Lambda `rescue`.

/// `Timeout` of the function.
pub const RESCUE_TIMEOUT: Duration = seconds(240);
/// How often EventBridge's schedule invokes the function.
pub const SWEEP_INTERVAL: Duration = seconds(60);
/// For how long one sweep reads the histories of running executions.
pub(crate) const CLAIM_CHECK_BUDGET: Duration = seconds(45);
/// For how long one sweep begins answers for executions whose event was lost.
pub(crate) const SWEEP_BUDGET: Duration = seconds(110);
/// How long `rescue` waits at most for leftover tasks to stop before it answers; less when the
/// deadline is near. A container has 30 s after SIGTERM unless its task definition says otherwise
/// (`API_StopTask`).
pub(crate) const RESCUE_STOP_PATIENCE: Duration = seconds(40);
/// How long one attempt to stop leftovers may take when no time is left before the answer, and each
/// attempt after it.
pub(crate) const RESCUE_FINAL_ATTEMPT: Duration = seconds(5);
/// How long `rescue` looks up task definition and log for the Reason at most. One reading of both
/// takes twice [`LOOKUP_TIMEOUT`] at most.
pub(crate) const RESCUE_REPORT_BUDGET: Duration = seconds(10);
/// The same once the deadline has passed by [`STATE_MACHINE_STOP_PATIENCE`]: CloudFormation may be about
/// to give up, and two calls that are answered take less than a second.
pub(crate) const RESCUE_LATE_REPORT_BUDGET: Duration = seconds(3);
/// How long `rescue` tries to deliver an answer.
pub(crate) const RESCUE_ANSWER_TIMEOUT: Duration = seconds(45);
/// How long one answer and the stopping after it may take. If Lambda ended the invocation, it would
/// repeat it, and CloudFormation would get the answer once more.
pub(crate) const RESCUE_BUDGET: Duration = seconds(200);
/// For this long after an execution's end its worker may still launch tasks, and `rescue` looks for
/// them: up to [`HEARTBEAT_TIMEOUT`] until the worker learns of the end or sends no heartbeat any
/// more, [`CALL_TIMEOUT`] for a launch under way, and some seconds until ECS lists the task.
pub(crate) const WORKERS_INFORMED_AT_LATEST: Duration = seconds(75);
/// A sweep leaves an execution alone until this long after its end. By then the rescue that
/// EventBridge starts for the same execution should have answered.
pub(crate) const EVENT_GRACE: Duration = seconds(180);
/// No execution lasts longer. Step Functions lists executions by their start: a sweep that looks
/// for those that ended lately goes back by this.
pub(crate) const LONGEST_EXECUTION: Duration = EXECUTION_TIMEOUT;

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

// After the deadline the worker says how its stop went before the state times out, if it can read
// the log at the first attempt. Otherwise the next worker says that the deadline has passed.
const _: () = assert!(fit(
    &[
        LATEST_DEADLINE,
        WORKER_STOP_PATIENCE,
        LOOKUP_TIMEOUT,
        LOOKUP_TIMEOUT
    ],
    RUN_STATE_TIMEOUT
));
// The state machine waits for tasks longer than the worker does.
const _: () = assert!(WORKER_STOP_PATIENCE.as_secs() < STATE_MACHINE_STOP_PATIENCE.as_secs());
// It stops waiting early enough to answer before CloudFormation gives up.
const _: () = assert!(fit(
    &[STATE_MACHINE_STOP_PATIENCE, RESPOND_ANSWER_TIMEOUT],
    ANSWER_MARGIN
));

// The worker at its activity: it outlasts a poll that the service holds, and what it does on
// shutdown ends before systemd kills it.
const _: () =
    assert!(fit(&[LONGEST_POLL], POLL_TIMEOUT) && fit(&[POLL_TIMEOUT], LONGEST_BETWEEN_POLLS));
const _: () = assert!(fit(&[SHUTDOWN_ANSWER_PATIENCE], DRAIN_TIMEOUT));
const _: () = assert!(fit(&[LONGEST_POLL, HAND_OVER_PATIENCE], DRAIN_TIMEOUT));
const _: () = assert!(fit(&[DRAIN_TIMEOUT], UNIT_STOP_TIMEOUT));

// A worker whose execution was stopped launches nothing more once `stop` has checked
// CHECKS_UNTIL_WORKERS_ARE_INFORMED times. Its next heartbeat comes within a third of
// HEARTBEAT_TIMEOUT, one attempt at it may time out and be repeated after a pause, and a launch under
// way takes CALL_TIMEOUT at most. Between n checks lie n - 1 pauses.
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
    WORKERS_INFORMED_AT_LATEST
));

// Each function says by itself how its work went before Lambda ends it, and the state that invokes
// it waits for that.
const _: () = assert!(fit(
    &[STOP_EARLIER_BUDGET, START_ANSWER_TIMEOUT],
    START_TIMEOUT
));
const _: () = assert!(fit(
    &[STOP_EXECUTIONS_BUDGET, STOP_TASKS_BUDGET, OVERHEAD],
    STOP_TIMEOUT
));
const _: () = assert!(fit(&[STOP_FINAL_ATTEMPT], STOP_TASKS_BUDGET));
const _: () = assert!(fit(&[RESPOND_ANSWER_TIMEOUT, OVERHEAD], RESPOND_TIMEOUT));
const _: () = assert!(fit(&[PREPARE_TIMEOUT, OVERHEAD], FUNCTION_STATE_TIMEOUT));
const _: () = assert!(fit(&[RESPOND_TIMEOUT, OVERHEAD], FUNCTION_STATE_TIMEOUT));
const _: () = assert!(fit(&[STOP_TIMEOUT, OVERHEAD], FUNCTION_STATE_TIMEOUT));
const _: () = assert!(fit(&[RESCUE_BUDGET, RESCUE_FINAL_ATTEMPT], RESCUE_TIMEOUT));
const _: () = assert!(fit(
    &[
        RESCUE_STOP_PATIENCE,
        RESCUE_REPORT_BUDGET,
        RESCUE_ANSWER_TIMEOUT
    ],
    RESCUE_BUDGET
));
const _: () = assert!(fit(&[LOOKUP_TIMEOUT, LOOKUP_TIMEOUT], RESCUE_REPORT_BUDGET));
const _: () = assert!(fit(&[RESCUE_LATE_REPORT_BUDGET], RESCUE_REPORT_BUDGET));
// The last answer that a sweep begins is delivered, or said to be undelivered, by the same
// invocation.
const _: () = assert!(fit(
    &[
        SWEEP_BUDGET,
        RESCUE_STOP_PATIENCE,
        RESCUE_REPORT_BUDGET,
        RESCUE_ANSWER_TIMEOUT,
        OVERHEAD
    ],
    RESCUE_TIMEOUT
));
// Reading the histories of unclaimed runs ends before the next sweep begins.
const _: () = assert!(fit(&[CLAIM_CHECK_BUDGET], SWEEP_INTERVAL));
// The rescue that an event brings has answered before a sweep looks at the execution.
const _: () = assert!(fit(
    &[
        RESCUE_STOP_PATIENCE,
        RESCUE_REPORT_BUDGET,
        RESCUE_ANSWER_TIMEOUT
    ],
    EVENT_GRACE
));

// An event that `start` leaves to its next delivery is answered by that one: two minutes, and the
// function's time.
const _: () = assert!(fit(&[seconds(120), START_TIMEOUT], REDELIVERY_SPAN));
const _: () = assert!(fit(&[REDELIVERY_AGE], seconds(60 + 120)));
