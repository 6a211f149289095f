//! `answerBy`, the instant by which a run must have ended in every case, and runs of more than an hour.

use std::time::Duration;

use super::{
    ANSWER_MARGIN, CALL_TIMEOUT, CLAIM_CHECK_BUDGET, COUNT_STATE_TIMEOUT, EXECUTION_TIMEOUT,
    HEARTBEAT_TIMEOUT, LATEST_DEADLINE, LOOKUP_TIMEOUT, OVERHEAD, RESCUE_ANSWER_TIMEOUT,
    RESCUE_FINAL_ATTEMPT, RESCUE_LATE_REPORT_BUDGET, RESCUE_REPORT_BUDGET, RESCUE_STOP_PATIENCE,
    RESCUE_TIMEOUT, RUN_STATE_TIMEOUT, SERVICE_TIMEOUT, STATE_MACHINE_STOP_PATIENCE,
    SWEEP_INTERVAL, WORKER_STOP_PATIENCE, fit, missed_heartbeats, seconds, work,
};

/// How long past the deadline a worker may have the run: it stops the task, and reads what the Reason
/// needs. The states `RunTask` and `RunTaskOnLambda` time out after that.
pub(crate) const WORKER_END_SPAN: Duration = seconds(50);
/// How long past its deadline a run may go on at most, until `rescue` ends it.
pub const ANSWER_BY_SPAN: Duration = seconds(80);
/// What must be left of CloudFormation's wait after that, for the answer of `rescue`.
pub(crate) const RESCUE_ANSWER_MARGIN: Duration = seconds(15);
/// A sweep waits for the `answerBy` that come within this time: those until the next sweep, which may
/// come somewhat late.
pub(crate) const OVERDUE_LOOK_AHEAD: Duration = seconds(75);
/// How long ending an execution may take, before it is answered for while it runs on.
pub(crate) const RESCUE_END_ATTEMPT: Duration = seconds(5);
/// How long the answer may take, and the stopping before it, for an execution that could not be ended.
pub(crate) const RESCUE_LATE_BUDGET: Duration = seconds(100);
/// The longest `Timeout` of a run for which CloudFormation does not wait.
pub const LONGEST_RUN: Duration = seconds(82_800);
/// ECS keeps a client token for this long at most (`ECS_Idempotency`).
const CLIENT_TOKEN_LIFE: Duration = seconds(86_400);
/// ECS keeps a client token, and shows a stopped task, for this long after the task's end where that
/// comes before (`ECS_Idempotency`, `API_DescribeTasks`).
const KEPT_AFTER_THE_TASK: Duration = seconds(3_600);
/// How long after its beginning a run's client tokens are certain to be kept: its first task may have
/// ended at once. A worker that takes the run over later could launch a second task with them.
pub(crate) const TOKENS_TRUSTED: Duration = seconds(3_510);
/// How far the clocks of ECS and of a worker may differ.
const CLOCK_SKEW: Duration = seconds(60);
/// The most events of an execution's history (`service-quotas`). The execution fails after that.
const MOST_EVENTS: u64 = 25_000;

// The worker has reported before its state times out, and the latest run of a request has today's
// limit.
const _: () = assert!(fit(
    &[WORKER_STOP_PATIENCE, LOOKUP_TIMEOUT, LOOKUP_TIMEOUT],
    WORKER_END_SPAN
));
const _: () =
    assert!(LATEST_DEADLINE.as_secs() + WORKER_END_SPAN.as_secs() == RUN_STATE_TIMEOUT.as_secs());
