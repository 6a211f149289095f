//! The judgement as a table: tasks as `DescribeTasks` shows them, each with its verdict.

mod dependencies;
mod early;

use super::*;
use crate::task::status::{ContainerStatus, Host, Phase, StopCode};

/// A stopped task, and the verdict on it.
struct Row {
    name: &'static str,
    task: TaskStatus,
    expected: Expected,
}

enum Expected {
    Success(i32),
    Failure {
        error: ErrorName,
        says: &'static [&'static str],
        may_pass: bool,
    },
}

fn container(name: &str, exit_code: Option<i32>, reason: Option<&str>) -> ContainerStatus {
    ContainerStatus {
        name: name.to_owned(),
        exit_code,
        reason: reason.map(str::to_owned),
        running: false,
        stopped: true,
        created: false,
        runtime_id: None,
    }
}

fn stopped(
    stop_code: Option<&str>,
    reason: &str,
    started: bool,
    containers: Vec<ContainerStatus>,
) -> TaskStatus {
    TaskStatus {
        arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c".to_owned(),
        task_definition_arn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:3"
            .to_owned(),
        last_status: "STOPPED".to_owned(),
        phase: Phase::Stopped,
        stop_code: stop_code.map(StopCode::from),
        stopped_reason: Some(reason.to_owned()),
        pull_began: false,
        host: on_an_instance(),
        started_at: started.then(|| "2026-11-23T07:00:00Z".parse().unwrap()),
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: Some("2026-11-23T07:00:09Z".parse().unwrap()),
        containers,
    }
}

fn on_an_instance() -> Host {
    Host::Instance(
        "arn:aws:ecs:eu-west-1:123456789012:container-instance/todobackend/9f8e7d6c".to_owned(),
    )
}

const EXITED: Option<&str> = Some("EssentialContainerExited");
const NOT_STARTED: Option<&str> = Some("TaskFailedToStart");
const ESSENTIAL: &str = "Essential container in task exited";

fn not_started(
    name: &'static str,
    reason: &str,
    container_reason: Option<&str>,
    may_pass: bool,
) -> Row {
    Row {
        name,
        task: stopped(
            NOT_STARTED,
            reason,
            false,
            vec![container("migrate", None, container_reason)],
        ),
        expected: Expected::Failure {
            error: ErrorName::NotStarted,
            says: &["No container of the task started"],
            may_pass,
        },
    }
}

/// The agent on the host gave up waiting for the container, which may have run.
fn lost_sight(name: &'static str, reason: &str, container_reason: Option<&str>) -> Row {
    let task = stopped(
        NOT_STARTED,
        reason,
        false,
        vec![
            container("proxy", None, None),
            container("migrate", None, container_reason),
        ],
    );
    let says: &[&str] = if container_reason.is_some() {
        &["'migrate' may or may not have run", "run it again"]
    } else {
        &["may or may not have run"]
    };
    failed(name, task, says)
}

/// A task that ECS did not see running, and whose host is gone.
fn lost_host(name: &'static str, stop_code: Option<&str>, host: Host, may_have_run: bool) -> Row {
    let reason = if stop_code.is_some() {
        "Your Spot Task was interrupted."
    } else {
        "Host EC2 (instance i-0abc) terminated."
    };
    let task = TaskStatus {
        host,
        ..stopped(
            stop_code,
            reason,
            false,
            vec![container("migrate", None, None)],
        )
    };
    let expected = if may_have_run {
        Expected::Failure {
            error: ErrorName::Interrupted,
            says: &["nobody can say whether a container of it had started"],
            may_pass: false,
        }
    } else {
        Expected::Failure {
            error: ErrorName::NotStarted,
            says: &["No container of the task started"],
            may_pass: true,
        }
    };
    Row {
        name,
        task,
        expected,
    }
}

