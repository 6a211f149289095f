//! `infra/example`: what users copy must be right.

use ecs_task_runner::check::{RESOURCE_TYPE, check_document};

use super::templates::resources;

const TODOBACKEND: &str = include_str!("../../../infra/example/todobackend.yaml");

#[test]
fn the_example_has_nothing_to_correct() {
    let report = check_document(TODOBACKEND, &[RESOURCE_TYPE]).unwrap();
    assert!(report.is_ok(), "{report}");
    let checked: Vec<_> = report
        .resources
        .iter()
        .filter_map(|resource| resource.logical_id.as_deref())
        .collect();
    assert_eq!(checked, ["MigrateTask"]);
}

#[test]
fn its_service_waits_for_the_migration() {
    let (_, service) = TODOBACKEND.split_once("Type: AWS::ECS::Service").unwrap();
    let (attributes, _) = service.split_once("Properties:").unwrap();
    assert!(
        attributes.contains("DependsOn: MigrateTask\n"),
        "{attributes}"
    );
}

/// A load balancer has one listener for a port: one that moved would meet the other one there while
/// a certificate is given or taken.
#[test]
fn each_of_its_listeners_keeps_its_port_and_a_certificate_decides_what_the_first_does() {
    let resources = resources(TODOBACKEND);
    let listeners: Vec<_> = resources
        .values()
        .filter(|text| text.contains("Type: AWS::ElasticLoadBalancingV2::Listener\n"))
        .collect();
    let ports: Vec<_> = listeners
        .iter()
        .map(|text| {
            text.split_once("\n      Port: ")
                .unwrap()
                .1
                .lines()
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(ports, ["80", "443"]);
    assert!(
        !resources["HttpListener"].contains("Condition: "),
        "the port that is always served"
    );
    let (_, action) = resources["HttpListener"]
        .split_once("- !If\n          - HasCertificate\n")
        .unwrap();
    let (with, without) = action.split_once("StatusCode: HTTP_301}\n").unwrap();
    assert!(
        with.contains("Type: redirect")
            && without.contains("{Type: forward, TargetGroupArn: !Ref TargetGroup}"),
        "{action}"
    );
    assert!(resources["HttpsListener"].contains("    Condition: HasCertificate\n"));
    assert!(
        resources["Service"]
            .contains("!If [HasCertificate, !Ref HttpsListener, !Ref HttpListener]"),
        "ECS refuses a target group of no listener"
    );
}

/// RDS deletes no protected database: the stack would be stuck.
#[test]
fn a_first_migration_that_fails_takes_its_database_back() {
    let (_, parameter) = TODOBACKEND
        .split_once("\n  DatabaseDeletionProtection:\n")
        .unwrap();
    let (parameter, _) = parameter.split_once("\n  DatabaseMultiAz:\n").unwrap();
    assert!(parameter.contains("Default: 'false'"), "{parameter}");
    assert!(
        resources(TODOBACKEND)["Database"]
            .contains("DeletionProtection: !Ref DatabaseDeletionProtection")
    );
}
