//! The templates of `infra/` and what is deployed with them, read as text: what they promise each
//! other, the runbook and the programs.

use std::collections::BTreeMap;

pub const TASK_RUNNER: &str = include_str!("../../../infra/task-runner.yaml");
const WORKER: &str = include_str!("../../../infra/worker.yaml");
const WORKER_SERVICE: &str = include_str!("../../../infra/worker-service.yaml");
const UNIT: &str = include_str!("../../../infra/ecs-task-runner.service");
const DOCKERFILE: &str = include_str!("../../../infra/Dockerfile");
const RUNBOOK: &str = include_str!("../../../infra/README.md");
const TEMPLATES: [(&str, &str); 3] = [
    ("task-runner.yaml", TASK_RUNNER),
    ("worker.yaml", WORKER),
    ("worker-service.yaml", WORKER_SERVICE),
];

/// Seconds that a drain takes at most, and what a stop must grant it.
const DRAIN: u32 = 75;

/// The text of each resource, by its logical id.
pub fn resources(template: &str) -> BTreeMap<&str, &str> {
    section(template, "\nResources:\n")
}

/// The entries of one of a template's sections: each begins with its name, indented by two, and
/// reaches to the next one.
fn section<'t>(template: &'t str, heading: &str) -> BTreeMap<&'t str, &'t str> {
    let (_, rest) = template.split_once(heading).unwrap();
    let is_name = |line: &str| {
        line.starts_with("  ") && !line[2..].starts_with([' ', '#']) && line.ends_with(':')
    };
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
    let all = TEMPLATES.into_iter().flat_map(|(file, template)| {
        resources(template)
            .into_iter()
            .map(move |(name, text)| (format!("{file}: {name}"), text))
    });
    all.filter(|(_, text)| {
        text.lines()
            .any(|line| line.trim() == format!("Type: {wanted}"))
    })
    .collect()
}

/// The value of a directive that a unit or a Dockerfile has once.
fn directive<'t>(text: &'t str, name: &str) -> &'t str {
    let mut found = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(name));
    let value = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(found.next(), None, "{name} twice");
    value.trim()
}

