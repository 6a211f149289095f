mod given;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const ACTIVITY: &str = "arn:aws:states:eu-west-1:123456789012:activity:task-runner";

/// Reads events in the shape in which the AWS CLI prints them, with times in seconds since 1970.
fn recorded(events: &Value) -> Vec<RecordedEvent> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let details: Vec<_> = [
                "taskScheduledEventDetails",
                "taskSucceededEventDetails",
                "taskFailedEventDetails",
            ]
            .into_iter()
            .filter_map(|name| event[name]["resource"].as_str().map(str::to_owned))
            .collect();
            RecordedEvent {
                at: Timestamp::from_second(event["timestamp"].as_i64().unwrap_or(0)).unwrap(),
                event_type: event["type"].as_str().unwrap().to_owned(),
                state: text(&event["stateEnteredEventDetails"]["name"]),
                input: text(&event["stateEnteredEventDetails"]["input"])
                    .or_else(|| text(&event["activityScheduledEventDetails"]["input"])),
                resource: details.into_iter().next(),
                worker: text(&event["activityStartedEventDetails"]["workerName"]),
                error: None,
                cause: None,
                time_limit: None,
                heartbeat_limit: None,
            }
        })
        .collect()
}

fn progress(events: &Value) -> Progress {
    Progress::of(&recorded(events))
}

fn entered(state: &str) -> Value {
    json!({"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state, "input": "{\"request\":{}}"}})
}

fn activity(name: &str, at: i64) -> Value {
    json!({"type": format!("Activity{name}"), "timestamp": at, "activityStartedEventDetails": {"workerName": "i-0abc"}})
}

fn invoke(name: &str) -> Value {
    let details = json!({"resourceType": "lambda", "resource": "invoke"});
    json!({"type": format!("Task{name}"), "taskScheduledEventDetails": details})
}

fn plain(name: &str) -> Value {
    json!({"type": name})
}

/// After each of the events, the activity is as it says.
fn assert_followed(run: &[(Value, Activity)]) {
    for end in 1..=run.len() {
        let events: Vec<_> = run[..end].iter().map(|(event, _)| event.clone()).collect();
        assert_eq!(
            progress(&events.into()).activity,
            run[end - 1].1,
            "after {end} events"
        );
    }
}

#[test]
fn the_activity_is_followed_through_its_attempts() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let taken = Activity::Taken {
        worker: Some("i-0abc".to_owned()),
    };
    let waiting = |second| Activity::Waiting { since: at(second) };
    let run = [
        (plain("ExecutionStarted"), Activity::Unknown),
        (plain("ExecutionRedriven"), Activity::Unknown),
        (entered("RunTask"), Activity::Unknown),
        (activity("Scheduled", 10), waiting(10)),
        (activity("Started", 12), taken.clone()),
        (activity("TimedOut", 72), Activity::Ended),
        (activity("Scheduled", 73), waiting(73)),
        (activity("Started", 74), taken.clone()),
        (activity("Failed", 80), Activity::Ended),
        (activity("Scheduled", 81), waiting(81)),
        // The execution was stopped while it waited, and redriven: nothing waits until then.
        (plain("ExecutionAborted"), waiting(81)),
        (plain("ExecutionRedriven"), Activity::Ended),
        (activity("Scheduled", 81), waiting(81)),
        (activity("Started", 82), taken),
        (activity("Succeeded", 90), Activity::Ended),
        (plain("TaskStateExited"), Activity::Ended),
    ];
    assert_followed(&run);
}

