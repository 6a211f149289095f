//! The templates of `infra/` and what is deployed with them, read as text: what they promise each other, the runbook and the programs.

use std::collections::BTreeMap;

pub const TASK_RUNNER: &str = include_str!("../../infra/task-runner.yaml");
const WORKER: &str = include_str!("../../infra/worker.yaml");
const WORKER_SERVICE: &str = include_str!("../../infra/worker-service.yaml");
const UNIT: &str = include_str!("../../infra/ecs-task-runner.service");
const DOCKERFILE: &str = include_str!("../../infra/Dockerfile");
const TEMPLATES: [(&str, &str); 3] = [("task-runner.yaml", TASK_RUNNER), ("worker.yaml", WORKER), ("worker-service.yaml", WORKER_SERVICE)];

/// What the runbook tells what to do on.
const ALARMS: [&str; 5] = ["DeadLettersAlarm", "FunctionErrorsAlarm", "HeartbeatsAlarm", "NotClaimedAlarm", "UnansweredAlarm"];
/// Seconds that a drain takes at most, and what a stop must grant it.
const DRAIN: u32 = 75;

/// The text of each resource, by its logical id.
pub fn resources(template: &str) -> BTreeMap<&str, &str> {
    section(template, "\nResources:\n")
}

/// The entries of one of a template's sections: each begins with its name, indented by two, and reaches to the next one.
fn section<'t>(template: &'t str, heading: &str) -> BTreeMap<&'t str, &'t str> {
    let (_, rest) = template.split_once(heading).unwrap();
    let is_name = |line: &str| line.starts_with("  ") && !line[2..].starts_with([' ', '#']) && line.ends_with(':');
    let mut entries = BTreeMap::new();
    let (mut at, mut entry) = (0, None);
    for line in rest.split_inclusive('\n') {
        let text = line.trim_end();
        let is_end = !text.is_empty() && !text.starts_with(' ');
        let begins = (is_end || is_name(text)).then(|| (text.trim().trim_end_matches(':'), at));
        if let Some((name, begin)) = begins.and_then(|next| entry.replace(next)) {
            entries.insert(name, &rest[begin..at]);
        }
        if is_end {
            return entries;
        }
        at += line.len();
    }
    if let Some((name, begin)) = entry {
        entries.insert(name, &rest[begin..]);
    }
    entries
}

/// Those of a type, in all templates.
fn of_type(wanted: &str) -> Vec<(String, &'static str)> {
    let all = TEMPLATES
        .into_iter()
        .flat_map(|(file, template)| resources(template).into_iter().map(move |(name, text)| (format!("{file}: {name}"), text)));
    all.filter(|(_, text)| text.lines().any(|line| line.trim() == format!("Type: {wanted}"))).collect()
}

/// The value of a directive that a unit or a Dockerfile has once.
fn directive<'t>(text: &'t str, name: &str) -> &'t str {
    let mut found = text.lines().filter_map(|line| line.trim().strip_prefix(name));
    let value = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(found.next(), None, "{name} twice");
    value.trim()
}

#[test]
fn every_alarm_says_what_it_means_whom_it_tells_and_what_missing_data_is() {
    let alarms = of_type("AWS::CloudWatch::Alarm");
    assert!(alarms.len() > ALARMS.len());
    for (name, text) in alarms {
        for needed in [
            "AlarmDescription: ",
            "TreatMissingData: ",
            "AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]",
            "OKActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]",
        ] {
            assert!(text.contains(needed), "{name} lacks {needed}");
        }
    }
}

#[test]
fn the_alarms_of_the_runbook_exist_and_the_dashboard_shows_them() {
    let resources = resources(TASK_RUNNER);
    for alarm in ALARMS {
        assert!(resources[alarm].contains("Type: AWS::CloudWatch::Alarm"), "{alarm}");
        assert!(resources["Dashboard"].contains(&format!("${{{alarm}.Arn}}")), "the dashboard lacks {alarm}");
    }
}

#[test]
fn the_alarm_on_functions_counts_every_one_of_them() {
    let resources = resources(TASK_RUNNER);
    let functions: Vec<&str> =
        resources.iter().filter(|(_, text)| text.contains("Type: AWS::Lambda::Function\n")).map(|(name, _)| *name).collect();
    assert_eq!(functions.len(), 4);
    for function in functions {
        let counted = resources["FunctionErrorsAlarm"].matches(&format!("!Ref {function}}}")).count();
        assert_eq!(counted, 2, "errors and throttles of {function}");
    }
}

