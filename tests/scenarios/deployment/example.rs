//! `infra/example`: what users copy must be right.

use ecs_task_runner::check::{RESOURCE_TYPE, check_document};
use serde_json::json;

use super::count;
use super::templates::Template;

#[test]
fn the_example_has_nothing_to_correct() {
    let report = check_document(Template::todobackend().text(), &[RESOURCE_TYPE]).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.checked, ["MigrateTask"]);
}

#[test]
fn the_example_of_a_long_migration_has_nothing_to_correct() {
    let report = check_document(Template::long_migration().text(), &[RESOURCE_TYPE]).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.checked, ["MigrateTask"]);
}

#[test]
fn its_service_waits_for_the_migration() {
    let template = Template::todobackend();
    assert_eq!(template.of_type("AWS::ECS::Service").len(), 1);
    assert_eq!(template.resource("Service")["DependsOn"], "MigrateTask");
}

/// A load balancer has one listener for a port: one that moved would meet the other one there while
/// a certificate is given or taken.
#[test]
fn each_of_its_listeners_keeps_its_port_and_a_certificate_decides_what_the_first_does() {
    let template = Template::todobackend();
    let ports: Vec<_> = template
        .of_type("AWS::ElasticLoadBalancingV2::Listener")
        .into_iter()
        .map(|(_, listener)| &listener["Port"])
        .collect();
    assert_eq!(ports, ["80", "443"]);
    assert!(
        template.resource("HttpListener").get("Condition").is_none(),
        "the port that is always served"
    );
    let action = &template.properties("HttpListener")["DefaultActions"][0]["Fn::If"];
    assert_eq!(action[0], "HasCertificate");
    assert_eq!(action[1]["Type"], "redirect");
    assert_eq!(action[1]["RedirectConfig"]["StatusCode"], "HTTP_301");
    assert_eq!(
        action[2],
        json!({"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}})
    );
    let https = template.resource("HttpsListener");
    assert_eq!(https["Condition"], "HasCertificate");
    let listener =
        json!({"Fn::If": ["HasCertificate", {"Ref": "HttpsListener"}, {"Ref": "HttpListener"}]});
    assert!(
        count(template.resource("Service"), &listener) > 0,
        "ECS refuses a target group of no listener"
    );
}

/// RDS deletes no protected database: the stack would be stuck.
#[test]
fn a_first_migration_that_fails_takes_its_database_back() {
    let template = Template::todobackend();
    let protection = template.parameter("DatabaseDeletionProtection");
    assert_eq!(protection["Default"], "false");
    assert_eq!(
        template.properties("Database")["DeletionProtection"],
        json!({"Ref": "DatabaseDeletionProtection"})
    );
}
