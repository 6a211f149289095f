use proptest::prelude::*;
use serde_json::json;

use super::update_criteria::CriterionProperty;
use super::*;

mod hints;
mod hostile;
mod json_schema;
mod problems;
mod reference;
mod templates;

fn parse(properties: &Value) -> Result<TaskSpec, String> {
    let properties = Properties::parse(properties).map_err(|problems| problems.to_string())?;
    Ok(properties.task_spec("name", "token", "2026-11-23T07:00:00Z".parse().unwrap()))
}

fn with(changes: &Value) -> Value {
    let mut properties = json!({"Cluster": "production", "TaskDefinition": "migrate:3"});
    for (name, value) in changes.as_object().unwrap() {
        properties[name] = value.clone();
    }
    properties
}

/// What is wrong with the minimal properties and these.
fn problems_with(changes: &Value) -> String {
    parse(&with(changes)).expect_err("these properties have a problem")
}

/// The `task` of the contract for the minimal properties and these, without what every task has.
fn task(changes: &Value) -> Value {
    let spec = parse(&with(changes)).unwrap();
    let mut task = serde_json::to_value(&spec).unwrap();
    for name in [
        "cluster",
        "taskDefinition",
        "startedBy",
        "clientToken",
        "deadline",
    ] {
        task.as_object_mut().unwrap().remove(name);
    }
    task
}

#[test]
fn the_book_s_properties_make_the_contract_s_task() {
    let spec = parse(&json!({
        "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:ecs-tasks",
        "Cluster": "todobackend-cluster",
        "TaskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/todobackend-migrate:17",
        "Overrides": {"containerOverrides": [{
            "name": "migrate",
            "command": ["python3", "manage.py", "migrate", "--no-input"],
            "environment": [{"name": "DEBUG", "value": "true"}],
            "memory": "512"
        }]}
    }));
    assert_eq!(
        serde_json::to_value(spec.unwrap()).unwrap(),
        json!({
            "cluster": "todobackend-cluster",
            "taskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/todobackend-migrate:17",
            "count": 1,
            "overrides": {"containerOverrides": [{
                "name": "migrate",
                "command": ["python3", "manage.py", "migrate", "--no-input"],
                "environment": [{"name": "DEBUG", "value": "true"}],
                "memory": 512
            }]},
            "startedBy": "name",
            "clientToken": "token",
            "deadline": "2026-11-23T07:00:00Z"
        })
    );
}

/// Every property, as CloudFormation sends it.
fn everything() -> Value {
    json!({
        "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:start",
        "ServiceTimeout": "1800",
        "Cluster": "production",
        "TaskDefinition": "migrate:3",
        "Count": "2",
        "Overrides": {
            "ContainerOverrides": [{
                "Name": "migrate",
                "Command": ["migrate", "--level", "3", ""],
                "Environment": [{"Name": "PASSWORD", "Value": "hunter2"}, {"Name": "EMPTY", "Value": ""}],
                "EnvironmentFiles": [{"Value": "arn:aws:s3:::bucket/env", "Type": "s3"}],
                "Cpu": "256",
                "Memory": "512",
                "MemoryReservation": "128",
                "ResourceRequirements": [{"Type": "GPU", "Value": "1"}]
            }],
            "Cpu": "1024",
            "Memory": "2 GB",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "TaskRoleArn": "arn:aws:iam::123456789012:role/task",
            "EphemeralStorage": {"SizeInGiB": "30"},
            "InferenceAcceleratorOverrides": [{"DeviceName": "d", "DeviceType": "eia1.medium"}]
        },
        "LaunchType": "FARGATE",
        "PlatformVersion": "1.4.0",
        "NetworkConfiguration": {"AwsvpcConfiguration": {
            "Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"
        }},
        "PlacementConstraints": [{"Type": "memberOf", "Expression": "attribute:x == y"}, {"Type": "distinctInstance"}],
        "PlacementStrategy": [{"Type": "spread", "Field": "instanceId"}, {"Type": "random"}],
        "Group": "migrations",
        "EnableExecuteCommand": "false",
        "EnableECSManagedTags": "true",
        "PropagateTags": "TASK_DEFINITION",
        "Tags": [{"Key": "team", "Value": "web"}, {"Key": "empty", "Value": ""}],
        "ReferenceId": "r",
        "VolumeConfigurations": [{"Name": "data", "ManagedEBSVolume": {
            "Encrypted": "true", "KmsKeyId": "alias/k", "VolumeType": "gp3", "SizeInGiB": "10",
            "SnapshotId": "snap-1", "VolumeInitializationRate": "100", "Iops": "3000", "Throughput": "125",
            "TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}], "PropagateTags": "NONE"}],
            "RoleArn": "arn:aws:iam::123456789012:role/volumes",
            "TerminationPolicy": {"DeleteOnTermination": "true"},
            "FilesystemType": "xfs"
        }}],
        "Timeout": "600",
        "RunOnCreate": "false",
        "RunOnUpdate": "false",
        "RunOnRollback": "true",
        "UpdateCriteria": ["TaskDefinition", {"Container": "migrate", "EnvironmentKeys": ["VERSION"]}],
        "Triggers": {"Build": "17"},
        "Containers": ["migrate"],
        "SuccessExitCodes": ["0", "3"],
        "LogLines": "5",
        "RetryStartFailures": "false"
    })
}

