//! Plays the state machine's definition as far as it goes: the states, retries and catches that it uses, on the stand-in's
//! activities and with functions given by the test. What it does not know it refuses.

use std::future::Future;
use std::time::Duration;

use serde_json::{Map, Value, json};
use stand_ins::StandIns;
use stand_ins::sfn::{Outcome, Schedule};
use tokio::time::{sleep, timeout};

/// An error with its cause, as states pass them on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub error: String,
    pub cause: String,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Succeeded,
    Failed(Failed),
    TimedOut,
}

/// The definition as it stands.
pub fn definition() -> Value {
    serde_json::from_str(include_str!("../../statemachine/ecs-task.asl.json")).unwrap()
}

/// Plays one execution of `definition`. `invoke` is called with a substitution's name, such as `StopFunctionArn`, and the payload.
pub async fn execute<I, F>(definition: &Value, aws: &StandIns, activity: &str, execution: &str, input: Value, invoke: I) -> End
where
    I: Fn(String, Value) -> F,
    F: Future<Output = Result<Value, Failed>>,
{
    let limit = Duration::from_secs(definition["TimeoutSeconds"].as_u64().unwrap());
    let play = async {
        let mut state = input;
        let mut name = definition["StartAt"].as_str().unwrap().to_owned();
        loop {
            let step = &definition["States"][&name];
            name = match step["Type"].as_str().unwrap() {
                "Choice" => choose(step, &state),
                "Wait" => {
                    sleep(Duration::from_secs(step["Seconds"].as_u64().unwrap())).await;
                    step["Next"].as_str().unwrap().to_owned()
                }
                "Succeed" => return End::Succeeded,
                "Fail" => {
                    let text = |fixed: &str, path: &str| match step[path].as_str() {
                        Some(path) => at(&state, path).unwrap().as_str().unwrap().to_owned(),
                        None => step[fixed].as_str().unwrap_or_default().to_owned(),
                    };
                    return End::Failed(Failed { error: text("Error", "ErrorPath"), cause: text("Cause", "CausePath") });
                }
                "Task" => {
                    let parameters = resolve(&step["Parameters"], &state, execution);
                    let result = if step["Resource"] == "${ActivityArn}" {
                        run_activity(aws, activity, step, &parameters).await
                    } else {
                        invoke_function(step, &parameters, &invoke).await
                    };
                    match result {
                        Ok(result) => {
                            let result = match step.get("ResultSelector") {
                                Some(selector) => resolve(selector, &result, execution),
                                None => result,
                            };
                            put(&mut state, &step["ResultPath"], result);
                            step["Next"].as_str().unwrap().to_owned()
                        }
                        Err(failed) => {
                            let catch = &step["Catch"][0];
                            assert_eq!(catch["ErrorEquals"], json!(["States.ALL"]));
                            put(&mut state, &catch["ResultPath"], json!({"Error": failed.error, "Cause": failed.cause}));
                            catch["Next"].as_str().unwrap().to_owned()
                        }
                    }
                }
                other => panic!("the interpreter does not know states of type {other}"),
            };
        }
    };
    timeout(limit, play).await.unwrap_or(End::TimedOut)
}

