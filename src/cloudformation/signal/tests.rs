use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cloudformation::event::ResponseUrl;
use crate::cloudformation::response::MAX_BODY;

fn handle() -> WaitConditionHandle {
    WaitConditionHandle {
        url: ResponseUrl::new("https://example.com/"),
        unique_id: "MigrateTask-5609247e-create-0dde2d72c7ec".to_owned(),
    }
}

/// The body, which has exactly the four members that CloudFormation reads, all of them strings.
fn parsed(signal: Signal) -> Value {
    let body = signal.body().unwrap();
    assert!(body.len() <= MAX_BODY);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let members = body.as_object().unwrap();
    let names: Vec<_> = members.keys().map(String::as_str).collect();
    assert_eq!(names, ["Data", "Reason", "Status", "UniqueId"]);
    assert!(members.values().all(Value::is_string), "{body}");
    body
}

#[test]
fn a_failure_is_one_line_that_begins_with_what_matters() {
    let reason = "EcsTask.Failed: Container 'migrate' exited with code 1.\n\nLog:\r\n  \u{1b}[31mno table\u{1b}[0m \n";
    let signal = Signal::failure(&handle(), reason).ending_with(Some(
        "More: ecs-task-runner explain shop/Migrate".to_owned(),
    ));
    assert_eq!(
        parsed(signal),
        json!({
            "Status": "FAILURE",
            "Reason": "EcsTask.Failed: Container 'migrate' exited with code 1. | Log: |   no table | More: ecs-task-runner explain shop/Migrate",
            "UniqueId": "MigrateTask-5609247e-create-0dde2d72c7ec",
            "Data": "{}",
        })
    );
}

#[test]
fn a_success_has_the_outputs_as_the_text_of_an_object() {
    let output = Output {
        exit_code: "0".to_owned(),
        ..Output::default()
    };
    let body = parsed(Signal::success(&handle(), output.clone()));
    assert_eq!(body["Status"], "SUCCESS");
    assert_eq!(body["Reason"], "The run succeeded.");
    let data: Output = serde_json::from_str(body["Data"].as_str().unwrap()).unwrap();
    assert_eq!(data, output);
    let skipped = parsed(Signal::success(&handle(), Output::skipped("Count is 0")));
    assert_eq!(skipped["Reason"], "Nothing was run: Count is 0.");
}

#[test]
fn the_id_of_a_long_name_keeps_what_distinguishes_executions() {
    let short = "MigrateTask-5609247e-create-0dde2d72c7ec";
    assert_eq!(unique_id(short), short);
    let end = "-5609247e-create-0dde2d72c7ec";
    let long = format!("{}{end}", "L".repeat(80 - end.len()));
    let id = unique_id(&long);
    assert_eq!(id.len(), 64);
    assert!(id.ends_with(end));
}

proptest! {
    #[test]
    fn whatever_the_reason_is_the_body_fits_and_is_one_printable_line(reason in "\\PC{0,40}|[\\x00-\\x7f]{0,9000}|(\u{1b}|\"|\\\\|ü|\n){0,3000}") {
        let last_line = "More: ecs-task-runner explain shop/Migrate";
        let body = parsed(Signal::failure(&handle(), &reason).ending_with(Some(last_line.to_owned())));
        let said = body["Reason"].as_str().unwrap();
        prop_assert!(said.ends_with(last_line));
        prop_assert!(!said.chars().any(char::is_control));
    }

    #[test]
    fn outputs_of_any_length_fit(text in "[a-z\"]{0,6000}") {
        let output = Output { task_arns: text.clone(), skipped: text, ..Output::default() };
        let body = parsed(Signal::success(&handle(), output));
        let data: Value = serde_json::from_str(body["Data"].as_str().unwrap()).unwrap();
        prop_assert_eq!(data.as_object().unwrap().len(), 10);
    }
}
