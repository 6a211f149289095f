//! Containers that were never started, and the codes that the agent makes up for them.

use super::{ContainerStatus, EXITED, ErrorName, NOT_STARTED, container, ended, judged, stopped};
use crate::task::judgement::{Criteria, Verdict, judge};

fn waiting(name: &str, exit_code: Option<i32>, dependency: &str, why: &str) -> ContainerStatus {
    let reason = format!(
        "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [{dependency}(registry.example/x:1) (STOPPED->RUNNING) - Exit: 1] for target [{name}(registry.example/app:1) (NONE->RUNNING)] {why}"
    );
    container(name, exit_code, Some(&reason))
}

fn ran(name: &str, exit_code: i32) -> ContainerStatus {
    ContainerStatus {
        created: true,
        ..container(name, Some(exit_code), None)
    }
}

const FAILED: &str = "as dependency did not exit successfully.";

#[test]
fn a_mistake_says_what_to_check_whether_or_not_another_container_ran() {
    const REASON: &str = "CannotStartContainerError: Error response from daemon: OCI runtime create failed: exec: \"pyhton3\": executable file not found in $PATH";
    let migrate = || container("migrate", None, Some(REASON));
    let alone = stopped(NOT_STARTED, "Task failed to start", false, vec![migrate()]);
    let beside = judged(vec![ran("proxy", 0), migrate()], Some("migrate"));
    for (ending, begins) in [
        (
            ended(&alone, None),
            "No container of the task started: container 'migrate' could not be run; check the command,",
        ),
        (
            beside,
            "Container 'migrate' was never started and has no exit code; check the command,",
        ),
    ] {
        assert!(ending.what.starts_with(begins), "{}", ending.what);
    }
    // Whoever stopped the task knows why.
    let by_hand = stopped(
        Some("UserInitiated"),
        "Task stopped by user",
        false,
        vec![migrate()],
    );
    let by_hand = ended(&by_hand, None);
    assert!(!by_hand.what.contains("check"), "{}", by_hand.what);
}

/// ECS names containers and images in its reasons.
#[test]
fn names_of_containers_and_images_are_no_mistakes() {
    let containers = vec![
        ran("fetch-secrets", 1),
        waiting("migrate", None, "fetch-secrets", FAILED),
    ];
    let ending = judged(containers, Some("migrate"));
    assert!(!ending.what.contains("check"), "{}", ending.what);

    let pull = "CannotPullContainerError: failed to resolve ref registry.example/timeout-checker:7: not found";
    let pulled = container("migrate", None, Some(pull));
    let task = stopped(NOT_STARTED, "Task failed to start", false, vec![pulled]);
    let ending = ended(&task, None);
    assert!(ending.what.contains("tag or digest"), "{}", ending.what);
}

#[test]
fn a_container_that_waited_in_vain_is_told_with_the_one_that_failed() {
    let pull = "CannotPullContainerError: not found";
    for (containers, expected, log) in [
        (
            vec![
                ran("wait-for-db", 1),
                waiting("migrate", Some(143), "wait-for-db", FAILED),
            ],
            "Container 'migrate' was never started because 'wait-for-db' exited with code 1",
            Some("wait-for-db"),
        ),
        (
            vec![
                waiting("migrate", Some(137), "wait-for-db", FAILED),
                ran("wait-for-db", 1),
            ],
            "Container 'migrate' was never started because 'wait-for-db' exited with code 1",
            Some("wait-for-db"),
        ),
        (
            vec![
                waiting("migrate", None, "wait-for-db", FAILED),
                ran("wait-for-db", 127),
            ],
            "Container 'migrate' was never started because 'wait-for-db' exited with code 127 (command not found)",
            Some("wait-for-db"),
        ),
        // It was killed once the task came down, and says nothing of why it was not ready.
        (
            vec![
                waiting("migrate", Some(143), "db", "as it has timed out"),
                ran("db", 137),
            ],
            "Container 'migrate' was never started because 'db' did not get ready for it",
            Some("db"),
        ),
        (
            vec![
                ran("wait-for-db", 3),
                waiting("seed", Some(143), "wait-for-db", FAILED),
                waiting("migrate", Some(143), "seed", FAILED),
            ],
            "Container 'migrate' was never started because 'seed' was never started because 'wait-for-db' exited with code 3",
            Some("wait-for-db"),
        ),
        (
            vec![
                ran("proxy", 0),
                container("wait-for-db", None, Some(pull)),
                waiting("migrate", Some(143), "wait-for-db", FAILED),
            ],
            "Container 'migrate' was never started because 'wait-for-db' was never started; check the image in the task definition: whether its registry, repository and tag or digest exist, and whether it has been pushed",
            None,
        ),
        (
            vec![
                ran("proxy", 0),
                waiting("migrate", Some(143), "nobody", FAILED),
            ],
            "Container 'migrate' was never started",
            None,
        ),
        (
            vec![
                waiting("seed", Some(143), "migrate", FAILED),
                waiting("migrate", Some(143), "seed", FAILED),
            ],
            "Container 'migrate' was never started because 'seed' was never started because 'migrate' was never started",
            None,
        ),
        // Fargate often gives no reason: what it shows is told, and no more.
        (
            vec![ran("wait-for-db", 1), container("migrate", Some(143), None)],
            "Container 'migrate' was not seen to start, and 'wait-for-db' exited with code 1",
            Some("wait-for-db"),
        ),
        (
            vec![ran("wait-for-db", 1), ran("migrate", 143)],
            "Container 'migrate' exited with code 143 (ended by SIGTERM); container 'wait-for-db' exited with code 1 and may have taken the task down with it",
            Some("migrate"),
        ),
    ] {
        let ending = judged(containers, Some("migrate"));
        assert_eq!(ending.what, expected);
        assert_eq!(ending.container.as_deref(), log, "{expected}");
        assert_eq!((ending.error, ending.may_pass), (ErrorName::Failed, false));
    }
}

#[test]
fn a_made_up_exit_code_is_no_success_whatever_the_properties_call_success() {
    let task = super::stopped(
        EXITED,
        super::ESSENTIAL,
        true,
        vec![
            ran("wait-for-db", 1),
            waiting("migrate", Some(143), "wait-for-db", FAILED),
        ],
    );
    let criteria = Criteria {
        containers: Some(vec!["migrate".to_owned()]),
        containers_are_chosen: true,
        success_exit_codes: vec![0, 143],
    };
    assert!(matches!(judge(&task, &criteria), Verdict::Ended(_)));
}

#[test]
fn a_task_whose_only_exit_codes_are_made_up_was_not_seen_to_run() {
    let task = super::stopped(
        super::NOT_STARTED,
        "Task failed to start",
        false,
        vec![
            container(
                "wait-for-db",
                None,
                Some("CannotPullContainerError: i/o timeout"),
            ),
            waiting("migrate", Some(143), "wait-for-db", FAILED),
        ],
    );
    assert!(!task.was_seen_running());
    let without_a_reason = container("migrate", Some(143), None);
    assert_eq!(without_a_reason.own_exit_code(), Some(143));
}