async fn run_activity(aws: &StandIns, activity: &str, step: &Value, input: &Value) -> Result<Value, Failed> {
    let seconds = |name: &str| Duration::from_secs(step[name].as_u64().unwrap());
    let mut schedule = Schedule::once().heartbeat(seconds("HeartbeatSeconds")).timeout(seconds("TimeoutSeconds"));
    for retry in step["Retry"].as_array().unwrap() {
        let errors: Vec<&str> = retry["ErrorEquals"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let attempts = u32::try_from(retry["MaxAttempts"].as_u64().unwrap()).unwrap();
        schedule = schedule.retry(&errors, Duration::from_secs(retry["IntervalSeconds"].as_u64().unwrap()), attempts);
    }
    let ended = |error: &str| Failed { error: error.to_owned(), cause: String::new() };
    match aws.sfn().schedule(activity, input, schedule).outcome().await {
        Outcome::Succeeded(output) => Ok(output),
        Outcome::Failed { error, cause } => Err(Failed { error, cause }),
        Outcome::HeartbeatTimedOut => Err(ended("States.HeartbeatTimeout")),
        Outcome::TimedOut => Err(ended("States.Timeout")),
        Outcome::Aborted => Err(ended("States.Aborted")),
    }
}

async fn invoke_function<I, F>(step: &Value, parameters: &Value, invoke: &I) -> Result<Value, Failed>
where
    I: Fn(String, Value) -> F,
    F: Future<Output = Result<Value, Failed>>,
{
    let name = parameters["FunctionName"].as_str().unwrap().trim_start_matches("${").trim_end_matches('}').to_owned();
    let limit = Duration::from_secs(step["TimeoutSeconds"].as_u64().unwrap());
    let retry = &step["Retry"][0];
    assert_eq!(retry["ErrorEquals"], json!(["States.ALL"]));
    let mut pause = retry["IntervalSeconds"].as_f64().unwrap();
    let mut left = retry["MaxAttempts"].as_u64().unwrap();
    loop {
        let invoked = timeout(limit, invoke(name.clone(), parameters["Payload"].clone())).await;
        let failed = match invoked {
            Ok(Ok(payload)) => return Ok(json!({"Payload": payload})),
            Ok(Err(failed)) => failed,
            Err(_) => Failed { error: "States.Timeout".to_owned(), cause: String::new() },
        };
        if left == 0 {
            return Err(failed);
        }
        left -= 1;
        sleep(Duration::from_secs_f64(pause)).await;
        pause *= retry["BackoffRate"].as_f64().unwrap();
    }
}

fn choose(step: &Value, state: &Value) -> String {
    let chosen = step["Choices"].as_array().unwrap().iter().find(|choice| holds(choice, state));
    chosen.map_or(&step["Default"], |choice| &choice["Next"]).as_str().unwrap().to_owned()
}

fn holds(condition: &Value, state: &Value) -> bool {
    if let Some(all) = condition["And"].as_array() {
        return all.iter().all(|one| holds(one, state));
    }
    let value = at(state, condition["Variable"].as_str().unwrap()).unwrap();
    if let Some(expected) = condition.get("StringEquals") {
        value == expected
    } else if let Some(expected) = condition.get("BooleanEquals") {
        value == expected
    } else if let Some(bound) = condition.get("NumericLessThan") {
        value.as_f64().unwrap() < bound.as_f64().unwrap()
    } else {
        panic!("the interpreter does not know the condition {condition}")
    }
}

/// The value at a reference path such as `$.request.RequestType`.
fn at<'v>(state: &'v Value, path: &str) -> Option<&'v Value> {
    let pointer = path.strip_prefix('$').unwrap().replace('.', "/");
    state.pointer(&pointer)
}

/// What `Parameters` come to in a state.
pub fn resolve(template: &Value, state: &Value, execution: &str) -> Value {
    match template {
        Value::Object(members) => {
            let mut resolved = Map::new();
            for (name, value) in members {
                match name.strip_suffix(".$") {
                    Some(name) if value == "$$.Execution.Id" => resolved.insert(name.to_owned(), json!(execution)),
                    Some(name) if value == "$$.StateMachine.Id" => {
                        let (state_machine, _) = execution.rsplit_once(':').unwrap();
                        resolved.insert(name.to_owned(), json!(state_machine.replace(":execution:", ":stateMachine:")))
                    }
                    Some(name) => resolved.insert(name.to_owned(), at(state, value.as_str().unwrap()).unwrap().clone()),
                    None => resolved.insert(name.clone(), resolve(value, state, execution)),
                };
            }
            Value::Object(resolved)
        }
        other => other.clone(),
    }
}

/// Puts a result where `ResultPath` says; null keeps the state as it is.
fn put(state: &mut Value, path: &Value, result: Value) {
    if let Some(path) = path.as_str() {
        let name = path.strip_prefix("$.").unwrap();
        state[name] = result;
    }
}
