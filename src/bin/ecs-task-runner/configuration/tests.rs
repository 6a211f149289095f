use super::*;

fn arguments() -> WorkerArguments {
    WorkerArguments {
        activity_arn: Some("arn:aws:states:eu-west-1:123456789012:activity:ecs-task".to_owned()),
        max_tasks: "1000".to_owned(),
        pollers: "100".to_owned(),
        poll_rate: "250".to_owned(),
        describe_tasks_rate: "10".to_owned(),
        run_task_rate: "20".to_owned(),
        stop_task_rate: "10".to_owned(),
        list_tasks_rate: "2".to_owned(),
        log_events_rate: "5".to_owned(),
        worker_name: Some("worker-1".to_owned()),
        log_format: "json".to_owned(),
        health_addr: None,
    }
}

#[test]
fn a_valid_configuration_is_accepted() {
    let configuration = arguments().validate().unwrap();
    assert_eq!(configuration.region, "eu-west-1");
    assert_eq!(configuration.max_tasks.get(), 1_000);
    assert_eq!(configuration.log_format, LogFormat::Json);
}

#[test]
fn every_problem_is_reported_at_once() {
    let wrong = WorkerArguments {
        activity_arn: Some("arn:aws:states:eu-west-1:123456789012:stateMachine:x".to_owned()),
        max_tasks: "0".to_owned(),
        pollers: "many".to_owned(),
        poll_rate: "0.5".to_owned(),
        describe_tasks_rate: "0".to_owned(),
        run_task_rate: "fast".to_owned(),
        stop_task_rate: "-1".to_owned(),
        list_tasks_rate: String::new(),
        log_events_rate: "4000".to_owned(),
        worker_name: Some("n".repeat(81)),
        log_format: "xml".to_owned(),
        health_addr: Some("8080".to_owned()),
    };
    let said = wrong.validate().unwrap_err().to_string();
    for flag in [
        "--activity-arn",
        "--max-tasks",
        "--pollers",
        "--poll-rate",
        "--describe-tasks-rate",
        "--run-task-rate",
        "--stop-task-rate",
        "--list-tasks-rate",
        "--log-events-rate",
        "--worker-name",
        "--log-format",
        "--health-addr",
    ] {
        assert!(said.contains(flag), "{flag} is not in: {said}");
    }
}

/// The region becomes part of the name of the host to which signed requests are sent.
#[test]
fn an_activity_whose_region_is_none_is_refused() {
    for region in ["", "evil.example", "evil.example/x"] {
        let arn = format!("arn:aws:states:{region}:123456789012:activity:ecs-task");
        let wrong = WorkerArguments {
            activity_arn: Some(arn.clone()),
            ..arguments()
        };
        let said = wrong.validate().unwrap_err().to_string();
        assert!(
            said.contains("--activity-arn must be") && said.contains(&arn),
            "{said}"
        );
    }
}

#[test]
fn a_missing_activity_is_said_to_be_missing() {
    let said = WorkerArguments {
        activity_arn: None,
        ..arguments()
    }
    .validate()
    .unwrap_err()
    .to_string();
    assert!(said.contains("is missing"), "{said}");
}
