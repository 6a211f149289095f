use aws_sdk_sfn::types::{
    ActivityFailedEventDetails, ActivityScheduledEventDetails, ActivityStartedEventDetails,
    ActivityTimedOutEventDetails, ExecutionFailedEventDetails, HistoryEventType,
    StateEnteredEventDetails, StateExitedEventDetails, TaskFailedEventDetails,
    TaskScheduledEventDetails, TaskSucceededEventDetails, builders::HistoryEventBuilder,
};
use aws_smithy_types::DateTime;
use serde_json::{Value, json};

use super::*;

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:task-runner";

/// Reads a history in the shape the AWS CLI prints it: `get-execution-history --query events`.
fn recorded(events: &Value) -> Vec<HistoryEvent> {
    events
        .as_array()
        .unwrap()
        .iter()
        .map(recorded_event)
        .collect()
}

fn recorded_event(event: &Value) -> HistoryEvent {
    let text = |details: &Value, name: &str| details[name].as_str().map(str::to_owned);
    let with = |name: &str| event.get(name);
    let mut read: HistoryEventBuilder = HistoryEvent::builder()
        .id(event["id"].as_i64().unwrap())
        .previous_event_id(event["previousEventId"].as_i64().unwrap_or(0))
        .r#type(HistoryEventType::from(event["type"].as_str().unwrap()))
        .timestamp(DateTime::from_millis(milliseconds(&event["timestamp"])));
    if let Some(of) = with("stateEnteredEventDetails") {
        read = read.state_entered_event_details(
            StateEnteredEventDetails::builder()
                .name(text(of, "name").unwrap())
                .build()
                .unwrap(),
        );
    }
    if let Some(of) = with("stateExitedEventDetails") {
        read = read.state_exited_event_details(
            StateExitedEventDetails::builder()
                .name(text(of, "name").unwrap())
                .build()
                .unwrap(),
        );
    }
    if let Some(of) = with("activityScheduledEventDetails") {
        let details =
            ActivityScheduledEventDetails::builder().resource(text(of, "resource").unwrap());
        read = read.activity_scheduled_event_details(details.build().unwrap());
    }
    if let Some(of) = with("activityStartedEventDetails") {
        let details =
            ActivityStartedEventDetails::builder().set_worker_name(text(of, "workerName"));
        read = read.activity_started_event_details(details.build());
    }
    if let Some(of) = with("activityFailedEventDetails") {
        let details = ActivityFailedEventDetails::builder()
            .set_error(text(of, "error"))
            .set_cause(text(of, "cause"));
        read = read.activity_failed_event_details(details.build());
    }
    if let Some(of) = with("activityTimedOutEventDetails") {
        let details = ActivityTimedOutEventDetails::builder()
            .set_error(text(of, "error"))
            .set_cause(text(of, "cause"));
        read = read.activity_timed_out_event_details(details.build());
    }
    if let Some(of) = with("taskScheduledEventDetails") {
        let details = TaskScheduledEventDetails::builder()
            .resource_type(text(of, "resourceType").unwrap())
            .resource(text(of, "resource").unwrap())
            .region("us-east-1")
            .parameters("{}");
        read = read.task_scheduled_event_details(details.build().unwrap());
    }
    if let Some(of) = with("taskSucceededEventDetails") {
        let details = TaskSucceededEventDetails::builder()
            .resource_type("states")
            .resource(text(of, "resource").unwrap());
        read = read.task_succeeded_event_details(details.build().unwrap());
    }
    if let Some(of) = with("taskFailedEventDetails") {
        let details = TaskFailedEventDetails::builder()
            .resource_type("states")
            .resource(text(of, "resource").unwrap());
        let details = details
            .set_error(text(of, "error"))
            .set_cause(text(of, "cause"));
        read = read.task_failed_event_details(details.build().unwrap());
    }
    if let Some(of) = with("executionFailedEventDetails") {
        let details = ExecutionFailedEventDetails::builder()
            .set_error(text(of, "error"))
            .set_cause(text(of, "cause"));
        read = read.execution_failed_event_details(details.build());
    }
    read.build().unwrap()
}

/// Seconds with a fraction, as the JSON protocol has them.
fn milliseconds(timestamp: &Value) -> i64 {
    let rounded = Duration::from_secs_f64(timestamp.as_f64().unwrap()) + Duration::from_micros(500);
    i64::try_from(rounded.as_millis()).unwrap()
}