// The state machine has begun to answer before `rescue` ends the execution.
const _: () = assert!(fit(
    &[STATE_MACHINE_STOP_PATIENCE, OVERHEAD],
    ANSWER_BY_SPAN
));
// A direct run that has ended is counted before `rescue` would end its execution.
const _: () = assert!(fit(
    &[WORKER_END_SPAN, COUNT_STATE_TIMEOUT, OVERHEAD],
    ANSWER_BY_SPAN
));
const _: () = assert!(fit(
    &[STATE_MACHINE_STOP_PATIENCE, COUNT_STATE_TIMEOUT, OVERHEAD],
    ANSWER_BY_SPAN
));
// When the state RunTask times out, another worker takes the run and says that the deadline has
// passed, if the first had taken it at once.
const _: () = assert!(fit(&[WORKER_END_SPAN, OVERHEAD, OVERHEAD], ANSWER_BY_SPAN));
// Without a fleet, the state CheckDeadline ends a run that no function had when its deadline passed.
const _: () = assert!(fit(&[HEARTBEAT_TIMEOUT, OVERHEAD], ANSWER_BY_SPAN));
// `rescue` answers before CloudFormation gives up.
const _: () = assert!(fit(&[ANSWER_BY_SPAN, RESCUE_ANSWER_MARGIN], ANSWER_MARGIN));
const _: () = assert!(fit(
    &[LATEST_DEADLINE, ANSWER_BY_SPAN, RESCUE_ANSWER_MARGIN],
    SERVICE_TIMEOUT
));
// After an execution that ended at its `answerBy`, the answer is sent while CloudFormation waits,
// though its tasks do not stop and its log cannot be read.
const _: () = assert!(fit(
    &[RESCUE_FINAL_ATTEMPT, RESCUE_LATE_REPORT_BUDGET],
    seconds(RESCUE_ANSWER_MARGIN.as_secs() - 1)
));
// So is that for an execution which could not be ended.
const _: () = assert!(fit(
    &[
        RESCUE_END_ATTEMPT,
        RESCUE_FINAL_ATTEMPT,
        RESCUE_LATE_REPORT_BUDGET
    ],
    seconds(RESCUE_ANSWER_MARGIN.as_secs() - 1)
));
// A sweep that waits for an `answerBy` ends what is due, and can answer for it. The inputs that it reads
// meanwhile are read before the wait ends.
const _: () = assert!(fit(&[SWEEP_INTERVAL, OVERHEAD], OVERDUE_LOOK_AHEAD));
const _: () = assert!(fit(&[CLAIM_CHECK_BUDGET], OVERDUE_LOOK_AHEAD));
const _: () = assert!(fit(
    &[OVERDUE_LOOK_AHEAD, RESCUE_LATE_BUDGET, OVERHEAD],
    RESCUE_TIMEOUT
));
const _: () = assert!(fit(
    &[
        RESCUE_END_ATTEMPT,
        RESCUE_STOP_PATIENCE,
        RESCUE_REPORT_BUDGET,
        RESCUE_ANSWER_TIMEOUT
    ],
    RESCUE_LATE_BUDGET
));
// A run of a request ends before its tokens are forgotten, and a call that a worker begins with a
// trusted token reaches ECS while the token is kept.
const _: () = assert!(fit(&[LATEST_DEADLINE], TOKENS_TRUSTED));
const _: () = assert!(fit(
    &[TOKENS_TRUSTED, CALL_TIMEOUT, CLOCK_SKEW],
    KEPT_AFTER_THE_TASK
));
// The longest run ends while the client token of a task that still runs is kept, and before the execution's last resort. A
// sweep of `rescue` may come an interval late.
const _: () = assert!(fit(&[LONGEST_RUN, ANSWER_BY_SPAN], CLIENT_TOKEN_LIFE));
const _: () = assert!(fit(
    &[LONGEST_RUN, ANSWER_BY_SPAN, SWEEP_INTERVAL, SWEEP_INTERVAL],
    EXECUTION_TIMEOUT
));

// The history of the longest run has room for what such a run can come to.
//
// A fleet: as many missed heartbeats and hand-overs as the definition allows, each with the events
// ActivityScheduled, ActivityStarted, and ActivityFailed or ActivityTimedOut.
const _: () = assert!(
    3 * (missed_heartbeats::ATTEMPTS as u64 + missed_heartbeats::HAND_OVERS as u64)
        < MOST_EVENTS / 2
);
// The function `work`: a hand-over at the end of each invocation, with the events TaskScheduled,
// TaskStarted, TaskSubmitted and TaskFailed.
const _: () = assert!(
    4 * (LONGEST_RUN.as_secs()
        / (work::WORK_TIMEOUT.as_secs() - work::INVOCATION_MARGIN.as_secs()))
        < MOST_EVENTS / 50
);
// No function is ever free: an attempt each minute, with the same events, and those of leaving and
// entering RunTaskOnLambda and CheckDeadline.
const _: () =
    assert!((4 + 4) * (LONGEST_RUN.as_secs() / HEARTBEAT_TIMEOUT.as_secs()) < MOST_EVENTS / 2);
// Lambda refuses every call for hours: six attempts in 31 s, each with three events. This would fill
// the history after some nine hours; the execution then fails, and `rescue` stops what it left.
const _: () = assert!((6 * 3 + 4) * (8 * 3_600 / 31) < MOST_EVENTS);
