//! What the properties ask for, as it arrives at ECS.

use serde_json::json;

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
    let changes = json!({
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
        "platformVersion": "1.4.0",
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"
        }},
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:x == y"}],
        "placementStrategy": [{"type": "spread", "field": "instanceId"}],
        "group": "migrations",
        "enableExecuteCommand": false,
        "enableECSManagedTags": true,
        "propagateTags": "TASK_DEFINITION",
        "tags": [{"key": "team", "value": "web"}],
        "referenceId": "reference",
        "volumeConfigurations": [{"name": "data", "managedEBSVolume": {
            "encrypted": true, "kmsKeyId": "alias/k", "volumeType": "gp3", "sizeInGiB": 10, "iops": 3000, "throughput": 125,
            "tagSpecifications": [{"resourceType": "volume", "tags": [{"key": "a", "value": "b"}], "propagateTags": "NONE"}],
            "roleArn": "arn:aws:iam::123456789012:role/volumes",
            "terminationPolicy": {"deleteOnTermination": true},
            "filesystemType": "xfs"
        }}],
        "overrides": {
            "containerOverrides": [{
                "name": "migrate",
                "command": ["python3", "manage.py", "migrate"],
                "environment": [{"name": "A", "value": "b"}],
                "environmentFiles": [{"value": "arn:aws:s3:::bucket/env", "type": "s3"}],
                "cpu": 256,
                "memory": 512,
                "memoryReservation": 128,
                "resourceRequirements": [{"type": "GPU", "value": "1"}]
            }],
            "cpu": "1 vCPU",
            "memory": "2 GB",
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "taskRoleArn": "arn:aws:iam::123456789012:role/task",
            "ephemeralStorage": {"sizeInGiB": 30}
        }
    });
    success(world.run_with(&changes).await);
    let request = &world.aws.ecs().tasks()[0].request;
    for (name, given) in changes.as_object().unwrap() {
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
