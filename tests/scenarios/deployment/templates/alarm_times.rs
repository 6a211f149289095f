//! When an alarm rings, and for how long.

use std::collections::BTreeSet;

use serde_json::json;

use super::Template;
use super::alarms::number;
use crate::deployment::values;

/// The alarm tells by what is missing, so missing must be what it rings for, and three periods long
/// enough for a few invocations to be lost.
#[test]
fn an_alarm_tells_that_rescue_runs_no_more() {
    let template = Template::task_runner();
    let alarm = template.properties("RescueAlarm");
    for (name, value) in [
        ("MetricName", "Invocations"),
        ("Statistic", "Sum"),
        ("Period", "300"),
        ("EvaluationPeriods", "3"),
        ("ComparisonOperator", "LessThanThreshold"),
        ("Threshold", "1"),
        ("TreatMissingData", "breaching"),
    ] {
        assert_eq!(alarm[name], value, "{name}");
    }
    assert_eq!(
        alarm["Dimensions"],
        json!([{"Name": "FunctionName", "Value": {"Ref": "RescueFunction"}}])
    );
    assert_eq!(
        template.properties("EveryMinute")["ScheduleExpression"],
        "rate(1 minute)"
    );
}

/// Of an idle queue CloudWatch knows up to 15 minutes later what is in it (SQS guide, monitoring with
/// CloudWatch). What gives an event up counts it in the same minute, and is not forgotten before.
#[test]
fn a_dead_letter_is_reported_when_it_is_given_up_and_until_the_queue_reports_it() {
    const MINUTE: u32 = 60;
    const QUEUE_IS_LATE: u32 = 15 * MINUTE;
    let template = Template::task_runner();
    let alarm = template.properties("DeadLettersAlarm");
    let counted: BTreeSet<(&str, String)> = values(alarm, "Metric")
        .into_iter()
        .map(|metric| {
            let of = metric["Dimensions"][0]["Value"].to_string();
            (metric["MetricName"].as_str().unwrap(), of)
        })
        .collect();
    let mut givers = BTreeSet::new();
    for (function, properties) in template.of_type("AWS::Lambda::Function") {
        if properties.get("DeadLetterConfig").is_some() {
            givers.insert(("AsyncEventsDropped", json!({"Ref": function}).to_string()));
        }
    }
    for (rule, properties) in template.of_type("AWS::Events::Rule") {
        if properties["Targets"][0].get("DeadLetterConfig").is_some() {
            let rule = json!({"Ref": rule}).to_string();
            givers.insert(("InvocationsSentToDlq", rule.clone()));
            givers.insert(("InvocationsFailedToBeSentToDlq", rule));
        }
    }
    assert_eq!(givers.len(), 4, "{givers:?}");
    givers.insert((
        "ApproximateNumberOfMessagesVisible",
        json!({"Fn::GetAtt": "DeadLetters.QueueName"}).to_string(),
    ));
    assert_eq!(counted, givers);
    let periods = values(alarm, "Period");
    assert!(periods.iter().all(|period| number(period) == MINUTE));
    assert!(number(&alarm["EvaluationPeriods"]) * MINUTE > QUEUE_IS_LATE);
}

#[test]
fn the_alarms_on_fleets_ring_for_fewer_workers_than_there_should_be() {
    let fleet = Template::worker();
    let fleet = fleet.properties("FleetAlarm");
    assert_eq!(fleet["Threshold"], json!({"Ref": "MinInstances"}));
    let service = Template::worker_service();
    assert_eq!(
        service.properties("Service")["DesiredCount"],
        json!({"Ref": "Workers"})
    );
    let service = service.properties("ServiceAlarm");
    for (name, value) in [
        // ECS reports a sample for each running task and minute, and none of a service without tasks.
        ("Statistic", "SampleCount"),
        ("Period", "60"),
        ("TreatMissingData", "breaching"),
    ] {
        assert_eq!(service[name], value, "{name}");
    }
    assert_eq!(service["Threshold"], json!({"Ref": "Workers"}));
    // A worker that cannot poll runs until its health check has failed three times.
    assert!(number(&service["DatapointsToAlarm"]) <= number(&service["EvaluationPeriods"]) / 3);
    for alarm in [fleet, service] {
        assert_eq!(alarm["ComparisonOperator"], "LessThanThreshold");
    }
}
