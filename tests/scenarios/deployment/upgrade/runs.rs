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
use stand_ins::sfn::interpreter::{Context, Failed, definition, execute, resolve};
use template_roles::WORKER;

use super::cases::{FAILING, SERVICE};
use crate::worlds::functions::{CLUSTER, FAMILY, LOGICAL_ID, STACK, World};
use crate::worlds::running::Worker;
use crate::worlds::worker::{outcome, success};

/// How the documents of every release begin a sealed response URL, before the base64 of the
/// ciphertext.
const SEALED: &str = "sealed:v1:";

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
    let mut execution = world.aws.sfn().execution(name);
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
                &Context {
                    execution: &execution.arn,
                    started: world.clock.now(),
                },
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
    Worker::start(
        &world.connection_of(WORKER),
        activity,
        world.clock.clone(),
        options,
    )
}

/// What an event leads to, from `start` to the answer.
pub async fn started_and_performed(event: &Value) -> Run {
    let world = world();
    world.start(event).await.unwrap();
    let input = world.execution_input();
    let mut run = perform(&world, &definition(), &input).await;
    run.documents.insert("event".to_owned(), event.clone());
    run.documents.insert("executionInput".to_owned(), input);
    run
}
