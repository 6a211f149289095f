//! What the properties ask for, as it arrives at ECS.

use parsers::seed;
use serde_json::{Map, Value, json};

use crate::worlds::worker::{INSTANCES, NAME, TOKEN, World, success};

#[tokio::test(start_paused = true)]
async fn parameters_reach_ecs_and_the_network_of_a_service_is_taken() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().service(
        "todobackend",
        "web",
        &json!({
            "status": "ACTIVE",
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}
        }),
    );
    let changes = json!({
        "networkFrom": "web",
        "group": "migrations",
        "enableExecuteCommand": true,
        "tags": [{"key": "team", "value": "web"}],
        "overrides": {"containerOverrides": [{"name": "migrate", "command": ["python3"], "environment": [{"name": "A", "value": "b"}], "memory": 512}]}
    });
    success(world.run_with(&changes).await);
    let request = &world.aws.ecs().tasks()[0].request;
    assert_eq!(request["launchType"], "FARGATE");
    assert_eq!(
        request["networkConfiguration"]["awsvpcConfiguration"]["subnets"],
        json!(["subnet-1"])
    );
    assert_eq!(request["platformVersion"], "1.4.0");
    assert_eq!(request["group"], "migrations");
    assert_eq!(request["tags"], json!([{"key": "team", "value": "web"}]));
    assert_eq!(request["overrides"], changes["overrides"]);
}

#[tokio::test(start_paused = true)]
async fn every_parameter_of_run_task_reaches_ecs_as_it_was_given() {
    let world = World::new();
    let _worker = world.worker();
    let given = seed("activity_input/run_task.json")["task"].take();
    let own = world.task();
    let changes: Map<_, _> = given
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .filter(|(name, _)| name == "overrides" || own.get(name).is_none())
        .collect();
    assert_eq!(changes.len(), 13);
    success(world.run_with(&Value::from(changes.clone())).await);
    let request = &world.aws.ecs().tasks()[0].request;
    for (name, given) in &changes {
        assert_eq!(&request[name], given, "{name}");
    }
    assert_eq!(
        (
            &request["startedBy"],
            &request["clientToken"],
            &request["count"]
        ),
        (&json!(NAME), &json!(TOKEN), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_on_instances_are_tagged_as_well() {
    let world = World::new();
    let _worker = world.worker();
    let changes = json!({"instances": [INSTANCES[0]], "tags": [{"key": "team", "value": "web"}]});
    success(world.run_with(&changes).await);
    assert_eq!(world.aws.ecs().tasks()[0].request["tags"], changes["tags"]);
}
