//! The states of a direct run: its input is the properties, and nobody is answered.

use ecs_task_runner::execution::history::DIRECT_ENDS;
use serde_json::{Value, json};
use stand_ins::sfn::interpreter::definition;

use super::{LAMBDA_ERRORS, states, targets};

/// Where the Choice leads for a state with, and for one without, what its first entry asks for.
fn by_presence<'s>(choice: &'s Value, variable: &str) -> (&'s Value, &'s Value) {
    let first = &choice["Choices"][0];
    assert_eq!(first["Variable"], variable);
    (&first["Next"], &choice["Default"])
}

#[test]
fn an_input_without_a_task_is_prepared_before_it_runs() {
    assert_eq!(definition()["StartAt"], "Input");
    let states = states();
    assert_eq!(
        by_presence(&states["Input"], "$.task"),
        (&json!("RequestType"), &json!("Prepare"))
    );
    let prepare = &states["Prepare"];
    assert_eq!(
        prepare["Parameters"]["Payload"],
        json!({"execution.$": "$$.Execution.Id", "started.$": "$$.Execution.StartTime", "properties.$": "$"})
    );
    // The input may be anything, so that nothing can be put into it.
    assert!(prepare.get("ResultPath").is_none());
    assert_eq!(prepare["OutputPath"], "$.Payload");
    assert_eq!(prepare["Catch"].as_array().unwrap().len(), 1);
    assert!(prepare["Catch"][0].get("ResultPath").is_none());
    assert_eq!(prepare["Next"], "Prepared");
    let prepared = &states["Prepared"];
    assert_eq!(prepared["Default"], "RequestType");
    assert_eq!(
        prepared["Choices"],
        json!([
            {"Variable": "$.error", "IsPresent": true, "Next": "RunFailed"},
            {"Variable": "$.output", "IsPresent": true, "Next": "RunSucceeded"}
        ])
    );
}

#[test]
fn faults_of_lambda_that_pass_are_no_end_of_a_direct_run() {
    let prepare = &states()["Prepare"];
    let retried: Vec<&Value> = prepare["Retry"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|retry| retry["ErrorEquals"].as_array().unwrap())
        .collect();
    for error in LAMBDA_ERRORS.into_iter().chain(["States.Timeout"]) {
        assert!(retried.contains(&&json!(error)), "{error}");
    }
}

#[test]
fn the_ends_of_a_direct_run_are_reached_without_a_request_alone() {
    let states = states();
    assert_eq!(
        by_presence(&states["WhoWaits"], "$.request"),
        (&json!("RespondSuccess"), &json!("CountSuccess"))
    );
    assert_eq!(
        states["ChooseAnswer"]["Choices"][1],
        json!({"Variable": "$.request", "IsPresent": false, "Next": "CountFailure"})
    );
    let mut ways: Vec<_> = states
        .iter()
        .flat_map(|(name, state)| {
            let ends = targets(state).into_iter();
            ends.filter(|target| DIRECT_ENDS.contains(target))
                .map(|target| (name.clone(), target.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    ways.sort();
    let expected = [
        ("CountFailure", "RunFailed"),
        ("CountFailure", "RunFailed"),
        ("CountSuccess", "RunSucceeded"),
        ("CountSuccess", "RunSucceeded"),
        ("Prepare", "NotPrepared"),
        ("Prepared", "RunFailed"),
        ("Prepared", "RunSucceeded"),
    ];
    let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
    assert_eq!(ways, expected);
    // The caller sees the run's own end.
    assert_eq!(states["RunSucceeded"]["OutputPath"], "$.output");
    assert_eq!(states["RunFailed"]["ErrorPath"], "$.error.Error");
    assert_eq!(states["RunFailed"]["CausePath"], "$.error.Cause");
    // A path to what is not there ends the execution with an error of the path, and a caught error may
    // have no Cause.
    let cause = states["NotPrepared"]["CausePath"].as_str().unwrap();
    assert!(
        cause.starts_with("States.Format(") && cause.ends_with(", States.JsonToString($))"),
        "{cause}"
    );
}

/// Whether it can be counted or not, the run ends as it does, and soon.
#[test]
fn counting_a_direct_run_changes_nothing_of_its_end() {
    let states = states();
    for (name, status, end) in [
        ("CountSuccess", "SUCCESS", "RunSucceeded"),
        ("CountFailure", "FAILED", "RunFailed"),
    ] {
        let state = &states[name];
        assert_eq!(
            state["Parameters"],
            json!({
                "FunctionName": "${RespondFunctionArn}",
                "Payload": {"status": status, "nobodyWaits": true, "execution.$": "$$.Execution.Id",
                    "started.$": "$$.Execution.StartTime", "state.$": "$"}
            })
        );
        assert_eq!(state["Next"], end);
        assert_eq!(
            state["Catch"],
            json!([{"ErrorEquals": ["States.ALL"], "ResultPath": "$.countError", "Next": end}])
        );
        assert!(state["ResultPath"].is_null() && state.get("ResultPath").is_some());
        assert!(state.get("Retry").is_none(), "the end would come late");
    }
}

#[test]
fn an_input_that_names_no_time_limit_has_the_usual_one() {
    let states = states();
    assert_eq!(
        by_presence(&states["TimeLimit"], "$.timeoutSeconds"),
        (&json!("Workers"), &json!("UsualTimeLimit"))
    );
    let usual = &states["UsualTimeLimit"];
    assert_eq!(
        (&usual["ResultPath"], &usual["Next"]),
        (&json!("$.timeoutSeconds"), &json!("Workers"))
    );
}
