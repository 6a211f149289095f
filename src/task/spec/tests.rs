use serde_json::{Value, json};

use super::*;

fn minimal() -> Value {
    json!({
        "cluster": "production",
        "taskDefinition": "migrate:3",
        "count": 1,
        "overrides": {"containerOverrides": []},
        "startedBy": "MigrateTask-0123abcd-create-0123456789ab",
        "clientToken": "0123456789abcdef",
        "deadline": "2026-11-23T07:00:00Z"
    })
}

fn full() -> Value {
    json!({
        "cluster": "production",
        "taskDefinition": "migrate:3",
        "count": 2,
        "overrides": {
            "containerOverrides": [{
                "name": "migrate",
                "command": ["python3", "manage.py", "migrate"],
                "environment": [{"name": "PASSWORD", "value": "hunter2"}],
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
            "ephemeralStorage": {"sizeInGiB": 30},
            "inferenceAcceleratorOverrides": [{"deviceName": "d", "deviceType": "eia1.medium"}]
        },
        "launchType": "FARGATE",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
        "platformVersion": "1.4.0",
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"
        }},
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:x == y"}],
        "placementStrategy": [{"type": "spread", "field": "instanceId"}],
        "group": "migrations",
        "enableExecuteCommand": false,
        "enableECSManagedTags": true,
        "propagateTags": "TASK_DEFINITION",
        "tags": [{"key": "team", "value": "web"}],
        "referenceId": "r",
        "volumeConfigurations": [{"name": "data", "managedEBSVolume": {
            "encrypted": true, "kmsKeyId": "alias/k", "volumeType": "gp3", "sizeInGiB": 10,
            "snapshotId": "snap-1", "volumeInitializationRate": 100, "iops": 3000, "throughput": 125,
            "tagSpecifications": [{"resourceType": "volume", "tags": [{"key": "a", "value": "b"}], "propagateTags": "NONE"}],
            "roleArn": "arn:aws:iam::123456789012:role/volumes",
            "terminationPolicy": {"deleteOnTermination": true},
            "filesystemType": "xfs"
        }}],
        "startedBy": "MigrateTask-0123abcd-create-0123456789ab",
        "clientToken": "0123456789abcdef",
        "deadline": "2026-11-23T07:00:00Z",
        "networkFrom": "web",
        "instances": ["i-1"],
        "containers": ["migrate"],
        "successExitCodes": [0, 3],
        "logLines": 5,
        "retryStartFailures": false
    })
}

#[test]
fn a_spec_is_read_from_and_written_as_the_contracts_json() {
    for contract in [minimal(), full()] {
        let spec: TaskSpec = serde_json::from_value(contract.clone()).unwrap();
        assert_eq!(serde_json::to_value(&spec).unwrap(), contract);
    }
}

#[test]
fn a_field_that_is_left_out_has_its_default() {
    let mut contract = minimal();
    contract.as_object_mut().unwrap().remove("count");
    contract.as_object_mut().unwrap().remove("overrides");
    let spec: TaskSpec = serde_json::from_value(contract).unwrap();
    assert_eq!(
        spec,
        TaskSpec::new(
            "production",
            "migrate:3",
            "MigrateTask-0123abcd-create-0123456789ab",
            "0123456789abcdef",
            "2026-11-23T07:00:00Z".parse().unwrap(),
        )
    );
    assert_eq!(spec.success_exit_codes, [0]);
    assert_eq!(spec.log_lines, 20);
    assert!(spec.retry_start_failures);
}

#[test]
fn fields_of_a_later_version_are_ignored() {
    let mut contract = minimal();
    contract["fromTheFuture"] = json!({"a": [1]});
    contract["overrides"]["containerOverrides"] = json!([{"name": "migrate", "novelty": 1}]);
    assert!(serde_json::from_value::<TaskSpec>(contract).is_ok());
}

#[test]
fn debug_hides_environment_values() {
    let spec: TaskSpec = serde_json::from_value(full()).unwrap();
    let printed = format!("{spec:?} {spec:#?}");
    assert!(printed.contains("PASSWORD"));
    assert!(!printed.contains("hunter2"));
    assert!(printed.contains("value: (hidden)"));
}

#[test]
fn the_family_is_found_in_every_form() {
    for form in [
        "migrate",
        "migrate:3",
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:3",
    ] {
        let mut spec: TaskSpec = serde_json::from_value(minimal()).unwrap();
        spec.task_definition = form.to_owned();
        assert_eq!(spec.family(), "migrate");
    }
}

#[test]
fn instances_decide_the_number_of_tasks() {
    let mut spec: TaskSpec = serde_json::from_value(minimal()).unwrap();
    assert_eq!(spec.task_count(), 1);
    spec.instances = vec!["a".into(), "b".into(), "c".into()];
    assert_eq!(spec.task_count(), 3);
}
