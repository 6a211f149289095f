//! Runs from an event to its answer with today's worker and functions, whatever the definition's
//! release; and the documents that pass between the parts.
//!
//! | document | from | to |
//! |---|---|---|
//! | `executionInput` | `start`, `hook`, or whoever starts a direct run | the execution |
//! | `prepare`, `prepared` | the definition; the function | the function `prepare`; the definition |
//! | `begun` | the definition | `respond`, when the run has begun |
//! | `activityInput`, `work` | the definition | a worker; the function `work` |
//! | `activityOutput` | either | the definition |
//! | `stop`, `stopped` | the definition; the function, when it is first called | the function `stop`; the definition |
//! | `respond` | the definition | `respond`, when the run has ended |
//! | `answer`, `signal` | `respond` | CloudFormation; a wait condition |
//! | `output` | the execution | whoever started it, where CloudFormation did not |
//! | `hookReply`, `hookEnd` | `hook`, when the run has begun, and when it has ended | ECS, and with the next call `hook` |

use std::collections::HashMap;
use std::sync::Mutex;

use aws_smithy_types::base64;
use ecs_task_runner::aws::kms::Kms;
use serde_json::{Map, Value, json};
use stand_ins::response_url::Put;
use stand_ins::sfn::interpreter::{definition, execute};
use stand_ins::sfn::{ExecutionEnd, Schedule};

use super::begins::{Begun, begin, is_of_a_hook, start_execution, task_runner};
use super::cases::HANDLE;
use crate::worlds::functions::{LOGICAL_ID, STACK, World};
use crate::worlds::task_runner::TaskRunner;
use crate::worlds::worker::{outcome, success};

/// How the documents of every release begin a sealed URL, before the base64 of the ciphertext.
const SEALED: &str = "sealed:v1:";
/// Stands in records for the task token of the function `work`.
const TOKEN: &str = "a task token";

/// How a run went.
pub struct Run {
    /// How its execution ended.
    pub end: Value,
    /// What passed between the parts, and the answer.
    pub documents: Map<String, Value>,
}

/// Gives a request of another world URLs of this one, sealed as every release seals them. `state` is an
/// execution's, which may have none.
pub async fn readdress(world: &World, state: &mut Value) {
    let Some(request) = state.get_mut("request") else {
        return;
    };
    let mut context: HashMap<_, _> = ["StackId", "RequestId"]
        .map(|name| (name.to_owned(), request[name].as_str().unwrap().to_owned()))
        .into();
    let url = world.urls.url(STACK, LOGICAL_ID);
    seal(world, &mut request["ResponseURL"], &url, context.clone()).await;
    if let Some(handle) = request.get_mut("WaitConditionHandle") {
        let id = handle["UniqueId"].as_str().unwrap().to_owned();
        context.insert("WaitConditionHandle".to_owned(), id);
        let url = world.urls.handle(STACK, HANDLE);
        seal(world, &mut handle["URL"], url.url(), context).await;
    }
}

async fn seal(world: &World, sealed: &mut Value, url: &str, context: HashMap<String, String>) {
    assert!(sealed.as_str().unwrap().starts_with(SEALED), "{sealed}");
    let key = world.key.as_deref().unwrap();
    let ciphertext = Kms::new(&world.connection_of("start"))
        .encrypt(key, url.as_bytes(), context)
        .await
        .unwrap();
    *sealed = format!("{SEALED}{}", base64::encode(ciphertext)).into();
}

