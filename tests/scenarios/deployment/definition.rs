//! The state machine's definition, held against the code and the limits it must keep to.

mod direct;
mod handle;
mod rollbacks;
mod runs;
mod table_of_times;

use std::collections::BTreeSet;

use ecs_task_runner::activity;
use ecs_task_runner::execution::history::{
    AFTER_ANSWER, DIRECT_ENDS, RESPOND_FAILURE, RESPOND_SUCCESS,
};
use ecs_task_runner::task::error::ErrorName;
use serde_json::{Map, Value};
use stand_ins::sfn::interpreter::definition;

use super::templates::Template;
use super::values;

/// Errors that Step Functions itself raises (`concepts-error-handling`).
const STATES_ERRORS: [&str; 3] = ["States.ALL", "States.HeartbeatTimeout", "States.Timeout"];
/// Faults of Lambda that pass (Step Functions guide, `bp-lambda-serviceexception`).
const LAMBDA_ERRORS: [&str; 5] = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
];
/// The states in which somebody works on the run: a worker of the fleet, or the function `work`.
const RUN_STATES: [&str; 2] = ["RunTask", "RunTaskOnLambda"];

fn states() -> Map<String, Value> {
    definition()["States"].as_object().unwrap().clone()
}

/// The states that a state may lead to.
fn targets(state: &Value) -> Vec<&str> {
    let next = values(state, "Next");
    next.into_iter()
        .chain(values(state, "Default"))
        .map(|target| target.as_str().unwrap())
        .collect()
}

#[test]
fn every_error_it_matches_on_exists() {
    let known: BTreeSet<&str> = ErrorName::ALL
        .iter()
        .map(|name| name.as_str())
        .chain([activity::HANDED_OVER])
        .chain(STATES_ERRORS)
        .chain(LAMBDA_ERRORS)
        .collect();
    let definition = definition();
    let matched = values(&definition, "ErrorEquals");
    assert!(!matched.is_empty());
    for name in matched.iter().flat_map(|list| list.as_array().unwrap()) {
        assert!(
            known.contains(name.as_str().unwrap()),
            "no code raises {name}"
        );
    }
}

#[test]
fn every_task_state_catches_everything_and_every_branch_answers() {
    let states = states();
    for (name, state) in states.iter().filter(|(_, state)| state["Type"] == "Task") {
        let catches_all = state["Catch"].as_array().is_some_and(|catch| {
            catch
                .iter()
                .any(|one| one["ErrorEquals"][0] == "States.ALL")
        });
        assert!(catches_all, "{name} can fail without being caught");
    }
    // No way leads from a state that runs something to an end without passing an answer, but for runs
    // without a request.
    for (name, state) in &states {
        for target in targets(state) {
            assert!(
                states.contains_key(target),
                "{name} leads to {target}, which does not exist"
            );
            let is_end = matches!(states[target]["Type"].as_str().unwrap(), "Succeed" | "Fail");
            assert!(
                !is_end || name.starts_with("Respond") || DIRECT_ENDS.contains(&target),
                "{name} leads to {target} without an answer"
            );
        }
        assert_ne!(
            state["End"], true,
            "{name} ends the execution without an answer"
        );
    }
}

#[test]
fn the_states_by_which_rescue_tells_an_answer_are_there() {
    let states = states();
    for name in [RESPOND_SUCCESS, RESPOND_FAILURE] {
        assert_eq!(
            states[name]["Parameters"]["FunctionName"],
            "${RespondFunctionArn}"
        );
        assert_eq!(
            states[name]["Parameters"]["Payload"]["state.$"], "$",
            "the state's input is what the answer is made from"
        );
    }
    // What follows an answer follows nothing else, so that having been there proves the answer.
    for (name, state) in &states {
        let ends = targets(state)
            .iter()
            .any(|target| AFTER_ANSWER.contains(target));
        assert_eq!(
            ends,
            [RESPOND_SUCCESS, RESPOND_FAILURE].contains(&name.as_str()),
            "{name}"
        );
        let caught: Vec<_> = state["Catch"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|catch| catch["Next"].as_str().unwrap())
            .collect();
        assert!(
            caught.iter().all(|target| !AFTER_ANSWER.contains(target)),
            "{name}"
        );
    }
}

#[test]
fn the_template_gives_every_substitution_and_a_function_for_every_role() {
    let text = include_str!("../../../statemachine/ecs-task.asl.json");
    let template = Template::task_runner();
    let used: BTreeSet<&str> = text
        .split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    let given: BTreeSet<&str> = template.properties("StateMachine")["DefinitionSubstitutions"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(given, used);
    let handlers: BTreeSet<&str> = template
        .of_type("AWS::Lambda::Function")
        .into_iter()
        .map(|(_, function)| function["Handler"].as_str().unwrap())
        .collect();
    assert_eq!(
        handlers,
        BTreeSet::from([
            "start", "prepare", "hook", "respond", "stop", "rescue", "work"
        ])
    );
}
