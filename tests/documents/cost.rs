//! The table of costs, against what the templates have.

use ecs_task_runner::check::read_document;
use serde_json::Value;

use crate::markdown::table;
use crate::read;

/// What a template has of a type, with its condition.
fn resources(template: &str, wanted: &str) -> Vec<Value> {
    let document = read_document(&read(format!("infra/{template}"))).unwrap();
    let resources = document["Resources"].as_object().unwrap().values();
    let of_type = resources.filter(|resource| resource["Type"] == wanted);
    of_type.cloned().collect()
}

/// Whether a resource is there with a fleet, and without one.
fn is_there(resource: &Value) -> (bool, bool) {
    match resource["Condition"].as_str() {
        None => (true, true),
        Some("HasActivity") => (true, false),
        Some("HasWork") => (false, true),
        Some(other) => panic!("{other} is new: when is it there?"),
    }
}

/// CloudWatch charges an alarm by the metrics that it watches (CloudWatch pricing).
fn watched(alarm: &Value) -> usize {
    let metrics = alarm["Properties"]["Metrics"].as_array();
    metrics.map_or(1, |metrics| {
        let watched = metrics.iter().filter(|one| one.get("MetricStat").is_some());
        watched.count()
    })
}

fn rows(guide: &str) -> Vec<Vec<&str>> {
    table(guide, "| item | arithmetic | fleet, $ | no fleet, $ |")
}

/// The numbers of an item's arithmetic that are followed by this text.
fn numbers(item: &str, before: &str) -> Vec<usize> {
    let guide = read("infra/README.md");
    let rows = rows(&guide);
    let row = rows.iter().find(|row| row[0] == item).unwrap();
    let parts = row[1].split(before);
    parts
        .filter_map(|part| part.rsplit(' ').find(|word| !word.is_empty())?.parse().ok())
        .collect()
}

#[test]
fn the_table_of_costs_counts_every_metric_that_an_alarm_watches() {
    let mut counts = (0, 0);
    for alarm in resources("task-runner.yaml", "AWS::CloudWatch::Alarm") {
        let (fleet, no_fleet) = is_there(&alarm);
        counts.0 += usize::from(fleet) * watched(&alarm);
        counts.1 += usize::from(no_fleet) * watched(&alarm);
    }
    for template in ["worker.yaml", "worker-service.yaml"] {
        let of_fleet = resources(template, "AWS::CloudWatch::Alarm");
        assert_eq!(of_fleet.iter().map(watched).sum::<usize>(), 1, "{template}");
    }
    counts.0 += 1;
    let shown = read("infra/README.md");
    let alarms = rows(&shown)
        .into_iter()
        .find(|row| row[0] == "alarms")
        .unwrap();
    let expected = (
        format!("{} metrics × 0.10", counts.0),
        format!("without a fleet {}:", counts.1),
    );
    assert!(
        alarms[1].starts_with(&expected.0) && alarms[1].contains(&expected.1),
        "{expected:?}: {alarms:?}"
    );
}

#[test]
fn the_table_of_costs_counts_every_metric_that_is_made_of_logs() {
    let made = resources("task-runner.yaml", "AWS::Logs::MetricFilter");
    let with = made.iter().filter(|filter| is_there(filter).0).count();
    let without = made.iter().filter(|filter| is_there(filter).1).count();
    assert_eq!(numbers("metrics from logs", " × 0.30"), [with]);
    assert_eq!(numbers("metrics from logs", ", for the hours"), [without]);
}

#[test]
fn the_table_of_costs_adds_up() {
    let guide = read("infra/README.md");
    for column in [2, 3] {
        let mut cents = 0;
        for row in rows(&guide) {
            let shown = row[column].trim_matches('*').trim_start_matches("≤ ");
            let shown = shown.replace('.', "").parse::<u32>().unwrap_or(0);
            if row[0] == "**all**" {
                assert_eq!(shown, cents, "{row:?}");
                let dollars = format!("${} ", (cents + 50) / 100);
                let front_page = read("README.md");
                assert_eq!(front_page.matches(&dollars).count(), 2, "{dollars}");
            } else {
                cents += shown;
            }
        }
        assert!(cents > 0);
    }
}
