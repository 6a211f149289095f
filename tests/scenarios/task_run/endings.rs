//! The time between the exit of the containers that count and STOPPED: when a run is judged, and
//! what is said of it.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::{Container, OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use tokio::time::{Instant, sleep};

use crate::worlds::worker::{CLUSTER, World, failure, success, with};

const SECOND: Duration = Duration::from_secs(1);
/// A look each second, and the time of the calls.
const AT_ONCE: Duration = Duration::from_millis(1_500);

/// A task definition with a main container and a sidecar, which log.
fn with_sidecar(world: &World, sidecar_is_essential: bool) {
    let container = |name: &str, essential: bool| {
        json!({"name": name, "essential": essential, "image": "x", "stopTimeout": 25,
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/todobackend", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "two"}}})
    };
    world
        .aws
        .ecs()
        .register(&json!({"family": "two", "containerDefinitions": [
        container("migrate", true), container("proxy", sidecar_is_essential)]}));
}

fn script_two(world: &World, script: Script) {
    world.aws.ecs().script("two", script);
}

fn on_fargate(world: &World) -> Value {
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    with(
        world.task(),
        &json!({"launchType": "FARGATE", "networkConfiguration": network}),
    )
}

/// Seconds from the exit of the first container to now.
fn since_exit(world: &World) -> Duration {
    let tasks = world.aws.ecs().tasks();
    let first = tasks[0].container_ends.iter().map(|(_, at)| *at).min();
    world.aws.clock().now().saturating_sub(first.unwrap())
}

fn last_status(world: &World) -> &'static str {
    world.aws.ecs().tasks()[0].last_status
}

#[tokio::test(start_paused = true)]
async fn a_success_on_fargate_is_told_while_its_network_interface_is_still_there() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(42 * SECOND));
    let output = success(world.run(&on_fargate(&world)).await);
    assert_eq!(last_status(&world), "DEPROVISIONING");
    assert!(since_exit(&world) <= AT_ONCE, "{:?}", since_exit(&world));
    assert_eq!(output["DurationSeconds"], "42");
    let exit = world.aws.ecs().tasks()[0].last_container_end().unwrap();
    let stopped: jiff::Timestamp = output["StoppedAt"].as_str().unwrap().parse().unwrap();
    let expected = i128::from(world.aws.clock().epoch_millis(exit));
    assert!((i128::from(stopped.as_millisecond()) - expected).abs() <= 1);
}

#[tokio::test(start_paused = true)]
async fn times_are_the_same_when_the_run_is_judged_only_at_stopped() {
    let world = World::new();
    world.script(Script::exits(0).running(20 * SECOND));
    let first = world.worker();
    let scheduled = world.schedule(&on_fargate(&world));
    sleep(10 * SECOND).await;
    first.request_shutdown();
    sleep(60 * SECOND).await;
    assert_eq!(last_status(&world), "STOPPED");
    let _second = world.worker();
    let output = success(scheduled.outcome().await);
    assert_eq!(output["DurationSeconds"], "20");
}

