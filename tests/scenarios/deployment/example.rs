//! `infra/example`: what users copy must be right.

use std::process::Command;

use ecs_task_runner::check::{RESOURCE_TYPE, check_document};
use local_run::python::PythonEnvironment;
use serde_json::{Value, json};

use super::templates::Template;
use super::{count, strings};

#[test]
fn the_example_has_nothing_to_correct() {
    let report = check_document(Template::todobackend().text(), &[RESOURCE_TYPE]).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.checked, ["MigrateTask", "ServiceUserTask"]);
}

#[test]
fn the_example_of_a_long_migration_has_nothing_to_correct() {
    let report = check_document(Template::long_migration().text(), &[RESOURCE_TYPE]).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.checked, ["MigrateTask"]);
}

#[test]
fn its_service_waits_for_the_migration_its_user_and_its_load_balancer() {
    let template = Template::todobackend();
    assert_eq!(template.of_type("AWS::ECS::Service").len(), 1);
    assert_eq!(
        template.resource("Service")["DependsOn"],
        // ECS refuses a target group that no load balancer leads to.
        json!(["MigrateTask", "ServiceUserTask", "HostRule"])
    );
}

/// The containers of a task definition.
fn containers<'t>(template: &'t Template, definition: &str) -> &'t Vec<Value> {
    let properties = template.properties(definition);
    properties["ContainerDefinitions"].as_array().unwrap()
}

#[test]
fn its_service_has_not_the_user_that_may_change_the_schema() {
    let template = Template::todobackend();
    let sees = |definition: &str, secret: &str| {
        let secrets = containers(&template, definition).iter();
        let mut secrets = secrets.flat_map(|container| strings(&container["Secrets"]));
        secrets.any(|text| text.contains(secret))
    };
    for (definition, owner, service) in [
        ("MigrateTaskDefinition", true, false),
        ("ServiceUserTaskDefinition", true, true),
        ("ServiceTaskDefinition", false, true),
    ] {
        assert_eq!(sees(definition, "DatabaseSecret"), owner, "{definition}");
        assert_eq!(sees(definition, "ServiceSecret"), service, "{definition}");
    }
}

/// Stands in for Django's connection, and prints what a server would be sent.
const CONNECTION: &str = "
import contextlib, sys, types
quoted = lambda value: \"'\" + value.replace(\"'\", \"''\") + \"'\"
class Connection:
    ops = types.SimpleNamespace(quote_name=lambda name: '`' + name + '`')
    settings_dict = {'NAME': 'todobackend'}
    @contextlib.contextmanager
    def cursor(self):
        yield types.SimpleNamespace(execute=lambda sql, values: print(sql % tuple(map(quoted, values))))
sys.modules['django'] = types.ModuleType('django')
sys.modules['django.db'] = types.SimpleNamespace(connection=Connection())
";

#[tokio::test]
async fn the_services_user_is_created_once_and_may_read_and_write_rows_alone() {
    let template = Template::todobackend();
    let command = containers(&template, "ServiceUserTaskDefinition")[0]["Command"]
        .as_array()
        .unwrap();
    assert_eq!(command[..4], ["python3", "manage.py", "shell", "--command"]);
    let script = command[4].as_str().unwrap();
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let output = Command::new(python.interpreter())
        .args(["-c", &format!("{CONNECTION}{script}")])
        .env("SERVICE_USER", "todobackend_service")
        .env("SERVICE_PASSWORD", "it's")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let expected = "\
CREATE USER IF NOT EXISTS 'todobackend_service'@'%' IDENTIFIED BY 'it''s'
ALTER USER 'todobackend_service'@'%' IDENTIFIED BY 'it''s'
GRANT SELECT, INSERT, UPDATE, DELETE ON `todobackend`.* TO 'todobackend_service'@'%'
The service may read and write rows as todobackend_service.
";
    assert_eq!(printed, expected, "{:?}", String::from_utf8(output.stderr));
}

/// The log of a first migration that failed outlives the creation that is rolled back for it, and the
/// key stays with which was signed what is in the database's snapshot. A name of their own for each
/// try keeps the next one from failing for what was kept.
#[test]
fn what_is_kept_of_a_failed_creation_is_not_in_the_next_ones_way() {
    let template = Template::todobackend();
    for kept in ["Logs", "DjangoSecretKey"] {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert_eq!(template.resource(kept)[policy], "Retain", "{kept}");
        }
    }
    assert!(template.properties("DjangoSecretKey").get("Name").is_none());
    let name = &template.properties("Logs")["LogGroupName"];
    let of_the_try = json!({"Fn::Select": ["2", {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]});
    assert_eq!(count(name, &of_the_try), 1, "{name}");
}

/// A load balancer's health check names an address as the host, and no template knows it before: Django
/// refuses it unless it takes every host. Then it is the load balancer that refuses the others.
#[test]
fn its_tasks_take_every_host_and_its_load_balancer_one() {
    let template = Template::todobackend();
    let service = &containers(&template, "ServiceTaskDefinition")[0];
    let hosts = json!({"Name": "ALLOWED_HOSTS", "Value": "*"});
    assert!(service["Environment"].as_array().unwrap().contains(&hosts));
    let rule = template.properties("HostRule");
    assert_eq!(
        rule["Actions"],
        json!([{"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}])
    );
    let condition = &rule["Conditions"][0];
    assert_eq!(condition["Field"], "host-header");
    let host = json!({"Fn::If": ["HasHostName", {"Ref": "HostName"}, {"Fn::GetAtt": "LoadBalancer.DNSName"}]});
    assert_eq!(condition["HostHeaderConfig"]["Values"], json!([host]));
    for (name, listener) in template.of_type("AWS::ElasticLoadBalancingV2::Listener") {
        let forwards = count(listener, &json!({"Ref": "TargetGroup"}));
        assert_eq!(forwards, 0, "{name} lets every host through");
    }
}

#[test]
fn its_database_is_named_by_its_major_version() {
    let template = Template::todobackend();
    assert_eq!(
        template.properties("Database")["EngineVersion"],
        json!({"Ref": "DatabaseVersion"})
    );
    assert_eq!(template.parameter("DatabaseVersion")["Default"], "8.4");
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
    let refused = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}});
    assert_eq!(action[2], refused, "of other hosts");
    let https = template.resource("HttpsListener");
    assert_eq!(https["Condition"], "HasCertificate");
    assert_eq!(
        template.properties("HttpsListener")["DefaultActions"],
        json!([refused])
    );
    let listener =
        json!({"Fn::If": ["HasCertificate", {"Ref": "HttpsListener"}, {"Ref": "HttpListener"}]});
    assert_eq!(
        template.properties("HostRule")["ListenerArn"],
        listener,
        "ECS refuses a target group of no listener"
    );
}

/// RDS deletes no protected database: the stack would be stuck.
#[test]
fn a_first_migration_that_fails_leaves_no_database_that_cannot_be_deleted() {
    let template = Template::todobackend();
    let protection = template.parameter("DatabaseDeletionProtection");
    assert_eq!(protection["Default"], "false");
    assert_eq!(
        template.properties("Database")["DeletionProtection"],
        json!({"Ref": "DatabaseDeletionProtection"})
    );
}
