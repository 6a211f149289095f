//! Answers that were delivered late, by `rescue`, or not by the execution.

use serde_json::json;

use super::claimed;
use super::histories::History;
use crate::execution::status::ExecutionStatus;
use crate::explain::RunResult;

#[test]
fn an_answer_is_told_with_the_attempts_that_failed() {
    let lambda = r#"{"errorType":"RespondError","errorMessage":"CloudFormation's response URL could not be reached"}"#;
    let mut history = History::of("Create");
    claimed(&mut history)
        .succeeded(10_000)
        .entered(10_100, "RespondSuccess", &json!({"output": {}}))
        .function_failed(20_000, "RespondError", lambda)
        .function_failed(31_000, "Lambda.Unknown", "");
    let text = history.explain(ExecutionStatus::Running).to_string();
    assert!(
        text.contains("could not be replied to: RespondError: CloudFormation's response URL could not be reached\n")
            && text.contains("could not be replied to: Lambda.Unknown\n")
            && text.contains("Running. CloudFormation is being answered SUCCESS, for "),
        "{text}"
    );

    let mut delivered = history.clone();
    delivered
        .invoked(40_000, "Succeeded")
        .ended(40_100, "Succeeded", "", "");
    let delivered = delivered.explain(ExecutionStatus::Succeeded);
    assert_eq!(
        delivered.conclusion.sentence,
        "Succeeded. CloudFormation was sent SUCCESS, 40 s after its request."
    );

    history.entered(70_000, "AnswerNotSent", &json!({})).ended(
        70_000,
        "Failed",
        "CustomResource.AnswerNotSent",
        lambda,
    );
    let given_up = history.explain(ExecutionStatus::Failed);
    let text = given_up.to_string();
    assert!(
        text.contains("execution failed without a reply: CustomResource.AnswerNotSent\n"),
        "{text}"
    );
    assert!(text.contains("\nThe run succeeded, but this execution could not report that to CloudFormation. The function rescue"), "{text}");
    assert_eq!(given_up.conclusion.result, RunResult::Failed);
}

#[test]
fn an_end_from_outside_is_answered_by_rescue() {
    let not_claimed = "No worker polled the activity for 300 s: is the fleet running?";
    let waiting =
        |history: &mut History| _ = history.entered(100, "RunTask", &json!({})).scheduled(200);
    let taken = |history: &mut History| _ = claimed(history);
    for (status, kind, error, cause, before, expected) in [
        (
            ExecutionStatus::Aborted,
            "Aborted",
            "Worker.NotClaimed",
            not_claimed,
            &waiting as &dyn Fn(&mut History),
            &[
                "execution stopped: Worker.NotClaimed: No worker polled",
                "The execution was stopped before it had replied. The function rescue replies in its place, or has replied, outside this history: FAILED.",
                "  Worker.NotClaimed: No worker polled the activity for 300 s: is the fleet running?",
                "What to do: see whether the fleet is running.",
            ][..],
        ),
        (
            ExecutionStatus::Aborted,
            "Aborted",
            "",
            "wrong release",
            &taken,
            &[
                "execution stopped: wrong release\n",
                "  EcsTask.Interrupted: The execution was stopped before the run was over: wrong release. Worker 'i-0abc' had taken it.",
            ],
        ),
        (
            ExecutionStatus::TimedOut,
            "TimedOut",
            "",
            "",
            &waiting,
            &[
                "execution timed out\n",
                "The execution timed out before",
                "  Worker.NotClaimed: No worker polled the activity until",
            ],
        ),
        (
            ExecutionStatus::TimedOut,
            "TimedOut",
            "",
            "",
            &taken,
            &["  EcsTask.DeadlineExceeded: Worker 'i-0abc' had taken the run"],
        ),
        (
            ExecutionStatus::Failed,
            "Failed",
            "States.Runtime",
            "Activity does not exist",
            &waiting,
            &[
                "execution failed without a reply: States.Runtime\n",
                "  States.Runtime: the state machine could not run",
            ],
        ),
    ] {
        let mut history = History::of("Create");
        before(&mut history);
        history.ended(400_000, kind, error, cause);
        let explanation = history.explain(status);
        assert_eq!(explanation.conclusion.result, RunResult::Failed);
        let text = explanation.to_string();
        for expected in expected {
            assert!(text.contains(expected), "{expected:?} is not in\n{text}");
        }
    }
}

#[test]
fn a_delete_that_ended_without_an_answer_is_answered_with_success() {
    let mut history = History::of("Delete");
    history
        .entered(100, "StopTasks", &json!({}))
        .ended(400_000, "Aborted", "", "");
    let text = history.explain(ExecutionStatus::Aborted).to_string();
    assert!(text.ends_with("The function rescue replies in its place, or has replied, outside this history: SUCCESS, as to every Delete.\n"), "{text}");
}

#[test]
fn an_execution_that_is_ended_after_its_answer_has_answered() {
    let mut history = History::of("Create");
    claimed(&mut history)
        .succeeded(10_000)
        .entered(10_100, "RespondSuccess", &json!({"output": {}}))
        .invoked(10_400, "Succeeded")
        .ended(10_500, "Aborted", "", "too late");
    let conclusion = history.explain(ExecutionStatus::Aborted).conclusion;
    assert_eq!(conclusion.result, RunResult::Succeeded);
    assert!(
        conclusion
            .sentence
            .contains("sent SUCCESS, 10 s after its request"),
        "{conclusion:?}"
    );
}

#[test]
fn a_run_whose_end_goes_to_a_wait_condition_is_answered_twice_and_each_is_told() {
    let mut history = History::of("Create");
    history
        .name_handle()
        .entered(100, "RespondStarted", &json!({}))
        .function_failed(150, "Lambda.Unknown", "")
        .invoked(190, "Succeeded");
    claimed(&mut history);
    let running = history.explain(ExecutionStatus::Running).to_string();
    assert!(
        running.contains("could not be replied to: Lambda.Unknown\n")
            && running.contains("replied SUCCESS to CloudFormation for the resource; a wait condition waits for the end of the run\n"),
        "{running}"
    );
    assert!(!running.contains("CloudFormation was sent"), "{running}");
    history
        .succeeded(10_000)
        .entered(10_100, "RespondSuccess", &json!({"output": {}}))
        .invoked(20_000, "Succeeded")
        .ended(20_100, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    assert_eq!(
        explanation.conclusion.sentence,
        "Succeeded. The wait condition was sent SUCCESS, 20 s after the request."
    );
    let text = explanation.to_string();
    assert!(
        text.contains("replied SUCCESS to the wait condition, 10 s after the report\n"),
        "{text}"
    );
}
