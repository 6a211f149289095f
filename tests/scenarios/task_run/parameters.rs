//! What the properties ask for, as it arrives at ECS.

use parsers::seed;
use serde_json::{Map, Value, json};

use crate::worlds::worker::{CLUSTER, INSTANCES, NAME, TOKEN, World, failure, success};

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

fn task_set(status: &str, subnet: &str, capacity: &Value) -> Value {
    let network = json!({"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}});
    let mut task_set = json!({"id": "ecs-svc/1", "status": status, "platformVersion": "1.4.0", "networkConfiguration": network});
    for (name, value) in capacity.as_object().unwrap() {
        task_set[name] = value.clone();
    }
    task_set
}

#[tokio::test(start_paused = true)]
async fn where_a_service_has_task_sets_the_primary_one_says_where_it_runs() {
    let fargate = json!({"launchType": "FARGATE"});
    let spot = json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]});
    for (controller, capacity) in [
        ("EXTERNAL", &fargate),
        ("CODE_DEPLOY", &fargate),
        ("EXTERNAL", &spot),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.aws.ecs().service(
            CLUSTER,
            "web",
            &json!({
                "deploymentController": {"type": controller},
                "launchType": "EC2",
                "taskSets": [
                    task_set("ACTIVE", "subnet-1", &json!({"launchType": "EC2"})),
                    task_set("PRIMARY", "subnet-2", capacity)
                ]
            }),
        );
        success(world.run_with(&json!({"networkFrom": "web"})).await);
        let request = &world.aws.ecs().tasks()[0].request;
        let subnets = &request["networkConfiguration"]["awsvpcConfiguration"]["subnets"];
        assert_eq!(subnets, &json!(["subnet-2"]));
        assert_eq!(request["platformVersion"], "1.4.0");
        for name in ["launchType", "capacityProviderStrategy"] {
            assert_eq!(request[name], capacity[name], "{controller}, {name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_has_no_network_to_take_is_refused_by_name() {
    let active = json!([task_set(
        "ACTIVE",
        "subnet-1",
        &json!({"launchType": "FARGATE"})
    )]);
    for (members, launches, says) in [
        (
            json!({"deploymentController": {"type": "EXTERNAL"}, "taskSets": active}),
            0,
            "no PRIMARY task set",
        ),
        (
            json!({"deploymentController": {"type": "CODE_DEPLOY"}}),
            0,
            "no PRIMARY task set",
        ),
        (json!({"status": "DRAINING"}), 0, "no active service"),
        (
            json!({"launchType": "EC2"}),
            1,
            "no network configuration to take",
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.aws.ecs().register(&json!({
            "family": "in-a-network",
            "networkMode": "awsvpc",
            "containerDefinitions": [{"name": "migrate", "image": "todobackend"}]
        }));
        world.aws.ecs().service(CLUSTER, "web", &members);
        let changes = json!({"networkFrom": "web", "taskDefinition": "in-a-network"});
        let (error, cause) = failure(world.run_with(&changes).await);
        assert_eq!(error, "EcsTask.InvalidRequest", "{cause}");
        assert!(cause.contains("'web'") && cause.contains(says), "{cause}");
        assert_eq!(
            world.aws.calls().count("RunTask").arrived,
            launches,
            "{cause}"
        );
    }
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
