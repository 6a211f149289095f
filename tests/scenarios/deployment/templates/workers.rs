//! The fleets: the unit, the instances' launch, the image and the service.

use serde_json::{Value, json};

use super::{Template, substituted};

const UNIT: &str = include_str!("../../../../infra/ecs-task-runner.service");
const DOCKERFILE: &str = include_str!("../../../../infra/Dockerfile");

/// Seconds that a drain takes at most, and what a stop must grant it.
const DRAIN: u32 = 75;

/// The value of a directive that a unit or a Dockerfile has once.
fn directive<'t>(text: &'t str, name: &str) -> &'t str {
    let mut found = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(name));
    let value = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(found.next(), None, "{name} twice");
    value.trim()
}

/// The script with which an instance begins.
pub fn script(template: &Template) -> &str {
    let data = &template.properties("LaunchTemplate")["LaunchTemplateData"];
    substituted(&data["UserData"]["Fn::Base64"])
}

/// The one container of the service.
fn container(template: &Template) -> &Value {
    let containers = &template.properties("TaskDefinition")["ContainerDefinitions"];
    assert_eq!(containers[1], Value::Null, "the service has one container");
    &containers[0]
}

#[test]
fn the_unit_is_the_same_on_every_machine() {
    let (_, installed) = UNIT.split_once("\n\n[Unit]\n").unwrap();
    let template = Template::worker();
    let (_, rest) = script(&template)
        .split_once("cat > /etc/systemd/system/ecs-task-runner.service <<'EOF'\n")
        .unwrap();
    let (unit, _) = rest.split_once("EOF\n").unwrap();
    assert_eq!(unit, format!("[Unit]\n{installed}"));
}

/// A group waits for the signals of instances whose workers have polled, and for as many as poll at
/// any time.
#[test]
fn an_instance_tells_that_it_is_ready_after_its_worker_has_started() {
    let template = Template::worker();
    let (before, after) = script(&template).split_once("trap finish EXIT\n").unwrap();
    assert!(
        before.contains("/opt/aws/bin/cfn-signal --exit-code \"$status\" --stack"),
        "the signal is the script's last word"
    );
    assert!(!after.contains("cfn-signal"), "{after}");
    let start = after.find("systemctl start ecs-task-runner ||").unwrap();
    assert!(start < after.find("complete-lifecycle-action").unwrap());
    assert!(
        after.contains("set -euo") || before.contains("set -euo pipefail"),
        "what fails must end the script"
    );
    let group = template.resource("Workers");
    assert_eq!(
        group["CreationPolicy"]["ResourceSignal"]["Count"],
        json!({"Ref": "MinInstances"})
    );
    assert_eq!(
        group["UpdatePolicy"]["AutoScalingRollingUpdate"]["WaitOnResourceSignals"],
        true
    );
    assert_eq!(
        template.parameter("MinInstances")["Default"],
        "2",
        "one worker leaves runs waiting while it is replaced"
    );
}

#[test]
fn nobody_can_log_in_to_a_worker_from_the_network() {
    for template in [Template::worker(), Template::worker_service()] {
        for opening in ["SecurityGroupIngress", "KeyName"] {
            assert!(
                !template.text.contains(opening),
                "{}: {opening}",
                template.file
            );
        }
    }
}

/// CloudFormation looks the newest image up when the launch template changes: a parameter that
/// stands in its script changes it.
#[test]
fn the_fleet_can_be_given_the_newest_image_without_a_release() {
    let template = Template::worker();
    assert!(script(&template).contains("# ImageRefresh: ${ImageRefresh}\n"));
    let data = &template.properties("LaunchTemplate")["LaunchTemplateData"];
    assert_eq!(
        substituted(&data["ImageId"]),
        "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${Architecture}}}"
    );
}

#[test]
fn whatever_stops_a_worker_gives_it_the_time_to_drain() {
    let service = Template::worker_service();
    for granted in [
        directive(UNIT, "TimeoutStopSec="),
        container(&service)["StopTimeout"].as_str().unwrap(),
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
    let template = Template::worker_service();
    let container = container(&template);
    assert_eq!(container["User"], directive(DOCKERFILE, "USER "));
    let address = directive(DOCKERFILE, "ENV HEALTH_ADDR=");
    let variables = container["Environment"].as_array().unwrap();
    assert!(
        variables.contains(&json!({"Name": "HEALTH_ADDR", "Value": address})),
        "{variables:?}"
    );
    assert!(DOCKERFILE.contains(r#"CMD ["/ecs-task-runner", "health"]"#));
    assert_eq!(
        container["HealthCheck"]["Command"],
        json!(["CMD", "/ecs-task-runner", "health"])
    );
    assert_eq!(
        directive(DOCKERFILE, "ENTRYPOINT "),
        r#"["/ecs-task-runner"]"#
    );
}
