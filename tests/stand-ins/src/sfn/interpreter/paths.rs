//! What the definition's conditions, paths and templates come to in a state.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The state that a Choice leads to. `now` is when it is entered.
pub(super) fn choose(step: &Value, state: &Value, now: &Timestamp) -> String {
    let chosen = step["Choices"]
        .as_array()
        .unwrap()
        .iter()
        .find(|choice| holds(choice, state, now));
    chosen
        .map_or(&step["Default"], |choice| &choice["Next"])
        .as_str()
        .unwrap()
        .to_owned()
}

fn holds(condition: &Value, state: &Value, now: &Timestamp) -> bool {
    if let Some(all) = condition["And"].as_array() {
        return all.iter().all(|one| holds(one, state, now));
    }
    if condition["Variable"] == "$$.State.EnteredTime" {
        let bound = at(
            state,
            condition["TimestampGreaterThanPath"].as_str().unwrap(),
        );
        return *now > bound.unwrap().as_str().unwrap().parse().unwrap();
    }
    let value = at(state, condition["Variable"].as_str().unwrap());
    if let Some(expected) = condition.get("IsPresent") {
        return *expected == value.is_some();
    }
    let value = value.unwrap();
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
pub(super) fn at<'v>(state: &'v Value, path: &str) -> Option<&'v Value> {
    let pointer = path.strip_prefix('$').unwrap().replace('.', "/");
    state.pointer(&pointer)
}

/// The text that `ErrorPath` or `CausePath` comes to: that at a reference path, or that which the
/// intrinsic functions `States.JsonToString` and `States.Format` with one argument make.
pub(super) fn text_of(state: &Value, path: &str) -> String {
    let inside = |function: &str| path.strip_prefix(function)?.strip_suffix(')');
    if let Some(inner) = inside("States.JsonToString(") {
        at(state, inner).unwrap().to_string()
    } else if let Some(inner) = inside("States.Format('") {
        let (template, argument) = inner.split_once("', ").unwrap();
        template.replacen("{}", &text_of(state, argument), 1)
    } else {
        at(state, path).unwrap().as_str().unwrap().to_owned()
    }
}

/// What is read of the context object.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The execution's ARN.
    pub execution: &'a str,
    /// When it was started.
    pub started: Timestamp,
}

/// What `Parameters` come to in a state.
pub fn resolve(template: &Value, state: &Value, context: &Context<'_>) -> Value {
    let execution = context.execution;
    match template {
        Value::Object(members) => {
            let mut resolved = Map::new();
            for (name, value) in members {
                match name.strip_suffix(".$") {
                    Some(name) if value == "$$.Execution.Id" => {
                        resolved.insert(name.to_owned(), json!(execution))
                    }
                    Some(name) if value == "$$.Execution.StartTime" => {
                        resolved.insert(name.to_owned(), json!(context.started))
                    }
                    // Each attempt has its own token: who makes the attempt puts it here.
                    Some(name) if value == "$$.Task.Token" => {
                        resolved.insert(name.to_owned(), Value::Null)
                    }
                    Some(name) if value == "$$.StateMachine.Id" => {
                        let (state_machine, _) = execution.rsplit_once(':').unwrap();
                        resolved.insert(
                            name.to_owned(),
                            json!(state_machine.replace(":execution:", ":stateMachine:")),
                        )
                    }
                    Some(name) => resolved.insert(
                        name.to_owned(),
                        at(state, value.as_str().unwrap()).unwrap().clone(),
                    ),
                    None => resolved.insert(name.clone(), resolve(value, state, context)),
                };
            }
            Value::Object(resolved)
        }
        other => other.clone(),
    }
}

/// The entry of a state's `Catch` that takes the error.
pub(super) fn catch_of<'s>(step: &'s Value, error: &str) -> &'s Value {
    let takes = |catch: &&Value| {
        let errors = catch["ErrorEquals"].as_array().unwrap();
        errors
            .iter()
            .any(|name| name == error || name == "States.ALL")
    };
    step["Catch"]
        .as_array()
        .unwrap()
        .iter()
        .find(takes)
        .unwrap()
}

/// Puts a result where `ResultPath` says: null keeps the state as it is, and without one the result is
/// the state.
pub(super) fn put(state: &mut Value, path: Option<&Value>, result: Value) {
    match path {
        None => *state = result,
        Some(Value::Null) => {}
        Some(path) => {
            let name = path.as_str().unwrap().strip_prefix("$.").unwrap();
            state[name] = result;
        }
    }
}

/// What `OutputPath` leaves of the state.
pub(super) fn shown(step: &Value, state: Value) -> Value {
    match step["OutputPath"].as_str() {
        Some(path) => at(&state, path).unwrap().clone(),
        None => state,
    }
}

/// How long a task may take, which the definition or the state says.
pub(super) fn time_limit(step: &Value, state: &Value) -> Duration {
    let seconds = match step["TimeoutSecondsPath"].as_str() {
        Some(path) => at(state, path).unwrap(),
        None => &step["TimeoutSeconds"],
    };
    Duration::from_secs(seconds.as_u64().unwrap())
}

/// How long a task may go without a heartbeat.
pub(super) fn heartbeat(step: &Value) -> Duration {
    Duration::from_secs(step["HeartbeatSeconds"].as_u64().unwrap())
}
