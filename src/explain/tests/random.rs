//! A history with any events in any order is explained, and its secrets stay hidden.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::histories::{SECRET, URL, arn, execution, time};
use super::picture::assert_sound;
use crate::execution::history::RecordedEvent;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::explain::{Explainer, Picture, RunResult};

const ACTIVITY: &str = "arn:aws:states:eu-west-1:123456789012:activity:ecs-task";

fn maybe(texts: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        prop::sample::select(texts).prop_map(|text| Some(text.to_owned())),
        Just(None),
        "\\PC{0,10}".prop_map(Some),
        Just(Some(format!("{URL} {SECRET}"))),
    ]
}

fn input() -> impl Strategy<Value = Option<String>> {
    let running = prop_oneof![
        (0_u64..4).prop_map(|n| json!(n)),
        Just(json!(-1)),
        Just(json!("many")),
        Just(json!(u64::MAX))
    ];
    (
        running,
        maybe(&["EcsTask.Failed", "States.Runtime"]),
        maybe(&["2026-11-23T06:00:31Z", "soon"]),
    )
        .prop_map(|(running, error, time)| {
            let state = json!({
                "leftovers": {"running": running, "executions": running},
                "error": {"Error": error, "Cause": error},
                "output": {"StartedAt": time, "StoppedAt": "2026-11-23T06:00:20Z", "TaskArns": ",,"}
            });
            Some(state.to_string())
        })
}

fn event() -> impl Strategy<Value = RecordedEvent> {
    let event_type = "(Activity|Task|LambdaFunction|Execution|)(Scheduled|Started|Succeeded|Failed|TimedOut|Aborted|StateEntered|StateExited|Redriven|\\PC{0,4})";
    let state = maybe(&[
        "RunTask",
        "StopTasks",
        "TasksStillRunning",
        "RespondSuccess",
        "RespondFailure",
        "Succeeded",
        "Failed",
        "AnswerNotSent",
    ]);
    let error = maybe(&["Worker.HandedOver", "States.Timeout", "EcsTask.Failed", ""]);
    let texts = (
        state,
        input(),
        maybe(&[ACTIVITY, "invoke", "invoke.waitForTaskToken"]),
        maybe(&["i-0abc"]),
        error,
        maybe(&["it failed", "{\"a\": 1}"]),
    );
    let time_limit = prop::option::of((0_u64..5_000).prop_map(Duration::from_secs));
    (event_type, -1_000_i64..10_000_000, texts, time_limit).prop_map(
        |(event_type, at, (state, input, resource, worker, error, cause), time_limit)| {
            // The worker hides the values in the causes that it writes, so they hold none.
            let by_worker = error
                .as_deref()
                .is_some_and(|error| ["Worker.HandedOver", "EcsTask.Failed"].contains(&error));
            let cause = cause.map(|cause| {
                if by_worker {
                    cause.replace(SECRET, "")
                } else {
                    cause
                }
            });
            RecordedEvent {
                at: time(at),
                event_type,
                state,
                input,
                resource,
                worker,
                error,
                cause,
                time_limit,
                heartbeat_limit: time_limit.map(|limit| limit / 60),
            }
        },
    )
}

fn status() -> impl Strategy<Value = ExecutionStatus> {
    use ExecutionStatus::{Aborted, Failed, Running, Succeeded, TimedOut};
    prop::sample::select(vec![Running, Succeeded, Failed, TimedOut, Aborted])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_explained_without_its_secrets(
        events in prop::collection::vec(event(), 0..30),
        status in status(),
        request_type in prop::sample::select(vec!["Create", "Update", "Delete"]),
        now in -1_000_i64..10_000_000,
    ) {
        let mut explainer = Explainer::new(arn(), execution(request_type, status)).unwrap();
        for event in &events {
            explainer.note(event.clone());
        }
        let explanation = explainer.explain(time(now));
        // A redrive takes back the ends before it.
        let ended = events.iter().rev().find_map(|event| {
            let end = event.event_type.strip_prefix("Execution")?;
            match end {
                "Succeeded" | "Failed" | "TimedOut" | "Aborted" => Some(true),
                "Redriven" => Some(false),
                _ => None,
            }
        });
        let ended = ended.unwrap_or(false);
        prop_assert_eq!(explanation.conclusion.result == RunResult::Running, status == ExecutionStatus::Running && !ended);
        let json = serde_json::to_string(&explanation).unwrap();
        let picture = Picture::of(&explanation, &[], time(now)).to_string();
        assert_sound(&picture);
        for shown in [explanation.to_string(), json, picture] {
            prop_assert!(!shown.contains(URL) && !shown.contains(SECRET), "{}", shown);
            prop_assert!(!shown.lines().any(|line| line.chars().any(char::is_control)), "{:?}", shown);
        }
    }

    #[test]
    fn any_input_is_taken_or_refused(input in "\\PC{0,40}") {
        let foreign = Execution { input, ..execution("Create", ExecutionStatus::Failed) };
        let _ = Explainer::new(arn(), foreign).map(|explainer| explainer.explain(time(0)));
    }
}
