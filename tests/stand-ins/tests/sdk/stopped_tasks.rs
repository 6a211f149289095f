//! Why a task stopped, as DescribeTasks tells it.

use std::time::Duration;

use aws_sdk_ecs::types::TaskStopCode;
use stand_ins::StandIns;
use stand_ins::ecs::{Container, Phase, Script};
use tokio::time::sleep;

use super::ecs;
use super::tasks::{describe, run};

const SECOND: Duration = Duration::from_secs(1);

#[expect(clippy::too_many_lines, reason = "a table of cases")]
#[tokio::test(start_paused = true)]
async fn stopped_tasks_tell_why() {
    struct Case {
        name: &'static str,
        script: Script,
        stop_code: &'static str,
        reason: &'static str,
        /// Exit code and reason of `app` and `proxy`.
        containers: [(Option<i32>, Option<&'static str>); 2],
        started: bool,
    }
    let pull =
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found";
    let eni = "ResourceInitializationError: unable to pull secrets or registry auth";
    let essential = "Essential container in task exited";
    let case = |name, script, stop_code, reason, containers, started| Case {
        name,
        script,
        stop_code,
        reason,
        containers,
        started,
    };
    let cases = [
        case(
            "exit 3",
            Script::exits(3),
            "EssentialContainerExited",
            essential,
            [(Some(3), None), (Some(3), None)],
            true,
        ),
        case(
            "sidecar first",
            Script::exits(0)
                .running(9 * SECOND)
                .container("proxy", Container::exits(1)),
            "EssentialContainerExited",
            essential,
            [(Some(143), None), (Some(1), None)],
            true,
        ),
        case(
            "out of memory",
            Script::runs_forever().container("app", Container::out_of_memory()),
            "EssentialContainerExited",
            essential,
            [
                (
                    Some(137),
                    Some("OutOfMemoryError: Container killed due to memory usage"),
                ),
                (Some(143), None),
            ],
            true,
        ),
        case(
            "no exit code",
            Script::exits(0).container("app", Container::exits(0).without_exit_code()),
            "EssentialContainerExited",
            essential,
            [(None, None), (Some(0), None)],
            true,
        ),
        case(
            "pull",
            Script::fails_to_start(pull),
            "TaskFailedToStart",
            pull,
            [(None, Some(pull)), (None, None)],
            false,
        ),
        case(
            "eni",
            Script::fails_to_start(eni).during(Phase::Provisioning),
            "TaskFailedToStart",
            eni,
            [(None, None), (None, None)],
            false,
        ),
        case(
            "half a start",
            Script::fails_to_start(eni)
                .container("proxy", Container::exits(0).started_before_the_failure()),
            "TaskFailedToStart",
            eni,
            [(None, None), (Some(0), None)],
            true,
        ),
        case(
            "spot before the start",
            Script::spot_interruption(Duration::from_millis(20)),
            "SpotInterruption",
            "Your Spot Task was interrupted.",
            [(None, None), (None, None)],
            false,
        ),
        case(
            "spot after the start",
            Script::spot_interruption(SECOND),
            "SpotInterruption",
            "Your Spot Task was interrupted.",
            [(Some(143), None), (Some(143), None)],
            true,
        ),
        case(
            "host gone",
            Script::host_terminated(SECOND),
            "TerminationNotice",
            "Host EC2 (instance i-0123456789abcdef0) terminated.",
            [(None, None), (None, None)],
            true,
        ),
        case(
            "a stop code of the future",
            Script::exits(0)
                .stop_code("SolarFlare")
                .stopped_reason("A flare."),
            "SolarFlare",
            "A flare.",
            [(Some(0), None), (Some(0), None)],
            true,
        ),
    ];
    for case in cases {
        let aws = StandIns::new();
        aws.ecs().register_family("migrate", &["app", "proxy"]);
        aws.ecs().script("migrate", case.script);
        let client = ecs(&aws);
        let arn = run(&client, "a").await.task_arn().unwrap().to_owned();
        sleep(20 * SECOND).await;
        let task = describe(&client, &arn).await.unwrap();
        assert_eq!(task.last_status(), Some("STOPPED"), "{}", case.name);
        assert_eq!(
            task.stop_code().map(TaskStopCode::as_str),
            Some(case.stop_code),
            "{}",
            case.name
        );
        assert_eq!(task.stopped_reason(), Some(case.reason), "{}", case.name);
        let containers: Vec<_> = task
            .containers()
            .iter()
            .map(|c| (c.exit_code(), c.reason()))
            .collect();
        assert_eq!(containers, case.containers, "{}", case.name);
        let started = task
            .containers()
            .iter()
            .any(|container| container.runtime_id().is_some());
        assert_eq!(started, case.started, "{}", case.name);
        assert_eq!(
            aws.ecs().tasks()[0].started_at.is_some(),
            case.started,
            "{}",
            case.name
        );
    }
}
