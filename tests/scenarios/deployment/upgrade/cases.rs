//! The runs that each release is recorded with.

use serde_json::{Value, json};

use crate::worlds::functions::{CLUSTER, FAMILY, LOGICAL_ID, STACK};

/// A family whose tasks exit with 1.
pub const FAILING: &str = "fails";
/// An ECS service of the cluster.
pub const SERVICE: &str = "web";
/// A run that each release is recorded with.
pub struct Case {
    pub name: &'static str,
    request_type: &'static str,
    properties: fn() -> Value,
}

pub const CASES: [Case; 5] = [
    Case {
        name: "create",
        request_type: "Create",
        properties: everything,
    },
    Case {
        name: "failure",
        request_type: "Create",
        properties: || json!({"TaskDefinition": FAILING}),
    },
    Case {
        name: "instances",
        request_type: "Create",
        properties: || json!({"Instances": ["0123456789abcdef0123456789abcdef"]}),
    },
    Case {
        name: "update",
        request_type: "Update",
        properties: || json!({"NetworkFrom": SERVICE, "ServiceTimeout": "1800"}),
    },
    Case {
        name: "delete",
        request_type: "Delete",
        properties: || json!({}),
    },
];

/// Every property that can be given beside the others.
fn everything() -> Value {
    json!({
        "Count": "2",
        "Timeout": "600",
        "Overrides": {
            "ContainerOverrides": [{
                "Name": "migrate",
                "Command": ["python3", "manage.py", "migrate"],
                "Environment": [{"Name": "A", "Value": "b"}],
                "EnvironmentFiles": [{"Type": "s3", "Value": "arn:aws:s3:::bucket/file.env"}],
                "Cpu": "256",
                "Memory": "512",
                "MemoryReservation": "128",
                "ResourceRequirements": [{"Type": "GPU", "Value": "1"}]
            }],
            "Cpu": "1 vCPU",
            "Memory": "2 GB",
            "ExecutionRoleArn": "arn:aws:iam::000000000000:role/execution",
            "TaskRoleArn": "arn:aws:iam::000000000000:role/task",
            "EphemeralStorage": {"SizeInGiB": "30"}
        },
        "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": "1", "Base": "1"}],
        "PlatformVersion": "1.4.0",
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"}
        },
        "PlacementConstraints": [{"Type": "memberOf", "Expression": "attribute:x == y"}],
        "PlacementStrategy": [{"Type": "spread", "Field": "instanceId"}],
        "Group": "migrations",
        "EnableExecuteCommand": "true",
        "EnableECSManagedTags": "true",
        "PropagateTags": "TASK_DEFINITION",
        "Tags": [{"Key": "team", "Value": "web"}],
        "ReferenceId": "reference",
        "VolumeConfigurations": [{"Name": "data", "ManagedEBSVolume": {
            "RoleArn": "arn:aws:iam::000000000000:role/volumes", "SizeInGiB": "10", "VolumeType": "gp3", "Encrypted": "true"
        }}],
        "Containers": ["migrate"],
        "SuccessExitCodes": ["0", "3"],
        "LogLines": "5",
        "RetryStartFailures": "false",
        "RunOnRollback": "true",
        "UpdateCriteria": ["TaskDefinition"],
        "Triggers": {"Build": "1"}
    })
}

impl Case {
    /// The event that CloudFormation sends.
    pub fn event(&self) -> Value {
        let service_token = "arn:aws:lambda:us-east-1:000000000000:function:start";
        let mut properties =
            json!({"ServiceToken": service_token, "Cluster": CLUSTER, "TaskDefinition": FAMILY});
        properties
            .as_object_mut()
            .unwrap()
            .append((self.properties)().as_object_mut().unwrap());
        let mut event = json!({
            "RequestType": self.request_type,
            "ServiceToken": service_token,
            "ResponseURL": format!(
                "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/{STACK}%7C{}\
                 ?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=7200\
                 &X-Amz-Credential=AKIAEXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0123456789abcdef",
                self.name
            ),
            "StackId": format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{STACK}/51af3dc0-da77-11e4-872e-1234567db123"),
            "RequestId": "2f2b6f2d-6f2d-4c55-9d55-2f2b6f2d6f2d",
            "LogicalResourceId": LOGICAL_ID,
            "ResourceType": "Custom::EcsTask",
            "ResourceProperties": properties,
        });
        if self.request_type != "Create" {
            event["PhysicalResourceId"] = "MigrateTask-1a2b3c4d".into();
        }
        if self.request_type == "Update" {
            event["OldResourceProperties"] = json!({"ServiceToken": service_token, "Cluster": CLUSTER, "TaskDefinition": "migrate:1"});
        }
        event
    }
}
