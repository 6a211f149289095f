//! How the runs of a record begin, with today's functions.

use std::time::Duration;

use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::StartOutcome;
use serde_json::{Map, Value, json};
use stand_ins::ecs::Script;
use tokio::time::sleep;

use super::cases::{FAILING, SERVICE, SLOW};
use crate::worlds::functions::{CLUSTER, FAMILY, STACK, World};
use crate::worlds::task_runner::TaskRunner;

/// How long the run of an update has gone on when CloudFormation rolls the update back.
const UPDATE_RUNS_FOR: Duration = Duration::from_secs(60);

/// A task runner with sealed URLs in which every run of a record can begin.
pub fn task_runner(recorded: &Value) -> TaskRunner {
    // When the recorded requests were made.
    let mut world = World::at(
        "2026-01-01T00:00:10Z".parse().unwrap(),
        Duration::from_secs(10),
    )
    .sealed();
    // Records of releases that knew no other workers do not name them.
    if let Some(workers) = recorded["workers"].as_str() {
        world.workers = workers.parse::<Workers>().unwrap();
    }
    for family in [FAMILY, FAILING, SLOW] {
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
    let minutes = Duration::from_secs(180);
    world
        .aws
        .ecs()
        .script(SLOW, Script::exits(0).running(minutes));
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
    TaskRunner::of(world, 10)
}

/// A run that has begun.
pub struct Begun {
    /// The name of its execution.
    pub name: String,
    /// What passed between the parts until then.
    pub documents: Map<String, Value>,
}

/// The name of a recorded execution.
pub fn name(recorded: &Value) -> &str {
    // Whoever starts a direct run gives it the name.
    let given = recorded["name"].as_str();
    given.unwrap_or_else(|| {
        recorded["executionInput"]["task"]["startedBy"]
            .as_str()
            .unwrap()
    })
}

/// Has a run begin as a recorded one did.
pub async fn begin(task_runner: &TaskRunner, recorded: &Value) -> Begun {
    let world = &task_runner.world;
    let mut documents = Map::new();
    for member in ["workers", "event", "before", "name"] {
        if let Some(value) = recorded.get(member) {
            documents.insert(member.to_owned(), value.clone());
        }
    }
    if recorded["name"].is_string() {
        start_execution(world, name(recorded), &recorded["executionInput"]).await;
    } else if is_of_a_hook(recorded) {
        let event = first_call(world, recorded);
        let reply = world.call_hook(&event).await;
        documents.insert("event".to_owned(), event);
        documents.insert("hookReply".to_owned(), reply);
    } else {
        if let Some(update) = recorded.get("before") {
            is_rolled_back(task_runner, update).await;
        }
        start(world, &recorded["event"]).await;
    }
    let execution = world.aws.sfn().executions().pop().unwrap();
    let input = serde_json::from_str(&execution.input).unwrap();
    documents.insert("executionInput".to_owned(), input);
    Begun {
        name: execution.name,
        documents,
    }
}

/// The first call of a hook, for a revision that is there.
pub fn first_call(world: &World, recorded: &Value) -> Value {
    let mut event = recorded["event"].clone();
    event["executionDetails"]["targetServiceRevisionArn"] = world.revision().into();
    event
}

pub fn is_of_a_hook(recorded: &Value) -> bool {
    recorded["event"].get("lifecycleStage").is_some()
}

/// Starts an execution, unless there is one of this name.
pub async fn start_execution(world: &World, name: &str, input: &Value) {
    StepFunctions::new(&world.connection_of("start"))
        .state_machine(&world.state_machine)
        .start(name, &input.to_string())
        .await
        .unwrap();
}

/// CloudFormation sends the event of an update, and rolls the update back while its run goes on.
async fn is_rolled_back(task_runner: &TaskRunner, update: &Value) {
    let world = &task_runner.world;
    world.stack_turns("UPDATE_IN_PROGRESS");
    let execution = start(world, update).await;
    let _worker = task_runner.worker();
    task_runner.play(&execution, "https://nobody/waits");
    sleep(UPDATE_RUNS_FOR).await;
    rolls_back(world).await;
}

/// CloudFormation rolls the stack's update back, and comes to the resource a moment later.
pub async fn rolls_back(world: &World) {
    let status = "UPDATE_ROLLBACK_IN_PROGRESS";
    world.stack_turns(status);
    world.aws.cloudformation().stack(STACK, status);
    sleep(Duration::from_secs(2)).await;
}

/// Has today's `start` start an execution for a request of CloudFormation, and gives its name.
pub async fn start(world: &World, event: &Value) -> String {
    match world.start(event).await.unwrap() {
        StartOutcome::Execution(name) => name,
        StartOutcome::Answered => panic!("it was answered: {:?}", world.urls.puts()),
    }
}
