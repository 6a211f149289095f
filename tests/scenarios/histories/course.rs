//! What becomes of the launches of a history.

use std::time::Duration;

use proptest::prelude::*;
use stand_ins::ecs::{Container, OnSigterm, Phase, Script};

/// What one launch of the task comes to.
#[derive(Debug, Clone, Copy)]
pub enum Course {
    PullTimesOut,
    ImageMissing,
    SpotTakenBeforeStart,
    HostGoneBeforeStart,
    SidecarStartedBeforeTheFailure,
    SpotTakenWhileRunning(u8),
    HostGoneWhileRunning(u8),
    Exits(u8, u16),
    /// A sidecar that ignores SIGTERM runs on for its stop timeout.
    IsOutlivedBySidecar(u8, u16),
    /// ECS shows the exit code some seconds before the container is STOPPED.
    Settles(u8, u8),
    /// The agent gives up the container that counts, since the sidecar it waited for failed.
    WaitsInVain(u8),
    OutOfMemory,
    NoExitCode,
    UnknownStopCode,
    NoContainersShown,
    IsForgotten(u8),
    IsSlowToStart(u8),
    RunsForever {
        heeds_sigterm: bool,
    },
}

impl Course {
    /// Whether a task does its work if nobody keeps it from that: all of its containers exit, with
    /// a code of success.
    pub fn succeeds(self) -> bool {
        matches!(
            self,
            Self::Exits(0, _) | Self::IsOutlivedBySidecar(0, _) | Self::Settles(0, _)
        )
    }

    pub fn script(self) -> Script {
        let second = Duration::from_secs(1);
        match self {
            Self::PullTimesOut => Script::fails_to_start("CannotPullContainerError: i/o timeout"),
            Self::ImageMissing => Script::fails_to_start("CannotPullContainerError: not found"),
            Self::SpotTakenBeforeStart => Script::spot_interruption(Duration::from_millis(5)),
            Self::HostGoneBeforeStart => Script::host_terminated(Duration::from_millis(5)),
            Self::SidecarStartedBeforeTheFailure => {
                Script::fails_to_start("CannotPullContainerError: i/o timeout")
                    .container("sidecar", Container::exits(0).started_before_the_failure())
            }
            Self::SpotTakenWhileRunning(after) => Script::spot_interruption(after.into_seconds()),
            Self::HostGoneWhileRunning(after) => Script::host_terminated(after.into_seconds()),
            Self::Exits(code, seconds) => Script::exits(code.into())
                .running(seconds.into_seconds())
                .log(Duration::ZERO, "Applying todo.0001_initial"),
            Self::IsOutlivedBySidecar(code, seconds) => {
                let deaf = Container::runs_forever().on_sigterm(OnSigterm::Ignored);
                Script::exits(code.into())
                    .running(seconds.into_seconds())
                    .container("sidecar", deaf)
            }
            Self::Settles(code, seconds) => {
                let settling = Container::exits(code.into()).after(20 * second);
                let migrate = settling.settles(seconds.into_seconds());
                Script::exits(0)
                    .running(10 * second)
                    .container("migrate", migrate)
            }
            Self::WaitsInVain(seconds) => Script::exits(0)
                .container("migrate", Container::waits_in_vain_for("sidecar"))
                .container("sidecar", Container::exits(1).after(seconds.into_seconds())),
            Self::OutOfMemory => Script::exits(0).container("migrate", Container::out_of_memory()),
            Self::NoExitCode => {
                Script::exits(0).container("migrate", Container::exits(0).without_exit_code())
            }
            Self::UnknownStopCode => Script::exits(0)
                .running(5 * second)
                .stop_code("SomethingNew")
                .stopped_reason("Who knows"),
            Self::NoContainersShown => Script::exits(0).running(5 * second).without_containers(),
            Self::IsForgotten(after) => Script::exits(0)
                .running(60 * second)
                .vanishes(after.into_seconds()),
            Self::IsSlowToStart(seconds) => {
                Script::fails_to_start("ResourceInitializationError: context deadline exceeded")
                    .provisioning(seconds.into_seconds())
                    .during(Phase::Provisioning)
            }
            Self::RunsForever {
                heeds_sigterm: true,
            } => Script::runs_forever(),
            Self::RunsForever {
                heeds_sigterm: false,
            } => Script::runs_forever().on_sigterm(OnSigterm::Ignored),
        }
    }
}

trait Seconds {
    fn into_seconds(self) -> Duration;
}

impl<T: Into<u64>> Seconds for T {
    fn into_seconds(self) -> Duration {
        Duration::from_secs(self.into())
    }
}

/// Any course.
pub fn course() -> impl Strategy<Value = Course> {
    prop_oneof![
        5 => Just(Course::PullTimesOut),
        1 => Just(Course::ImageMissing),
        2 => Just(Course::SpotTakenBeforeStart),
        1 => Just(Course::HostGoneBeforeStart),
        2 => Just(Course::SidecarStartedBeforeTheFailure),
        1 => (1_u8..120).prop_map(Course::SpotTakenWhileRunning),
        1 => (1_u8..120).prop_map(Course::HostGoneWhileRunning),
        14 => (prop_oneof![5 => Just(0_u8), 1 => 1_u8..4], 1_u16..150).prop_map(|(code, seconds)| Course::Exits(code, seconds)),
        4 => (prop_oneof![3 => Just(0_u8), 1 => 1_u8..4], 1_u16..150).prop_map(|(code, seconds)| Course::IsOutlivedBySidecar(code, seconds)),
        2 => (0_u8..2, 1_u8..5).prop_map(|(code, seconds)| Course::Settles(code, seconds)),
        1 => (1_u8..60).prop_map(Course::WaitsInVain),
        1 => Just(Course::OutOfMemory),
        1 => Just(Course::NoExitCode),
        1 => Just(Course::UnknownStopCode),
        1 => Just(Course::NoContainersShown),
        1 => (1_u8..60).prop_map(Course::IsForgotten),
        2 => (1_u8..120).prop_map(Course::IsSlowToStart),
        1 => any::<bool>().prop_map(|heeds_sigterm| Course::RunsForever { heeds_sigterm }),
    ]
}
