use super::*;
use crate::task::ecs_says::in_words_of_ecs;
use crate::task::status::Phase;

fn not_started(host: Host, of_task: &str, of_container: Option<&str>) -> TaskStatus {
    TaskStatus {
        arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c".to_owned(),
        task_definition_arn: String::new(),
        last_status: "STOPPED".to_owned(),
        phase: Phase::Stopped,
        stop_code: Some(StopCode::TaskFailedToStart),
        stopped_reason: Some(of_task.to_owned()),
        pull_began: false,
        host,
        started_at: None,
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        containers: vec![ContainerStatus {
            name: "migrate".to_owned(),
            reason: of_container.map(str::to_owned),
            ..ContainerStatus::default()
        }],
    }
}

fn instance() -> Host {
    Host::Instance("arn:aws:ecs:eu-west-1:123456789012:container-instance/main/9f8e7d6c".to_owned())
}

#[test]
fn what_is_more_often_a_mistake_than_it_passes_says_what_to_check() {
    for (reason, says) in [
        (
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to do request: Head \"https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/web/manifests/1\": dial tcp 10.0.0.7:443: i/o timeout",
            "ecr.dkr",
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): RequestCanceled: request context canceled caused by: context deadline exceeded",
            "secretsmanager",
        ),
        (
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: Connection timed out'",
            "2049",
        ),
        (
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: RequestCanceled: request context canceled caused by: context deadline exceeded : failed to initialize logging driver",
            "CloudWatch Logs",
        ),
        (
            "Timeout waiting for network interface provisioning to complete.",
            "subnets",
        ),
        (
            "Network interface provisioning failed",
            "service-linked role",
        ),
        (
            "CannotPullContainerError: write /var/lib/x: no space left on device",
            "EphemeralStorage",
        ),
        ("DockerTimeoutError of tomorrow: timed out", "route"),
    ] {
        let task = not_started(Host::Fargate, reason, None);
        let check = what_to_check(&task);
        assert!(
            check.is_some_and(|check| check.contains(says)),
            "{reason}: {check:?}"
        );
    }
}

#[test]
fn what_waiting_helps_against_is_waited_for() {
    for (host, reason) in [
        (
            Host::Fargate,
            "Capacity is unavailable at this time. Please try again later",
        ),
        (
            Host::Fargate,
            "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit; request canceled",
        ),
        (
            Host::Fargate,
            "ResourceInitializationError: unable to pull secrets: ThrottlingException: Rate exceeded after timeout",
        ),
        (
            Host::Fargate,
            "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
        ),
        (
            instance(),
            "CannotPullContainerError: no space left on device",
        ),
        (
            instance(),
            "Host EC2 (instance i-0123456789abcdef0) terminated.",
        ),
        (
            Host::Fargate,
            "CannotPullContainerError: 503 Service Unavailable",
        ),
    ] {
        let task = not_started(host, reason, None);
        assert_eq!(what_to_check(&task), None, "{reason}");
    }
}

#[test]
fn a_containers_own_reason_is_told_where_the_tasks_says_nothing() {
    let volume = "CannotCreateVolumeError: Post VolumeDriver.Create: context deadline exceeded";
    for (of_task, of_container, expected) in [
        (
            "Task failed to start",
            Some(volume),
            format!("container 'migrate': {volume}"),
        ),
        (
            "Task failed to start",
            None,
            "Task failed to start".to_owned(),
        ),
        (
            "CannotPullContainerError: i/o timeout",
            Some("CannotPullContainerError: i/o timeout"),
            "container 'migrate': CannotPullContainerError: i/o timeout".to_owned(),
        ),
        (
            "Timeout waiting for network interface provisioning to complete.",
            None,
            "Timeout waiting for network interface provisioning to complete.".to_owned(),
        ),
        (
            "One",
            Some("Two"),
            "One; container 'migrate': Two".to_owned(),
        ),
    ] {
        let task = not_started(instance(), of_task, of_container);
        assert_eq!(in_words_of_ecs(&task), Some(expected));
        assert_eq!(
            what_to_check(&task).is_some(),
            of_container
                .is_some_and(|reason| reason.contains("timeout") || reason.contains("deadline"))
                || of_task.contains("interface"),
        );
    }
}
