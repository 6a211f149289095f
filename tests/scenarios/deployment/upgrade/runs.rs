//! Runs from an event to its answer with today's worker and functions, whatever the definition's
//! release; and the documents that pass between the parts.

use std::num::NonZeroU32;
use std::sync::Mutex;

use aws_smithy_types::base64;
use ecs_task_runner::activity::Options;
use ecs_task_runner::aws::kms::Kms;
use ecs_task_runner::aws::step_functions::StepFunctions;
use serde_json::{Map, Value, json};
use stand_ins::ecs::Script;
use stand_ins::sfn::Schedule;
use stand_ins::sfn::interpreter::{Failed, execute, resolve};
use template_roles::WORKER;

use crate::worlds::functions::{CLUSTER, FAMILY, LOGICAL_ID, STACK, World};
use crate::worlds::running::Worker;
use crate::worlds::worker::{outcome, success};

/// A family whose tasks exit with 1.
const FAILING: &str = "fails";
/// An ECS service of the cluster.
const SERVICE: &str = "web";
/// How the documents of every release begin a sealed response URL, before the base64 of the
/// ciphertext.
const SEALED: &str = "sealed:v1:";

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

/// A sealing world in which every case can run.
pub fn world() -> World {
    // When the recorded requests were made.
    let world = World::at(
        "2026-01-01T00:00:10Z".parse().unwrap(),
        std::time::Duration::from_secs(10),
    )
    .sealed();
    for family in [FAMILY, FAILING] {
        world.aws.ecs().register(&json!({
            "family": family,
            "containerDefinitions": [{
                "name": "migrate",
                "essential": true,
                "image": "todobackend",
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/todobackend", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "migrate"}
                }
            }]
        }));
    }
    world.aws.ecs().script(FAILING, Script::exits(1));
    world.aws.ecs().service(
        CLUSTER,
        SERVICE,
        &json!({
            "status": "ACTIVE",
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}
        }),
    );
    world
}

/// How a run went.
pub struct Run {
    /// How its execution ended.
    pub end: Value,
    /// What passed between the parts, and the answer.
    pub documents: Map<String, Value>,
}

/// Gives a request of another world a response URL of this one, sealed as every release seals it.
pub async fn readdress(world: &World, request: &mut Value) {
    let context = ["StackId", "RequestId"]
        .map(|name| (name.to_owned(), request[name].as_str().unwrap().to_owned()));
    let url = world.urls.url(STACK, LOGICAL_ID);
    let key = world.key.as_deref().unwrap();
    let ciphertext = Kms::new(&world.connection_of("start"))
        .encrypt(key, url.as_bytes(), context.into())
        .await
        .unwrap();
    assert!(
        request["ResponseURL"].as_str().unwrap().starts_with(SEALED),
        "{request}"
    );
    request["ResponseURL"] = format!("{SEALED}{}", base64::encode(ciphertext)).into();
}

/// Plays an execution of this definition and input with today's worker and functions. The clock
/// must be paused.
pub async fn perform(world: &World, definition: &Value, execution_input: &Value) -> Run {
    let mut input = execution_input.clone();
    readdress(world, &mut input["request"]).await;
    let name = input["task"]["startedBy"].as_str().unwrap();
    // Where `start` was called before, the execution is there already.
    let machine =
        StepFunctions::new(&world.connection_of("start")).state_machine(&world.state_machine);
    machine.start(name, &input.to_string()).await.unwrap();
    let mut execution = world
        .aws
        .sfn()
        .executions()
        .into_iter()
        .find(|execution| execution.name == name)
        .unwrap();
    execution.input = input.to_string();
    let activity = world.aws.sfn().activity("ecs-task");
    let working = worker(world, &activity);

    let documents = Mutex::<Map<String, Value>>::default();
    let note = &|name: &str, document: &Value| {
        documents
            .lock()
            .unwrap()
            .insert(name.to_owned(), document.clone())
    };
    if input["request"]["RequestType"] != "Delete" {
        note(
            "activityInput",
            &resolve(
                &definition["States"]["RunTask"]["Parameters"],
                &input,
                &execution.arn,
            ),
        );
    }
    let invoke = |function: String, payload: Value| async move {
        let failed = |error: String| Failed {
            error: "CustomResource.Failed".to_owned(),
            cause: error,
        };
        if function == "RespondFunctionArn" {
            note("respond", &payload);
            if payload["state"]["output"].is_object() {
                note("activityOutput", &payload["state"]["output"]);
            }
            let event =
                serde_json::from_value(payload).map_err(|error| failed(error.to_string()))?;
            world
                .responder("respond")
                .respond(event)
                .await
                .map_err(|error| failed(error.to_string()))?;
            return Ok(json!({}));
        }
        note("stop", &payload);
        let event = serde_json::from_value(payload).map_err(|error| failed(error.to_string()))?;
        let stopped = world
            .stopper()
            .stop(event)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let stopped = serde_json::to_value(stopped).unwrap();
        note("stopped", &stopped);
        Ok(stopped)
    };
    let end = execute(definition, &world.aws, &activity, &execution, invoke).await;
    drop(working);
    let end = json!(format!("{end:?}").split(['(', ' ']).next().unwrap());
    note("end", &end);
    note("answer", &world.answer());
    Run {
        end,
        documents: documents.into_inner().unwrap(),
    }
}

/// Has today's worker run an activity input, and gives the output.
pub async fn run_activity(world: &World, input: &Value) -> Value {
    let activity = world.aws.sfn().activity("ecs-task");
    let _worker = worker(world, &activity);
    let scheduled = world.aws.sfn().schedule(&activity, input, Schedule::once());
    success(outcome(&scheduled).await)
}

fn worker(world: &World, activity: &str) -> Worker {
    let options = Options {
        pollers: NonZeroU32::MIN,
        ..Options::default()
    };
    Worker::start(&world.connection_of(WORKER), activity, world.clock, options)
}
