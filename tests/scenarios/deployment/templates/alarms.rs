//! The alarms and the runbook.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::dashboard::dashboard;
use super::{Template, of_type, substituted};
use crate::deployment::{count, strings, values};

const RUNBOOK: &str = include_str!("../../../../infra/runbook.md");
const ALARM: &str = "AWS::CloudWatch::Alarm";

#[test]
fn every_alarm_says_what_it_means_whom_it_tells_and_what_missing_data_is() {
    let topic =
        json!({"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]});
    let alarms = of_type(ALARM);
    assert!(!alarms.is_empty());
    for (name, alarm) in alarms {
        assert!(!alarm["AlarmDescription"].is_null(), "{name}");
        assert!(alarm["TreatMissingData"].is_string(), "{name}");
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm[actions], topic, "{name}: {actions}");
        }
    }
}

/// CloudWatch shows the description to whoever an alarm wakes, and that is all they have.
#[test]
fn every_alarm_says_to_which_stack_it_happened_what_to_do_first_and_where_to_read_on() {
    for (place, alarm) in of_type(ALARM) {
        let (_, name) = place.split_once(": ").unwrap();
        let description = strings(&alarm["AlarmDescription"]).concat();
        let section = format!(" See infra/runbook.md, section {name}.");
        assert!(description.ends_with(&section), "{name}: {description}");
        for part in ["${AWS::StackName}", " First "] {
            assert!(description.contains(part), "{name}: {description}");
        }
        // `AlarmDescription` of PutMetricAlarm, characters; a stack's name has 128 at most.
        assert!(description.chars().count() + 2 * 128 <= 1_024, "{name}");
    }
}

#[test]
fn the_runbook_has_a_section_for_every_alarm_and_for_no_other() {
    let sections: BTreeSet<&str> = RUNBOOK
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter(|heading| heading.ends_with("Alarm"))
        .collect();
    let templates = Template::all();
    let raised: BTreeSet<&str> = templates
        .iter()
        .flat_map(|template| template.of_type(ALARM))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(sections, raised);
}

/// The metrics of an alarm: of its properties, or of the statistics that its expressions name.
fn metrics(alarm: &Value) -> Vec<&Value> {
    let mut metrics = values(alarm, "Metric");
    if alarm.get("MetricName").is_some() {
        metrics.push(alarm);
    }
    metrics
}

/// A number that a template has as such or as text.
pub fn number(value: &Value) -> u32 {
    value.as_str().unwrap().parse().unwrap()
}

/// Names and dimensions as the services report them: an alarm on any other metric waits for ever.
/// From the guides: SQS, available metrics; Step Functions, monitoring with CloudWatch; Lambda,
/// types of metrics; EventBridge, monitoring; ECS, CloudWatch metrics; EC2 Auto Scaling, group metrics.
#[test]
fn alarms_are_on_metrics_that_the_services_report() {
    const REPORTED: [(&str, &str, &[&str]); 12] = [
        (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            &["QueueName"],
        ),
        ("AWS/States", "ExecutionsTimedOut", &["StateMachineArn"]),
        ("AWS/States", "ActivityScheduleTime", &["ActivityArn"]),
        (
            "AWS/States",
            "ActivitiesHeartbeatTimedOut",
            &["ActivityArn"],
        ),
        ("AWS/Lambda", "Errors", &["FunctionName"]),
        ("AWS/Lambda", "Throttles", &["FunctionName"]),
        ("AWS/Lambda", "Invocations", &["FunctionName"]),
        ("AWS/Lambda", "AsyncEventsDropped", &["FunctionName"]),
        ("AWS/Events", "InvocationsSentToDlq", &["RuleName"]),
        (
            "AWS/Events",
            "InvocationsFailedToBeSentToDlq",
            &["RuleName"],
        ),
        ("AWS/ECS", "CPUUtilization", &["ClusterName", "ServiceName"]),
        (
            "AWS/AutoScaling",
            "GroupInServiceInstances",
            &["AutoScalingGroupName"],
        ),
    ];
    let mut seen = BTreeSet::new();
    for (alarm, properties) in of_type(ALARM) {
        for metric in metrics(&properties) {
            // The other namespace is the task runner's own.
            let Some(namespace) = metric["Namespace"].as_str() else {
                continue;
            };
            let name = metric["MetricName"].as_str().unwrap();
            let dimensions: Vec<_> = values(&metric["Dimensions"], "Name");
            let known = REPORTED
                .into_iter()
                .find(|known| (known.0, known.1) == (namespace, name));
            let known = known.unwrap_or_else(|| panic!("{alarm}: {namespace} has no {name}"));
            assert_eq!(dimensions, known.2, "{alarm}: {name}");
            seen.insert(known);
        }
    }
    assert_eq!(seen.len(), REPORTED.len(), "{seen:?}");
}

/// What a sum or maximum makes of a metric that is missing is not documented; what `FILL` does is,
/// and that it may hide what comes late.
#[test]
fn no_expression_of_an_alarm_depends_on_a_metric_that_is_missing() {
    for (name, alarm) in of_type(ALARM) {
        for expression in values(&alarm, "Expression") {
            let expression = expression.as_str().unwrap();
            if expression.contains('[') {
                assert!(
                    expression.contains("(FILL([") && expression.contains("], 0))"),
                    "{name}: {expression}"
                );
                // `alarm_times` says why one looks back further.
                let periods = if name.ends_with(": DeadLettersAlarm") {
                    20
                } else {
                    3
                };
                assert_eq!(number(&alarm["EvaluationPeriods"]), periods, "{name}");
                assert_eq!(alarm["DatapointsToAlarm"], "1", "{name}");
            }
        }
    }
}

#[test]
fn the_alarm_on_functions_counts_every_one_of_them() {
    let template = Template::task_runner();
    let functions = template.of_type("AWS::Lambda::Function");
    assert_eq!(functions.len(), 7);
    for (function, _) in functions {
        // A run that `work` loses is taken over, and one that waits for it is not late yet: alarms
        // of its own say so.
        if function == "WorkFunction" {
            let of_work = ["WorkErrorsAlarm", "WorkWaitsAlarm"]
                .map(|alarm| count(template.properties(alarm), &json!({"Ref": function})));
            assert_eq!(of_work, [1, 2], "errors; throttles and dropped events");
            continue;
        }
        // ECS tries no second time.
        let alarm = template.properties(if function == "HookFunction" {
            "HookErrorsAlarm"
        } else {
            "FunctionErrorsAlarm"
        });
        let counted = count(alarm, &json!({"Ref": function}));
        assert_eq!(counted, 2, "errors and throttles of {function}");
    }
}

#[test]
fn the_filters_and_the_alarms_mean_the_same_metrics() {
    let template = Template::task_runner();
    for (filter, alarm) in [
        ("UnansweredMetric", "UnansweredAlarm"),
        ("NotListedMetric", "UnansweredAlarm"),
        ("NotClaimedMetric", "NotClaimedAlarm"),
    ] {
        let made = &template.properties(filter)["MetricTransformations"][0];
        let (namespace, name) = (&made["MetricNamespace"], &made["MetricName"]);
        assert!(
            metrics(template.properties(alarm))
                .iter()
                .any(|metric| (&metric["Namespace"], &metric["MetricName"]) == (namespace, name)),
            "{alarm} is on no metric of {filter}"
        );
        let shown = format!(r#"["{}", {name}"#, substituted(namespace));
        assert!(
            dashboard(&template).contains(&shown),
            "the dashboard lacks {shown}"
        );
    }
}