#[tokio::test(start_paused = true)]
async fn a_failure_on_fargate_is_told_as_early_as_a_success() {
    for script in [
        Script::exits(3).running(20 * SECOND),
        Script::exits(0).container("migrate", Container::out_of_memory().after(20 * SECOND)),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(script);
        let task = with(on_fargate(&world), &json!({"logLines": 0}));
        let (error, cause) = failure(world.run(&task).await);
        assert_eq!(error, "EcsTask.Failed", "{cause}");
        assert_eq!(last_status(&world), "DEPROVISIONING");
        assert!(since_exit(&world) <= AT_ONCE, "{:?}", since_exit(&world));
        // Nothing of the task runs any more.
        assert_eq!(world.aws.calls().count("StopTask").arrived, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_ecs_has_not_told_is_waited_for_until_stopped() {
    for (script, error) in [
        (
            Script::exits(0).container("migrate", Container::exits(0).without_exit_code()),
            "EcsTask.Failed",
        ),
        (
            Script::exits(0).stop_code("").stopped_reason("Who knows"),
            "EcsTask.Failed",
        ),
        (Script::exits(0).without_containers(), "EcsTask.Failed"),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(script);
        let task = with(on_fargate(&world), &json!({"logLines": 0}));
        assert_eq!(failure(world.run(&task).await).0, error);
        assert_eq!(last_status(&world), "STOPPED");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exit_code_that_is_shown_before_its_container_is_stopped_is_not_final() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).container("migrate", Container::exits(0).settles(5 * SECOND)));
    success(world.run(&on_fargate(&world)).await);
    let tasks = world.aws.ecs().tasks();
    assert_eq!(tasks[0].container_ends.len(), 1);
    assert_eq!(last_status(&world), "DEPROVISIONING");
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_does_not_count_is_not_waited_for() {
    let deaf = Container::runs_forever().on_sigterm(OnSigterm::Ignored);
    for (essential, containers) in [(false, json!([])), (true, json!(["migrate"]))] {
        for code in [0, 4] {
            let world = World::new();
            let _worker = world.worker();
            with_sidecar(&world, essential);
            script_two(
                &world,
                Script::exits(code)
                    .running(20 * SECOND)
                    .container("proxy", deaf.clone()),
            );
            let changes = json!({"taskDefinition": "two", "containers": containers, "logLines": 0});
            let outcome = world.run(&with(on_fargate(&world), &changes)).await;
            assert!(since_exit(&world) <= AT_ONCE, "{:?}", since_exit(&world));
            assert_eq!(last_status(&world), "STOPPING");
            if code == 0 {
                assert_eq!(success(outcome)["DurationSeconds"], "20");
            } else {
                assert_eq!(failure(outcome).0, "EcsTask.Failed");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_counts_is_waited_for_though_an_essential_sidecar_ended_the_task() {
    let world = World::new();
    let _worker = world.worker();
    with_sidecar(&world, true);
    let slow = Container::runs_forever().on_sigterm(OnSigterm::Exits {
        after: 20 * SECOND,
        code: 0,
    });
    script_two(
        &world,
        Script::exits(0)
            .container("migrate", slow)
            .container("proxy", Container::exits(1).after(10 * SECOND)),
    );
    let changes = json!({"taskDefinition": "two"});
    let (error, cause) = failure(world.run(&with(on_fargate(&world), &changes)).await);
    assert_eq!(error, "EcsTask.Failed");
    assert!(
        cause.starts_with(
            "Container 'proxy' exited with code 1; container 'migrate' exited with code 0; if 'proxy' need not succeed, name only the others in the property Containers (task "
        ),
        "{cause}"
    );
    assert_eq!(world.aws.ecs().tasks()[0].container_ends.len(), 2);
    let chosen = with(changes, &json!({"containers": ["migrate"]}));
    success(
        world
            .run(&with(
                on_fargate(&world),
                &with(chosen, &json!({"clientToken": "0123456789abcdef"})),
            ))
            .await,
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_task_in_that_window_does_not_turn_a_success() {
    let world = World::new();
    let _worker = world.worker();
    world.scripts([
        Script::exits(0).running(10 * SECOND),
        Script::exits(0).running(60 * SECOND),
    ]);
    let scheduled = world.schedule(&with(on_fargate(&world), &json!({"count": 2})));
    while world.aws.ecs().tasks().is_empty() || last_status(&world) != "DEPROVISIONING" {
        sleep(SECOND).await;
    }
    sleep(2 * SECOND).await;
    let arn = world.aws.ecs().tasks()[0].arn.clone();
    let ecs = ecs_task_runner::aws::ecs::Ecs::with_retries(&world.connection_of("stop"));
    ecs.stop_task(CLUSTER, &arn, "somebody").await.unwrap();
    success(scheduled.outcome().await);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_adopts_the_task_in_that_window_gives_the_same_verdict() {
    for code in [0, 5] {
        let world = World::new();
        world.aws.ecs().deprovisioning(24 * SECOND);
        world.script(Script::exits(code).running(20 * SECOND));
        let first = world.worker();
        let task = with(on_fargate(&world), &json!({"logLines": 0}));
        let scheduled = world.schedule(&task);
        sleep(10 * SECOND).await;
        first.request_shutdown();
        sleep(15 * SECOND).await;
        let _second = world.worker();
        let outcome = scheduled.outcome().await;
        assert_eq!(last_status(&world), "DEPROVISIONING");
        if code == 0 {
            assert_eq!(success(outcome)["DurationSeconds"], "20");
        } else {
            assert!(failure(outcome).1.contains("exited with code 5"));
        }
        assert_eq!(world.launched(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_stop_at_the_deadline_ends_when_the_containers_have_stopped() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().deprovisioning(24 * SECOND);
    world.script(Script::runs_forever());
    let changes = json!({"deadline": world.deadline_in(60), "logLines": 0});
    let start = Instant::now();
    let (error, cause) = failure(world.run(&with(on_fargate(&world), &changes)).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded", "{cause}");
    assert!(start.elapsed() < 63 * SECOND, "{:?}", start.elapsed());
    assert!(
        cause.contains("passed while the task ran, and the task was stopped"),
        "{cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_cannot_be_read_yet_does_not_make_a_sidecar_be_waited_for() {
    let world = World::new();
    let _worker = world.worker();
    with_sidecar(&world, false);
    world.inject(
        Service::Ecs,
        "DescribeTaskDefinition",
        Span::Next(2),
        Fault::Throttle,
    );
    let deaf = Container::runs_forever().on_sigterm(OnSigterm::Ignored);
    script_two(
        &world,
        Script::exits(0)
            .running(5 * SECOND)
            .container("proxy", deaf),
    );
    success(
        world
            .run(&with(on_fargate(&world), &json!({"taskDefinition": "two"})))
            .await,
    );
    assert_eq!(last_status(&world), "STOPPING");
}
