//! One function for each parser of outside input: it takes any bytes, and panics where the parser
//! breaks a promise.
//!
//! The fuzz targets (`tests/fuzz`) call them with what libFuzzer makes up, and the tests of this
//! package with the targets' seeds, so that neither gets out of date.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a panic is how a promise that was broken is reported"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use ecs_task_runner::check::{self, FileReport, Format, GENERIC_RESOURCE_TYPE, RESOURCE_TYPE};
use ecs_task_runner::cloudformation::deadline::EventAge;
use ecs_task_runner::cloudformation::event::{Event, ResponseUrl, UrlKind};
use ecs_task_runner::cloudformation::handle;
use ecs_task_runner::cloudformation::identity::{Identity, MAX_NAME};
use ecs_task_runner::cloudformation::response::{MAX_BODY, Response};
use ecs_task_runner::cloudformation::response_hosts::ResponseHosts;
use ecs_task_runner::execution::history::{Answer, Progress, RecordedEvent};
use ecs_task_runner::execution::input::{ActivityInput, ExecutionInput};
use ecs_task_runner::functions::{RescueEvent, RespondEvent, StopEvent, ciphertext_of};
use ecs_task_runner::properties::{ContainerEnvironments, Properties, Source, problems_of};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Longest text of all problems together: 20 listed, each with a path, an echo and an expectation
/// that are cut.
const MAX_PROBLEMS_TEXT: usize = 20_000;
/// An hour, as `Timeout` allows at most.
const HOUR: Duration = Duration::from_secs(3_600);
const REGION: &str = "eu-west-1";
const BUCKET: &str = "cloudformation-custom-resource-response-euwest1";
const WAIT_CONDITION_BUCKET: &str = "cloudformation-waitcondition-eu-west-1";

/// The directory of the fuzz targets' seeds, one directory in it for each target.
#[must_use]
pub fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

/// A seed as JSON, by its path, such as `event/update.json`. Other tests take what CloudFormation
/// and Step Functions send from there.
#[must_use]
pub fn seed(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(seeds().join(path)).unwrap()).unwrap()
}

/// An entry by the name of its target.
pub type Entry = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: [Entry; 9] = [
    ("event", event),
    ("properties", properties),
    ("activity_input", activity_input),
    ("execution_input", execution_input),
    ("rescue_event", rescue_event),
    ("execution_history", execution_history),
    ("template", template),
    ("response_url", response_url),
    ("stop_payload", stop_payload),
];

/// `start`'s event, from the bytes to the names, the deadline and the answer that are made of it.
pub fn event(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Ok(event) = Event::parse(value) else {
        return;
    };
    let identity = Identity::of(&event.request);
    assert!(identity.name.len() <= MAX_NAME, "{}", identity.name);
    assert!(
        identity
            .name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        "{}",
        identity.name
    );
    assert!(identity.name.starts_with(&identity.resource_prefix));
    let now = Timestamp::UNIX_EPOCH;
    assert!(
        EventAge::of(&event, now).deadline(HOUR).at <= ecs_task_runner::clock::after(now, HOUR)
    );
    if let Ok(body) = Response::failure(
        &event.request,
        &identity.physical_resource_id,
        "why ".repeat(1_200),
    )
    .body()
    {
        assert!(body.len() <= MAX_BODY, "{} bytes", body.len());
    }
    read_properties(&event.resource_properties);
}

/// The properties of a resource, from an event and from a template.
pub fn properties(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        read_properties(&value);
    }
}

fn read_properties(value: &Value) {
    let _ = Properties::for_delete(value);
    assert!(problems_of(value, Source::Template).to_string().len() <= MAX_PROBLEMS_TEXT);
    match Properties::parse(value) {
        Err(problems) => {
            assert!(!problems.is_empty() && problems.to_string().len() <= MAX_PROBLEMS_TEXT);
        }
        Ok(properties) => {
            let task = properties.task_spec(
                "MigrateTask-1a2b3c4d-create-0123456789ab",
                "token",
                Timestamp::UNIX_EPOCH,
            );
            let json = serde_json::to_string(&task).unwrap();
            assert_eq!(
                serde_json::from_str::<ecs_task_runner::task::spec::TaskSpec>(&json).unwrap(),
                task
            );
            let none = ContainerEnvironments::new();
            let _ = properties.reason_to_run_on_update(Some(&properties), &none, &none);
        }
    }
}

/// What a worker is given, with the task in it.
pub fn activity_input(data: &[u8]) {
    if let Ok(input) = serde_json::from_slice::<ActivityInput>(data) {
        let json = serde_json::to_string(&input).unwrap();
        assert_eq!(serde_json::from_str::<ActivityInput>(&json).unwrap(), input);
    }
}

/// What an execution is given.
pub fn execution_input(data: &[u8]) {
    if let Ok(input) = serde_json::from_slice::<ExecutionInput>(data) {
        let json = serde_json::to_string(&input).unwrap();
        assert_eq!(
            serde_json::from_str::<ExecutionInput>(&json).unwrap(),
            input
        );
    }
}

