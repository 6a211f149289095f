//! `start` of a task runner without a fleet.

use ecs_task_runner::execution::input::Workers;
use serde_json::json;

use crate::worlds::events::{properties, with};
use crate::worlds::functions::World;

/// An event of `work` may be delivered twice at once, and `StartTask` has no client token.
#[tokio::test(start_paused = true)]
async fn named_instances_are_refused_where_there_is_no_fleet() {
    let instances = json!({"Instances": ["arn:aws:ecs:us-east-1:123456789012:container-instance/todobackend/4f1c"]});
    for (workers, request_type, is_refused) in [
        (Workers::Fleet, "Create", false),
        (Workers::Lambda, "Create", true),
        (Workers::Lambda, "Update", true),
        (Workers::Lambda, "Delete", false),
    ] {
        let mut world = World::new();
        world.workers = workers;
        let event = world.event(request_type, &with(properties(), &instances));
        world.start(&event).await.unwrap();
        assert_eq!(
            world.aws.sfn().executions().len(),
            usize::from(!is_refused),
            "{workers:?} {request_type}"
        );
        if is_refused {
            assert!(
                world
                    .reason()
                    .starts_with("EcsTask.InvalidRequest: Instances: without a fleet"),
                "{}",
                world.reason()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn named_instances_of_a_run_that_a_fleet_has_are_left_to_it() {
    let mut world = World::new();
    let instances = json!({"Instances": ["arn:aws:ecs:us-east-1:123456789012:container-instance/todobackend/4f1c"]});
    let event = world.event("Create", &with(properties(), &instances));
    world.start(&event).await.unwrap();
    // The event comes once more when the stack has no fleet any more.
    world.workers = Workers::Lambda;
    world.start(&event).await.unwrap();
    assert_eq!(world.aws.sfn().executions().len(), 1);
    world.assert_no_answer();
}
