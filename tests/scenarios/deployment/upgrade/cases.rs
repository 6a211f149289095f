//! The runs that each release is recorded with.

use ecs_task_runner::execution::input::Workers;
use serde_json::{Value, json};

use crate::worlds::deployments::{command, hook_event};
use crate::worlds::events::with;
use crate::worlds::functions::{CLUSTER, FAMILY, LOGICAL_ID, STACK};

/// A family whose tasks exit with 1.
pub const FAILING: &str = "fails";
/// A family whose tasks take minutes.
pub const SLOW: &str = "slow";
/// An ECS service of the cluster.
pub const SERVICE: &str = "web";
/// The handle of a wait condition in the stack.
pub const HANDLE: &str = "MigrateHandle";

/// When CloudFormation sends its requests.
const SENT: &str = "20260101T000000Z";
/// When it sends that of an update which it rolls back: as soon as the update has begun.
const UPDATED: &str = "20260101T000010Z";
/// When it sends that for the rollback, while the update's own run goes on.
const ROLLED_BACK: &str = "20260101T000111Z";

/// A run that each release is recorded with.
pub struct Case {
    pub name: &'static str,
    begins: Begins,
    workers: Workers,
}

/// How a run begins.
enum Begins {
    /// With a request of CloudFormation, of this type and with these properties.
    Request(&'static str, fn() -> Value),
    /// With the rollback of an update that has these properties and whose own run goes on.
    Rollback(fn() -> Value),
    /// With an execution that somebody starts with these properties.
    Directly(fn() -> Value),
    /// With a call of ECS, which deploys a service.
    Hook,
}

use Begins::{Directly, Hook, Request, Rollback};
use Workers::{Fleet, Lambda};

/// A row of the table: the run's name, how it begins, and who works on it.
const fn case(name: &'static str, begins: Begins, workers: Workers) -> Case {
    Case {
        name,
        begins,
        workers,
    }
}

pub const CASES: [Case; 10] = [
    case("create", Request("Create", everything), Fleet),
    case("failure", Request("Create", failing), Fleet),
    case("instances", Request("Create", on_instances), Fleet),
    case("update", Request("Update", as_a_service), Fleet),
    case("delete", Request("Delete", || json!({})), Fleet),
    case("condition", Request("Create", with_handle), Fleet),
    case("rollback", Rollback(with_rollback), Fleet),
    case("direct", Directly(directly), Fleet),
    case("hook", Hook, Fleet),
    case("without-fleet", Request("Create", || json!({})), Lambda),
];

fn failing() -> Value {
    json!({"TaskDefinition": FAILING})
}

fn on_instances() -> Value {
    json!({"Instances": ["0123456789abcdef0123456789abcdef"]})
}

fn as_a_service() -> Value {
    json!({"NetworkFrom": SERVICE, "ServiceTimeout": "1800"})
}

fn with_handle() -> Value {
    let url = format!(
        "https://cloudformation-waitcondition-us-east-1.s3.amazonaws.com/{}/{HANDLE}?{}",
        stack().replace(':', "%3A"),
        signed(SENT, 43_199)
    );
    json!({"WaitConditionHandle": url, "Timeout": "21600"})
}

fn with_rollback() -> Value {
    let overrides =
        |command: &[&str]| json!({"ContainerOverrides": [{"Name": "migrate", "Command": command}]});
    json!({
        "TaskDefinition": SLOW,
        "Timeout": "600",
        "Overrides": overrides(&["migrate"]),
        "RollbackOverrides": overrides(&["migrate", "todo", "0001"]),
    })
}

/// Of a direct run, with numbers as JSON has them.
fn directly() -> Value {
    json!({"Timeout": 7200, "LogLines": 5, "Triggers": {"Build": 1}})
}

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
    /// How the run begins: the members of its record from which a run begins anew.
    ///
    /// - `workers`: who works on it, where that is no fleet.
    /// - `event`: what CloudFormation or ECS sends.
    /// - `before`: the event of the update that is rolled back.
    /// - `name` and `executionInput`: the execution that somebody starts.
    pub fn beginning(&self) -> Value {
        let mut beginning = match &self.begins {
            Request(request_type, properties) => {
                json!({"event": request(request_type, &properties(), self.name, SENT)})
            }
            Rollback(properties) => {
                let failed = request("Update", &properties(), "before", UPDATED);
                let mut event = request("Update", &json!({}), self.name, ROLLED_BACK);
                event["OldResourceProperties"] = failed["ResourceProperties"].clone();
                json!({"event": event, "before": failed})
            }
            Directly(properties) => {
                json!({"name": "nightly", "executionInput": with(needed(), &properties())})
            }
            Hook => json!({"event": hook_event("", &command())}),
        };
        if self.workers == Lambda {
            beginning["workers"] = json!(self.workers);
        }
        beginning
    }
}

/// The properties of every run.
fn needed() -> Value {
    json!({"Cluster": CLUSTER, "TaskDefinition": FAMILY})
}

/// The event of a request that CloudFormation sends at this time, with a response URL of this name.
pub fn request(request_type: &str, further: &Value, name: &str, sent: &str) -> Value {
    let service_token = "arn:aws:lambda:us-east-1:000000000000:function:start";
    let properties = |further| {
        with(
            with(needed(), &json!({"ServiceToken": service_token})),
            further,
        )
    };
    let mut event = json!({
        "RequestType": request_type,
        "ServiceToken": service_token,
        "ResponseURL": format!(
            "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/{STACK}%7C{name}?{}",
            signed(sent, 7_200)
        ),
        "StackId": stack(),
        "RequestId": "2f2b6f2d-6f2d-4c55-9d55-2f2b6f2d6f2d",
        "LogicalResourceId": LOGICAL_ID,
        "ResourceType": "Custom::EcsTask",
        "ResourceProperties": properties(further),
    });
    if request_type != "Create" {
        event["PhysicalResourceId"] = "MigrateTask-1a2b3c4d".into();
    }
    if request_type == "Update" {
        event["OldResourceProperties"] = properties(&json!({"TaskDefinition": "migrate:1"}));
    }
    event
}

fn stack() -> String {
    format!(
        "arn:aws:cloudformation:us-east-1:000000000000:stack/{STACK}/51af3dc0-da77-11e4-872e-1234567db123"
    )
}

/// What CloudFormation adds to a URL that it signs at this time, for so many seconds.
fn signed(at: &str, expires: u32) -> String {
    format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={at}&X-Amz-SignedHeaders=host&X-Amz-Expires={expires}\
         &X-Amz-Credential=AKIAEXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0123456789abcdef"
    )
}
