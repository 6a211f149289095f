//! What happens in a history of a stack.

use ecs_task_runner::execution::input::Workers;
use proptest::prelude::*;
use stand_ins::Service;

use super::course::{Course, course};
use super::shifts::{Shift, shift};
use super::strikes::{Strike, strike};

/// Everything that is up to chance in a history, but for jitter.
#[derive(Debug, Clone)]
pub struct History {
    /// The creation, and the updates after it.
    pub releases: Vec<Release>,
    /// How often a person continues a rollback that failed.
    pub continued: u8,
    /// Whether the stack is deleted in the end.
    pub is_deleted: bool,
    /// How the event of each request is delivered.
    pub deliveries: Vec<Delivery>,
    /// What becomes of the launches. Those after the last course take it again.
    pub courses: Vec<Course>,
    pub strikes: Vec<Strike>,
    /// Who works on the runs.
    pub workers: Workers,
    /// Workers that follow one another, until one comes that stays; without a fleet, invocations of
    /// `work` that are killed.
    pub shifts: Vec<Shift>,
    /// Seconds after which somebody stops all executions that run.
    pub stops: Vec<u16>,
    /// Seconds for which tasks are DEPROVISIONING.
    pub deprovisioning: u8,
}

/// An operation of the stack with a release's properties.
#[derive(Debug, Clone)]
pub struct Release {
    pub run: Run,
    pub rollback: Rollback,
    pub handle: Handle,
    /// Seconds, the property `Timeout`.
    pub timeout: u16,
    pub ends: Ends,
    /// Seconds until the next operation begins.
    pub pause: u16,
}

/// What the properties say of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Runs,
    /// `Count` is 0.
    IsNone,
    /// `RunOnUpdate` is false.
    IsSkippedOnUpdate,
    /// The properties cannot be read.
    IsInvalid,
}

/// What the properties say of rollbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollback {
    RunsNothing,
    /// `RunOnRollback` is true.
    RunsTheOldTask,
    /// There are `RollbackOverrides`.
    RunsItsOwnTask,
    /// There are, and `RollbackFailure` is `ignore`.
    MayFail,
}

/// The wait condition of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handle {
    None,
    New,
    /// The handle of the release before.
    Same,
}

/// What becomes of the operation beside the resource.
#[derive(Debug, Clone, Copy)]
pub enum Ends {
    Well,
    /// It is given up so many milliseconds after the request, unless that was replied to before.
    IsCancelled(u32),
    /// So many seconds after the resource is complete, the stack fails.
    FailsLater(u16),
}

/// How an event is delivered, in seconds after it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    pub first: u8,
    /// After the first.
    pub again: Option<u16>,
}

/// The calls of requests, runs, rollbacks and rescues.
const CALLS: [(Service, &str); 21] = [
    (Service::Lambda, "Invoke"),
    (Service::Kms, "Encrypt"),
    (Service::Kms, "Decrypt"),
    (Service::S3, "PutObject"),
    (Service::CloudFormation, "DescribeStacks"),
    (Service::CloudFormation, "DescribeStackEvents"),
    (Service::Sfn, "StartExecution"),
    (Service::Sfn, "DescribeExecution"),
    (Service::Sfn, "GetExecutionHistory"),
    (Service::Sfn, "ListExecutions"),
    (Service::Sfn, "StopExecution"),
    (Service::Sfn, "GetActivityTask"),
    (Service::Sfn, "SendTaskHeartbeat"),
    (Service::Sfn, "SendTaskSuccess"),
    (Service::Sfn, "SendTaskFailure"),
    (Service::Ecs, "RunTask"),
    (Service::Ecs, "DescribeTasks"),
    (Service::Ecs, "DescribeTaskDefinition"),
    (Service::Ecs, "StopTask"),
    (Service::Ecs, "ListTasks"),
    (Service::Logs, "GetLogEvents"),
];

fn release() -> impl Strategy<Value = Release> {
    let run = prop_oneof![
        8 => Just(Run::Runs),
        1 => Just(Run::IsNone),
        1 => Just(Run::IsSkippedOnUpdate),
        1 => Just(Run::IsInvalid),
    ];
    let rollback = prop_oneof![
        2 => Just(Rollback::RunsNothing),
        2 => Just(Rollback::RunsTheOldTask),
        4 => Just(Rollback::RunsItsOwnTask),
        1 => Just(Rollback::MayFail),
    ];
    let handle = prop_oneof![
        4 => Just(Handle::None),
        3 => Just(Handle::New),
        1 => Just(Handle::Same),
    ];
    let ends = prop_oneof![
        3 => Just(Ends::Well),
        3 => prop_oneof![1_u32..3_000, 1_000_u32..200_000].prop_map(Ends::IsCancelled),
        3 => (0_u16..200).prop_map(Ends::FailsLater),
    ];
    let pause = prop_oneof![1 => 1_u16..20, 2 => 20_u16..300];
    (run, rollback, handle, 60_u16..400, ends, pause).prop_map(
        |(run, rollback, handle, timeout, ends, pause)| Release {
            run,
            rollback,
            handle,
            timeout,
            ends,
            pause,
        },
    )
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let first = prop_oneof![6 => Just(0_u8), 1 => 1_u8..120];
    let again = prop_oneof![4 => Just(None), 1 => (0_u16..5).prop_map(Some), 1 => (0_u16..400).prop_map(Some)];
    (first, again).prop_map(|(first, again)| Delivery { first, again })
}

/// Any history.
pub fn history() -> impl Strategy<Value = History> {
    let stack = (
        prop::collection::vec(release(), 2..5),
        0_u8..3,
        prop::bool::weighted(0.8),
        prop::collection::vec(delivery(), 1..6),
    );
    let strike_from = prop_oneof![1 => Just(0_u16), 3 => 0_u16..1_500];
    let around = (
        prop::collection::vec(course(), 1..10),
        prop::collection::vec(strike(strike_from, &CALLS, 45), 0..8),
        prop_oneof![Just(Workers::Fleet), Just(Workers::Lambda)],
        prop::collection::vec(shift(300), 0..5),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(0_u16..1_500, 1..3)],
        prop_oneof![1 => Just(0_u8), 2 => 13_u8..25],
    );
    let is_created = prop::bool::weighted(0.9);
    (stack, around, is_created).prop_map(
        |(
            (mut releases, continued, is_deleted, deliveries),
            (mut courses, strikes, workers, shifts, stops, deprovisioning),
            is_created,
        )| {
            // Otherwise most histories would end with the creation.
            if is_created {
                releases[0] = Release {
                    run: Run::Runs,
                    timeout: 400,
                    ends: Ends::Well,
                    ..releases[0].clone()
                };
                courses.insert(0, Course::Exits(0, 5));
            }
            History {
                releases,
                continued,
                is_deleted,
                deliveries,
                courses,
                strikes,
                workers,
                shifts,
                stops,
                deprovisioning,
            }
        },
    )
}