/// Plays an execution of this definition, name and input with today's worker and functions. The clock
/// must be paused.
pub async fn perform(
    task_runner: &TaskRunner,
    definition: &Value,
    name: &str,
    execution_input: &Value,
) -> Run {
    let world = &task_runner.world;
    let mut input = execution_input.clone();
    readdress(world, &mut input).await;
    // Where `start` was called before, the execution is there already.
    start_execution(world, name, &input).await;
    let mut execution = world.aws.sfn().execution(name);
    execution.input = input.to_string();
    let working = task_runner.worker();

    let documents = Mutex::<Map<String, Value>>::default();
    let note = &|name: &str, document: Value| {
        let mut documents = documents.lock().unwrap();
        // The first call of a function is the one that later ones repeat.
        documents.entry(name).or_insert(document);
    };
    let invoke = |function: String, mut payload: Value| async move {
        match function.as_str() {
            "PrepareFunctionArn" => note("prepare", payload.clone()),
            "StopFunctionArn" => note("stop", payload.clone()),
            "WorkFunctionArn" => {
                let token = payload["taskToken"].take();
                payload["taskToken"] = TOKEN.into();
                note("work", payload.clone());
                payload["taskToken"] = token;
            }
            _ if payload["hasOnlyBegun"] == true => note("begun", payload.clone()),
            _ => {
                note("respond", payload.clone());
                if payload["state"]["output"].is_object() {
                    note("activityOutput", payload["state"]["output"].clone());
                }
            }
        }
        let returned = task_runner.invoke(function.clone(), payload).await?;
        match function.as_str() {
            "PrepareFunctionArn" => note("prepared", returned.clone()),
            "StopFunctionArn" => note("stopped", returned.clone()),
            _ => {}
        }
        Ok(returned)
    };
    let activity = world.aws.sfn().activity("ecs-task");
    // Boxed: the future holds those of all functions.
    let played = execute(definition, &world.aws, &activity, &execution, invoke);
    let end = Box::pin(played).await;
    drop(working);
    if let Some(input) = activity_input(world, &execution.arn) {
        note("activityInput", input);
    }
    for (name, replies) in [("answer", answers(world)), ("signal", signals(world))] {
        assert!(replies.len() < 2, "exactly one {name}: {replies:?}");
        if let Some(reply) = replies.into_iter().next() {
            note(name, reply);
        }
    }
    match &end {
        ExecutionEnd::Succeeded(output) if input.get("request").is_none() => {
            note("output", output.clone());
        }
        _ => {}
    }
    let end = json!(format!("{end:?}").split(['(', ' ']).next().unwrap());
    note("end", end.clone());
    Run {
        end,
        documents: documents.into_inner().unwrap(),
    }
}

/// What the definition gave to a worker of the fleet.
fn activity_input(world: &World, execution: &str) -> Option<Value> {
    let history = world.aws.sfn().history(execution);
    let mut scheduled = history
        .iter()
        .map(|event| &event["activityScheduledEventDetails"]);
    let input = scheduled.find_map(|details| details["input"].as_str())?;
    Some(serde_json::from_str(input).unwrap())
}

/// What CloudFormation was answered.
pub fn answers(world: &World) -> Vec<Value> {
    replies(world, |is_signal| !is_signal)
}

/// What the wait condition was told.
pub fn signals(world: &World) -> Vec<Value> {
    replies(world, |is_signal| is_signal)
}

fn replies(world: &World, are_wanted: fn(bool) -> bool) -> Vec<Value> {
    let handle = world.urls.handle(STACK, HANDLE);
    let is_wanted = |put: &Put| are_wanted(handle.url().ends_with(&put.path));
    let puts = world.urls.puts().into_iter().filter(is_wanted);
    puts.map(|put| serde_json::from_slice(&put.body).unwrap())
        .collect()
}

/// Has today's worker run an activity input, and gives the output.
pub async fn run_activity(task_runner: &TaskRunner, input: &Value) -> Value {
    let sfn = task_runner.world.aws.sfn();
    let _worker = task_runner.worker();
    let scheduled = sfn.schedule(&sfn.activity("ecs-task"), input, Schedule::once());
    success(outcome(&scheduled).await)
}

/// Has today's function `work` take an event, and gives the output.
pub async fn run_on_lambda(task_runner: &TaskRunner, event: &Value) -> Value {
    let sfn = task_runner.world.aws.sfn();
    let execution = event["execution"].as_str().unwrap();
    let (token, scheduled) = sfn.callback(execution, Schedule::once());
    let mut event = event.clone();
    assert_eq!(event["taskToken"], TOKEN);
    event["taskToken"] = token.into();
    task_runner.work(event).await;
    success(outcome(&scheduled).await)
}

/// What a run leads to that begins as a recorded one did, up to the answer.
pub async fn begun_and_performed(recorded: &Value) -> Run {
    let task_runner = task_runner(recorded);
    let Begun {
        name,
        mut documents,
    } = begin(&task_runner, recorded).await;
    let input = &documents["executionInput"];
    let mut run = perform(&task_runner, &definition(), &name, input).await;
    if is_of_a_hook(recorded) {
        let reply = next_reply(&task_runner.world, &documents).await;
        run.documents.insert("hookEnd".to_owned(), reply);
    }
    run.documents.append(&mut documents);
    run
}

/// What `hook` replies when ECS calls again, with the details of the recorded reply.
pub async fn next_reply(world: &World, recorded: &Map<String, Value>) -> Value {
    let mut event = recorded["event"].clone();
    event["hookDetails"] = recorded["hookReply"]["hookDetails"].clone();
    world.call_hook(&event).await
}
