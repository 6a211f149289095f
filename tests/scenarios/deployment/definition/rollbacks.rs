//! The states before the task of a rollback, in which the runs of the update that is rolled back end.

use ecs_task_runner::task::error::ErrorName;
use serde_json::{Value, json};

use super::states;

/// The condition under which the state machine is before the task.
fn is_before_the_task(conditions: &Value) -> bool {
    let conditions = conditions.as_array().unwrap();
    [
        json!({"Variable": "$.earlierRuns", "IsPresent": true}),
        json!({"Variable": "$.error", "IsPresent": false}),
    ]
    .iter()
    .all(|condition| conditions.contains(condition))
}

#[test]
fn earlier_runs_are_stopped_by_the_function_that_stops_everything_else() {
    let states = states();
    let looks = &states["EarlierRuns"];
    assert_eq!(
        looks["Choices"],
        json!([{"Variable": "$.earlierRuns", "IsPresent": true, "Next": "StopTasks"}])
    );
    // Inputs of earlier releases have no such member.
    assert_eq!(looks["Default"], "TimeLimit");
    assert_eq!(states["RequestType"]["Default"], "EarlierRuns");
}

#[test]
fn the_task_begins_only_when_nothing_of_them_runs() {
    let states = states();
    let ended = &states["TasksStillRunning"]["Choices"][1];
    assert_eq!(ended["Next"], "EarlierRunsEnded");
    assert!(is_before_the_task(&ended["And"]), "{ended}");
    for condition in [
        json!({"Variable": "$.leftovers.running", "NumericLessThan": 1}),
        json!({"Variable": "$.leftovers.wait", "BooleanEquals": false}),
    ] {
        assert!(ended["And"].as_array().unwrap().contains(&condition));
    }
    assert_eq!(states["EarlierRunsEnded"]["Next"], "TimeLimit");
    // Every other way out of the loop, and an error of the function, comes here.
    let goes_on = &states["ChooseAnswer"]["Choices"][0];
    assert_eq!(goes_on["Next"], "EarlierRunsGoOn");
    assert!(is_before_the_task(&goes_on["And"]), "{goes_on}");
    let failure = &states["NotStartedBesideThem"];
    assert_eq!(states["EarlierRunsGoOn"]["Next"], "NotStartedBesideThem");
    assert_eq!(failure["Result"]["Error"], ErrorName::NotStarted.as_str());
    assert_eq!(failure["ResultPath"], "$.error");
    assert_eq!(failure["Next"], "ChooseAnswer");
}
