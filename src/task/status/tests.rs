use super::*;

#[test]
fn a_stop_code_keeps_its_spelling_whether_it_is_known_or_not() {
    for code in [
        "TaskFailedToStart",
        "EssentialContainerExited",
        "UserInitiated",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
        "SomethingOfTomorrow",
    ] {
        assert_eq!(StopCode::from(code).as_str(), code);
    }
    assert_eq!(
        StopCode::from("SomethingOfTomorrow"),
        StopCode::Unknown("SomethingOfTomorrow".to_owned())
    );
}

#[test]
fn an_unknown_status_is_not_taken_for_stopped() {
    assert_eq!(Phase::from("HIBERNATING"), Phase::Starting);
    assert!(Phase::from("STOPPED") > Phase::from("DEPROVISIONING"));
}

#[test]
fn a_status_has_its_phase() {
    for (status, phase) in [
        ("PROVISIONING", Phase::Starting),
        ("PENDING", Phase::Starting),
        ("ACTIVATING", Phase::Starting),
        ("RUNNING", Phase::Running),
        ("DEACTIVATING", Phase::Stopping),
        ("STOPPING", Phase::Stopping),
        ("DEPROVISIONING", Phase::Stopping),
        ("STOPPED", Phase::Stopped),
        ("DELETED", Phase::Stopped),
    ] {
        assert_eq!(Phase::from(status), phase, "{status}");
    }
}

#[test]
fn each_sign_of_a_start_is_enough() {
    let unseen = TaskStatus {
        arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c".to_owned(),
        task_definition_arn: String::new(),
        last_status: "STOPPED".to_owned(),
        phase: Phase::Stopped,
        stop_code: None,
        stopped_reason: None,
        pull_began: true,
        host: Host::Fargate,
        started_at: None,
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        containers: vec![ContainerStatus::default()],
    };
    assert!(!unseen.was_seen_running());
    let of_container = |container| TaskStatus {
        containers: vec![container],
        ..unseen.clone()
    };
    for seen in [
        TaskStatus {
            started_at: Some(Timestamp::UNIX_EPOCH),
            ..unseen.clone()
        },
        TaskStatus {
            phase: Phase::Running,
            ..unseen.clone()
        },
        of_container(ContainerStatus {
            running: true,
            ..ContainerStatus::default()
        }),
        of_container(ContainerStatus {
            exit_code: Some(0),
            ..ContainerStatus::default()
        }),
    ] {
        assert!(seen.was_seen_running(), "{seen:?}");
    }
    assert_eq!(unseen.id(), "0f1e2d3c");
}
