//! Runs that the function `work` was given, where there is no fleet.

use serde_json::json;

use super::histories::{History, NAME};
use crate::execution::status::ExecutionStatus;
use crate::explain::{Explanation, RunResult};

fn told(explanation: &Explanation) -> Vec<String> {
    explanation
        .steps
        .iter()
        .map(|step| step.event.to_string())
        .collect()
}

#[test]
fn every_attempt_is_told_and_who_had_it() {
    let task = "arn:aws:ecs:eu-west-1:123456789012:task/production/4f1c";
    let output = json!({"TaskArn": task, "TaskArns": task, "ExitCode": "0",
        "StartedAt": "2026-11-23T06:01:31.2Z", "StoppedAt": "2026-11-23T06:20:12.1Z"});
    let mut history = History::of("Create");
    history
        .entered(100, "RunTaskOnLambda", &json!({}))
        .given(200)
        .work(60_300, "TimedOut", "States.Timeout")
        .given(61_200)
        .work(61_300, "SubmitFailed", "Lambda.TooManyRequestsException")
        .given(62_300)
        .work(902_300, "Failed", "Worker.HandedOver")
        .given(903_300)
        .work(1_023_300, "TimedOut", "States.Timeout")
        .given(1_024_300)
        .work(1_213_000, "Succeeded", "")
        .entered(1_213_050, "RespondSuccess", &json!({"output": output}))
        .invoked(1_213_100, "Scheduled")
        .invoked(1_213_400, "Succeeded")
        .ended(1_213_500, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    assert_eq!(
        told(&explanation),
        [
            "requested by CloudFormation",
            "given to a function",
            "waited for a free function, or its function ended in its first seconds, 1 min 0 s after it was given",
            "given to another function, attempt 2",
            "could not be scheduled for a worker: Lambda.TooManyRequestsException",
            "given to another function, attempt 3",
            "ECS task 4f1c started, 29 s after it was given",
            "handed over by its function, whose time was up, 14 min 0 s after it was given",
            "given to another function, attempt 4",
            "taken from its function, which sent no heartbeat any more, 2 min 0 s after it was given",
            "given to another function, attempt 5",
            "ECS task ended with exit code 0, ran for 18 min 41 s",
            "function reported success, 3 min 9 s after it was given",
            "replied SUCCESS to CloudFormation, 0.4 s after the report",
        ]
    );
    assert_eq!(explanation.conclusion.result, RunResult::Succeeded);
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["steps"][1]["event"], "givenToFunction");
    assert_eq!(json["steps"][2]["reason"], "noFunction");
    assert_eq!(json["steps"][2]["sinceGivenSeconds"], 60.1);
}

#[test]
fn a_function_that_has_a_run_for_the_whole_time_is_told_from_one_that_falls_silent() {
    let mut history = History::of("Create");
    history
        .entered(100, "RunTaskOnLambda", &json!({}))
        .given(200)
        .work(3_555_300, "TimedOut", "States.Timeout");
    let told = told(&history.explain(ExecutionStatus::Running));
    assert_eq!(
        told.last().unwrap(),
        "taken from its function, which did not end it within the state's TimeoutSeconds, 59 min 15 s after it was given"
    );
}

#[test]
fn a_failed_run_is_told_with_its_error() {
    let mut history = History::of("Create");
    history
        .entered(100, "RunTaskOnLambda", &json!({}))
        .given(200)
        .work(9_200, "Failed", "EcsTask.Failed")
        .entered(
            9_300,
            "StopTasks",
            &json!({"error": {"Error": "EcsTask.Failed", "Cause": "It failed."}}),
        );
    let told = told(&history.explain(ExecutionStatus::Running));
    assert_eq!(
        told.last().unwrap(),
        "function reported EcsTask.Failed, 9.0 s after it was given"
    );
}

#[test]
fn a_run_that_was_given_is_told_without_a_claim() {
    let mut history = History::of("Create");
    history
        .entered(100, "RunTaskOnLambda", &json!({}))
        .given(200);
    let conclusion = history
        .explain_at(ExecutionStatus::Running, 40_200)
        .conclusion;
    assert_eq!(
        conclusion.sentence,
        "Running. The run was given to the function work 40 s ago, and this history does not tell whether it works on the run or the run waits for a free function; its deadline is in 54 min 20 s."
    );
    assert!(
        conclusion
            .advice
            .is_some_and(|advice| advice.ends_with(&format!("--started-by {NAME}")))
    );

    history.ended(50_000, "Aborted", "", "wrong release");
    let reason = history
        .explain(ExecutionStatus::Aborted)
        .conclusion
        .reason
        .unwrap();
    assert_eq!(
        reason,
        "EcsTask.Interrupted: The execution was stopped before the run was over: wrong release. The function work had been given it."
    );
}