fn failed(name: &'static str, task: TaskStatus, says: &'static [&'static str]) -> Row {
    Row {
        name,
        task,
        expected: Expected::Failure {
            error: ErrorName::Failed,
            says,
            may_pass: false,
        },
    }
}

fn interrupted(
    name: &'static str,
    stop_code: &str,
    exit_code: Option<i32>,
    says: &'static [&'static str],
) -> Row {
    Row {
        name,
        task: stopped(
            Some(stop_code),
            "stopped",
            true,
            vec![container("migrate", exit_code, None)],
        ),
        expected: Expected::Failure {
            error: ErrorName::Interrupted,
            says,
            may_pass: false,
        },
    }
}

#[allow(clippy::too_many_lines, reason = "a table is read from top to bottom")]
fn table() -> Vec<Row> {
    vec![
        Row {
            name: "exit 0",
            task: stopped(
                EXITED,
                ESSENTIAL,
                true,
                vec![container("migrate", Some(0), None)],
            ),
            expected: Expected::Success(0),
        },
        Row {
            name: "exit 0 without a stop code",
            task: stopped(
                None,
                ESSENTIAL,
                true,
                vec![container("migrate", Some(0), None)],
            ),
            expected: Expected::Success(0),
        },
        Row {
            name: "exit 0 beside a sidecar that AWS added and that was killed",
            task: stopped(
                EXITED,
                ESSENTIAL,
                true,
                vec![
                    container("migrate", Some(0), None),
                    container("aws-guardduty-agent-x1y2", Some(137), None),
                ],
            ),
            expected: Expected::Success(0),
        },
        failed(
            "exit 0 on SIGTERM because another container could not be started",
            stopped(
                NOT_STARTED,
                "Task failed to start",
                true,
                vec![
                    container("migrate", Some(0), None),
                    container(
                        "aws-guardduty-agent-1",
                        None,
                        Some("CannotStartContainerError: x"),
                    ),
                ],
            ),
            &["could not be started"],
        ),
        failed(
            "exit 0 of a task that was stopped without a stop code",
            stopped(
                None,
                "Host EC2 (instance i-0abc) terminated.",
                true,
                vec![container("migrate", Some(0), None)],
            ),
            &["without a stop code"],
        ),
        failed(
            "non-zero exit",
            stopped(
                EXITED,
                ESSENTIAL,
                true,
                vec![container("migrate", Some(1), None)],
            ),
            &["Container 'migrate' exited with code 1"],
        ),
        failed(
            "137 with an OOM reason on the container",
            stopped(
                EXITED,
                ESSENTIAL,
                true,
                vec![container(
                    "migrate",
                    Some(137),
                    Some("OutOfMemoryError: Container killed due to memory usage"),
                )],
            ),
            &["'migrate'", "137", "ran out of memory"],
        ),
        failed(
            "exit 0 with an OOM reason",
            stopped(
                EXITED,
                ESSENTIAL,
                true,
                vec![container(
                    "migrate",
                    Some(0),
                    Some("OutOfMemoryError: container killed due to memory usage"),
                )],
            ),
            &["'migrate'", "ran out of memory"],
        ),
        failed(
            "exit code missing",
            stopped(
                EXITED,
                ESSENTIAL,
                true,
                vec![container("migrate", None, None)],
            ),
            &["'migrate'", "has no exit code"],
        ),
        failed(
            "no containers after a start",
            stopped(EXITED, ESSENTIAL, true, vec![]),
            &["no container"],
        ),
        failed(
            "one of two containers failed to start while the other ran",
            stopped(
                NOT_STARTED,
                "Task failed to start",
                false,
                vec![
                    container(
                        "migrate",
                        None,
                        Some("CannotPullContainerError: i/o timeout"),
                    ),
                    container("proxy", Some(0), None),
                ],
            ),
            &["'migrate'", "has no exit code"],
        ),
        failed(
            "an essential sidecar exits first and the task goes down",
            stopped(
                EXITED,
                ESSENTIAL,
                true,
                vec![
                    container("migrate", Some(137), None),
                    container("proxy", Some(2), None),
                ],
            ),
            &["'proxy' exited with code 2"],
        ),
        not_started(
            "no containers and nothing started",
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): i/o timeout",
            None,
            true,
        ),
        not_started(
            "image not found",
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/x:1: not found",
            None,
            false,
        ),
        not_started(
            "image access denied",
            "CannotPullContainerError: pull access denied for x, repository does not exist",
            None,
            false,
        ),
        not_started(
            "pull rate limit",
            "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit",
            None,
            true,
        ),
        not_started(
            "ENI",
            "ResourceInitializationError: failed to configure ENI: timed out waiting for network interface provisioning",
            None,
            true,
        ),
        not_started(
            "secret denied",
            "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User is not authorized",
            None,
            false,
        ),
        not_started(
            "secrets out of reach",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: context deadline exceeded",
            None,
            true,
        ),
        not_started(
            "log group missing",
            "ResourceInitializationError: failed to validate logger args: create stream: ResourceNotFoundException: The specified log group does not exist.",
            None,
            false,
        ),
        not_started(
            "bad command",
            "Task failed to start",
            Some(
                "CannotStartContainerError: Error response from daemon: exec: \"pyhton3\": executable file not found in $PATH",
            ),
            false,
        ),
        not_started("a reason nobody has seen yet", "Something new", None, false),
        Row {
            name: "stopped by somebody before a container started",
            task: stopped(
                Some("UserInitiated"),
                "Task stopped by user",
                false,
                vec![container("migrate", None, None)],
            ),
            expected: Expected::Failure {
                error: ErrorName::NotStarted,
                says: &["stopped by somebody"],
                may_pass: false,
            },
        },
        not_started(
            "the container was not made in time",
            "Task failed to start",
            Some(
                "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
            ),
            true,
        ),
        not_started(
            "the image was not pulled in time",
            "Task failed to start",
            Some(
                "DockerTimeoutError: Could not transition to pulled; timed out after waiting 2h0m0s",
            ),
            true,
        ),
        not_started(
            "a log driver that cannot reach its service",
            "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: dial tcp: i/o timeout",
            None,
            false,
        ),
        lost_sight(
            "the start got no answer in time",
            "Task failed to start",
            Some(
                "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
            ),
        ),
        lost_sight(
            "the start got no answer in time, told of the task",
            "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
            None,
        ),
        lost_sight(
            "the look at the container after its start got no answer",
            "Task failed to start",
            Some(
                "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
            ),
        ),
        lost_sight(
            "the look at the container failed",
            "Task failed to start",
            Some("CannotInspectContainerError: server misbehaving"),
        ),
        lost_sight(
            "Fargate's runtime did not start it in time",
            "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: deadline exceeded",
            None,
        ),
        lost_sight(
            "the runtime went away during the start",
            "Task failed to start",
            Some(
                "CannotStartContainerError: Post http://%2Fvar%2Frun%2Fdocker.sock/containers/x/start: EOF",
            ),
        ),
        lost_sight(
            "the container that was assumed to run could not be stopped",
            "Task failed to start",
            Some(
                "CannotStopContainerError: Could not transition to stopped; timed out after waiting 1m0s",
            ),
        ),
        lost_sight(
            "beside a failure that may pass",
            "CannotPullContainerError: i/o timeout",
            Some(
                "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
            ),
        ),
        lost_host(
            "Spot taken back from Fargate before a container started",
            Some("SpotInterruption"),
            Host::Fargate,
            false,
        ),
        lost_host(
            "Spot taken back while the task waited for a host",
            Some("SpotInterruption"),
            Host::None,
            false,
        ),
        lost_host(
            "Spot taken back from an instance that had said nothing yet",
            Some("SpotInterruption"),
            on_an_instance(),
            true,
        ),
        lost_host(
            "Spot taken back from where nobody knows",
            Some("SpotInterruption"),
            Host::Unknown,
            true,
        ),
        lost_host(
            "Fargate hardware that failed",
            Some("InfrastructureHealth"),
            Host::Fargate,
            true,
        ),
        lost_host(
            "an instance that failed",
            Some("InfrastructureHealth"),
            on_an_instance(),
            true,
        ),
        lost_host(
            "an instance that ends",
            Some("TerminationNotice"),
            on_an_instance(),
            true,
        ),
        lost_host(
            "an instance that ended, told without a code",
            None,
            on_an_instance(),
            true,
        ),
        lost_host(
            "a host that ended before the task had it",
            None,
            Host::None,
            false,
        ),
        Row {
            name: "Spot taken back from Fargate while it pulled images, and perhaps ran a container",
            task: TaskStatus {
                pull_began: true,
                host: Host::Fargate,
                ..stopped(
                    Some("SpotInterruption"),
                    "Your Spot Task was interrupted.",
                    false,
                    vec![container("migrate", None, None)],
                )
            },
            expected: Expected::Failure {
                error: ErrorName::Interrupted,
                says: &["nobody can say"],
                may_pass: false,
            },
        },
        interrupted(
            "Spot interruption after a start",
            "SpotInterruption",
            None,
            &["Spot capacity"],
        ),
        interrupted(
            "Spot interruption with a clean exit on SIGTERM",
            "SpotInterruption",
            Some(0),
            &["Spot capacity", "half done"],
        ),
        interrupted(
            "host terminated",
            "TerminationNotice",
            Some(143),
            &["host is being terminated"],
        ),
        interrupted(
            "host unhealthy",
            "InfrastructureHealth",
            None,
            &["unhealthy"],
        ),
        interrupted("StopTask", "UserInitiated", Some(137), &["StopTask"]),
        interrupted(
            "a stop code of tomorrow, even with exit 0",
            "MeteorStrike",
            Some(0),
            &["MeteorStrike"],
        ),
    ]
}

