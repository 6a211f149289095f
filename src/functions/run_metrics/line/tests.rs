//! A table of lines, and the form that CloudWatch Logs takes.

use boon::{Compiler, Draft, Schemas};

use super::*;
use crate::cloudformation::event::RequestType;
use crate::task::outcome::Output;

const NAMESPACE: &str = "ecs-task-runner/ecs-task-runner";
const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:ecs-task-runner:MigrateTask-1a2b3c4d-create-0123456789ab";
const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid";
const STARTED: &str = "2026-11-23T06:00:00Z";
const NOW: &str = "2026-11-23T06:01:40.5Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn output() -> Output {
    Output {
        exit_code: "0".to_owned(),
        started_at: "2026-11-23T06:00:31.25Z".to_owned(),
        stopped_at: "2026-11-23T06:01:38Z".to_owned(),
        console_url: "https://console.example/SECRET".to_owned(),
        ..Output::default()
    }
}

fn resource(to_condition: bool) -> Whose {
    Whose::Resource {
        stack: STACK.to_owned(),
        logical_id: "MigrateTask".to_owned(),
        request_type: RequestType::Update,
        to_condition,
    }
}

fn run(whose: Whose, error: Option<&str>, output: Output) -> EndedRun {
    EndedRun {
        execution: EXECUTION.to_owned(),
        started: Some(at(STARTED)),
        whose,
        error: error.map(str::to_owned),
        output,
    }
}

/// The schema of an embedded metric format document, after the page
/// `CloudWatch_Embedded_Metric_Format_Specification`. What it leaves open is not taken either: members
/// of `_aws` that the specification does not name, and more than the one dimension that a set has here.
fn schema() -> Value {
    let name = |longest: u16| json!({"type": "string", "minLength": 1, "maxLength": longest});
    let directive = json!({
        "type": "object",
        "required": ["Namespace", "Dimensions", "Metrics"],
        "additionalProperties": false,
        "properties": {
            "Namespace": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^:][A-Za-z0-9._/#:-]*$"},
            "Dimensions": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "array", "minItems": 1, "maxItems": 1, "items": name(250)}
            },
            "Metrics": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "items": {
                    "type": "object",
                    "required": ["Name", "Unit"],
                    "additionalProperties": false,
                    "properties": {
                        "Name": name(255),
                        "Unit": {"enum": ["Seconds", "Milliseconds", "Count"]},
                        "StorageResolution": {"enum": [1, 60]}
                    }
                }
            }
        }
    });
    json!({
        "type": "object",
        "required": ["_aws"],
        "properties": {
            "_aws": {
                "type": "object",
                "required": ["Timestamp", "CloudWatchMetrics"],
                "additionalProperties": false,
                "properties": {
                    "Timestamp": {"type": "integer", "minimum": 0},
                    "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": directive}
                }
            }
        }
    })
}

/// The metrics that CloudWatch makes of a line, as `Name{dimension=value}`, with their values. A line
/// that it would refuse fails the test.
fn metrics(line: &Value) -> Vec<(String, f64)> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.set_default_draft(Draft::V2020_12);
    compiler.add_resource("emf.json", schema()).unwrap();
    let index = compiler.compile("emf.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(line, index) {
        panic!("{error}: {line}");
    }
    let mut made = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], NAMESPACE);
        for set in directive["Dimensions"].as_array().unwrap() {
            let dimension = set[0].as_str().unwrap();
            // Members of the root, and not nested.
            let value = line[dimension].as_str().unwrap();
            // `API_Dimension`: at most 1,024 characters of ASCII.
            assert!(
                !value.is_empty() && value.is_ascii() && value.len() <= 1_024,
                "{value:?}"
            );
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                let number = line[name].as_f64().unwrap();
                made.push((format!("{name}{{{dimension}={value}}}"), number));
            }
        }
    }
    made
}

