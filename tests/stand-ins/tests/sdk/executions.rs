//! Executions.

use std::time::Duration;

use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus, HistoryEventType};
use serde_json::json;
use stand_ins::StandIns;
use stand_ins::sfn::{ExecutionEnd, Outcome, Schedule};
use tokio::time::advance;

#[tokio::test(start_paused = true)]
async fn a_name_starts_one_execution() {
    let aws = StandIns::new();
    let machine = aws.sfn().state_machine("run");
    let client = super::sfn(&aws);
    let start = |name: &str, input: &str| {
        client
            .start_execution()
            .state_machine_arn(&machine)
            .name(name)
            .input(input)
            .send()
    };
    let first = start("a", "{\"n\":1}").await.unwrap();
    advance(Duration::from_secs(5)).await;
    let again = start("a", "{\"n\":1}").await.unwrap();
    assert_eq!(
        (again.execution_arn(), again.start_date()),
        (first.execution_arn(), first.start_date())
    );

    let other_input = start("a", "{\"n\":2}").await.unwrap_err();
    assert_eq!(other_input.code(), Some("ExecutionAlreadyExists"));
    aws.sfn()
        .end_execution(first.execution_arn(), ExecutionEnd::Succeeded(json!({})));
    let ended = start("a", "{\"n\":1}").await.unwrap_err();
    assert_eq!(ended.code(), Some("ExecutionAlreadyExists"));
    advance(Duration::from_hours(90 * 24)).await;
    start("a", "{\"n\":1}").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_service_refuses_executions_that_cannot_be_started() {
    let aws = StandIns::new();
    let machine = aws.sfn().state_machine("run");
    let client = super::sfn(&aws);
    let start = || client.start_execution().state_machine_arn(&machine);
    for (name, request, code) in [
        (
            "no such machine",
            start().state_machine_arn(format!("{machine}x")),
            "StateMachineDoesNotExist",
        ),
        ("bad characters", start().name("a b"), "InvalidName"),
        ("81 characters", start().name("x".repeat(81)), "InvalidName"),
        ("no JSON", start().input("{"), "InvalidExecutionInput"),
        (
            "too long",
            start().input(format!("\"{}\"", "x".repeat(262_143))),
            "ValidationException",
        ),
    ] {
        assert_eq!(
            request.send().await.unwrap_err().code(),
            Some(code),
            "{name}"
        );
    }
    assert!(aws.sfn().executions().is_empty());
    let unknown = client
        .describe_execution()
        .execution_arn("arn:none")
        .send()
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Some("ExecutionDoesNotExist"));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_execution_ends_its_activity() {
    let aws = StandIns::new();
    let machine = aws.sfn().state_machine("run");
    let activity = aws.sfn().activity("tasks");
    let client = super::sfn(&aws);
    let started = client
        .start_execution()
        .state_machine_arn(&machine)
        .name("a")
        .send()
        .await
        .unwrap();
    let arn = started.execution_arn();
    let scheduled = aws
        .sfn()
        .schedule(&activity, &json!({"execution": arn}), Schedule::retrying());
    let polled = client
        .get_activity_task()
        .activity_arn(&activity)
        .send()
        .await
        .unwrap();

    client
        .stop_execution()
        .execution_arn(arn)
        .error("Claim")
        .cause("nobody came")
        .send()
        .await
        .unwrap();
    let late = client
        .send_task_heartbeat()
        .task_token(polled.task_token().unwrap())
        .send()
        .await
        .unwrap_err();
    assert_eq!(late.code(), Some("TaskTimedOut"));
    assert_eq!(scheduled.outcome().await, Outcome::Aborted);
    let described = client
        .describe_execution()
        .execution_arn(arn)
        .send()
        .await
        .unwrap();
    assert_eq!(described.status(), &ExecutionStatus::Aborted);
    assert_eq!(
        (described.error(), described.cause()),
        (Some("Claim"), Some("nobody came"))
    );
}

#[tokio::test(start_paused = true)]
async fn histories_and_executions_come_in_pages() {
    let aws = StandIns::new();
    let machine = aws.sfn().state_machine("run");
    let client = super::sfn(&aws);
    let mut arns = Vec::new();
    for name in ["a", "b", "c"] {
        let started = client
            .start_execution()
            .state_machine_arn(&machine)
            .name(name)
            .send()
            .await
            .unwrap();
        arns.push(started.execution_arn().to_owned());
    }
    aws.sfn().history_event(
        &arns[0],
        json!({"type": "ActivityScheduled", "activityScheduledEventDetails": {"resource": "r"}}),
    );
    aws.sfn().end_execution(
        &arns[0],
        ExecutionEnd::Failed {
            error: "E".to_owned(),
            cause: "C".to_owned(),
        },
    );

    let history = client
        .get_execution_history()
        .execution_arn(&arns[0])
        .reverse_order(true)
        .send()
        .await
        .unwrap();
    let types: Vec<_> = history
        .events()
        .iter()
        .map(|event| event.r#type().clone())
        .collect();
    let expected = [
        HistoryEventType::ExecutionFailed,
        HistoryEventType::ActivityScheduled,
        HistoryEventType::ExecutionStarted,
    ];
    assert_eq!(types, expected);
    assert_eq!(history.events()[0].id(), 3);

    let list = || client.list_executions().state_machine_arn(&machine);
    let running = list()
        .status_filter(ExecutionStatus::Running)
        .send()
        .await
        .unwrap();
    let names: Vec<_> = running
        .executions()
        .iter()
        .map(ExecutionListItem::name)
        .collect();
    assert_eq!(names, ["c", "b"], "the newest first");
    let first = list().max_results(2).send().await.unwrap();
    let second = list()
        .max_results(2)
        .next_token(first.next_token().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            first.executions().len(),
            second.executions().len(),
            second.next_token()
        ),
        (2, 1, None)
    );
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_failed_in_the_last_two_weeks_can_be_redriven() {
    let aws = StandIns::new();
    let machine = aws.sfn().state_machine("run");
    let client = super::sfn(&aws);
    let start = |name: &str| {
        client
            .start_execution()
            .state_machine_arn(&machine)
            .name(name)
            .send()
    };
    let redrive = |arn: &str| client.redrive_execution().execution_arn(arn).send();
    let stopped = || ExecutionEnd::Aborted {
        error: None,
        cause: None,
    };
    let arn = start("a").await.unwrap().execution_arn;
    let refused = redrive(&arn).await.unwrap_err();
    assert_eq!(refused.code(), Some("ExecutionNotRedrivable"), "it runs");
    aws.sfn().end_execution(&arn, stopped());
    redrive(&arn).await.unwrap();
    let described = client.describe_execution().execution_arn(&arn);
    let described = described.send().await.unwrap();
    assert_eq!(described.status(), &ExecutionStatus::Running);
    assert_eq!(described.redrive_count(), Some(1));
    assert_eq!(described.stop_date(), None);
    let last = aws.sfn().history(&arn).pop().unwrap();
    assert_eq!(last["type"], "ExecutionRedriven");

    aws.sfn().end_execution(&arn, stopped());
    advance(Duration::from_hours(14 * 24)).await;
    let refused = redrive(&arn).await.unwrap_err();
    assert_eq!(refused.code(), Some("ExecutionNotRedrivable"), "too late");
    let arn = start("b").await.unwrap().execution_arn;
    aws.sfn()
        .end_execution(&arn, ExecutionEnd::Succeeded(json!({})));
    let refused = redrive(&arn).await.unwrap_err();
    assert_eq!(refused.code(), Some("ExecutionNotRedrivable"), "succeeded");
    let unknown = redrive("arn:none").await.unwrap_err();
    assert_eq!(unknown.code(), Some("ExecutionDoesNotExist"));
}