#[test]
fn the_deadline_is_read_from_the_input_of_the_attempt_that_was_scheduled_last() {
    let scheduled = |input: &str| json!({"type": "ActivityScheduled", "activityScheduledEventDetails": {"resource": ACTIVITY, "input": input}});
    for (input, expected) in [
        (
            r#"{"task": {"deadline": "2026-11-23T07:00:00Z", "cluster": "main"}}"#,
            Some("2026-11-23T07:00:00Z"),
        ),
        (r#"{"task": {"deadline": "soon"}}"#, None),
        (r#"{"task": {}}"#, None),
        ("no JSON", None),
    ] {
        let expected = expected.map(|at| at.parse::<Timestamp>().unwrap());
        assert_eq!(
            progress(&json!([scheduled(input), activity("Started", 12)])).deadline,
            expected,
            "{input}"
        );
    }
}

#[test]
fn an_activity_that_an_emulator_calls_a_task_never_waits() {
    let scheduled = json!({"type": "TaskScheduled", "timestamp": 1, "taskScheduledEventDetails": {"resource": ACTIVITY}});
    let failed = json!({"type": "TaskFailed", "timestamp": 2, "taskFailedEventDetails": {"resource": ACTIVITY}});
    assert_eq!(
        progress(&json!([entered("RunTask"), scheduled])).activity,
        Activity::Taken { worker: None }
    );
    assert_eq!(
        progress(&json!([entered("RunTask"), scheduled, failed])).activity,
        Activity::Ended
    );
    assert_eq!(
        progress(&json!([entered("RunTask"), scheduled, failed, scheduled])).activity,
        Activity::Taken { worker: None }
    );
}

#[test]
fn an_answer_is_given_when_the_function_came_back() {
    let begun = |status| Answer::Begun {
        status,
        state: "{\"request\":{}}".to_owned(),
    };
    let until = |events: &[Value]| progress(&events.to_vec().into()).answer;
    let success = [
        entered("RespondSuccess"),
        invoke("Scheduled"),
        invoke("Started"),
        invoke("Succeeded"),
        plain("TaskStateExited"),
    ];
    assert_eq!(until(&success[..1]), begun(Status::Success));
    assert_eq!(until(&success[..3]), begun(Status::Success));
    assert_eq!(until(&success[..4]), Answer::Given);
    assert_eq!(until(&success), Answer::Given);
    assert_eq!(
        until(&[
            entered("RespondFailure"),
            plain("LambdaFunctionScheduled"),
            plain("LambdaFunctionSucceeded")
        ]),
        Answer::Given
    );
    let retried = [
        entered("RespondFailure"),
        invoke("Scheduled"),
        invoke("Failed"),
        invoke("Scheduled"),
        invoke("Succeeded"),
    ];
    assert_eq!(until(&retried[..3]), begun(Status::Failed));
    assert_eq!(until(&retried), Answer::Given);
}

#[test]
fn an_answer_whose_function_failed_is_not_given() {
    let events = json!([
        entered("RunTask"),
        activity("Succeeded", 1),
        plain("TaskStateExited"),
        entered("RespondSuccess"),
        invoke("Scheduled"),
        invoke("TimedOut"),
        plain("TaskStateExited"),
        json!({"type": "FailStateEntered", "stateEnteredEventDetails": {"name": "AnswerNotSent"}}),
        plain("ExecutionFailed"),
    ]);
    assert!(matches!(
        progress(&events).answer,
        Answer::Begun {
            status: Status::Success,
            ..
        }
    ));
}

#[test]
fn the_success_of_another_function_is_no_answer() {
    let stop = [
        entered("StopTasks"),
        invoke("Scheduled"),
        invoke("Succeeded"),
        plain("TaskStateExited"),
    ];
    assert_eq!(progress(&stop.to_vec().into()).answer, Answer::NotBegun);
}

#[test]
fn a_state_that_only_follows_an_answer_proves_the_answer() {
    for (kind, state) in [
        ("SucceedStateEntered", "Succeeded"),
        ("FailStateEntered", "Failed"),
    ] {
        let end = json!([{"type": kind, "stateEnteredEventDetails": {"name": state}}, {"type": "ExecutionFailed"}]);
        assert_eq!(progress(&end).answer, Answer::Given, "{state}");
    }
}

#[test]
fn an_empty_history_says_nothing() {
    assert_eq!(
        progress(&json!([])),
        Progress {
            activity: Activity::Unknown,
            deadline: None,
            answer: Answer::NotBegun
        }
    );
}

proptest! {
    #[test]
    fn without_a_state_that_answers_nothing_was_answered(
        event_types in proptest::collection::vec("(Task|Activity|LambdaFunction)(Scheduled|Started|Succeeded|Failed|TimedOut|StateEntered|StateExited)", 0..20),
        states in proptest::collection::vec("(RunTask|StopTasks|AnswerNotSent|\\PC{0,5})", 20),
    ) {
        let events: Vec<_> = event_types
            .into_iter()
            .zip(states)
            .map(|(event_type, state)| RecordedEvent {
                at: Timestamp::UNIX_EPOCH,
                event_type,
                state: Some(state),
                input: None,
                resource: Some("invoke".to_owned()),
                worker: None,
                error: None,
                cause: None,
                time_limit: None,
                heartbeat_limit: None,
            })
            .collect();
        prop_assert_eq!(Progress::of(&events).answer, Answer::NotBegun);
    }
}

#[test]
fn a_function_s_events_say_nothing_of_the_activity() {
    let events = json!([
        activity("Scheduled", 1),
        activity("Started", 2),
        entered("StopTasks"),
        invoke("Scheduled"),
        invoke("Failed"),
    ]);
    assert_eq!(
        progress(&events).activity,
        Activity::Taken {
            worker: Some("i-0abc".to_owned())
        }
    );
    let events = json!([activity("Scheduled", 1), invoke("Scheduled")]);
    assert!(matches!(
        progress(&events).activity,
        Activity::Waiting { .. }
    ));
}

#[test]
fn only_the_entry_of_a_state_begins_an_answer() {
    let events = json!([{"type": "TaskStateExited", "stateEnteredEventDetails": {"name": "RespondSuccess"}}]);
    assert_eq!(progress(&events).answer, Answer::NotBegun);
}

/// `respond` may have counted it before the execution was stopped, and the run is over either way.
#[test]
fn a_direct_run_that_is_stopped_while_it_is_counted_is_not_counted_again() {
    for state in ["CountSuccess", "CountFailure"] {
        let events = json!([
            activity("Succeeded", 1),
            entered(state),
            plain("ExecutionAborted")
        ]);
        assert_eq!(progress(&events).answer, Answer::NobodyWaits, "{state}");
    }
}
