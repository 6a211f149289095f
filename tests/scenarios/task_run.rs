//! Runs of ECS tasks by a worker: what ECS does, and what the execution is told.

use std::collections::BTreeSet;
use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use serde_json::json;
use stand_ins::ecs::{Container, OnSigterm, Placement, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{EventKind, Outcome};
use stand_ins::{AwsError, Service};
use tokio::time::sleep;

use crate::world::{FAMILY, HEARTBEAT, NAME, TOKEN, World, failure, success, with};

const MINUTE: Duration = Duration::from_secs(60);

/// Client tokens of the launches, in order, without repeats.
fn tokens(world: &World) -> Vec<String> {
    let mut tokens: Vec<String> =
        world.aws.calls().of("RunTask").iter().map(|call| call.body["clientToken"].as_str().unwrap().to_owned()).collect();
    tokens.dedup();
    tokens
}

#[tokio::test(start_paused = true)]
async fn a_task_that_exits_with_0_succeeds_with_every_output() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(Duration::from_secs(42)));
    let output = success(world.run(&world.task()).await);
    let task = &world.aws.ecs().tasks()[0];
    assert_eq!(output["TaskArn"], task.arn);
    assert_eq!(output["TaskArns"], task.arn);
    assert_eq!(output["ExitCode"], "0");
    assert_eq!(output["DurationSeconds"], "42");
    assert_eq!(output["LogGroup"], "/todobackend");
    assert_eq!(output["LogStream"], format!("migrate/migrate/{}", task.arn.rsplit('/').next().unwrap()));
    assert!(output["ConsoleUrl"].as_str().unwrap().contains("/clusters/todobackend/tasks/"));
    assert_eq!(output["Skipped"], "");
    assert_eq!((task.started_by.as_deref(), task.client_token.as_deref()), (Some(NAME), Some(TOKEN)));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_half_an_hour_is_waited_for_with_heartbeats() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(30 * MINUTE));
    let scheduled = world.schedule(&world.task());
    success(scheduled.outcome().await);
    assert!(scheduled.heartbeats().len() > 80);
    assert_eq!(world.launched(), 1);
}

