//! The states in which a worker of the fleet, or the function `work`, has the run.

use std::collections::BTreeSet;

use ecs_task_runner::activity;
use ecs_task_runner::task::error::ErrorName;
use serde_json::{Value, json};

use super::super::values;
use super::{LAMBDA_ERRORS, RUN_STATES, states};

#[test]
fn a_run_is_retried_for_lost_workers_and_for_nothing_else() {
    let states = states();
    let missed = ["States.HeartbeatTimeout", "States.Timeout"];
    for (name, further) in RUN_STATES.into_iter().zip([&missed[..], &LAMBDA_ERRORS]) {
        let retried: BTreeSet<&str> = states[name]["Retry"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|retry| retry["ErrorEquals"].as_array().unwrap())
            .map(|name| name.as_str().unwrap())
            .collect();
        let handed_over = [activity::HANDED_OVER];
        let expected = handed_over.iter().chain(further).copied().collect();
        assert_eq!(retried, expected, "{name}");
    }
}

#[test]
fn a_run_is_the_same_for_a_fleet_and_for_a_function() {
    let states = states();
    let [fleet, lambda] = RUN_STATES.map(|name| &states[name]);
    for member in [
        "HeartbeatSeconds",
        "TimeoutSecondsPath",
        "ResultPath",
        "Next",
    ] {
        assert!(!fleet[member].is_null(), "{member}");
        assert_eq!(fleet[member], lambda[member], "{member}");
    }
    assert_eq!(fleet["Retry"][0], lambda["Retry"][0]);
    let everything = |state: &Value| state["Catch"].as_array().unwrap().last().cloned();
    assert_eq!(everything(fleet), everything(lambda));
    let mut payload = lambda["Parameters"]["Payload"].clone();
    let token = payload.as_object_mut().unwrap().remove("taskToken.$");
    assert_eq!(token.unwrap(), "$$.Task.Token");
    assert_eq!(payload, fleet["Parameters"]);
    // What becomes of a token while a call waits for its function is not documented.
    assert_eq!(lambda["Parameters"]["InvocationType"], "Event");
    assert!(
        lambda["Resource"]
            .as_str()
            .unwrap()
            .ends_with(":lambda:invoke.waitForTaskToken")
    );
}

/// Only an invocation keeps the run's deadline, and there may be none.
#[test]
fn a_run_that_no_function_works_on_ends_after_its_deadline() {
    let states = states();
    let missed = &states["RunTaskOnLambda"]["Catch"][0];
    let errors = missed["ErrorEquals"].as_array().unwrap();
    for error in ["States.HeartbeatTimeout", "States.Timeout"]
        .into_iter()
        .chain(LAMBDA_ERRORS)
    {
        // That Lambda refuses the call for good, as without the right to it, has this name.
        let passes = error != "Lambda.AWSLambdaException";
        assert_eq!(errors.contains(&error.into()), passes, "{error}");
    }
    let check = &states[missed["Next"].as_str().unwrap()];
    assert_eq!(check["Default"], "RunTaskOnLambda");
    assert_eq!(
        check["Choices"],
        json!([{
            "Variable": "$$.State.EnteredTime",
            "TimestampGreaterThanPath": "$.task.deadline",
            "Next": "DeadlinePassed"
        }])
    );
    let passed = &states["DeadlinePassed"];
    assert_eq!(
        passed["Result"]["Error"],
        ErrorName::DeadlineExceeded.as_str()
    );
    assert_eq!(
        (&passed["ResultPath"], &passed["Next"]),
        (&json!("$.error"), &json!("StopTasks"))
    );
}

#[test]
fn the_fleet_works_on_runs_of_which_the_input_does_not_say_otherwise() {
    let workers = &states()["Workers"];
    assert_eq!(workers["Default"], "RunTask");
    let choice = &workers["Choices"][0];
    assert_eq!(choice["Next"], "RunTaskOnLambda");
    // A condition on a value that is not there ends the execution.
    assert_eq!(
        choice["And"],
        json!([
            {"Variable": "$.workers", "IsPresent": true},
            {"Variable": "$.workers", "StringEquals": "Lambda"}
        ])
    );
}

#[test]
fn the_worker_is_told_the_heartbeat_that_the_state_uses() {
    for name in RUN_STATES {
        let run = &states()[name];
        assert_eq!(
            values(&run["Parameters"], "heartbeatSeconds"),
            [&run["HeartbeatSeconds"]],
            "{name}"
        );
    }
}

#[test]
fn a_worker_never_sees_the_response_url() {
    let parameters = &states()["RunTask"]["Parameters"];
    let names: BTreeSet<&str> = parameters
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["execution.$", "heartbeatSeconds", "task.$"])
    );
}
