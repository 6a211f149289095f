//! Runs of ECS tasks by a worker: what becomes of the task, and what the execution is told.

use std::time::Duration;

use serde_json::json;
use stand_ins::ecs::{Container, OnSigterm, Script};
use stand_ins::sdk_config;
use tokio::time::sleep;

use crate::worlds::worker::{NAME, TOKEN, World, failure, outcome, success};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_task_that_exits_with_0_succeeds_with_every_output() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(Duration::from_secs(42)));
    let output = success(world.run(&world.task()).await);
    let task = &world.aws.ecs().tasks()[0];
    assert_eq!(output["TaskArn"], task.arn);
    assert_eq!(output["TaskArns"], task.arn);
    assert_eq!(output["ExitCode"], "0");
    assert_eq!(output["DurationSeconds"], "42");
    assert_eq!(output["LogGroup"], "/todobackend");
    assert_eq!(
        output["LogStream"],
        format!("migrate/migrate/{}", task.arn.rsplit('/').next().unwrap())
    );
    assert!(
        output["ConsoleUrl"]
            .as_str()
            .unwrap()
            .contains("/clusters/todobackend/tasks/")
    );
    assert_eq!(output["Skipped"], "");
    assert_eq!(
        (task.started_by.as_deref(), task.client_token.as_deref()),
        (Some(NAME), Some(TOKEN))
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_half_an_hour_is_waited_for_with_heartbeats() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(30 * MINUTE));
    let scheduled = world.schedule(&world.task());
    success(outcome(&scheduled).await);
    assert!(
        scheduled.heartbeats().len() > 80,
        "the worker sends a heartbeat every 20 s"
    );
    assert_eq!(world.launched(), 1);
}

