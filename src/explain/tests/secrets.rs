//! Secrets that must not be shown, and executions that are not a task runner's.

use serde_json::json;

use super::claimed;
use super::histories::{History, SECRET, URL, arn, execution};
use crate::execution::status::{Execution, ExecutionStatus};
use crate::explain::Explainer;

#[test]
fn no_secret_of_the_input_is_shown() {
    let input = execution("Create", ExecutionStatus::Failed).input;
    let runtime = format!("The JSONPath '$.nothing' could not be found in the input '{input}'");
    let quoted = format!("asked by {URL} with {SECRET}\u{1b}[2J");
    for (error, cause) in [
        ("States.Runtime", runtime.as_str()),
        ("Mine", &quoted),
        (SECRET, URL),
        ("States.Timeout", &input),
    ] {
        let mut history = History::of("Create");
        claimed(&mut history).failed(2_000, error, cause).entered(
            3_000,
            "RespondFailure",
            &json!({"error": {"Error": error, "Cause": cause}}),
        );
        history
            .function_failed(4_000, error, cause)
            .claimed(5_000, &quoted);
        let mut undelivered = history.clone();
        undelivered
            .entered(6_000, "AnswerNotSent", &json!({}))
            .ended(6_000, "Failed", error, cause);
        let mut delivered = history.clone();
        delivered
            .invoked(5_000, "Succeeded")
            .ended(6_000, "Failed", error, cause);
        let mut aborted = History::of("Create");
        claimed(&mut aborted).ended(6_000, "Aborted", error, cause);
        let explanations = [
            history.explain(ExecutionStatus::Running),
            undelivered.explain(ExecutionStatus::Failed),
            delivered.explain(ExecutionStatus::Failed),
            aborted.explain(ExecutionStatus::Aborted),
        ];
        for explanation in explanations {
            let json = serde_json::to_string(&explanation).unwrap();
            for shown in [&explanation.to_string(), &json] {
                for secret in [
                    URL,
                    "X-Amz-Signature",
                    SECRET,
                    "\u{1b}",
                    "\\u001b",
                    "clientToken",
                ] {
                    assert!(!shown.contains(secret), "{secret} is in\n{shown}");
                }
            }
        }
    }
}

#[test]
fn a_cause_of_the_worker_is_shown_as_it_is() {
    // The cluster's name is also the value of an override.
    let cause = "It failed.\nTask in the console: https://x/clusters/production/tasks/4f1c";
    let mut history = History::of("Create");
    history.override_environment("production");
    claimed(&mut history)
        .failed(2_000, "EcsTask.Failed", cause)
        .entered(
            3_000,
            "RespondFailure",
            &json!({"error": {"Error": "EcsTask.Failed", "Cause": cause}}),
        );
    history
        .invoked(4_000, "Succeeded")
        .ended(4_000, "Failed", "EcsTask.Failed", cause);
    let text = history.explain(ExecutionStatus::Failed).to_string();
    assert!(text.contains("clusters/production/tasks"), "{text}");
}

#[test]
fn a_value_with_control_characters_is_hidden_as_well() {
    let mut history = History::of("Create");
    // JSON writes the tab as \t.
    history.override_environment("correct\\thorse");
    claimed(&mut history).ended(6_000, "Aborted", "", "it was started with correct\thorse");
    let text = history.explain(ExecutionStatus::Aborted).to_string();
    assert!(!text.contains("horse"), "{text}");
}

#[test]
fn other_state_machines_executions_are_refused() {
    for input in [
        "",
        "null",
        "{}",
        "[]",
        "not json",
        r#"{"request": {"RequestType": "Create"}}"#,
        r#"{"task": {"cluster": "c"}}"#,
    ] {
        let foreign = Execution {
            input: input.to_owned(),
            ..execution("Create", ExecutionStatus::Succeeded)
        };
        let refused = Explainer::new(arn(), foreign).map(|_| ()).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("this execution is not of a task runner"),
            "{refused}"
        );
    }
}