/// `value` with the keys of its structures in camelCase, and with what `Triggers` hold left alone.
fn in_camel_case(value: &Value) -> Value {
    let lower = |name: &str| name[..1].to_lowercase() + &name[1..];
    match value {
        Value::Object(object) => {
            let cased = object.iter().map(|(name, value)| {
                let value = if name == "Triggers" {
                    value.clone()
                } else {
                    in_camel_case(value)
                };
                (lower(name), value)
            });
            Value::Object(cased.collect())
        }
        Value::Array(items) => items.iter().map(in_camel_case).collect(),
        scalar => scalar.clone(),
    }
}

#[test]
fn every_property_arrives_in_its_place_with_its_type() {
    let properties = Properties::parse(&everything()).unwrap();
    assert_eq!(properties.timeout_seconds, 600);
    assert!(!properties.run_on_create);
    assert!(!properties.run_on_update);
    assert!(properties.run_on_rollback);
    assert_eq!(properties.task_definition(), "migrate:3");
    assert_eq!(properties.task_count(), 2);
    assert_eq!(properties.triggers, Some(json!({"Build": "17"})));
    assert_eq!(
        properties.update_criteria.unwrap(),
        [
            UpdateCriterion::Property(CriterionProperty::TaskDefinition),
            UpdateCriterion::Environment {
                container: "migrate".to_owned(),
                environment_keys: vec!["VERSION".to_owned()]
            }
        ]
    );

    let task = serde_json::to_value(parse(&everything()).unwrap()).unwrap();
    for (pointer, value) in [
        ("/count", json!(2)),
        (
            "/overrides/containerOverrides/0/command",
            json!(["migrate", "--level", "3", ""]),
        ),
        (
            "/overrides/containerOverrides/0/environment/1",
            json!({"name": "EMPTY", "value": ""}),
        ),
        ("/overrides/containerOverrides/0/cpu", json!(256)),
        ("/overrides/cpu", json!("1024")),
        ("/overrides/ephemeralStorage/sizeInGiB", json!(30)),
        ("/enableExecuteCommand", json!(false)),
        ("/enableECSManagedTags", json!(true)),
        ("/tags/1", json!({"key": "empty", "value": ""})),
        (
            "/volumeConfigurations/0/managedEBSVolume/encrypted",
            json!(true),
        ),
        ("/volumeConfigurations/0/managedEBSVolume/iops", json!(3000)),
        (
            "/volumeConfigurations/0/managedEBSVolume/terminationPolicy/deleteOnTermination",
            json!(true),
        ),
        ("/successExitCodes", json!([0, 3])),
        ("/logLines", json!(5)),
        ("/retryStartFailures", json!(false)),
    ] {
        assert_eq!(task.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[test]
fn nothing_of_the_properties_is_lost_on_the_way_to_the_contract() {
    let canonical = Value::Object(canonical(&everything(), Source::Event).unwrap());
    let task = serde_json::to_value(parse(&everything()).unwrap()).unwrap();
    let not_the_task_s = [
        "serviceToken",
        "serviceTimeout",
        "timeout",
        "runOnCreate",
        "runOnUpdate",
        "runOnRollback",
        "updateCriteria",
        "triggers",
    ];
    for (name, value) in canonical.as_object().unwrap() {
        if !not_the_task_s.contains(&name.as_str()) {
            assert_eq!(task.get(name), Some(value), "{name}");
        }
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let properties = Properties::parse(&with(&json!({}))).unwrap();
    assert_eq!(properties.timeout_seconds, 3300);
    assert!(properties.run_on_create);
    assert!(properties.run_on_update);
    assert!(!properties.run_on_rollback);
    assert_eq!(properties.update_criteria, None);
    assert_eq!(
        task(&json!({})),
        json!({"count": 1, "overrides": {"containerOverrides": []}})
    );
}

#[test]
fn both_spellings_mean_the_same() {
    assert_eq!(parse(&in_camel_case(&everything())), parse(&everything()));
}

#[test]
fn a_direct_invocation_may_send_types_of_its_own() {
    let sent = json!({"Count": 3, "EnableExecuteCommand": true, "SuccessExitCodes": [0, -1], "Group": null,
        "Overrides": {"cpu": 512, "containerOverrides": [{"name": "m", "environment": [{"name": "N", "value": 1}]}]}});
    assert_eq!(
        task(&sent),
        json!({"count": 3, "enableExecuteCommand": true, "successExitCodes": [0, -1],
            "overrides": {"cpu": "512", "containerOverrides": [{"name": "m", "environment": [{"name": "N", "value": "1"}]}]}})
    );
}

#[test]
fn a_delete_takes_what_it_can_use() {
    let target = |cluster: Option<&str>, definition: Option<&str>| DeleteTarget {
        cluster: cluster.map(str::to_owned),
        task_definition: definition.map(str::to_owned),
    };
    for (properties, usable) in [
        (
            with(&json!({})),
            target(Some("production"), Some("migrate:3")),
        ),
        (
            json!({"cluster": "production", "taskDefinition": "migrate"}),
            target(Some("production"), Some("migrate")),
        ),
        (
            with(&json!({"Cluster": "", "Nonsense": 1})),
            target(None, Some("migrate:3")),
        ),
        (
            with(&json!({"TaskDefinition": ["x"]})),
            target(Some("production"), None),
        ),
        (
            with(&json!({"Cluster": "my cluster"})),
            target(None, Some("migrate:3")),
        ),
        (json!(null), target(None, None)),
        (json!([1, 2]), target(None, None)),
        (json!("text"), target(None, None)),
    ] {
        assert_eq!(Properties::for_delete(&properties), usable, "{properties}");
    }
}
