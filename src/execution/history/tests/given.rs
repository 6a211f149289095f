//! Runs that the function `work` was given: their events are named as those of other functions are.

use super::*;

fn work(name: &str, at: i64) -> Value {
    let details = json!({"resourceType": "lambda", "resource": "invoke.waitForTaskToken"});
    json!({"type": format!("Task{name}"), "timestamp": at, "taskScheduledEventDetails": details})
}

fn given(second: i64) -> Activity {
    Activity::GivenToFunction {
        since: Timestamp::from_second(second).unwrap(),
    }
}

#[test]
fn a_run_that_a_function_was_given_is_followed_through_its_attempts() {
    let run = [
        (entered("RunTaskOnLambda"), Activity::Unknown),
        (work("Scheduled", 10), given(10)),
        (work("Started", 10), given(10)),
        (work("Submitted", 11), given(10)),
        (work("TimedOut", 70), Activity::Ended),
        (work("Scheduled", 71), given(71)),
        (work("SubmitFailed", 72), Activity::Ended),
        (work("Scheduled", 73), given(73)),
        (work("Failed", 80), Activity::Ended),
        (work("Scheduled", 81), given(81)),
        (plain("ExecutionRedriven"), Activity::Ended),
        (work("Scheduled", 90), given(90)),
        (work("Succeeded", 95), Activity::Ended),
        (entered("RespondSuccess"), Activity::Ended),
        (invoke("Scheduled"), Activity::Ended),
    ];
    assert_followed(&run);
}

#[test]
fn a_function_is_known_by_the_action_as_the_definition_spells_it_too() {
    let spelled = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    let details = json!({"resourceType": "lambda", "resource": spelled});
    let scheduled =
        json!({"type": "TaskScheduled", "timestamp": 10, "taskScheduledEventDetails": details});
    let run = [entered("RunTaskOnLambda"), scheduled];
    assert_eq!(progress(&run.to_vec().into()).activity, given(10));
}

#[test]
fn the_success_of_a_run_is_no_answer() {
    let run = [
        entered("RunTaskOnLambda"),
        work("Scheduled", 1),
        work("Submitted", 1),
        work("Succeeded", 2),
    ];
    assert_eq!(progress(&run.to_vec().into()).answer, Answer::NotBegun);
    // Nor does it pass for one where a history's events come in an order that no definition makes.
    let late = [entered("RespondSuccess"), work("Succeeded", 2)];
    assert!(matches!(
        progress(&late.to_vec().into()).answer,
        Answer::Begun { .. }
    ));
}
