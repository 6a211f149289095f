//! When a look at a task shows enough to judge it, and what is said of a good run that an essential
//! sidecar failed.

use super::{EXITED, container, judged};
use crate::task::judgement::{Criteria, Verdict, is_decided, judge, may_be_decided};
use crate::task::status::{ContainerStatus, Phase, StopCode, TaskStatus};

/// A task that is on its way to STOPPED.
fn ending(
    last_status: &str,
    stop_code: Option<&str>,
    containers: Vec<ContainerStatus>,
) -> TaskStatus {
    TaskStatus {
        last_status: last_status.to_owned(),
        phase: Phase::from(last_status),
        stopped_at: None,
        execution_stopped_at: Some("2026-11-23T07:00:07Z".parse().unwrap()),
        ..super::stopped(stop_code, super::ESSENTIAL, true, containers)
    }
}

fn running(name: &str) -> ContainerStatus {
    ContainerStatus {
        running: true,
        stopped: false,
        ..container(name, None, None)
    }
}

fn not_yet_stopped(name: &str, exit_code: i32) -> ContainerStatus {
    ContainerStatus {
        stopped: false,
        ..container(name, Some(exit_code), None)
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table is read from top to bottom")]
fn a_task_is_judged_once_its_containers_that_count_have_stopped_and_ecs_says_why() {
    let exited = |code| container("migrate", Some(code), None);
    let lost = || container("migrate", None, None);
    let oom = || {
        container(
            "migrate",
            Some(0),
            Some("OutOfMemoryError: Container killed due to memory usage"),
        )
    };
    for (name, last_status, stop_code, containers, expected) in [
        ("exit 0", "DEPROVISIONING", EXITED, vec![exited(0)], true),
        ("exit 1", "DEPROVISIONING", EXITED, vec![exited(1)], true),
        ("out of memory", "DEPROVISIONING", EXITED, vec![oom()], true),
        (
            "exit 0, still told as RUNNING",
            "RUNNING",
            EXITED,
            vec![exited(0)],
            true,
        ),
        (
            "Spot taken back",
            "STOPPING",
            Some("SpotInterruption"),
            vec![exited(0)],
            true,
        ),
        (
            "StopTask",
            "DEPROVISIONING",
            Some("UserInitiated"),
            vec![exited(143)],
            true,
        ),
        (
            "no stop code yet",
            "DEPROVISIONING",
            None,
            vec![exited(0)],
            false,
        ),
        (
            "no stop code at the end",
            "STOPPED",
            None,
            vec![exited(0)],
            true,
        ),
        (
            "no exit code yet",
            "DEPROVISIONING",
            EXITED,
            vec![lost()],
            false,
        ),
        (
            "no exit code at the end",
            "STOPPED",
            EXITED,
            vec![lost()],
            true,
        ),
        (
            "an exit code before STOPPED",
            "STOPPING",
            EXITED,
            vec![not_yet_stopped("migrate", 0)],
            false,
        ),
        (
            "StopTask, and it still runs",
            "STOPPING",
            Some("UserInitiated"),
            vec![running("migrate")],
            false,
        ),
        (
            "no containers are shown",
            "DEPROVISIONING",
            EXITED,
            vec![],
            false,
        ),
        (
            "a sidecar outlives it",
            "STOPPING",
            EXITED,
            vec![exited(0), running("proxy")],
            true,
        ),
        (
            "it outlives a sidecar",
            "STOPPING",
            EXITED,
            vec![running("migrate"), container("proxy", Some(1), None)],
            false,
        ),
        (
            "it does not count",
            "STOPPING",
            EXITED,
            vec![container("proxy", Some(0), None)],
            false,
        ),
    ] {
        let task = ending(last_status, stop_code, containers);
        let criteria = Criteria {
            containers: Some(vec!["migrate".to_owned()]),
            containers_are_chosen: false,
            success_exit_codes: vec![0],
        };
        assert_eq!(is_decided(&task, &criteria), expected, "{name}");
        assert!(!expected || may_be_decided(&task), "{name}");
        if last_status != "STOPPED" && expected {
            let at_the_end = TaskStatus {
                phase: Phase::Stopped,
                last_status: "STOPPED".to_owned(),
                ..task.clone()
            };
            assert_eq!(
                judge(&task, &criteria),
                judge(&at_the_end, &criteria),
                "{name}"
            );
        }
    }
}

#[test]
fn success_before_the_end_needs_ecs_to_say_that_an_essential_container_exited() {
    for code in [
        "EssentialContainerExited",
        "TaskFailedToStart",
        "UserInitiated",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
        "MeteorStrike",
    ] {
        let task = ending(
            "DEPROVISIONING",
            Some(code),
            vec![container("migrate", Some(0), None)],
        );
        let criteria = Criteria {
            containers: None,
            containers_are_chosen: false,
            success_exit_codes: vec![0],
        };
        let succeeded = matches!(judge(&task, &criteria), Verdict::Succeeded { .. });
        assert_eq!(succeeded, code == "EssentialContainerExited", "{code}");
    }
}

#[test]
fn a_task_that_was_not_seen_to_run_is_waited_for_until_nothing_of_it_is_left() {
    let never = ContainerStatus {
        created: false,
        ..container(
            "migrate",
            Some(143),
            Some("CannotStartContainerError: no such file"),
        )
    };
    let task = TaskStatus {
        started_at: None,
        ..ending("DEPROVISIONING", Some("TaskFailedToStart"), vec![never])
    };
    let criteria = Criteria {
        containers: None,
        containers_are_chosen: false,
        success_exit_codes: vec![0],
    };
    assert!(!task.was_seen_running() && !is_decided(&task, &criteria));
}

#[test]
fn nothing_of_a_task_runs_once_it_ends_and_all_of_its_containers_have_stopped() {
    let stopped = || container("migrate", Some(1), None);
    for (last_status, stop_code, containers, expected) in [
        ("DEPROVISIONING", EXITED, vec![stopped()], true),
        ("STOPPED", None, vec![], true),
        ("DEPROVISIONING", EXITED, vec![], false),
        ("STOPPING", EXITED, vec![stopped(), running("proxy")], false),
        // A restart policy may start it again.
        ("RUNNING", None, vec![stopped()], false),
    ] {
        let task = ending(last_status, stop_code, containers);
        assert_eq!(task.runs_nothing(), expected, "{task:?}");
    }
}

#[test]
fn a_run_ends_when_its_containers_did_and_not_with_its_network_interface() {
    let at = |second: u8| Some(format!("2026-11-23T07:00:{second:02}Z").parse().unwrap());
    let mut task = ending("STOPPED", EXITED, vec![]);
    (task.stopping_at, task.stopped_at) = (at(8), at(30));
    assert_eq!(task.ended_at(), at(7));
    task.execution_stopped_at = None;
    assert_eq!(task.ended_at(), at(30));
    task.stopped_at = None;
    assert_eq!(task.ended_at(), at(8));
}

#[test]
fn a_good_run_that_an_essential_sidecar_failed_has_a_hint_and_every_exit_code() {
    let containers = || {
        vec![
            container("migrate", Some(0), None),
            container("proxy", Some(2), None),
            container("agent", Some(7), None),
        ]
    };
    let task = super::stopped(EXITED, super::ESSENTIAL, true, containers());
    let what = |counting: &[&str], chosen| {
        let criteria = Criteria {
            containers: Some(counting.iter().map(|&name| name.to_owned()).collect()),
            containers_are_chosen: chosen,
            success_exit_codes: vec![0],
        };
        match judge(&task, &criteria) {
            Verdict::Ended(ending) => ending.what,
            success @ Verdict::Succeeded { .. } => panic!("{success:?}"),
        }
    };
    let codes = "Container 'proxy' exited with code 2; container 'migrate' exited with code 0; container 'agent' exited with code 7";
    assert_eq!(
        what(&["migrate", "proxy"], false),
        format!(
            "{codes}; if 'proxy' need not succeed, name only the others in the property Containers"
        )
    );
    assert_eq!(what(&["migrate", "proxy"], true), codes);
    assert_eq!(task.stop_code, Some(StopCode::EssentialContainerExited));
}

#[test]
fn a_sidecar_that_ran_out_of_memory_is_named_when_it_took_the_task_down() {
    let what = judged(
        vec![
            container("migrate", Some(143), None),
            container("proxy", Some(137), Some("OutOfMemoryError: x")),
        ],
        Some("migrate"),
    )
    .what;
    assert!(
        what.contains("container 'proxy'") && what.contains("may have taken the task down"),
        "{what}"
    );
}
