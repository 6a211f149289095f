//! Random histories: whatever ECS does and however often workers change, nothing is launched after a container has started.

use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use proptest::prelude::*;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{Container, Placement, Script};
use stand_ins::faults::{Fault, Span};
use tokio::time::sleep;

use crate::world::{FAMILY, World};

/// What one launch of the task comes to.
#[derive(Debug, Clone, Copy)]
enum Course {
    PullTimesOut,
    ImageMissing,
    SpotTakenBeforeStart,
    SidecarStartedBeforeTheFailure,
    SpotTakenWhileRunning,
    Exits(u8, u16),
    NoExitCode,
}

impl Course {
    fn script(self) -> Script {
        match self {
            Self::PullTimesOut => Script::fails_to_start("CannotPullContainerError: i/o timeout"),
            Self::ImageMissing => Script::fails_to_start("CannotPullContainerError: not found"),
            Self::SpotTakenBeforeStart => Script::spot_interruption(Duration::from_millis(5)),
            Self::SidecarStartedBeforeTheFailure => Script::fails_to_start("CannotPullContainerError: i/o timeout")
                .container("sidecar", Container::exits(0).started_before_the_failure()),
            Self::SpotTakenWhileRunning => Script::spot_interruption(Duration::from_secs(60)),
            Self::Exits(code, seconds) => Script::exits(code.into()).running(Duration::from_secs(seconds.into())),
            Self::NoExitCode => Script::exits(0).container("migrate", Container::exits(0).without_exit_code()),
        }
    }
}

fn course() -> impl Strategy<Value = Course> {
    prop_oneof![
        4 => Just(Course::PullTimesOut),
        1 => Just(Course::ImageMissing),
        2 => Just(Course::SpotTakenBeforeStart),
        2 => Just(Course::SidecarStartedBeforeTheFailure),
        1 => Just(Course::SpotTakenWhileRunning),
        3 => (0_u8..3, 1_u16..300).prop_map(|(code, seconds)| Course::Exits(code, seconds)),
        1 => Just(Course::NoExitCode),
    ]
}

fn placement() -> impl Strategy<Value = Placement> {
    prop_oneof![
        3 => Just(Placement::All),
        1 => Just(Placement::fails("RESOURCE:MEMORY")),
        1 => Just(Placement::fails("AGENT")),
        1 => Just(Placement::only(1, "RESOURCE:CPU")),
    ]
}

fn fault() -> impl Strategy<Value = (&'static str, u64, Fault)> {
    let operation = prop_oneof![Just("RunTask"), Just("DescribeTasks"), Just("StopTask")];
    let fault = prop_oneof![
        Just(Fault::InternalError),
        Just(Fault::Throttle),
        Just(Fault::CutBefore),
        Just(Fault::CutAfter),
        Just(Fault::Duplicate),
        Just(Fault::Delay(Duration::from_secs(9))),
    ];
    (operation, 1_u64..8, fault)
}

#[derive(Debug, Clone)]
struct History {
    count: u8,
    courses: Vec<Course>,
    placements: Vec<Placement>,
    faults: Vec<(&'static str, u64, Fault)>,
    /// Seconds after which the worker is replaced by another, again and again.
    workers: Vec<u16>,
    lag: u8,
}

fn history() -> impl Strategy<Value = History> {
    (
        1_u8..4,
        prop::collection::vec(course(), 1..8),
        prop::collection::vec(placement(), 1..5),
        prop::collection::vec(fault(), 0..4),
        prop::collection::vec(1_u16..300, 0..4),
        0_u8..30,
    )
        .prop_map(|(count, courses, placements, faults, workers, lag)| History { count, courses, placements, faults, workers, lag })
}

async fn play(history: &History) -> World {
    let world = World::new();
    world.aws.ecs().register(&json!({
        "family": FAMILY,
        "containerDefinitions": [{"name": "migrate", "image": "x"}, {"name": "sidecar", "essential": false, "image": "x"}]
    }));
    world.aws.ecs().scripts(FAMILY, history.courses.iter().map(|course| course.script()));
    world.aws.ecs().placements(FAMILY, history.placements.iter().cloned().chain([Placement::All]));
    world.aws.ecs().describe_lag(Duration::from_secs(history.lag.into()));
    for (operation, nth, fault) in &history.faults {
        world.aws.faults().inject(Service::Ecs, operation, Span::Nth(*nth), fault.clone());
    }
    let mut task = world.task();
    task["count"] = json!(history.count);
    task["deadline"] = json!((world.clock.now() + jiff::SignedDuration::from_mins(12)).to_string());
    let scheduled = world.schedule(&task);
    let mut worker = world.worker();
    for &seconds in &history.workers {
        sleep(Duration::from_secs(seconds.into())).await;
        worker.request_shutdown();
        worker = world.worker();
    }
    // Whatever happened, the run has an end, and it is not the worker's going away.
    let outcome = tokio::time::timeout(Duration::from_secs(4_000), scheduled.outcome()).await.unwrap();
    assert!(!format!("{outcome:?}").contains(HANDED_OVER));
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_relaunch_never_follows_a_started_container(history in history()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = play(&history).await;
            let tasks = world.aws.ecs().tasks();
            let started = tasks.iter().filter(|task| task.started_at.is_some()).count();
            prop_assert!(started <= usize::from(history.count), "{started} tasks with a started container");
            // All tasks of one token count as one attempt, and the next token may only bring what is missing of it.
            for (index, task) in tasks.iter().enumerate() {
                let alive = tasks[..index].iter().filter(|earlier| {
                    earlier.started_at.is_some() || earlier.stopped_at.is_none_or(|stopped| stopped > task.launched_at)
                });
                prop_assert!(alive.count() < usize::from(history.count), "task {index} was launched beside enough others");
            }
            Ok(())
        })?;
    }
}