#[test]
fn every_alarm_says_what_it_means_whom_it_tells_and_what_missing_data_is() {
    let alarms = of_type("AWS::CloudWatch::Alarm");
    assert!(!alarms.is_empty());
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

/// The logical ids of a template's alarms.
fn alarms(template: &'static str) -> Vec<&'static str> {
    let resources = resources(template);
    resources
        .into_iter()
        .filter(|(_, text)| text.contains("Type: AWS::CloudWatch::Alarm\n"))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_runbook_has_an_entry_for_every_alarm_and_for_no_other() {
    let mut told: Vec<&str> = RUNBOOK
        .lines()
        .filter_map(|line| line.strip_prefix("### ")?.split(' ').next())
        .collect();
    told.retain(|heading| heading.ends_with("Alarm"));
    told.sort_unstable();
    let mut raised: Vec<&str> = TEMPLATES
        .into_iter()
        .flat_map(|(_, template)| alarms(template))
        .collect();
    raised.sort_unstable();
    assert_eq!(told, raised);
}

#[test]
fn the_dashboard_shows_every_alarm_of_its_stack() {
    let dashboard = resources(TASK_RUNNER)["Dashboard"];
    for alarm in alarms(TASK_RUNNER) {
        assert!(
            dashboard.contains(&format!("${{{alarm}.Arn}}")),
            "the dashboard lacks {alarm}"
        );
    }
}

/// Names and dimensions as the services report them: an alarm on any other metric waits for ever.
/// From the guides: SQS, available metrics; Step Functions, monitoring with CloudWatch; Lambda,
/// types of metrics; EC2 Auto Scaling, group metrics.
#[test]
fn alarms_are_on_metrics_that_the_services_report() {
    const REPORTED: [(&str, &str, &str); 7] = [
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
        ("AWS/States", "ExecutionsTimedOut", "StateMachineArn"),
        ("AWS/States", "ActivityScheduleTime", "ActivityArn"),
        ("AWS/States", "ActivitiesHeartbeatTimedOut", "ActivityArn"),
        ("AWS/Lambda", "Errors", "FunctionName"),
        ("AWS/Lambda", "Throttles", "FunctionName"),
        ("AWS/Lambda", "Invocations", "FunctionName"),
    ];
    const OF_GROUPS: (&str, &str, &str) = (
        "AWS/AutoScaling",
        "GroupInServiceInstances",
        "AutoScalingGroupName",
    );
    let mut seen = std::collections::BTreeSet::new();
    for (alarm, text) in of_type("AWS::CloudWatch::Alarm") {
        for metric in text.split("Namespace: AWS/").skip(1) {
            let namespace = format!("AWS/{}", metric.lines().next().unwrap());
            let name = metric
                .split_once("MetricName: ")
                .unwrap()
                .1
                .lines()
                .next()
                .unwrap();
            let dimensions: Vec<&str> = metric
                .split("{Name: ")
                .skip(1)
                .map(|rest| rest.split(',').next().unwrap())
                .collect();
            let known = REPORTED
                .into_iter()
                .chain([OF_GROUPS])
                .find(|known| (known.0, known.1) == (namespace.as_str(), name));
            let known = known.unwrap_or_else(|| panic!("{alarm}: {namespace} has no {name}"));
            assert_eq!(dimensions, [known.2], "{alarm}: {name}");
            seen.insert(known);
        }
    }
    assert_eq!(seen.len(), REPORTED.len() + 1, "{seen:?}");
}

/// It tells by what is missing, so missing must be what it rings for, and long enough for a few
/// looks to be lost.
#[test]
fn an_alarm_tells_that_rescue_runs_no_more() {
    let alarm = resources(TASK_RUNNER)["RescueAlarm"];
    for needed in [
        "MetricName: Invocations\n",
        "{Name: FunctionName, Value: !Ref RescueFunction}",
        "Statistic: Sum\n",
        "Period: 300\n",
        "EvaluationPeriods: 3\n",
        "ComparisonOperator: LessThanThreshold\n",
        "Threshold: 1\n",
        "TreatMissingData: breaching\n",
    ] {
        assert!(alarm.contains(needed), "{needed} in: {alarm}");
    }
    assert!(resources(TASK_RUNNER)["EveryMinute"].contains("ScheduleExpression: rate(1 minute)"));
}

/// What a sum or maximum makes of a metric that is missing is not documented; what `FILL` does is,
/// and that it may hide what comes late.
#[test]
fn no_expression_of_an_alarm_depends_on_a_metric_that_is_missing() {
    for (alarm, text) in of_type("AWS::CloudWatch::Alarm") {
        for expression in text
            .lines()
            .filter_map(|line| line.split_once("Expression: "))
            .map(|(_, expression)| expression)
        {
            if expression.contains('[') {
                assert!(
                    expression.contains("(FILL([") && expression.contains("], 0))"),
                    "{alarm}: {expression}"
                );
                assert!(
                    text.contains("EvaluationPeriods: 3\n      DatapointsToAlarm: 1\n"),
                    "{alarm}"
                );
            }
        }
    }
}

#[test]
fn the_alarm_on_functions_counts_every_one_of_them() {
    let resources = resources(TASK_RUNNER);
    let functions: Vec<&str> = resources
        .iter()
        .filter(|(_, text)| text.contains("Type: AWS::Lambda::Function\n"))
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(functions.len(), 4);
    for function in functions {
        let counted = resources["FunctionErrorsAlarm"]
            .matches(&format!("!Ref {function}}}"))
            .count();
        assert_eq!(counted, 2, "errors and throttles of {function}");
    }
}

#[test]
fn the_filters_and_the_alarms_mean_the_same_metrics() {
    let resources = resources(TASK_RUNNER);
    for (filter, alarm) in [
        ("UnansweredMetric", "UnansweredAlarm"),
        ("NotClaimedMetric", "NotClaimedAlarm"),
    ] {
        let name = resources[filter]
            .split_once("MetricName: ")
            .unwrap()
            .1
            .lines()
            .next()
            .unwrap();
        let namespace = resources[filter]
            .split_once("MetricNamespace: ")
            .unwrap()
            .1
            .lines()
            .next()
            .unwrap();
        assert!(
            resources[alarm].contains(&format!("MetricName: {name}\n")),
            "{alarm}"
        );
        assert!(
            resources[alarm].contains(&format!("Namespace: {namespace}\n")),
            "{alarm}"
        );
        let shown = namespace.strip_prefix("!Sub ").unwrap();
        assert!(
            resources["Dashboard"].contains(&format!(r#"["{shown}", "{name}""#)),
            "the dashboard lacks {name}"
        );
    }
}

#[test]
fn what_is_kept_is_encrypted_and_not_kept_for_ever() {
    let groups = of_type("AWS::Logs::LogGroup");
    assert_eq!(groups.len(), 6);
    for (name, text) in groups {
        assert!(
            text.contains("RetentionInDays: !Ref LogRetentionDays") && text.contains("KmsKeyId:"),
            "{name}"
        );
    }
    for (name, text) in of_type("AWS::KMS::Key") {
        assert!(text.contains("EnableKeyRotation: true"), "{name}");
    }
    for (name, text) in of_type("AWS::SQS::Queue") {
        assert!(
            text.contains("SqsManagedSseEnabled: true") && text.contains("MessageRetentionPeriod:"),
            "{name}"
        );
    }
    for (name, text) in of_type("AWS::EC2::LaunchTemplate") {
        assert!(
            text.contains("Encrypted: true") && text.contains("HttpTokens: required"),
            "{name}"
        );
    }
}

#[test]
fn the_key_of_the_logs_may_be_used_for_every_log_group_that_names_it() {
    let key = resources(TASK_RUNNER)["LogKey"];
    let allowed: Vec<&str> = key
        .lines()
        .filter_map(|line| line.split_once(":log-group:"))
        .map(|(_, name)| name.trim_end_matches('*'))
        .collect();
    assert_eq!(allowed.len(), 2);
    for (name, text) in of_type("AWS::Logs::LogGroup") {
        let group = text
            .split_once("LogGroupName: !Sub ")
            .unwrap()
            .1
            .lines()
            .next()
            .unwrap();
        assert!(
            allowed.iter().any(|prefix| group.starts_with(prefix)),
            "{name}: {group}"
        );
    }
}

#[test]
fn the_unit_is_the_same_on_every_machine() {
    let (_, installed) = UNIT.split_once("\n\n[Unit]\n").unwrap();
    let script = resources(WORKER)["LaunchTemplate"];
    let (_, rest) = script
        .split_once("cat > /etc/systemd/system/ecs-task-runner.service <<'EOF'\n")
        .unwrap();
    let indent = " ".repeat(rest.len() - rest.trim_start().len());
    let lines = rest
        .lines()
        .map(|line| line.strip_prefix(&indent).unwrap_or(line.trim()));
    let unit: Vec<&str> = lines.take_while(|line| *line != "EOF").collect();
    assert_eq!(unit.join("\n") + "\n", format!("[Unit]\n{installed}"));
}

/// A group waits for the signals of instances whose workers have polled, and for as many as poll at
/// any time.
#[test]
fn an_instance_tells_that_it_is_ready_after_its_worker_has_started() {
    let script = resources(WORKER)["LaunchTemplate"];
    let (before, after) = script.split_once("trap finish EXIT\n").unwrap();
    assert!(
        before.contains("/opt/aws/bin/cfn-signal --exit-code \"$status\""),
        "the signal is the script's last word"
    );
    assert!(!after.contains("cfn-signal"), "{after}");
    let start = after.find("systemctl start ecs-task-runner ||").unwrap();
    assert!(start < after.find("complete-lifecycle-action").unwrap());
    assert!(
        after.contains("set -euo") || before.contains("set -euo pipefail"),
        "what fails must end the script"
    );
    let group = resources(WORKER)["Workers"];
    assert!(
        group.contains("Count: !Ref MinInstances") && group.contains("WaitOnResourceSignals: true"),
        "{group}"
    );
    let parameters = section(WORKER, "\nParameters:\n");
    assert!(
        parameters["MinInstances"].contains("Default: 2\n"),
        "one worker leaves runs waiting while it is replaced"
    );
}

#[test]
fn nobody_can_log_in_to_a_worker_from_the_network() {
    for (file, template) in [
        ("worker.yaml", WORKER),
        ("worker-service.yaml", WORKER_SERVICE),
    ] {
        for opening in ["SecurityGroupIngress", "KeyName"] {
            assert!(!template.contains(opening), "{file}: {opening}");
        }
    }
}

/// What is read when the image changes: a parameter that alone changes the launch template.
#[test]
fn the_fleet_can_be_given_the_newest_image_without_a_release() {
    let template = resources(WORKER)["LaunchTemplate"];
    assert!(template.contains("# ImageRefresh: ${ImageRefresh}\n"));
    assert!(template.contains("{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${Architecture}}}"));
}

#[test]
fn whatever_stops_a_worker_gives_it_the_time_to_drain() {
    for granted in [
        directive(UNIT, "TimeoutStopSec="),
        directive(resources(WORKER_SERVICE)["TaskDefinition"], "StopTimeout:"),
    ] {
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
    assert!(
        DOCKERFILE.contains(r#"CMD ["/ecs-task-runner", "health"]"#)
            && task.contains("Command: [CMD, /ecs-task-runner, health]")
    );
    assert_eq!(
        directive(DOCKERFILE, "ENTRYPOINT "),
        r#"["/ecs-task-runner"]"#
    );
}

#[test]
fn what_other_stacks_import_is_exported() {
    let exported: Vec<&str> = TASK_RUNNER
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Name: !Sub ${AWS::StackName}-"))
        .collect();
    for (file, template) in TEMPLATES {
        for import in template
            .lines()
            .filter_map(|line| line.split_once("ImportValue: !Sub ${TaskRunnerStack}-"))
        {
            assert!(exported.contains(&import.1), "{file} imports {}", import.1);
        }
    }
}

#[test]
fn every_parameter_is_described_and_held_to_what_can_work() {
    for (file, template) in TEMPLATES {
        for (name, text) in section(template, "\nParameters:\n") {
            assert!(text.contains("    Description: "), "{file}: {name}");
            let constrained = [
                "AllowedPattern:",
                "AllowedValues:",
                "MinValue:",
                "Type: AWS::",
                "Type: List<AWS::",
            ];
            let is_list_of_arns =
                text.contains("Type: CommaDelimitedList") && text.contains("Default: '*'");
            assert!(
                is_list_of_arns
                    || constrained
                        .iter()
                        .any(|constraint| text.contains(constraint)),
                "{file}: {name}"
            );
        }
    }
}

#[test]
fn the_templates_can_be_deployed_without_a_bucket_for_them() {
    for (file, template) in TEMPLATES {
        // `TemplateBody` of CreateStack, bytes ("CloudFormation quotas").
        assert!(
            template.len() <= 51_200,
            "{file} has {} bytes",
            template.len()
        );
    }
}