#[test]
fn a_stopped_task_is_judged_by_the_table() {
    let criteria = Criteria {
        containers: None,
        containers_are_chosen: false,
        success_exit_codes: vec![0],
    };
    for row in table() {
        match (judge(&row.task, &criteria), row.expected) {
            (Verdict::Succeeded { exit_code, .. }, Expected::Success(expected)) => {
                assert_eq!(exit_code, expected, "{}", row.name);
            }
            (
                Verdict::Ended(ending),
                Expected::Failure {
                    error,
                    says,
                    may_pass,
                },
            ) => {
                assert_eq!(
                    (ending.error, ending.may_pass),
                    (error, may_pass),
                    "{}: {}",
                    row.name,
                    ending.what
                );
                for part in says {
                    assert!(
                        ending.what.contains(part),
                        "{}: {:?} is not in {:?}",
                        row.name,
                        part,
                        ending.what
                    );
                }
            }
            (verdict, _) => panic!("{}: {verdict:?}", row.name),
        }
    }
}

#[test]
fn only_containers_that_count_decide() {
    let task = stopped(
        EXITED,
        ESSENTIAL,
        true,
        vec![
            container("proxy", Some(143), None),
            container("migrate", Some(0), None),
        ],
    );
    let counting = |name: &str| Criteria {
        containers: Some(vec![name.to_owned()]),
        containers_are_chosen: false,
        success_exit_codes: vec![0],
    };
    assert_eq!(
        judge(&task, &counting("migrate")),
        Verdict::Succeeded {
            container: "migrate".to_owned(),
            exit_code: 0
        }
    );
    let Verdict::Ended(ending) = judge(&task, &counting("proxy")) else {
        panic!("the proxy was ended by a signal")
    };
    assert_eq!(
        (ending.error, ending.container.as_deref()),
        (ErrorName::Failed, Some("proxy"))
    );
    let Verdict::Ended(ending) = judge(&task, &counting("nobody")) else {
        panic!("a container that is not there cannot have succeeded")
    };
    assert!(
        ending.what.contains("'nobody'") && ending.what.contains("'proxy', 'migrate'"),
        "{}",
        ending.what
    );
}