#[test]
fn the_filters_and_the_alarms_mean_the_same_metrics() {
    let resources = resources(TASK_RUNNER);
    for (filter, alarm) in [("UnansweredMetric", "UnansweredAlarm"), ("NotClaimedMetric", "NotClaimedAlarm")] {
        let name = resources[filter].split_once("MetricName: ").unwrap().1.lines().next().unwrap();
        let namespace = resources[filter].split_once("MetricNamespace: ").unwrap().1.lines().next().unwrap();
        assert!(resources[alarm].contains(&format!("MetricName: {name}\n")), "{alarm}");
        assert!(resources[alarm].contains(&format!("Namespace: {namespace}\n")), "{alarm}");
        let shown = namespace.strip_prefix("!Sub ").unwrap();
        assert!(resources["Dashboard"].contains(&format!(r#"["{shown}", "{name}""#)), "the dashboard lacks {name}");
    }
}

#[test]
fn what_is_kept_is_encrypted_and_not_kept_for_ever() {
    let groups = of_type("AWS::Logs::LogGroup");
    assert_eq!(groups.len(), 6);
    for (name, text) in groups {
        assert!(text.contains("RetentionInDays: !Ref LogRetentionDays") && text.contains("KmsKeyId:"), "{name}");
    }
    for (name, text) in of_type("AWS::KMS::Key") {
        assert!(text.contains("EnableKeyRotation: true"), "{name}");
    }
    for (name, text) in of_type("AWS::SQS::Queue") {
        assert!(text.contains("SqsManagedSseEnabled: true") && text.contains("MessageRetentionPeriod:"), "{name}");
    }
    for (name, text) in of_type("AWS::EC2::LaunchTemplate") {
        assert!(text.contains("Encrypted: true") && text.contains("HttpTokens: required"), "{name}");
    }
}

#[test]
fn the_key_of_the_logs_may_be_used_for_every_log_group_that_names_it() {
    let key = resources(TASK_RUNNER)["LogKey"];
    let allowed: Vec<&str> =
        key.lines().filter_map(|line| line.split_once(":log-group:")).map(|(_, name)| name.trim_end_matches('*')).collect();
    assert_eq!(allowed.len(), 2);
    for (name, text) in of_type("AWS::Logs::LogGroup") {
        let group = text.split_once("LogGroupName: !Sub ").unwrap().1.lines().next().unwrap();
        assert!(allowed.iter().any(|prefix| group.starts_with(prefix)), "{name}: {group}");
    }
}

#[test]
fn the_unit_is_the_same_on_every_machine() {
    let (_, installed) = UNIT.split_once("\n\n[Unit]\n").unwrap();
    let script = resources(WORKER)["LaunchTemplate"];
    let (_, rest) = script.split_once("cat > /etc/systemd/system/ecs-task-runner.service <<'EOF'\n").unwrap();
    let indent = " ".repeat(rest.len() - rest.trim_start().len());
    let lines = rest.lines().map(|line| line.strip_prefix(&indent).unwrap_or(line.trim()));
    let unit: Vec<&str> = lines.take_while(|line| *line != "EOF").collect();
    assert_eq!(unit.join("\n") + "\n", format!("[Unit]\n{installed}"));
}

#[test]
fn whatever_stops_a_worker_gives_it_the_time_to_drain() {
    for granted in [directive(UNIT, "TimeoutStopSec="), directive(resources(WORKER_SERVICE)["TaskDefinition"], "StopTimeout:")] {
        let granted: u32 = granted.parse().unwrap();
        assert!(granted >= DRAIN, "{granted} s");
        // ECS grants no more on Fargate (`ContainerDefinition`).
        assert!(granted <= 120, "{granted} s");
    }
    // A first poll without a task takes 60 s, and the one before it may have been refused.
    assert!(directive(UNIT, "TimeoutStartSec=").parse::<u32>().unwrap() >= 120);
}

#[test]
fn the_image_and_the_service_agree() {
    let task = resources(WORKER_SERVICE)["TaskDefinition"];
    assert!(task.contains(&format!("User: '{}'", directive(DOCKERFILE, "USER "))));
    let (variable, address) = directive(DOCKERFILE, "ENV HEALTH_ADDR").split_at(1);
    assert!(variable == "=" && task.contains(&format!("HEALTH_ADDR, Value: '{address}'")));
    assert!(DOCKERFILE.contains(r#"CMD ["/ecs-task-runner", "health"]"#) && task.contains("Command: [CMD, /ecs-task-runner, health]"));
    assert_eq!(directive(DOCKERFILE, "ENTRYPOINT "), r#"["/ecs-task-runner"]"#);
}

#[test]
fn what_other_stacks_import_is_exported() {
    let exported: Vec<&str> = TASK_RUNNER.lines().filter_map(|line| line.trim().strip_prefix("Name: !Sub ${AWS::StackName}-")).collect();
    for (file, template) in TEMPLATES {
        for import in template.lines().filter_map(|line| line.split_once("ImportValue: !Sub ${TaskRunnerStack}-")) {
            assert!(exported.contains(&import.1), "{file} imports {}", import.1);
        }
    }
}

#[test]
fn every_parameter_is_described_and_held_to_what_can_work() {
    for (file, template) in TEMPLATES {
        for (name, text) in section(template, "\nParameters:\n") {
            assert!(text.contains("    Description: "), "{file}: {name}");
            let constrained = ["AllowedPattern:", "AllowedValues:", "MinValue:", "Type: AWS::", "Type: List<AWS::"];
            let is_list_of_arns = text.contains("Type: CommaDelimitedList") && text.contains("Default: '*'");
            assert!(is_list_of_arns || constrained.iter().any(|constraint| text.contains(constraint)), "{file}: {name}");
        }
    }
}

#[test]
fn the_templates_can_be_deployed_without_a_bucket_for_them() {
    for (file, template) in TEMPLATES {
        // `TemplateBody` of CreateStack, bytes ("CloudFormation quotas").
        assert!(template.len() <= 51_200, "{file} has {} bytes", template.len());
    }
}
