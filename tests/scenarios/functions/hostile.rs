//! Events of any shape make a function give an error and never panic.

use ecs_task_runner::cloudformation::event::Event;
use ecs_task_runner::functions::{RespondEvent, StopEvent};
use parsers::seed;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stand_ins::arn;
use tokio::runtime::Builder;

use crate::worlds::functions::{LOGICAL_ID, STACK, World};

/// Any JSON, with the names that the functions read in likely and unlikely places.
fn json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "RequestType",
        "ResponseURL",
        "StackId",
        "RequestId",
        "LogicalResourceId",
        "ResourceType",
        "PhysicalResourceId",
        "ResourceProperties",
        "OldResourceProperties",
        "ServiceTimeout",
        "Cluster",
        "TaskDefinition",
        "status",
        "state",
        "request",
        "task",
        "output",
        "error",
        "leftovers",
        "checks",
        "Error",
        "Cause",
        "stateMachine",
        "detail-type",
        "detail",
        "executionArn",
        "stateMachineArn",
        "startedBy",
        "clientToken",
        "deadline",
    ]);
    let texts = prop::sample::select(vec![
        "Create",
        "Update",
        "Delete",
        "SUCCESS",
        "FAILED",
        "Scheduled Event",
        "Step Functions Execution Status Change",
        "ABORTED",
        "2026-11-23T07:00:00Z",
        "sealed:v1:AAAA",
        "https://s3.amazonaws.com/",
        "",
        "\u{0}",
        "ü",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        texts.prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 8, move |inner| {
        let members =
            prop::collection::vec((names.clone().prop_map(str::to_owned), inner.clone()), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A value that is right, with one place in it replaced by something else.
fn nearly(right: Value) -> impl Strategy<Value = Value> {
    let mut places = Vec::new();
    paths(&right, String::new(), &mut places);
    (prop::sample::select(places), json()).prop_map(move |(place, other)| {
        let mut value = right.clone();
        *value.pointer_mut(&place).unwrap() = other;
        value
    })
}

fn paths(value: &Value, path: String, found: &mut Vec<String>) {
    if let Value::Object(members) = value {
        for (name, inner) in members {
            paths(inner, format!("{path}/{name}"), found);
        }
    }
    found.push(path);
}

fn event() -> Value {
    let mut event = seed("event/update.json");
    event["ServiceTimeout"] = "60".into();
    // A stack of the stand-ins' account: `start` may ask about no other.
    event["StackId"] = arn("cloudformation", "stack/todobackend/guid").into();
    event
}

fn state() -> Value {
    let mut state = seed("stop_payload/failed.json")["state"].take();
    state["request"] = event();
    state["output"] = seed("stop_payload/respond.json")["state"]["output"].take();
    state
}

fn ended() -> Value {
    seed("rescue_event/ended.json")
}

proptest! {
    #[test]
    fn an_event_is_read_or_refused(value in prop_oneof![json(), nearly(event())]) {
        let _ = Event::parse(value);
    }

    #[test]
    fn a_state_is_read_or_refused(
        value in prop_oneof![
            json(),
            nearly(json!({"status": "SUCCESS", "state": state()})),
            nearly(json!({"stateMachine": "arn", "state": state()})),
        ],
    ) {
        let _ = serde_json::from_value::<RespondEvent>(value.clone());
        let _ = serde_json::from_value::<StopEvent>(value);
    }

    #[test]
    fn text_that_is_no_json_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(serde_json::from_slice::<RespondEvent>(&bytes).is_err());
        prop_assert!(serde_json::from_slice::<StopEvent>(&bytes).is_err());
    }
}

proptest! {
    // Each case makes a world of its own.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_function_panics_whatever_it_is_given(
        event in prop_oneof![json(), nearly(event())],
        state in prop_oneof![json(), nearly(state())],
        ended in prop_oneof![json(), nearly(ended())],
    ) {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            // Where answers may go, so that nothing ends at the first check.
            let url = Value::from(world.urls.url(STACK, LOGICAL_ID));
            let (mut event, mut state) = (event, state);
            for place in [event.get_mut("ResponseURL"), state.pointer_mut("/request/ResponseURL")].into_iter().flatten() {
                place.clone_from(&url);
            }
            let _ = world.start(&event).await;
            for status in ["SUCCESS", "FAILED"] {
                if let Ok(event) = serde_json::from_value(json!({"status": status, "state": state})) {
                    let _ = world.responder("respond").respond(event).await;
                }
            }
            if let Ok(event) = serde_json::from_value(json!({"stateMachine": world.state_machine, "state": state})) {
                let _ = world.stopper().stop(event).await;
            }
            let _ = world.rescue(&ended).await;
            // Every answer has a form that CloudFormation takes.
            for put in world.urls.puts() {
                let body: Value = serde_json::from_slice(&put.body).unwrap();
                assert!(put.body.len() <= 4_096 && ["SUCCESS", "FAILED"].contains(&body["Status"].as_str().unwrap()));
            }
        });
    }
}

#[test]
fn depth_is_bounded_by_the_parser() {
    let deep = "[".repeat(100_000);
    assert!(serde_json::from_str::<Value>(&deep).is_err());
    let properties = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    let mut event = event();
    event["ResourceProperties"] = serde_json::from_str(&properties).unwrap();
    assert!(Event::parse(event).is_ok());
}