#[test]
fn an_exit_code_that_the_properties_call_success_is_success() {
    let task = stopped(
        EXITED,
        ESSENTIAL,
        true,
        vec![container("migrate", Some(3), None)],
    );
    let criteria = Criteria {
        containers: None,
        containers_are_chosen: false,
        success_exit_codes: vec![0, 3],
    };
    assert_eq!(
        judge(&task, &criteria),
        Verdict::Succeeded {
            container: "migrate".to_owned(),
            exit_code: 3
        }
    );
}

#[test]
fn the_container_that_ended_by_itself_is_named_rather_than_those_killed_after_it() {
    let task = stopped(
        EXITED,
        ESSENTIAL,
        true,
        vec![
            container("proxy", Some(137), None),
            container("migrate", Some(1), None),
        ],
    );
    let Verdict::Ended(ending) = judge(
        &task,
        &Criteria {
            containers: None,
            containers_are_chosen: false,
            success_exit_codes: vec![0],
        },
    ) else {
        panic!("exit codes 137 and 1 are no success")
    };
    assert_eq!(ending.container.as_deref(), Some("migrate"));
}

fn judged(containers: Vec<ContainerStatus>, counting: Option<&str>) -> Ending {
    ended(&stopped(EXITED, ESSENTIAL, true, containers), counting)
}

