//! `rescue` and the runs of hooks whose deployment was stopped or rolled back.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, sleep};

use crate::worlds::deployments::{HookRuns, PRE_SCALE_UP, command};
use crate::worlds::task_runner::TaskRunner;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// ECS calls no hook of a deployment that somebody stops.
#[tokio::test(start_paused = true)]
async fn the_run_of_a_deployment_that_was_stopped_or_rolled_back_is_stopped_within_two_minutes() {
    use aws_sdk_ecs::types::StopServiceDeploymentStopType::{Abort, Rollback};
    for (how, status) in [(Abort, "STOPPED"), (Rollback, "ROLLBACK_SUCCESSFUL")] {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        let world = &task_runner.world;
        world.script(Script::runs_forever());
        let _worker = task_runner.worker();
        let runs = HookRuns::default();
        let deployment =
            task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command()));
        let rescuer = world.rescuer();
        let look = async || {
            rescuer
                .rescue(crate::worlds::events::every_minute())
                .await
                .unwrap()
        };
        sleep(MINUTE).await;
        look().await;
        sleep(MINUTE).await;
        let mut run = runs.only();
        assert!(!run.is_over(), "the deployment goes on");
        let ecs =
            aws_sdk_ecs::Client::new(&stand_ins::sdk_config("PERSON", world.aws.http_client()));
        ecs.stop_service_deployment()
            .service_deployment_arn(deployment.arn())
            .stop_type(how)
            .send()
            .await
            .unwrap();
        let stopped = Instant::now();
        assert_eq!(deployment.end().await, status);
        sleep(MINUTE).await;
        look().await;
        let ExecutionEnd::Aborted { error, cause } = run.ended().await else {
            panic!("it was to be stopped")
        };
        assert!(stopped.elapsed() < 2 * MINUTE);
        assert_eq!(error.as_deref(), Some("EcsTask.Interrupted"));
        assert!(cause.unwrap().contains(status), "{status}");
        let ended = json!({"detail-type": "Step Functions Execution Status Change",
            "detail": {"executionArn": run.arn, "stateMachineArn": world.state_machine, "status": "ABORTED"}});
        assert_eq!(
            world.rescue(&ended).await.unwrap(),
            Rescued::LeftoversStopped
        );
        assert_eq!(world.told_to_stop().len(), 1);
        world.assert_no_answer();
    }
}

/// What a failed call leaves open about the deployment, the next look of `rescue` finds.
#[tokio::test(start_paused = true)]
async fn a_look_at_deployments_that_fails_stops_nothing_and_is_repeated() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    world.script(Script::runs_forever());
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let deployment = task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command()));
    sleep(MINUTE).await;
    let ecs = aws_sdk_ecs::Client::new(&stand_ins::sdk_config("PERSON", world.aws.http_client()));
    ecs.stop_service_deployment()
        .service_deployment_arn(deployment.arn())
        .send()
        .await
        .unwrap();
    deployment.end().await;
    let denied = world.inject(
        Service::Ecs,
        "DescribeServiceDeployments",
        Span::Forever,
        Fault::AccessDenied,
    );
    let rescuer = world.rescuer();
    rescuer
        .rescue(crate::worlds::events::every_minute())
        .await
        .unwrap();
    let run = runs.only();
    sleep(SECOND).await;
    assert!(!run.is_over());
    denied.lift();
    rescuer
        .rescue(crate::worlds::events::every_minute())
        .await
        .unwrap();
    sleep(SECOND).await;
    assert!(run.is_over());
}
