use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cloudformation::event::{RequestType, ResponseUrl};

fn request() -> Request {
    Request {
        request_type: RequestType::Create,
        stack_id: "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid".to_owned(),
        request_id: "r-1".to_owned(),
        logical_resource_id: "MigrateTask".to_owned(),
        resource_type: "Custom::EcsTask".to_owned(),
        physical_resource_id: None,
        response_url: ResponseUrl::new("https://example.com/"),
        wait_condition_handle: None,
        ignores_failure: false,
    }
}

fn parsed(response: Response) -> Value {
    let body = response.body().unwrap();
    assert!(body.len() <= MAX_BODY);
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_failure_names_everything_cloudformation_needs() {
    let body = parsed(Response::failure(
        &request(),
        "MigrateTask-1a2b3c4d",
        "Container 'migrate' exited with code 1.",
    ));
    assert_eq!(
        body,
        json!({
            "Status": "FAILED",
            "Reason": "Container 'migrate' exited with code 1.",
            "PhysicalResourceId": "MigrateTask-1a2b3c4d",
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid",
            "RequestId": "r-1",
            "LogicalResourceId": "MigrateTask",
            "NoEcho": false
        })
    );
}

#[test]
fn a_reason_holds_nothing_but_printable_characters_and_line_ends() {
    let reason = "\u{1b}[31mError:\u{1b}[0m failed\0\u{7}\r\nstep 10%\rstep 100%\u{fffe}";
    let body = parsed(Response::failure(&request(), "id", reason));
    assert_eq!(body["Reason"], "Error: failed\nstep 10%\nstep 100%");
}

#[test]
fn the_physical_resource_id_is_echoed_and_never_empty() {
    for (sent, expected) in [
        (Some("old-id"), "old-id"),
        (Some(""), "fallback"),
        (None, "fallback"),
    ] {
        let request = Request {
            physical_resource_id: sent.map(str::to_owned),
            ..request()
        };
        let body = parsed(Response::success(&request, "fallback", Output::default()));
        assert_eq!(body["PhysicalResourceId"], expected);
    }
}

#[test]
fn outputs_that_are_too_long_are_emptied_and_keep_their_keys() {
    let output = Output {
        task_arn: "arn".to_owned(),
        task_arns: "a".repeat(5_000),
        ..Output::default()
    };
    let body = parsed(Response::success(&request(), "id", output));
    assert_eq!(body["Status"], "SUCCESS");
    assert_eq!(body["Data"]["TaskArns"], "");
    assert_eq!(body["Data"]["TaskArn"], "arn");
}

#[test]
fn outputs_of_any_length_leave_an_answer() {
    let long = "x".repeat(5_000);
    let names = [
        "TaskArn",
        "TaskArns",
        "ExitCode",
        "StartedAt",
        "StoppedAt",
        "DurationSeconds",
        "LogGroup",
        "LogStream",
        "ConsoleUrl",
        "Skipped",
    ];
    let output: serde_json::Map<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(long)))
        .collect();
    let output: Output = serde_json::from_value(output.into()).unwrap();
    let body = parsed(Response::success(&request(), "id", output));
    assert_eq!(body["Status"], "SUCCESS");
    assert!(names.iter().all(|name| body["Data"][name] == ""), "{body}");
}

#[test]
fn ids_that_cannot_fit_are_an_error() {
    let request = Request {
        stack_id: "s".repeat(MAX_BODY),
        ..request()
    };
    assert!(Response::failure(&request, "id", "why").body().is_err());
}

#[test]
fn the_last_line_gives_way_only_to_ids_that_leave_no_room() {
    let last_line = Some("More: where it is".to_owned());
    let long = |ids: usize| Request {
        stack_id: "s".repeat(ids),
        ..request()
    };
    let others = Response::failure(&long(0), "id", "").body().unwrap().len();
    // With this much room for the reason and its last line, of 17 bytes.
    let reason = |room: usize| {
        let response = Response::failure(&long(MAX_BODY - others - room), "id", "why".repeat(500));
        parsed(response.ending_with(last_line.clone()))["Reason"].take()
    };
    assert_eq!(reason(32), "whywh…hywhy\nMore: where it is");
    assert_eq!(reason(18), "More: where it is");
    assert_eq!(reason(16), "");
}

proptest! {
    #[test]
    fn a_reason_of_any_text_fits_and_keeps_both_ends(filler in "[\\PC\u{0}-\u{1f}]{0,6000}") {
        let response = Response::failure(&request(), "id", format!("HEAD{filler}\nTAIL"));
        let body = response.body().unwrap();
        prop_assert!(body.len() <= MAX_BODY);
        let body: Value = serde_json::from_slice(&body).unwrap();
        let reason = body["Reason"].as_str().unwrap();
        prop_assert!(reason.starts_with("HEAD") && reason.ends_with("TAIL"));
    }

    #[test]
    fn the_last_line_of_a_reason_is_whole_however_long_the_reason_is(filler in "[\\PC\u{0}-\u{1f}]{0,6000}") {
        let last_line = Some("More: where it is".to_owned());
        let response = Response::failure(&request(), "id", format!("HEAD{filler}")).ending_with(last_line);
        let body = response.body().unwrap();
        prop_assert!(body.len() <= MAX_BODY);
        let body: Value = serde_json::from_slice(&body).unwrap();
        let reason = body["Reason"].as_str().unwrap();
        prop_assert!(reason.starts_with("HEAD") && reason.ends_with("\nMore: where it is"));
    }
}

#[test]
fn a_status_is_the_word_of_the_answer() {
    for (status, word) in [(Status::Success, "SUCCESS"), (Status::Failed, "FAILED")] {
        assert_eq!(status.to_string(), word);
        assert_eq!(json!(status), word);
    }
}
