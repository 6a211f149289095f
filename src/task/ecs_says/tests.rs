use super::*;
use crate::task::status::{ContainerStatus, Host, Phase, StopCode};

fn ended(
    code: Option<&str>,
    reason: Option<&str>,
    containers: &[(&str, Option<&str>)],
) -> TaskStatus {
    TaskStatus {
        arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c".to_owned(),
        task_definition_arn: String::new(),
        last_status: "STOPPED".to_owned(),
        phase: Phase::Stopped,
        stop_code: code.map(StopCode::from),
        stopped_reason: reason.map(str::to_owned),
        pull_began: false,
        host: Host::Fargate,
        started_at: None,
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        containers: containers
            .iter()
            .map(|(name, reason)| ContainerStatus {
                name: (*name).to_owned(),
                reason: reason.map(str::to_owned),
                ..ContainerStatus::default()
            })
            .collect(),
    }
}

const NOT_STARTED: Option<&str> = Some("TaskFailedToStart");
const EXITED: Option<&str> = Some("EssentialContainerExited");
const ESSENTIAL: Option<&str> = Some("Essential container in task exited");
const COMMAND: &str = "CannotStartContainerError: Error response from daemon: exec: \"pyhton3\": executable file not found in $PATH";
const PULL: &str =
    "CannotPullContainerError: pull image manifest has been retried 5 time(s): i/o timeout";

#[test]
fn ecs_is_repeated_with_each_thing_it_says_once() {
    let migrate = |reason| [("migrate", Some(reason))];
    for (code, reason, containers, expected) in [
        // Fargate: the task and its container have the same reason.
        (
            NOT_STARTED,
            Some(COMMAND),
            &migrate(COMMAND)[..],
            format!("TaskFailedToStart; container 'migrate': {COMMAND}"),
        ),
        (
            NOT_STARTED,
            Some(PULL),
            &[("proxy", None), ("migrate", Some(PULL))],
            format!("TaskFailedToStart; container 'migrate': {PULL}"),
        ),
        // The same but for a full stop, and with words around it.
        (
            NOT_STARTED,
            Some("i/o timeout."),
            &migrate(PULL),
            format!("TaskFailedToStart; container 'migrate': {PULL}"),
        ),
        // Two containers of one image.
        (
            NOT_STARTED,
            Some(PULL),
            &[("migrate", Some(PULL)), ("collect", Some(PULL))],
            format!("TaskFailedToStart; containers 'migrate', 'collect': {PULL}"),
        ),
        // On an instance the task's reason is always the same.
        (
            NOT_STARTED,
            Some("Task failed to start"),
            &migrate(COMMAND),
            format!("TaskFailedToStart; container 'migrate': {COMMAND}"),
        ),
        (
            NOT_STARTED,
            Some("Task failed to start"),
            &[],
            "Task failed to start".to_owned(),
        ),
        // Code and sentence with the same words.
        (
            EXITED,
            ESSENTIAL,
            &[("migrate", None)],
            "Essential container in task exited".to_owned(),
        ),
        (
            EXITED,
            ESSENTIAL,
            &migrate("OutOfMemoryError: Container killed due to memory usage"),
            "Essential container in task exited; container 'migrate': OutOfMemoryError: Container killed due to memory usage".to_owned(),
        ),
        (EXITED, None, &[], "EssentialContainerExited".to_owned()),
        // A short reason says nothing of another container, whose reason has the same word.
        (
            EXITED,
            ESSENTIAL,
            &[
                ("migrate", Some("OutOfMemoryError: Container killed")),
                ("proxy", Some("Error")),
            ],
            "Essential container in task exited; container 'migrate': OutOfMemoryError: Container killed; container 'proxy': Error".to_owned(),
        ),
        // What is no repetition stays.
        (
            Some("SpotInterruption"),
            Some("Your Spot Task was interrupted."),
            &[],
            "SpotInterruption, Your Spot Task was interrupted.".to_owned(),
        ),
        (
            Some("UserInitiated"),
            Some("by hand"),
            &migrate("Two"),
            "UserInitiated, by hand; container 'migrate': Two".to_owned(),
        ),
        (None, Some("One"), &migrate("Two"), "One; container 'migrate': Two".to_owned()),
        (None, None, &migrate("Two"), "container 'migrate': Two".to_owned()),
        (None, None, &[], String::new()),
    ] {
        assert_eq!(ecs_says(&ended(code, reason, containers), None), expected);
    }
}

#[test]
fn a_containers_reason_that_was_cut_is_shown_whole() {
    let whole = format!("CannotPullContainerError: {}end", "x".repeat(300));
    let cut: String = whole.chars().take(CUT_AT).collect();
    let task = ended(NOT_STARTED, Some(&whole), &[("migrate", Some(&cut))]);
    let expected = format!("TaskFailedToStart; container 'migrate': {whole}");
    assert_eq!(ecs_says(&task, None), expected);
}

#[test]
fn a_task_that_we_stopped_has_nothing_to_say_of_that() {
    let ours = "Deadline of 2026-11-23T07:00:00Z passed";
    for (reason, containers, expected) in [
        (ours, &[][..], ""),
        (
            ours,
            &[("migrate", Some("Two"))],
            "container 'migrate': Two",
        ),
        ("by hand", &[], "UserInitiated, by hand"),
    ] {
        let task = ended(Some("UserInitiated"), Some(reason), containers);
        assert_eq!(ecs_says(&task, Some(ours)), expected);
    }
}
