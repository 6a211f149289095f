//! The names of containers in the properties, which the worker looks at before it launches.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::{Placement, Script};
use stand_ins::faults::{Fault, Span};
use tokio::time::{Instant, sleep};

use crate::worlds::worker::{CLUSTER, INSTANCES, World, failure, outcome, success, with};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Names that the task definition `two` does not have, beside one that it has.
fn misspelt() -> Value {
    json!({
        "taskDefinition": "two",
        "containers": ["migrat", "sidecar"],
        "overrides": {"containerOverrides": [
            {"name": "wbe", "command": ["true"]}, {"name": "Migrate"}, {"name": "migrate"}
        ]}
    })
}

fn world() -> World {
    let world = World::new();
    let ecs = world.aws.ecs();
    ecs.register_family("two", &["migrate", "sidecar"]);
    ecs.script("two", Script::exits(0).running(MINUTE));
    world
}

#[tokio::test(start_paused = true)]
async fn names_that_the_task_definition_does_not_have_are_refused_before_anything_runs() {
    let world = world();
    let _worker = world.worker();
    let (error, cause) = failure(world.run_with(&misspelt()).await);
    assert_eq!(error, "EcsTask.InvalidRequest");
    assert_eq!(
        cause,
        "Containers names 'migrat', Overrides names 'wbe' and 'Migrate': the task definition two:1 \
         has only 'migrate' and 'sidecar'. Correct the name, or deploy the task definition that has \
         this container."
    );
    assert_eq!(world.launched(), 0);
    assert_eq!(world.aws.calls().count("RunTask").arrived, 0);
}

#[tokio::test(start_paused = true)]
async fn they_are_refused_on_named_instances_as_well() {
    let world = world();
    let _worker = world.worker();
    let on_instances = with(misspelt(), &json!({"instances": INSTANCES}));
    let (error, _) = failure(world.run_with(&on_instances).await);
    assert_eq!(error, "EcsTask.InvalidRequest");
    assert_eq!(world.launched(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_aws_adds_is_in_no_task_definition() {
    let world = world();
    let _worker = world.worker();
    let changes =
        json!({"taskDefinition": "two", "containers": ["migrate", "ecs-service-connect-x"]});
    let (error, _) = failure(world.run_with(&changes).await);
    assert_eq!(
        error, "EcsTask.Failed",
        "only its task shows that it is missing"
    );
    assert_eq!(world.launched(), 1);
}

/// The worker reads the revision once, and keeps it for what it says of the run's end.
#[tokio::test(start_paused = true)]
async fn a_run_reads_its_task_definition_once() {
    let named = json!({"containers": ["migrate"]});
    for changes in [json!({}), named] {
        let world = world();
        let _worker = world.worker();
        success(world.run_with(&changes).await);
        let read = world.aws.calls().count("DescribeTaskDefinition").arrived;
        assert_eq!(read, 1, "{changes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_that_cannot_be_read_delays_no_launch_for_long() {
    for fault in [
        Fault::AccessDenied,
        Fault::Throttle,
        Fault::Refuse,
        Fault::CutAfter,
        Fault::Delay(30 * SECOND),
    ] {
        let world = world();
        let _worker = world.worker();
        world.inject(
            Service::Ecs,
            "DescribeTaskDefinition",
            Span::Forever,
            fault.clone(),
        );
        let start = Instant::now();
        let changes = json!({"taskDefinition": "two", "containers": ["migrate"]});
        success(world.run_with(&changes).await);
        assert_eq!(world.launched(), 1, "{fault:?}");
        assert!(start.elapsed() < MINUTE + 30 * SECOND, "{fault:?}");
    }
}

/// The first worker could not read the task definition. `Containers` means nothing to ECS.
#[tokio::test(start_paused = true)]
async fn a_worker_that_finds_a_misspelt_name_adopts_what_an_earlier_one_launched() {
    let world = world();
    let unread = world.inject(
        Service::Ecs,
        "DescribeTaskDefinition",
        Span::Forever,
        Fault::AccessDenied,
    );
    let first = world.worker();
    let changes = json!({"taskDefinition": "two", "containers": ["migrat"]});
    let scheduled = world.schedule_with(&changes);
    sleep(30 * SECOND).await;
    assert_eq!(world.launched(), 1);
    unread.lift();
    first.request_shutdown();
    let _second = world.worker();
    let (error, cause) = failure(outcome(&scheduled).await);
    assert_eq!(error, "EcsTask.Failed", "{cause}");
    assert!(cause.contains("Container 'migrat' counts"), "{cause}");
    assert_eq!(world.launched(), 1);
    let task = &world.aws.ecs().tasks()[0];
    assert!(task.arn.contains(CLUSTER));
    assert!(task.stop_requested.is_none(), "the task went on to its end");
}

/// The first worker could not read the task definition, and placed one of two tasks. Only under its
/// client tokens does the second worker find whole what was launched, and launch what is missing.
#[tokio::test(start_paused = true)]
async fn a_worker_that_finds_a_misspelt_name_completes_what_an_earlier_one_began_to_launch() {
    let world = world();
    let unread = world.inject(
        Service::Ecs,
        "DescribeTaskDefinition",
        Span::Forever,
        Fault::AccessDenied,
    );
    let ecs = world.aws.ecs();
    let full = vec![Placement::fails("RESOURCE:MEMORY"); 20];
    let first_of_two = Placement::only(1, "RESOURCE:MEMORY");
    ecs.placements("two", [vec![first_of_two], full].concat());
    let first = world.worker();
    let changes = json!({"taskDefinition": "two", "containers": ["migrat"], "count": 2});
    let scheduled = world.schedule_with(&changes);
    sleep(30 * SECOND).await;
    assert_eq!(world.launched(), 1);
    unread.lift();
    first.request_shutdown();
    ecs.placement("two", Placement::All);
    let _second = world.worker();
    let (error, cause) = failure(outcome(&scheduled).await);
    assert_eq!(error, "EcsTask.Failed", "{cause}");
    assert!(cause.contains("Container 'migrat' counts"), "{cause}");
    assert_eq!(world.launched(), 2);
}