fn columns(lines: &[HistoryLine]) -> Vec<(i64, &str, &str, u128)> {
    lines
        .iter()
        .map(|line| {
            (
                line.id,
                line.event.as_str(),
                line.state.as_deref().unwrap_or("-"),
                line.after.as_millis(),
            )
        })
        .collect()
}

#[test]
fn a_history_of_step_functions_keeps_its_names() {
    let history = recorded(&json!([
        {"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "timestamp": 1_764_000_000.0},
        {"id": 2, "previousEventId": 0, "type": "TaskStateEntered", "timestamp": 1_764_000_000.03,
         "stateEnteredEventDetails": {"name": "RunTask"}},
        {"id": 3, "previousEventId": 2, "type": "ActivityScheduled", "timestamp": 1_764_000_000.03,
         "activityScheduledEventDetails": {"resource": ACTIVITY}},
        {"id": 4, "previousEventId": 3, "type": "ActivityStarted", "timestamp": 1_764_000_000.25,
         "activityStartedEventDetails": {"workerName": "i-0123456789abcdef0"}},
        {"id": 5, "previousEventId": 4, "type": "ActivityTimedOut", "timestamp": 1_764_000_060.25,
         "activityTimedOutEventDetails": {"error": "States.Timeout"}},
        {"id": 6, "previousEventId": 5, "type": "ActivityScheduled", "timestamp": 1_764_000_061.25,
         "activityScheduledEventDetails": {"resource": ACTIVITY}},
        {"id": 7, "previousEventId": 6, "type": "ActivityStarted", "timestamp": 1_764_000_061.5, "activityStartedEventDetails": {}},
        {"id": 8, "previousEventId": 7, "type": "ActivityFailed", "timestamp": 1_764_000_070.0,
         "activityFailedEventDetails": {"error": "EcsTask.Failed", "cause": "migrate exited with 1"}},
        {"id": 9, "previousEventId": 8, "type": "TaskStateExited", "timestamp": 1_764_000_070.0,
         "stateExitedEventDetails": {"name": "RunTask"}},
        {"id": 10, "previousEventId": 9, "type": "FailStateEntered", "timestamp": 1_764_000_070.01,
         "stateEnteredEventDetails": {"name": "Failed"}},
        {"id": 11, "previousEventId": 10, "type": "ExecutionFailed", "timestamp": 1_764_000_070.01,
         "executionFailedEventDetails": {"error": "EcsTask.Failed", "cause": "migrate exited with 1"}}
    ]));

    let lines = lines(&history);

    assert_eq!(
        columns(&lines),
        [
            (1, "ExecutionStarted", "-", 0),
            (2, "TaskStateEntered", "RunTask", 30),
            (3, "ActivityScheduled", "RunTask", 30),
            (4, "ActivityStarted", "RunTask", 250),
            (5, "ActivityTimedOut", "RunTask", 60_250),
            (6, "ActivityScheduled", "RunTask", 61_250),
            (7, "ActivityStarted", "RunTask", 61_500),
            (8, "ActivityFailed", "RunTask", 70_000),
            (9, "TaskStateExited", "RunTask", 70_000),
            (10, "FailStateEntered", "Failed", 70_010),
            (11, "ExecutionFailed", "-", 70_010),
        ]
    );
    assert_eq!(lines[4].error.as_deref(), Some("States.Timeout"));
    assert_eq!(lines[7].cause.as_deref(), Some("migrate exited with 1"));
    assert_eq!(lines[10].error.as_deref(), Some("EcsTask.Failed"));
}

#[test]
fn the_emulators_task_events_of_an_activity_get_the_activitys_names() {
    let scheduled = |id: i64, at: f64| {
        json!({"id": id, "type": "TaskScheduled", "timestamp": at,
               "taskScheduledEventDetails": {"resourceType": "states", "resource": ACTIVITY}})
    };
    let failed = |id: i64, at: f64, error: &str| {
        json!({"id": id, "type": "TaskFailed", "timestamp": at,
               "taskFailedEventDetails": {"error": error, "cause": "", "resource": ACTIVITY}})
    };
    let history = recorded(&json!([
        {"id": 1, "type": "ExecutionStarted", "timestamp": 1_764_000_000.0},
        {"id": 2, "type": "TaskStateEntered", "timestamp": 1_764_000_000.15, "stateEnteredEventDetails": {"name": "RunTask"}},
        scheduled(3, 1_764_000_000.15),
        failed(4, 1_764_000_001.0, "States.HeartbeatTimeout"),
        scheduled(5, 1_764_000_002.0),
        failed(6, 1_764_000_003.0, "Worker.HandedOver"),
        scheduled(7, 1_764_000_004.0),
        {"id": 8, "type": "TaskSucceeded", "timestamp": 1_764_000_005.0, "taskSucceededEventDetails": {"output": "{}", "resource": ACTIVITY}},
        {"id": 9, "type": "TaskStateExited", "timestamp": 1_764_000_005.0, "stateExitedEventDetails": {"name": "RunTask"}}
    ]));

    assert_eq!(
        columns(&lines(&history)),
        [
            (1, "ExecutionStarted", "-", 0),
            (2, "TaskStateEntered", "RunTask", 150),
            (3, "ActivityScheduled", "RunTask", 150),
            (4, "ActivityTimedOut", "RunTask", 1_000),
            (5, "ActivityScheduled", "RunTask", 2_000),
            (6, "ActivityFailed", "RunTask", 3_000),
            (7, "ActivityScheduled", "RunTask", 4_000),
            (8, "ActivitySucceeded", "RunTask", 5_000),
            (9, "TaskStateExited", "RunTask", 5_000),
        ]
    );
}

#[test]
fn a_call_of_a_function_stays_a_task() {
    let invoke = "arn:aws:states:::lambda:invoke";
    let history = recorded(&json!([
        {"id": 1, "type": "TaskStateEntered", "timestamp": 0.0, "stateEnteredEventDetails": {"name": "RespondSuccess"}},
        {"id": 2, "type": "TaskScheduled", "timestamp": 0.0,
         "taskScheduledEventDetails": {"resourceType": "lambda", "resource": invoke}},
        {"id": 3, "type": "TaskFailed", "timestamp": 0.0,
         "taskFailedEventDetails": {"error": "States.Timeout", "resource": invoke}},
        {"id": 4, "type": "TaskSucceeded", "timestamp": 0.0, "taskSucceededEventDetails": {"resource": invoke}}
    ]));
    let named: Vec<_> = lines(&history).into_iter().map(|line| line.event).collect();
    assert_eq!(
        named,
        [
            "TaskStateEntered",
            "TaskScheduled",
            "TaskFailed",
            "TaskSucceeded"
        ]
    );
}

#[test]
fn the_emulators_timeouts_of_a_task_token_are_told_as_timeouts() {
    let invoke = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    let failed = |id: i64, error: &str| {
        json!({"id": id, "type": "TaskFailed", "timestamp": 0.0,
               "taskFailedEventDetails": {"error": error, "resource": invoke}})
    };
    let history = recorded(&json!([
        failed(1, "States.HeartbeatTimeout"),
        failed(2, "Worker.HandedOver")
    ]));
    let named: Vec<_> = lines(&history).into_iter().map(|line| line.event).collect();
    assert_eq!(named, ["TaskTimedOut", "TaskFailed"]);
}

#[test]
fn events_of_parallel_branches_keep_to_their_own_state() {
    let entered = |id: i64, previous: i64, name: &str| {
        json!({"id": id, "previousEventId": previous, "type": "TaskStateEntered", "timestamp": 0.0,
               "stateEnteredEventDetails": {"name": name}})
    };
    let scheduled = |id: i64, previous: i64| {
        json!({"id": id, "previousEventId": previous, "type": "ActivityScheduled", "timestamp": 0.0,
               "activityScheduledEventDetails": {"resource": ACTIVITY}})
    };
    let history = recorded(&json!([
        entered(2, 1, "Left"),
        entered(3, 1, "Right"),
        scheduled(4, 2),
        scheduled(5, 3)
    ]));
    let states: Vec<_> = lines(&history)
        .into_iter()
        .filter_map(|line| line.state)
        .collect();
    assert_eq!(states, ["Left", "Right", "Left", "Right"]);
}

#[test]
fn an_empty_history_has_no_lines() {
    assert_eq!(lines(&[]), []);
}
