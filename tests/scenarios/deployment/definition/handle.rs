//! The state that answers a request whose run's end goes to a wait condition.

use serde_json::json;

use super::states;

#[test]
fn a_request_with_a_handle_is_answered_before_its_run_and_no_other_is() {
    let states = states();
    let choices = states["RequestType"]["Choices"].as_array().unwrap();
    // Delete comes first: its answer is that nothing is left.
    assert_eq!(choices[0]["Next"], "StopTasks");
    assert_eq!(
        choices[1],
        json!({
            "And": [
                {"Variable": "$.request", "IsPresent": true},
                {"Variable": "$.request.WaitConditionHandle", "IsPresent": true}
            ],
            "Next": "RespondStarted"
        })
    );
    assert_eq!(states["RequestType"]["Default"], "EarlierRuns");
    let mut ways = states
        .iter()
        .filter(|(_, state)| super::values(state, "Next").contains(&&json!("RespondStarted")));
    assert_eq!(ways.next().unwrap().0, "RequestType");
    assert!(ways.next().is_none());
}

#[test]
fn the_run_goes_on_whether_that_answer_was_given_or_not() {
    let states = states();
    let started = &states["RespondStarted"];
    assert_eq!(
        started["Parameters"],
        json!({
            "FunctionName": "${RespondFunctionArn}",
            "Payload": {"status": "SUCCESS", "hasOnlyBegun": true, "state.$": "$"}
        })
    );
    // Without this mark, the answer is repeated at the run's end.
    assert_eq!(started["ResultSelector"], json!({"answered": true}));
    assert_eq!(started["ResultPath"], "$.begun");
    assert_eq!(started["Next"], "EarlierRuns");
    assert_eq!(
        started["Catch"],
        json!([{"ErrorEquals": ["States.ALL"], "ResultPath": "$.startedError", "Next": "EarlierRuns"}])
    );
    // As certain as every other answer.
    assert_eq!(started["Retry"], states["RespondSuccess"]["Retry"]);
}