/// Every way in which ECS says that a task did not do its work, and what people are told.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
#[tokio::test(start_paused = true)]
async fn every_end_that_ecs_decides_is_told_under_its_documented_name() {
    let second = Duration::from_secs(1);
    let oom = Container::out_of_memory().after(second);
    for (name, script, error, says) in [
        (
            "a non-zero exit",
            Script::exits(3),
            "EcsTask.Failed",
            "Container 'migrate' exited with code 3",
        ),
        (
            "out of memory",
            Script::exits(0).container("migrate", oom),
            "EcsTask.Failed",
            "ran out of memory",
        ),
        (
            "exit 0 with an OOM reason",
            Script::exits(0).container(
                "migrate",
                Container::exits(0)
                    .reason("OutOfMemoryError: Container killed due to memory usage"),
            ),
            "EcsTask.Failed",
            "ran out of memory",
        ),
        (
            "no exit code",
            Script::exits(0).container("migrate", Container::exits(0).without_exit_code()),
            "EcsTask.Failed",
            "has no exit code",
        ),
        (
            "no containers",
            Script::exits(0).without_containers(),
            "EcsTask.Failed",
            "no container",
        ),
        (
            "image not found",
            Script::fails_to_start("CannotPullContainerError: manifest unknown: not found"),
            "EcsTask.NotStarted",
            "manifest unknown",
        ),
        (
            "secret not readable",
            Script::fails_to_start(
                "ResourceInitializationError: unable to pull secrets: AccessDeniedException",
            ),
            "EcsTask.NotStarted",
            "AccessDeniedException",
        ),
        (
            "bad command",
            Script::fails_to_start(
                "CannotStartContainerError: exec: \"pyhton3\": executable file not found in $PATH",
            ),
            "EcsTask.NotStarted",
            "executable file not found",
        ),
        (
            "Spot interruption of a running task",
            Script::spot_interruption(10 * second),
            "EcsTask.Interrupted",
            "Spot",
        ),
        (
            "host terminated under a running task",
            Script::host_terminated(10 * second),
            "EcsTask.Interrupted",
            "terminated",
        ),
        (
            "a stop code of tomorrow",
            Script::interrupted(10 * second, "MeteorStrike", "A meteor struck.").on_sigterm(
                OnSigterm::Exits {
                    after: Duration::ZERO,
                    code: 0,
                },
            ),
            "EcsTask.Interrupted",
            "MeteorStrike",
        ),
        (
            "a task that ECS forgets while it runs",
            Script::runs_forever().vanishes(10 * second),
            "EcsTask.Failed",
            "no longer knows",
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(script);
        let (told, cause) = failure(world.run(&world.task()).await);
        assert_eq!(told, error, "{name}: {cause}");
        assert!(cause.contains(says), "{name}: {says:?} is not in {cause:?}");
        let arn = &world.aws.ecs().tasks()[0].arn;
        assert!(
            cause.contains(arn.rsplit('/').next().unwrap()),
            "{name}: the task is not named in {cause:?}"
        );
        assert_eq!(world.launched(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_somebody_stops_was_interrupted() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever());
    let scheduled = world.schedule(&world.task());
    sleep(MINUTE).await;
    let arn = world.aws.ecs().tasks()[0].arn.clone();
    aws_sdk_ecs::Client::new(&sdk_config("SOMEBODY", world.aws.http_client()))
        .stop_task()
        .cluster("todobackend")
        .task(&arn)
        .reason("by hand")
        .send()
        .await
        .unwrap();
    let (error, cause) = failure(outcome(&scheduled).await);
    assert_eq!(error, "EcsTask.Interrupted");
    assert!(
        cause.contains("StopTask") && cause.contains("by hand"),
        "{cause}"
    );
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

#[tokio::test(start_paused = true)]
async fn one_task_of_several_that_fails_makes_the_run_fail() {
    let world = World::new();
    let _worker = world.worker();
    world.scripts([Script::exits(0), Script::exits(9), Script::exits(0)]);
    let (error, cause) = failure(world.run_with(&json!({"count": 3})).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(
        cause.contains("code 9") && cause.contains("one of 3 tasks"),
        "{cause}"
    );
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
    let sidecar_fails = || {
        Script::exits(0).container(
            "sidecar",
            Container::exits(5).after(Duration::from_millis(10)),
        )
    };
    world.aws.ecs().script("two", sidecar_fails());
    success(world.run_with(&json!({"taskDefinition": "two"})).await);
    let (_, cause) = failure(
        world.run_with(&json!({"taskDefinition": "two", "clientToken": "another", "containers": ["sidecar"]})).await,
    );
    assert!(cause.contains("'sidecar' exited with code 5"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn other_exit_codes_can_be_success() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(3));
    let output = success(world.run_with(&json!({"successExitCodes": [0, 3]})).await);
    assert_eq!(output["ExitCode"], "3");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_stops_the_task_and_waits_until_it_has_stopped() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    let deadline = world.deadline_in(600);
    let (error, cause) = failure(world.run_with(&json!({"deadline": deadline})).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    assert!(cause.contains("was stopped"), "{cause}");
    let task = &world.aws.ecs().tasks()[0];
    let (asked, reason) = task.stop_requested.clone().unwrap();
    assert!(reason.contains("Deadline"), "{reason}");
    assert!(
        task.stopped_at.unwrap() > asked,
        "the answer came before the task had stopped"
    );
}

#[tokio::test(start_paused = true)]
async fn an_input_that_cannot_be_read_is_refused_without_repeating_it() {
    let world = World::new();
    let _worker = world.worker();
    let input = json!({"heartbeatSeconds": 60, "task": {"cluster": "c", "overrides": {"containerOverrides": "hunter2"}}});
    let scheduled = world.schedule_input(&input);
    let (error, cause) = failure(outcome(&scheduled).await);
    assert_eq!(error, "EcsTask.InvalidRequest");
    assert!(!cause.contains("hunter2"), "{cause}");
    assert_eq!(world.launched(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_count_of_0_runs_nothing() {
    let world = World::new();
    let _worker = world.worker();
    let output = success(world.run_with(&json!({"count": 0})).await);
    assert_eq!(output["Skipped"], "Count is 0");
    assert_eq!(world.launched(), 0);
}
