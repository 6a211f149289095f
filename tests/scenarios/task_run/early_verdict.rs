//! Runs whose containers have ended while their task is DEPROVISIONING: the verdict does not wait for
//! STOPPED.

use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use serde_json::{Value, json};
use stand_ins::ecs::{Container, OnSigterm, Script};
use stand_ins::sfn::EventKind;
use tokio::time::sleep;

use crate::worlds::worker::{World, failure, outcome, success};

const SECOND: Duration = Duration::from_secs(1);
/// A run is looked at once a second, and its answer is sent at once.
const NOTICED: Duration = Duration::from_millis(1_500);
/// The longest that was recorded on Fargate.
const DEPROVISIONING: Duration = Duration::from_secs(24);

fn on_fargate(changes: &Value) -> Value {
    let mut changes = changes.clone();
    changes["networkConfiguration"] = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    changes
}

/// Time from the end of this container to now.
fn since_end_of(world: &World, container: &str) -> Duration {
    let tasks = world.aws.ecs().tasks();
    let (_, ended) = tasks[0]
        .container_ends
        .iter()
        .find(|(name, _)| name == container)
        .expect("the container has ended");
    world.aws.clock().now().saturating_sub(*ended)
}

#[tokio::test(start_paused = true)]
async fn success_and_failure_are_told_when_the_containers_have_ended() {
    for exit_code in [0, 3] {
        let world = World::new();
        world.aws.ecs().deprovisioning(DEPROVISIONING);
        let _worker = world.worker();
        // An empty log would be read once more, a moment later.
        let script = Script::exits(exit_code).running(42 * SECOND);
        world.script(script.log(SECOND, "a line"));
        let ended = world.run_with(&on_fargate(&json!({}))).await;
        let late = since_end_of(&world, "migrate");
        assert!(late <= NOTICED, "exit code {exit_code}: {late:?} late");
        assert_eq!(world.aws.ecs().tasks()[0].stopped_at, None);
        if exit_code == 0 {
            let output = success(ended);
            assert_eq!(output["DurationSeconds"], "42");
            assert_ne!(output["StoppedAt"], "");
        } else {
            let (error, cause) = failure(ended);
            assert_eq!(error, "EcsTask.Failed");
            assert!(cause.contains("exited with code 3"), "{cause}");
            assert!(
                world.aws.ecs().tasks()[0].stop_requested.is_none(),
                "nothing ran any more"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_outlives_the_container_that_counts_is_not_waited_for() {
    let world = World::new();
    world.aws.ecs().deprovisioning(DEPROVISIONING);
    let _worker = world.worker();
    let sidecar = Container::runs_forever().on_sigterm(OnSigterm::Ignored);
    world.script(
        Script::exits(0)
            .running(10 * SECOND)
            .container("sidecar", sidecar),
    );
    world.aws.ecs().register(&json!({
        "family": "migrate",
        "containerDefinitions": [
            {"name": "migrate", "essential": true, "image": "x"},
            {"name": "sidecar", "essential": false, "image": "x"},
        ]
    }));
    success(world.run_with(&on_fargate(&json!({}))).await);
    let late = since_end_of(&world, "migrate");
    assert!(late <= NOTICED, "{late:?} late");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_takes_the_run_over_while_its_task_is_deprovisioning_tells_the_same() {
    let world = World::new();
    world.aws.ecs().deprovisioning(DEPROVISIONING);
    world.script(Script::exits(0).running(60 * SECOND));
    let first = world.worker();
    let scheduled = world.schedule_with(&on_fargate(&json!({})));
    sleep(40 * SECOND).await;
    first.request_shutdown();
    first.ended().await;
    // No worker is there when the container ends.
    sleep(30 * SECOND).await;
    assert_eq!(world.aws.ecs().tasks()[0].stopped_at, None);
    let _second = world.worker();
    let output = success(outcome(&scheduled).await);
    assert_eq!(output["ExitCode"], "0");
    assert_eq!(world.launched(), 1);
    let handed_over =
        |kind: &EventKind| matches!(kind, EventKind::Failed { error, .. } if error == HANDED_OVER);
    assert!(
        scheduled
            .events()
            .iter()
            .any(|event| handed_over(&event.kind))
    );
}