/// `EventBridge`'s events.
pub fn rescue_event(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        let _ = RescueEvent::parse(value);
    }
}

/// The events of an execution's history, as `GetExecutionHistory` gives them, and the answer that a
/// state's input holds.
pub fn execution_history(data: &[u8]) {
    let Ok(Value::Array(events)) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let events: Vec<_> = events.iter().map(recorded).collect();
    let progress = Progress::of(&events);
    if let Answer::Begun { status, state } = progress.answer
        && let Ok(state) = serde_json::from_str::<Value>(&state)
    {
        let _ = serde_json::from_value::<RespondEvent>(json!({"status": status, "state": state}));
    }
}

fn recorded(event: &Value) -> RecordedEvent {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let details = |end: &str| {
        event
            .as_object()
            .and_then(|event| event.iter().find(|(name, _)| name.ends_with(end)))
            .map(|(_, value)| value)
    };
    let entered = details("EnteredEventDetails");
    let limit = |name: &str| {
        details("EventDetails")
            .and_then(|details| details[name].as_u64())
            .map(Duration::from_secs)
    };
    RecordedEvent {
        at: event["timestamp"]
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .unwrap_or_default(),
        event_type: text(&event["type"]).unwrap_or_default(),
        state: entered.and_then(|details| text(&details["name"])),
        input: entered.and_then(|details| text(&details["input"])),
        resource: details("EventDetails").and_then(|details| text(&details["resource"])),
        worker: details("StartedEventDetails").and_then(|details| text(&details["workerName"])),
        error: details("EventDetails").and_then(|details| text(&details["error"])),
        cause: details("EventDetails").and_then(|details| text(&details["cause"])),
        time_limit: limit("timeoutInSeconds"),
        heartbeat_limit: limit("heartbeatInSeconds"),
    }
}

/// A document for `check`, and the report on it as people and machines read it.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let types = [RESOURCE_TYPE, GENERIC_RESOURCE_TYPE];
    let report = [FileReport::of("t.yaml", text, &types, false)];
    for line in check::write(&report, Format::Text).lines() {
        assert!(
            line.starts_with("t.yaml:") || line.starts_with("checked t.yaml: "),
            "{line}"
        );
        assert!(line.len() < 1_000_000, "{line}");
    }
    for line in check::write(&report, Format::Github).lines() {
        // What concerns the file as a whole has no line.
        let is_command = ["error", "warning"].iter().any(|word| {
            let rest = line.strip_prefix(&format!("::{word} file=t.yaml"));
            rest.is_some_and(|rest| rest.starts_with(",line=") || rest.starts_with("::"))
        });
        assert!(is_command || line.starts_with("checked t.yaml: "), "{line}");
    }
    serde_json::from_str::<Value>(&check::write(&report, Format::Json)).unwrap();
}

/// Where an answer may go, whether the URL is sealed or in clear.
pub fn response_url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let url = ResponseUrl::new(text);
    if let Ok(Some(ciphertext)) = ciphertext_of(&url) {
        assert!(!ciphertext.is_empty() && ciphertext.len() <= 6_144);
    }
    let event = json!({
        "RequestType": "Create", "ResponseURL": text, "StackId": "s", "RequestId": "r",
        "LogicalResourceId": "l",
    });
    let event = Event::parse(event).unwrap();
    assert!(
        EventAge::of(&event, Timestamp::UNIX_EPOCH)
            .deadline(HOUR)
            .at
            <= ecs_task_runner::clock::after(Timestamp::UNIX_EPOCH, HOUR)
    );
    let _ = handle::deadline(&url, Timestamp::UNIX_EPOCH, HOUR);
    for (kind, bucket) in [
        (UrlKind::Response, BUCKET),
        (UrlKind::WaitConditionHandle, WAIT_CONDITION_BUCKET),
    ] {
        match ResponseHosts::of_region(REGION).check(kind, &url) {
            Ok(checked) => {
                let host = checked.host_str().unwrap();
                assert_eq!(
                    (checked.scheme(), checked.port()),
                    ("https", None),
                    "{checked}"
                );
                assert!(
                    checked.username().is_empty() && checked.password().is_none(),
                    "{checked}"
                );
                assert!(host.ends_with(".amazonaws.com"), "{checked}");
                assert!(
                    host.starts_with(&format!("{bucket}.s3"))
                        || checked.path().starts_with(&format!("/{bucket}")),
                    "{checked}"
                );
            }
            Err(refused) => {
                let query = text.split_once('?').map(|(_, query)| query);
                let secret =
                    query.filter(|query| query.len() > 16 && text.matches(query).count() == 1);
                assert!(
                    secret.is_none_or(|secret| !refused.to_string().contains(secret)),
                    "{refused}"
                );
            }
        }
    }
    let _ = ResponseHosts::of_region(text).allow_origins(text);
}

/// What the definition invokes `stop` and `respond` with.
pub fn stop_payload(data: &[u8]) {
    let _ = serde_json::from_slice::<StopEvent>(data);
    let _ = serde_json::from_slice::<RespondEvent>(data);
}