/// Every way in which ECS says that a task did not do its work, and what people are told.
#[tokio::test(start_paused = true)]
async fn what_ecs_decides_is_told_under_the_documented_names() {
    let second = Duration::from_secs(1);
    let oom = Container::out_of_memory().after(second);
    for (name, script, error, says) in [
        ("a non-zero exit", Script::exits(3), "EcsTask.Failed", "Container 'migrate' exited with code 3"),
        ("out of memory", Script::exits(0).container("migrate", oom), "EcsTask.Failed", "ran out of memory"),
        (
            "exit 0 with an OOM reason",
            Script::exits(0).container("migrate", Container::exits(0).reason("OutOfMemoryError: Container killed due to memory usage")),
            "EcsTask.Failed",
            "ran out of memory",
        ),
        (
            "no exit code",
            Script::exits(0).container("migrate", Container::exits(0).without_exit_code()),
            "EcsTask.Failed",
            "has no exit code",
        ),
        ("no containers", Script::exits(0).without_containers(), "EcsTask.Failed", "no container"),
        (
            "image not found",
            Script::fails_to_start("CannotPullContainerError: manifest unknown: not found"),
            "EcsTask.NotStarted",
            "manifest unknown",
        ),
        (
            "secret not readable",
            Script::fails_to_start("ResourceInitializationError: unable to pull secrets: AccessDeniedException"),
            "EcsTask.NotStarted",
            "AccessDeniedException",
        ),
        (
            "bad command",
            Script::fails_to_start("CannotStartContainerError: exec: \"pyhton3\": executable file not found in $PATH"),
            "EcsTask.NotStarted",
            "executable file not found",
        ),
        ("Spot interruption of a running task", Script::spot_interruption(10 * second), "EcsTask.Interrupted", "Spot"),
        ("host terminated under a running task", Script::host_terminated(10 * second), "EcsTask.Interrupted", "terminated"),
        (
            "a stop code of tomorrow",
            Script::interrupted(10 * second, "MeteorStrike", "A meteor struck.")
                .on_sigterm(OnSigterm::Exits { after: Duration::ZERO, code: 0 }),
            "EcsTask.Interrupted",
            "MeteorStrike",
        ),
        ("a task that ECS forgets while it runs", Script::runs_forever().vanishes(10 * second), "EcsTask.Failed", "no longer knows"),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.aws.ecs().script(FAMILY, script);
        let (told, cause) = failure(world.run(&world.task()).await);
        assert_eq!(told, error, "{name}: {cause}");
        assert!(cause.contains(says), "{name}: {says:?} is not in {cause:?}");
        let arn = &world.aws.ecs().tasks()[0].arn;
        assert!(cause.contains(arn.rsplit('/').next().unwrap()), "{name}: the task is not named in {cause:?}");
        assert_eq!(world.launched(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_somebody_stops_was_interrupted() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().script(FAMILY, Script::runs_forever());
    let scheduled = world.schedule(&world.task());
    sleep(MINUTE).await;
    let arn = world.aws.ecs().tasks()[0].arn.clone();
    let config = aws_sdk_ecs::Config::from(&stand_in_config(&world));
    aws_sdk_ecs::Client::from_conf(config).stop_task().cluster("todobackend").task(&arn).reason("by hand").send().await.unwrap();
    let (error, cause) = failure(scheduled.outcome().await);
    assert_eq!(error, "EcsTask.Interrupted");
    assert!(cause.contains("StopTask") && cause.contains("by hand"), "{cause}");
}

fn stand_in_config(world: &World) -> aws_config::SdkConfig {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(stand_ins::REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("SOMEBODY", "secret", None, None, "tests")))
        .http_client(world.aws.http_client())
        .build()
}

#[tokio::test(start_paused = true)]
async fn the_delay_before_ecs_knows_a_new_task_is_no_failure() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().describe_lag(Duration::from_secs(20));
    success(world.run(&world.task()).await);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ecs_never_knows_is_a_failure() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().describe_lag(60 * MINUTE);
    let (error, cause) = failure(world.run(&world.task()).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(cause.contains("has not known the task"), "{cause}");
}

/// Launches that find no room keep their token until there is some.
#[tokio::test(start_paused = true)]
async fn a_lack_of_capacity_is_waited_out_under_one_token() {
    let fargate = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    for reason in ["RESOURCE:MEMORY", "RESOURCE:CPU", "AGENT", fargate] {
        let world = World::new();
        let _worker = world.worker();
        world.aws.ecs().placements(FAMILY, [Placement::fails(reason), Placement::fails(reason), Placement::fails(reason), Placement::All]);
        success(world.run(&world.task()).await);
        assert_eq!(world.aws.calls().count("RunTask").arrived, 4, "{reason}");
        assert_eq!(tokens(&world), [TOKEN], "{reason}");
        assert_eq!(world.launched(), 1, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_placement_that_can_never_succeed_is_told_at_once() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().placement(FAMILY, Placement::fails("ATTRIBUTE"));
    let (error, cause) = failure(world.run(&world.task()).await);
    assert_eq!(error, "EcsTask.NotStarted");
    assert!(cause.contains("ATTRIBUTE") && cause.contains("placement constraint"), "{cause}");
    assert_eq!(world.aws.calls().count("RunTask").arrived, 1);
}

#[tokio::test(start_paused = true)]
async fn capacity_that_never_comes_ends_at_the_deadline_with_the_obstacle_named() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().placement(FAMILY, Placement::fails("RESOURCE:MEMORY"));
    let deadline = (world.clock.now() + jiff::SignedDuration::from_mins(10)).to_string();
    let (error, cause) = failure(world.run(&with(world.task(), &json!({"deadline": deadline}))).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    assert!(cause.contains("RESOURCE:MEMORY"), "{cause}");
    assert_eq!(world.launched(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_retries_a_lack_of_capacity_is_told_at_once() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().placement(FAMILY, Placement::fails("RESOURCE:MEMORY"));
    let (error, _) = failure(world.run(&with(world.task(), &json!({"retryStartFailures": false}))).await);
    assert_eq!(error, "EcsTask.NotStarted");
    assert_eq!(world.aws.calls().count("RunTask").arrived, 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_failure_that_may_pass_is_launched_again_under_the_next_token() {
    let world = World::new();
    let _worker = world.worker();
    let pull = || Script::fails_to_start("CannotPullContainerError: net/http: request canceled (Client.Timeout exceeded)");
    world.aws.ecs().scripts(FAMILY, [pull(), pull(), Script::exits(0)]);
    success(world.run(&world.task()).await);
    assert_eq!(tokens(&world), [TOKEN.to_owned(), format!("{TOKEN}-1"), format!("{TOKEN}-2")]);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_never_launched_again_once_any_container_of_it_may_have_started() {
    for script in [
        Script::spot_interruption(Duration::from_secs(30)),
        Script::fails_to_start("CannotPullContainerError: i/o timeout")
            .container("sidecar", Container::exits(0).started_before_the_failure()),
    ] {
        let world = World::new();
        world.aws.ecs().register_family("two", &["migrate", "sidecar"]);
        let _worker = world.worker();
        world.aws.ecs().script("two", script);
        failure(world.run(&with(world.task(), &json!({"taskDefinition": "two"}))).await);
        assert_eq!(world.launched(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_partial_placement_goes_under_the_next_token() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(MINUTE));
    world.aws.ecs().placements(FAMILY, [Placement::only(2, "RESOURCE:CPU"), Placement::fails("RESOURCE:CPU"), Placement::All]);
    let output = success(world.run(&with(world.task(), &json!({"count": 3}))).await);
    assert_eq!(world.launched(), 3);
    assert_eq!(tokens(&world), [TOKEN.to_owned(), format!("{TOKEN}-1")]);
    assert_eq!(output["TaskArns"].as_str().unwrap().split(',').collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_task_of_several_that_fails_makes_the_run_fail() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().scripts(FAMILY, [Script::exits(0), Script::exits(9), Script::exits(0)]);
    let (error, cause) = failure(world.run(&with(world.task(), &json!({"count": 3}))).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(cause.contains("code 9") && cause.contains("one of 3 tasks"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn only_essential_containers_count_unless_the_properties_say_otherwise() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().register(&json!({
        "family": "two",
        "containerDefinitions": [
            {"name": "migrate", "essential": true, "image": "x"},
            {"name": "sidecar", "essential": false, "image": "x"}
        ]
    }));
    let sidecar_fails = || Script::exits(0).container("sidecar", Container::exits(5).after(Duration::from_millis(10)));
    world.aws.ecs().script("two", sidecar_fails());
    success(world.run(&with(world.task(), &json!({"taskDefinition": "two"}))).await);
    let (_, cause) = failure(
        world.run(&with(world.task(), &json!({"taskDefinition": "two", "clientToken": "another", "containers": ["sidecar"]}))).await,
    );
    assert!(cause.contains("'sidecar' exited with code 5"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn other_exit_codes_can_be_success() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().script(FAMILY, Script::exits(3));
    let output = success(world.run(&with(world.task(), &json!({"successExitCodes": [0, 3]}))).await);
    assert_eq!(output["ExitCode"], "3");
}

#[tokio::test(start_paused = true)]
async fn errors_of_run_task_are_told_by_what_can_be_done_about_them() {
    for (fault, error, says) in [
        (Fault::AccessDenied, "EcsTask.AccessDenied", "ecs:RunTask"),
        (Fault::Error(AwsError::new("ClientException", "TaskDefinition not found.")), "EcsTask.InvalidRequest", "active task definition"),
        (Fault::Error(AwsError::new("ClusterNotFoundException", "Cluster not found.")), "EcsTask.InvalidRequest", "todobackend"),
        (
            Fault::Error(AwsError::new("InvalidParameterException", "Network Configuration must be provided")),
            "EcsTask.InvalidRequest",
            "Network",
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.aws.faults().inject(Service::Ecs, "RunTask", Span::Forever, fault);
        let (told, cause) = failure(world.run(&world.task()).await);
        assert_eq!(told, error, "{cause}");
        assert!(cause.contains(says), "{cause}");
        assert_eq!(world.aws.calls().count("RunTask").arrived, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_with_ecs_is_waited_out_and_launches_one_task() {
    for operation in ["RunTask", "DescribeTasks"] {
        for fault in [Fault::InternalError, Fault::Throttle, Fault::Refuse, Fault::CutBefore, Fault::CutAfter, Fault::Duplicate] {
            let world = World::new();
            let _worker = world.worker();
            world.aws.ecs().script(FAMILY, Script::exits(0).running(MINUTE));
            world.aws.faults().inject(Service::Ecs, operation, Span::For(2 * MINUTE), fault.clone());
            success(world.run(&world.task()).await);
            assert_eq!(world.launched(), 1, "{operation} with {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_stops_the_task_and_waits_until_it_has_stopped() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().script(FAMILY, Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    let deadline = (world.clock.now() + jiff::SignedDuration::from_mins(10)).to_string();
    let (error, cause) = failure(world.run(&with(world.task(), &json!({"deadline": deadline}))).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    assert!(cause.contains("was stopped"), "{cause}");
    let task = &world.aws.ecs().tasks()[0];
    let (asked, reason) = task.stop_requested.clone().unwrap();
    assert!(reason.contains("Deadline"), "{reason}");
    assert!(task.stopped_at.unwrap() > asked, "the answer came before the task had stopped");
}

#[tokio::test(start_paused = true)]
async fn an_input_that_cannot_be_read_is_refused_without_repeating_it() {
    let world = World::new();
    let _worker = world.worker();
    let input = json!({"heartbeatSeconds": 60, "task": {"cluster": "c", "overrides": {"containerOverrides": "hunter2"}}});
    let scheduled = world.aws.sfn().schedule(&world.activity, &input, stand_ins::sfn::Schedule::once());
    let (error, cause) = failure(scheduled.outcome().await);
    assert_eq!(error, "EcsTask.InvalidRequest");
    assert!(!cause.contains("hunter2"), "{cause}");
    assert_eq!(world.launched(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_count_of_0_runs_nothing() {
    let world = World::new();
    let _worker = world.worker();
    let output = success(world.run(&with(world.task(), &json!({"count": 0}))).await);
    assert_eq!(output["Skipped"], "Count is 0");
    assert_eq!(world.launched(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_shuts_down_leaves_the_task_to_the_next_one() {
    let world = World::new();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(10 * MINUTE));
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    sleep(2 * MINUTE).await;
    first.request_shutdown();
    let _second = world.worker();
    success(scheduled.outcome().await);
    first.ended().await;
    assert_eq!(world.launched(), 1);
    assert!(world.aws.ecs().tasks()[0].stop_requested.is_none());
    let handed_over =
        scheduled.events().iter().filter(|event| matches!(&event.kind, EventKind::Failed { error, .. } if error == HANDED_OVER)).count();
    assert_eq!(handed_over, 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_cut_off_from_the_service_is_followed_by_one_that_adopts_its_task() {
    let world = World::new();
    world.aws.ecs().script(FAMILY, Script::exits(0).running(10 * MINUTE));
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    sleep(2 * MINUTE).await;
    let cut = world.aws.faults().inject_all(Service::Sfn, Span::Forever, Fault::Refuse);
    sleep(2 * HEARTBEAT).await;
    first.request_shutdown();
    cut.lift();
    let _second = world.worker();
    let outcome = scheduled.outcome().await;
    assert!(matches!(outcome, Outcome::Succeeded(_)), "{outcome:?}");
    assert!(scheduled.events().iter().any(|event| event.kind == EventKind::HeartbeatTimedOut));
    assert_eq!(world.launched(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_worker_follows_the_tokens_of_the_first_one() {
    let world = World::new();
    let pull = || Script::fails_to_start("CannotPullContainerError: i/o timeout");
    world.aws.ecs().scripts(FAMILY, [pull(), pull(), Script::exits(0).running(10 * MINUTE)]);
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    sleep(3 * MINUTE).await;
    assert_eq!(world.launched(), 3);
    first.request_shutdown();
    let _second = world.worker();
    success(scheduled.outcome().await);
    assert_eq!(world.launched(), 3, "a second worker launched what the first had launched");
}
