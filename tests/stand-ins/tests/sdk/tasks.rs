//! ECS tasks.

use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{DesiredStatus, Task, TaskStopCode};
use stand_ins::StandIns;
use stand_ins::ecs::{Container, OnSigterm, Phase, Placement, Script, Throttle};
use tokio::time::{advance, sleep};

use super::ecs;

const SECOND: Duration = Duration::from_secs(1);

async fn run(client: &aws_sdk_ecs::Client, token: &str) -> Task {
    let answer = client.run_task().cluster("main").task_definition("migrate").started_by("me").client_token(token).send().await.unwrap();
    answer.tasks()[0].clone()
}

async fn describe(client: &aws_sdk_ecs::Client, arn: &str) -> Option<Task> {
    let answer = client.describe_tasks().cluster("main").tasks(arn).send().await.unwrap();
    answer.tasks().first().cloned()
}

fn seconds_script() -> Script {
    Script::exits(0).provisioning(SECOND).pending(SECOND).activating(SECOND).running(10 * SECOND).deprovisioning(SECOND)
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_through_its_states() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().script("migrate", seconds_script());
    let client = ecs(&aws);
    let task = run(&client, "a").await;
    assert_eq!(task.last_status(), Some("PROVISIONING"));
    let arn = task.task_arn().unwrap();

    let mut seen = Vec::new();
    for _ in 0..16 {
        seen.push(describe(&client, arn).await.unwrap().last_status().unwrap().to_owned());
        advance(SECOND).await;
    }
    seen.dedup();
    assert_eq!(seen, ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEPROVISIONING", "STOPPED"]);

    let stopped = describe(&client, arn).await.unwrap();
    assert_eq!(stopped.stop_code(), Some(&TaskStopCode::EssentialContainerExited));
    assert_eq!(stopped.desired_status(), Some("STOPPED"));
    assert_eq!(stopped.started_by(), Some("me"));
    let container = &stopped.containers()[0];
    assert_eq!((container.name(), container.exit_code()), (Some("app"), Some(0)));
    let ran = stopped.execution_stopped_at().unwrap().as_secs_f64() - stopped.started_at().unwrap().as_secs_f64();
    assert!((ran - 10.0).abs() < 0.01, "{ran}");

    advance(3600 * SECOND).await;
    assert_eq!(describe(&client, arn).await, None, "MISSING an hour after it stopped");
}

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
    let pull = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found";
    let eni = "ResourceInitializationError: unable to pull secrets or registry auth";
    let essential = "Essential container in task exited";
    let case = |name, script, stop_code, reason, containers, started| Case { name, script, stop_code, reason, containers, started };
    let cases = [
        case("exit 3", Script::exits(3), "EssentialContainerExited", essential, [(Some(3), None), (Some(3), None)], true),
        case(
            "sidecar first",
            Script::exits(0).running(9 * SECOND).container("proxy", Container::exits(1)),
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
            [(Some(137), Some("OutOfMemoryError: Container killed due to memory usage")), (Some(143), None)],
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
        case("pull", Script::fails_to_start(pull), "TaskFailedToStart", pull, [(None, Some(pull)), (None, None)], false),
        case("eni", Script::fails_to_start(eni).during(Phase::Provisioning), "TaskFailedToStart", eni, [(None, None), (None, None)], false),
        case(
            "half a start",
            Script::fails_to_start(eni).container("proxy", Container::exits(0).started_before_the_failure()),
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
            Script::exits(0).stop_code("SolarFlare").stopped_reason("A flare."),
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
        assert_eq!(task.stop_code().map(TaskStopCode::as_str), Some(case.stop_code), "{}", case.name);
        assert_eq!(task.stopped_reason(), Some(case.reason), "{}", case.name);
        let containers: Vec<_> = task.containers().iter().map(|c| (c.exit_code(), c.reason())).collect();
        assert_eq!(containers, case.containers, "{}", case.name);
        let started = task.containers().iter().any(|container| container.runtime_id().is_some());
        assert_eq!(started, case.started, "{}", case.name);
        assert_eq!(aws.ecs().tasks()[0].started_at.is_some(), case.started, "{}", case.name);
    }
}

#[tokio::test(start_paused = true)]
async fn stop_task_signals_and_kills() {
    for (reaction, expected_code, expected_seconds) in [
        (OnSigterm::Exits { after: 5 * SECOND, code: 0 }, 0, 5),
        (OnSigterm::Exits { after: 40 * SECOND, code: 0 }, 137, 30),
        (OnSigterm::Ignored, 137, 30),
    ] {
        let aws = StandIns::new();
        aws.ecs().register_family("migrate", &["app"]);
        let script = Script::runs_forever().on_sigterm(reaction).deprovisioning(Duration::ZERO);
        aws.ecs().script("migrate", script);
        let client = ecs(&aws);
        let arn = run(&client, "a").await.task_arn().unwrap().to_owned();
        sleep(SECOND).await;
        let stopping = client.stop_task().cluster("main").task(&arn).reason("enough").send().await.unwrap();
        assert_eq!(stopping.task().unwrap().desired_status(), Some("STOPPED"));
        sleep(expected_seconds * SECOND - Duration::from_millis(10)).await;
        assert_eq!(describe(&client, &arn).await.unwrap().last_status(), Some("STOPPING"));
        sleep(Duration::from_millis(20)).await;
        let task = describe(&client, &arn).await.unwrap();
        assert_eq!(task.last_status(), Some("STOPPED"));
        assert_eq!(task.stop_code(), Some(&TaskStopCode::UserInitiated));
        assert_eq!(task.stopped_reason(), Some("enough"));
        assert_eq!(task.containers()[0].exit_code(), Some(expected_code));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_token_is_good_for_one_launch() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    let client = ecs(&aws);
    let first = run(&client, "a").await;
    assert_eq!(run(&client, "a").await.task_arn(), first.task_arn());
    assert_ne!(run(&client, "b").await.task_arn(), first.task_arn());

    let other = client.run_task().cluster("main").task_definition("migrate").client_token("a").send().await;
    let conflict = other.unwrap_err().into_service_error();
    assert!(conflict.is_conflict_exception(), "{conflict:?}");
    let aws_sdk_ecs::operation::run_task::RunTaskError::ConflictException(conflict) = conflict else { unreachable!() };
    assert_eq!(conflict.resource_ids(), [first.task_arn().unwrap()]);

    let elsewhere = client.run_task().cluster("other").task_definition("migrate").client_token("a").send().await.unwrap();
    assert_ne!(elsewhere.tasks()[0].task_arn(), first.task_arn(), "tokens are per cluster");

    sleep(3601 * SECOND).await;
    assert_ne!(run(&client, "a").await.task_arn(), first.task_arn(), "free an hour after the task stopped");
}

#[tokio::test(start_paused = true)]
async fn failures_use_up_no_token_and_partial_placements_do() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().placements("migrate", [Placement::fails("RESOURCE:MEMORY"), Placement::only(1, "AGENT")]);
    let client = ecs(&aws);
    let launch = || {
        let request = client.run_task().cluster("main").task_definition("migrate").count(3);
        request.client_token("a").send()
    };
    let refused = launch().await.unwrap();
    assert_eq!(refused.tasks().len(), 0);
    assert_eq!(refused.failures()[0].reason(), Some("RESOURCE:MEMORY"));
    let partial = launch().await.unwrap();
    assert_eq!((partial.tasks().len(), partial.failures().len()), (1, 2));
    let again = launch().await.unwrap();
    assert_eq!(again.tasks()[0].task_arn(), partial.tasks()[0].task_arn());
    assert_eq!(aws.ecs().tasks().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_that_ecs_refuses() {
    let aws = StandIns::new();
    aws.ecs().cluster("main");
    aws.ecs().register_family("migrate", &["app"]);
    let client = ecs(&aws);
    let request = || client.run_task().cluster("main").task_definition("migrate");
    let long = "x".repeat(8192);
    let overrides = |name: &str, value: &str| {
        let variable = aws_sdk_ecs::types::KeyValuePair::builder().name("A").value(value).build();
        let container = aws_sdk_ecs::types::ContainerOverride::builder().name(name).environment(variable).build();
        aws_sdk_ecs::types::TaskOverride::builder().container_overrides(container).build()
    };
    for (name, request, code) in [
        ("cluster", request().cluster("none"), "ClusterNotFoundException"),
        ("task definition", request().task_definition("none"), "ClientException"),
        ("count", request().count(11), "InvalidParameterException"),
        ("token's length", request().client_token("x".repeat(65)), "InvalidParameterException"),
        ("token's characters", request().client_token("a b"), "InvalidParameterException"),
        ("startedBy's length", request().started_by("x".repeat(129)), "InvalidParameterException"),
        ("startedBy's characters", request().started_by("a b"), "InvalidParameterException"),
        ("overrides' length", request().overrides(overrides("app", &long)), "InvalidParameterException"),
        ("overrides' container", request().overrides(overrides("none", "")), "InvalidParameterException"),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{name}: {error:?}");
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 400, "{name}");
    }
    assert!(aws.ecs().tasks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_task_is_missing_at_first() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().describe_lag(2 * SECOND);
    let client = ecs(&aws);
    let arn = run(&client, "a").await.task_arn().unwrap().to_owned();
    let answer = client.describe_tasks().cluster("main").tasks(&arn).send().await.unwrap();
    assert_eq!(answer.failures()[0].reason(), Some("MISSING"));
    assert_eq!(answer.failures()[0].arn(), Some(&*arn));
    advance(2 * SECOND).await;
    assert!(describe(&client, &arn).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered_and_come_in_pages() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().script("migrate", Script::runs_forever());
    let client = ecs(&aws);
    let mut arns = Vec::new();
    for n in 0..5 {
        arns.push(run(&client, &n.to_string()).await.task_arn().unwrap().to_owned());
    }
    client.stop_task().cluster("main").task(&arns[0]).send().await.unwrap();
    let mut listed = Vec::new();
    let mut pages = client.list_tasks().cluster("main").family("migrate").max_results(2).into_paginator().send();
    while let Some(page) = pages.next().await {
        listed.extend(page.unwrap().task_arns().to_vec());
    }
    assert_eq!(listed, arns[1..]);
    let list = || client.list_tasks().cluster("main");
    for (name, request, expected) in [
        ("startedBy", list().started_by("me"), 4),
        ("another's startedBy", list().started_by("you"), 0),
        ("stopped", list().desired_status(DesiredStatus::Stopped), 1),
        ("another family", list().family("none"), 0),
        ("another cluster", list().cluster("none"), 0),
    ] {
        assert_eq!(request.send().await.unwrap().task_arns().len(), expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn start_task_runs_on_each_instance() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().instance_fails("bad", "AGENT");
    let client = ecs(&aws);
    let request = client.start_task().cluster("main").task_definition("migrate");
    let answer = request.container_instances("good").container_instances("bad").send().await.unwrap();
    assert_eq!(answer.tasks().len(), 1);
    assert!(answer.tasks()[0].container_instance_arn().unwrap().ends_with("/good"));
    assert_eq!(answer.failures()[0].reason(), Some("AGENT"));
}

#[tokio::test(start_paused = true)]
async fn launches_beyond_the_bucket_are_throttled() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().enforce(Throttle::Modify, true);
    let client = ecs(&aws);
    for n in 0..100 {
        run(&client, &n.to_string()).await;
    }
    let request = client.run_task().cluster("main").task_definition("migrate");
    let error = request.send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
    assert_eq!(aws.calls().count("RunTask").throttled, 1);
    advance(SECOND).await;
    for n in 100..140 {
        run(&client, &n.to_string()).await;
    }
}
