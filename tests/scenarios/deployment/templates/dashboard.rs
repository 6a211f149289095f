//! The dashboard, and the metrics that the functions write into their logs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Template, strings, substituted};
use crate::worlds::functions::World;

const ALARM: &str = "AWS::CloudWatch::Alarm";
/// What `${AWS::StackName}` becomes here.
const STACK: &str = "ecs-task-runner";

/// The texts of the dashboard, which together are JSON once their substitutions are made: one, and
/// what is put into it for a fleet and for the function `work`.
pub fn dashboard(template: &Template) -> String {
    strings(&template.properties("Dashboard")["DashboardBody"]).concat()
}

#[test]
fn the_dashboard_shows_every_alarm_of_its_stack() {
    let template = Template::task_runner();
    for (alarm, _) in template.of_type(ALARM) {
        assert!(
            dashboard(&template).contains(&format!("${{{alarm}.Arn}}")),
            "the dashboard lacks {alarm}"
        );
    }
}

/// The text with what `find` gives in the place of each `${name}`.
fn substitute(text: &str, find: &dyn Fn(&str) -> String) -> String {
    let mut parts = text.split("${");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap();
        whole += &find(name);
        whole += rest;
    }
    whole
}

/// The widgets of a stack with a fleet, the function `work`, or both.
fn widgets(template: &Template, conditions: &[&str]) -> Vec<Value> {
    let body = &template.properties("Dashboard")["DashboardBody"]["Fn::Sub"];
    let name = |name: &str| match name {
        "AWS::StackName" => STACK.to_owned(),
        other => other.to_owned(),
    };
    let body = substitute(body[0].as_str().unwrap(), &|inserted| {
        let choice = &body[1][inserted]["Fn::If"];
        match choice[0].as_str() {
            Some(condition) if conditions.contains(&condition) => {
                substitute(strings(&choice[1])[0], &name)
            }
            Some(_) => String::new(),
            None => name(inserted),
        }
    });
    let document: Value = serde_json::from_str(&body).unwrap();
    document["widgets"].as_array().unwrap().clone()
}

/// The grid has 24 columns (`CloudWatch-Dashboard-Body-Structure`).
#[test]
fn no_widget_lies_on_another() {
    let template = Template::task_runner();
    let [fleet, work] = ["HasActivity", "HasWork"];
    for conditions in [&[fleet][..], &[work], &[fleet, work]] {
        let mut taken = BTreeSet::new();
        for widget in widgets(&template, conditions) {
            let number = |name: &str| widget[name].as_u64().unwrap();
            let (left, top) = (number("x"), number("y"));
            assert!(left + number("width") <= 24, "{widget}");
            for x in left..left + number("width") {
                for y in top..top + number("height") {
                    assert!(taken.insert((x, y)), "{conditions:?}: {widget}");
                }
            }
        }
    }
}

/// The namespace, names and dimensions of the metrics that two lines make: of a success and of a failure.
async fn made() -> BTreeSet<[String; 3]> {
    let world = World::new();
    let times = json!({"StartedAt": "2026-11-23T06:00:31Z", "StoppedAt": "2026-11-23T06:01:38Z"});
    let error = json!({"Error": "EcsTask.Failed"});
    for (name, status, state) in [
        ("1", "SUCCESS", json!({"output": times})),
        ("2", "FAILED", json!({"error": error})),
    ] {
        let event = json!({"status": status, "nobodyWaits": true, "execution": name,
            "started": "2026-11-23T06:00:00Z", "state": state});
        world.respond(&event).await.unwrap();
    }
    let mut made = BTreeSet::new();
    for line in world.metrics.written() {
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            for set in directive["Dimensions"].as_array().unwrap() {
                let dimension = set[0].as_str().unwrap();
                let value = line[dimension].as_str().unwrap();
                for metric in directive["Metrics"].as_array().unwrap() {
                    let name = metric["Name"].as_str().unwrap();
                    made.insert([name, dimension, value].map(str::to_owned));
                }
            }
        }
    }
    made
}

#[tokio::test(start_paused = true)]
async fn the_dashboard_shows_what_the_functions_write_of_runs() {
    let namespace = format!("ecs-task-runner/{STACK}");
    let made = made().await;
    let mut shown = BTreeSet::new();
    let mut by_error = false;
    for widget in widgets(&Template::task_runner(), &[]) {
        let mut last: Vec<String> = Vec::new();
        let metrics = widget["properties"]["metrics"].as_array();
        for metric in metrics.into_iter().flatten() {
            let metric = metric.as_array().unwrap();
            if let Some(expression) = metric[0]["expression"].as_str() {
                assert_eq!(
                    expression,
                    format!("SEARCH('{{\"{namespace}\",Error}} MetricName=\"Runs\"', 'Sum')")
                );
                by_error = true;
                continue;
            }
            // "..." repeats all that stands before the last part of the metric above, and "." one part.
            let mut parts: Vec<String> = Vec::new();
            for part in metric.iter().filter_map(Value::as_str) {
                match part {
                    "..." => parts.extend_from_slice(&last[..last.len() - 1]),
                    "." => parts.push(last[parts.len()].clone()),
                    part => parts.push(part.to_owned()),
                }
            }
            if let [of, name, dimension, value] = &parts[..]
                && *of == namespace
            {
                let metric = [name, dimension, value].map(String::clone);
                assert!(made.contains(&metric), "no line makes {metric:?}");
                shown.insert(metric);
            }
            last = parts;
        }
    }
    assert!(
        by_error
            && made
                .iter()
                .any(|[name, by, _]| name == "Runs" && by == "Error")
    );
    let names = |metrics: &BTreeSet<[String; 3]>| {
        let names = metrics.iter().map(|[name, ..]| name.clone());
        names.collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&shown), names(&made));
}

#[test]
fn the_functions_that_count_runs_do_so_in_the_namespace_of_the_alarms() {
    let template = Template::task_runner();
    let filter = &template.properties("UnansweredMetric")["MetricTransformations"][0];
    let namespace = substituted(&filter["MetricNamespace"]);
    for (name, function) in template.of_type("AWS::Lambda::Function") {
        let given = &function["Environment"]["Variables"]["METRICS_NAMESPACE"];
        let counts = ["RespondFunction", "RescueFunction"].contains(&name);
        assert_eq!(!given.is_null(), counts, "{name}");
        if counts {
            // Whoever does without the dashboard does not pay for its metrics either.
            let [condition, with, _] = &given["Fn::If"].as_array().unwrap()[..] else {
                panic!("{name}: {given}")
            };
            assert_eq!(condition, "HasDashboard", "{name}");
            assert_eq!(substituted(with), namespace, "{name}");
        }
        // Without JSON, Lambda would put words before the line.
        assert_eq!(function["LoggingConfig"]["LogFormat"], "JSON", "{name}");
    }
}