/// The plain members, which are for people and queries.
fn plain(line: &Value) -> String {
    let of_metrics = [
        "_aws",
        "Runs",
        "Duration",
        "UntilStarted",
        "ExitToReply",
        "Outcome",
        "Error",
        "timestamp",
        "level",
        "message",
        "execution",
    ];
    let members = line.as_object().unwrap().iter();
    members
        .filter(|(name, _)| !of_metrics.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn each_kind_of_run_and_end_has_its_metrics_and_its_words() {
    let in_stack = format!("logical_id=MigrateTask request_type=update stack={STACK}");
    let service = Whose::Deployment {
        service: "todobackend".to_owned(),
    };
    let succeeded: &[_] = &[
        ("Runs{Outcome=Succeeded}", 1.0),
        ("Duration{Outcome=Succeeded}", 100.5),
        ("ExitToReply{Outcome=Succeeded}", 2.5),
        ("UntilStarted{Outcome=Succeeded}", 31.25),
    ];
    let failed: &[_] = &[
        ("Runs{Outcome=Failed}", 1.0),
        ("Runs{Error=EcsTask.Failed}", 1.0),
        ("Duration{Outcome=Failed}", 100.5),
    ];
    let not_claimed: &[_] = &[
        ("Runs{Outcome=Failed}", 1.0),
        ("Runs{Error=Worker.NotClaimed}", 1.0),
        ("Duration{Outcome=Failed}", 100.5),
    ];
    let other: &[_] = &[
        ("Runs{Outcome=Failed}", 1.0),
        ("Runs{Error=Other}", 1.0),
        ("Duration{Outcome=Failed}", 100.5),
    ];
    for (run, expected, words) in [
        (
            run(resource(false), None, output()),
            succeeded,
            format!("exit_code=0 kind=resource {in_stack}"),
        ),
        (
            run(
                resource(false),
                Some(ErrorName::Failed.as_str()),
                Output::default(),
            ),
            failed,
            format!("kind=resource {in_stack}"),
        ),
        (
            run(resource(true), None, output()),
            succeeded,
            format!("exit_code=0 kind=wait condition {in_stack}"),
        ),
        (
            run(service.clone(), None, output()),
            succeeded,
            "exit_code=0 kind=deployment hook service=todobackend".to_owned(),
        ),
        (
            run(service, Some(NOT_CLAIMED), Output::default()),
            not_claimed,
            "kind=deployment hook service=todobackend".to_owned(),
        ),
        (
            run(Whose::Direct, None, output()),
            succeeded,
            "exit_code=0 kind=direct run".to_owned(),
        ),
        (
            run(Whose::Direct, Some("Mine\u{2028}2026"), Output::default()),
            other,
            "kind=direct run other_error=Mine".to_owned(),
        ),
    ] {
        let line = line(&run, NAMESPACE, at(NOW));
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect();
        assert_eq!(metrics(&line), expected, "{line}");
        assert_eq!(plain(&line), words);
        assert_eq!(line["execution"], EXECUTION);
        assert_eq!(line["_aws"]["Timestamp"], 1_795_413_700_500_u64);
        assert_eq!(
            (&line["timestamp"], &line["level"]),
            (&json!(NOW), &json!("INFO"))
        );
        let text = line.to_string();
        assert!(!text.contains("SECRET") && !text.contains('\n'), "{text}");
    }
}

#[test]
fn a_time_that_is_not_known_is_left_out_and_none_is_negative() {
    let early = Output {
        started_at: "2026-11-23T05:59:59Z".to_owned(),
        stopped_at: "2026-11-23T06:01:41Z".to_owned(),
        ..Output::default()
    };
    let unread = Output {
        started_at: "soon".to_owned(),
        ..Output::default()
    };
    for (started, output, expected) in [
        (
            None,
            Output::default(),
            &[("Runs{Outcome=Succeeded}", 1.0)][..],
        ),
        (None, unread, &[("Runs{Outcome=Succeeded}", 1.0)]),
        (
            None,
            output(),
            &[
                ("Runs{Outcome=Succeeded}", 1.0),
                ("ExitToReply{Outcome=Succeeded}", 2.5),
            ],
        ),
        (
            Some(at(STARTED)),
            early,
            &[
                ("Runs{Outcome=Succeeded}", 1.0),
                ("Duration{Outcome=Succeeded}", 100.5),
                ("ExitToReply{Outcome=Succeeded}", 0.0),
                ("UntilStarted{Outcome=Succeeded}", 0.0),
            ],
        ),
    ] {
        let run = EndedRun {
            started,
            execution: String::new(),
            ..run(Whose::Direct, None, output)
        };
        let line = line(&run, NAMESPACE, at(NOW));
        let made = metrics(&line);
        let made: Vec<_> = made
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        assert_eq!(made, expected);
        assert!(line.get("execution").is_none());
    }
}

/// Each value of a dimension is a metric that costs money.
#[test]
fn the_errors_that_are_counted_by_name_are_few() {
    let ours = ErrorName::ALL.map(ErrorName::as_str);
    for name in ours.into_iter().chain([
        "Worker.NotClaimed",
        "States.HeartbeatTimeout",
        "States.Timeout",
        "States.Runtime",
        "States.Unknown",
    ]) {
        assert_eq!(known(name), name);
    }
    for name in [
        "",
        "EcsTask.Failed2",
        "ecstask.failed",
        "Lambda.Unknown",
        "x",
    ] {
        assert_eq!(known(name), "Other", "{name}");
    }
}
