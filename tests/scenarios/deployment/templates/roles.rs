//! What a company sets for all roles of the templates.

use serde_json::{Value, json};

use super::{Template, of_type};

fn when_given(condition: &str, parameter: &str) -> Value {
    json!({"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]})
}

/// Left out where the parameter is empty: to CloudFormation a path that was not there before is
/// another path, and it would replace the roles of earlier releases.
#[test]
fn every_role_takes_the_boundary_and_the_path_that_are_given_and_by_default_none() {
    let roles = of_type("AWS::IAM::Role");
    assert_eq!(roles.len(), 12);
    let verify = Template::verify();
    let of_verify = verify.of_type("AWS::IAM::Role");
    let of_verify = of_verify
        .into_iter()
        .map(|(name, role)| (name.to_owned(), role.clone()));
    for (name, role) in roles.into_iter().chain(of_verify) {
        let boundary = when_given("HasPermissionsBoundary", "PermissionsBoundaryArn");
        assert_eq!(role["PermissionsBoundary"], boundary, "{name}");
        assert_eq!(
            role["Path"],
            when_given("HasRolePath", "RolePath"),
            "{name}"
        );
    }
    for template in Template::all().into_iter().chain([verify]) {
        for parameter in ["PermissionsBoundaryArn", "RolePath"] {
            assert_eq!(template.parameter(parameter)["Default"], "", "{parameter}");
        }
    }
    // Stacks of workers import its ARN, which no path may change.
    for (name, policy) in of_type("AWS::IAM::ManagedPolicy") {
        assert_eq!(policy.get("Path"), None, "{name}");
    }
}

/// Input and output hold the values of environment overrides, task tokens of the function `work`,
/// and response URLs where those are not sealed.
#[test]
fn the_state_machine_logs_when_it_is_asked_to_and_its_executions_data_never() {
    let template = Template::task_runner();
    assert_eq!(template.parameter("StateMachineLogLevel")["Default"], "OFF");
    let machine = template.properties("StateMachine");
    let [condition, on, off] = machine["LoggingConfiguration"]["Fn::If"]
        .as_array()
        .unwrap()
        .as_slice()
    else {
        panic!("{machine}");
    };
    assert_eq!(condition, "HasStateMachineLogs");
    assert_eq!(on["IncludeExecutionData"], false);
    assert_eq!(*off, json!({"Level": "OFF"}));
    for resource in ["StateMachineLogs", "StateMachineLogsPolicy"] {
        assert_eq!(
            template.resource(resource)["Condition"],
            *condition,
            "{resource}"
        );
    }
}

/// Programs and definition of one deployment are one version of the bucket's objects.
#[test]
fn every_function_and_the_definition_are_pinned_to_the_version_that_is_given() {
    let template = Template::task_runner();
    let version = when_given("HasCodeObjectVersion", "CodeObjectVersion");
    for (name, function) in template.of_type("AWS::Lambda::Function") {
        assert_eq!(function["Code"]["S3ObjectVersion"], version, "{name}");
    }
    let definition = &template.properties("StateMachine")["DefinitionS3Location"];
    let version = when_given("HasDefinitionObjectVersion", "DefinitionObjectVersion");
    assert_eq!(definition["Version"], version);
}
