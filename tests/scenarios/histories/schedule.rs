//! What happens in a history: what becomes of the task's launches, which calls are struck, when
//! workers come and go.

use ecs_task_runner::execution::input::Workers;
use proptest::prelude::*;
use stand_ins::Service;
use stand_ins::ecs::Placement;
use stand_ins::faults::Fault;

use super::course::{Course, course};
use super::shifts::{Shift, shift};
use super::strikes::{self, Strike};

/// Everything that is up to chance in a history, but for jitter.
#[derive(Debug, Clone)]
pub struct History {
    /// Tasks of the run.
    pub count: u8,
    /// Seconds from the start to the deadline.
    pub limit: u16,
    pub courses: Vec<Course>,
    pub placements: Vec<Placement>,
    pub strikes: Vec<Strike>,
    /// Who works on the runs.
    pub workers: Workers,
    /// Workers that follow one another, until one comes that stays: of the fleet, or invocations of
    /// `work`.
    pub shifts: Vec<Shift>,
    /// Without a fleet: how many invocations of `work` there can be at once.
    pub concurrency: u8,
    /// Seconds for which a new task is unknown to `DescribeTasks`.
    pub lag: u8,
    /// Seconds for which tasks are DEPROVISIONING: 13 to 24 on Fargate, none on EC2.
    pub deprovisioning: u8,
    /// Seconds after which the stack gives the resource up and deletes it.
    pub delete: Option<u16>,
    /// What becomes of the first invocations of `stop`, and of `respond`.
    pub stop: Vec<Invocation>,
    pub respond: Vec<Invocation>,
    /// Whether a poll whose worker died takes the next task with it.
    pub dead_polls_swallow: bool,
}

/// What becomes of a function's invocation.
#[derive(Debug, Clone, Copy)]
pub enum Invocation {
    Works,
    /// It ends before it does anything.
    Fails,
    /// It does all of its work and ends without saying so.
    FailsAtTheEnd,
}

impl History {
    /// What the launch of this number, counted from 0, comes to: those after the last course take
    /// it again.
    pub fn course(&self, launch: usize) -> Course {
        self.courses[launch.min(self.courses.len() - 1)]
    }
}

fn placement() -> impl Strategy<Value = Placement> {
    prop_oneof![
        4 => Just(Placement::All),
        1 => Just(Placement::fails("RESOURCE:MEMORY")),
        1 => Just(Placement::fails("AGENT")),
        1 => Just(Placement::only(1, "RESOURCE:CPU")),
        1 => Just(Placement::only(1, "ATTRIBUTE")),
    ]
}

/// The calls of a run, with a fleet or without one, of `stop`, and of a Delete.
const CALLS: [(Service, &str); 13] = [
    (Service::Lambda, "Invoke"),
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
    (Service::Sfn, "ListExecutions"),
    (Service::Sfn, "StopExecution"),
];

fn strike() -> impl Strategy<Value = Strike> {
    let from = || prop_oneof![1 => Just(0_u16), 1 => 0_u16..300];
    prop_oneof![
        7 => strikes::strike(from(), &CALLS, 60),
        1 => strikes::strike(from(), &CALLS, 60).prop_map(|strike| Strike {
            fault: Fault::AccessDenied,
            ..strike
        }),
    ]
}

fn invocation() -> impl Strategy<Value = Invocation> {
    prop_oneof![3 => Just(Invocation::Works), 1 => Just(Invocation::Fails), 1 => Just(Invocation::FailsAtTheEnd)]
}

/// Any history.
pub fn history() -> impl Strategy<Value = History> {
    let task = (
        1_u8..4,
        30_u16..400,
        prop::collection::vec(course(), 1..8),
        prop::collection::vec(placement(), 1..5),
        prop_oneof![1 => Just(0_u8), 1 => 0_u8..30],
        prop_oneof![1 => Just(0_u8), 2 => 13_u8..25],
    );
    let around = (
        prop::collection::vec(strike(), 0..7),
        prop::collection::vec(shift(150), 0..4),
        prop_oneof![3 => Just(None), 1 => (0_u16..300).prop_map(Some)],
        // Four invocations of `stop` may fail until the definition goes on without it, six of
        // `respond`.
        prop::collection::vec(invocation(), 0..4),
        prop::collection::vec(invocation(), 0..6),
        any::<bool>(),
        (
            prop_oneof![Just(Workers::Fleet), Just(Workers::Lambda)],
            1_u8..4,
        ),
    );
    (task, around).prop_map(
        |(
            (count, limit, courses, placements, lag, deprovisioning),
            (strikes, shifts, delete, stop, respond, dead_polls_swallow, (workers, concurrency)),
        )| {
            // A Delete finds tasks in lists only, and looks for 25 s, in the first 20 of which a
            // worker may still launch.
            let lag = if delete.is_some() { lag % 5 } else { lag };
            History {
                count,
                limit,
                courses,
                placements,
                strikes,
                workers,
                shifts,
                concurrency,
                lag,
                deprovisioning,
                delete,
                stop,
                respond,
                dead_polls_swallow,
            }
        },
    )
}