fn ended(task: &TaskStatus, counting: Option<&str>) -> Ending {
    let criteria = Criteria {
        containers: counting.map(|name| vec![name.to_owned()]),
        containers_are_chosen: false,
        success_exit_codes: vec![0],
    };
    match judge(task, &criteria) {
        Verdict::Ended(ending) => ending,
        success @ Verdict::Succeeded { .. } => panic!("{success:?}"),
    }
}

#[test]
fn a_container_that_ran_out_of_memory_explains_more_than_one_that_a_signal_ended() {
    let out_of_memory = Some("OutOfMemoryError: Container killed due to memory usage");
    let ending = judged(
        vec![
            container("proxy", Some(143), None),
            container("migrate", Some(137), out_of_memory),
        ],
        None,
    );
    assert_eq!(ending.container.as_deref(), Some("migrate"));
}

#[test]
fn a_container_that_does_not_count_is_named_when_it_may_have_taken_the_task_down() {
    let suspicion =
        "; container 'proxy' exited with code 2 and may have taken the task down with it";
    let out_of_memory = Some("OutOfMemoryError: Container killed due to memory usage");
    for (migrate, proxy, is_suspected) in [
        (container("migrate", Some(137), None), Some(2), true),
        (container("migrate", None, None), Some(2), true),
        (container("migrate", Some(1), None), Some(2), false),
        (
            container("migrate", Some(137), out_of_memory),
            Some(2),
            false,
        ),
        (container("migrate", Some(137), None), Some(143), false),
        (container("migrate", Some(137), None), None, false),
    ] {
        let described = exit_code::describe(&migrate);
        let suspicion = if is_suspected { suspicion } else { "" };
        let ending = judged(
            vec![migrate, container("proxy", proxy, None)],
            Some("migrate"),
        );
        assert_eq!(
            ending.what,
            format!("Container 'migrate' {described}{suspicion}")
        );
    }
}

#[test]
fn a_launch_is_repeated_only_when_nothing_of_it_can_have_run() {
    let timeout = "CannotPullContainerError: i/o timeout";
    let containers = |reason| vec![container("migrate", None, reason)];
    let waiting = stopped(NOT_STARTED, timeout, false, containers(None));
    assert!(may_pass(&waiting));
    let ran = stopped(NOT_STARTED, timeout, true, containers(None));
    assert!(!may_pass(&ran));
    let may_have_run = stopped(
        NOT_STARTED,
        timeout,
        false,
        containers(Some(
            "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
        )),
    );
    assert!(!may_pass(&may_have_run));
}

#[test]
fn a_host_is_lost_only_when_ecs_says_that_it_was_terminated() {
    let task = stopped(
        None,
        "Host EC2 (instance i-0abc) does not answer",
        false,
        vec![container("migrate", None, None)],
    );
    let ending = ended(&task, None);
    assert_eq!(
        (ending.error, ending.may_pass),
        (ErrorName::NotStarted, false)
    );
}
