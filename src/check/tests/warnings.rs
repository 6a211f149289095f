//! What works and is probably not meant.

use super::*;

fn warnings(properties: &str) -> Vec<String> {
    let template = format!(
        "
Parameters: {{Name: {{Type: String}}}}
Resources:
  Queue: {{Type: 'AWS::SQS::Queue'}}
  Run:
    Type: Custom::EcsTask
    Properties: {{ServiceToken: x, Cluster: c, {properties}}}
"
    );
    let report = check(&template);
    assert!(report.is_ok(), "{report:?}");
    let findings = report.findings.into_iter();
    findings
        .map(|finding| {
            let path = finding.path.strip_prefix("Run.Properties.").unwrap();
            format!("{path}: {}", finding.message)
        })
        .collect()
}

#[test]
fn a_value_that_cannot_work_has_no_warning_as_well() {
    for timeout in ["3600", "50000", "0"] {
        let report = check(&format!(
            "Resources: {{Run: {{Type: Custom::EcsTask, Properties: {{ServiceToken: x, Cluster: c, TaskDefinition: 'f:1', Timeout: {timeout}}}}}}}"
        ));
        assert_eq!(report.findings.len(), 1, "{report:?}");
        assert_eq!(report.findings[0].severity, Severity::Error);
    }
}

#[test]
fn a_family_alone_never_runs_again() {
    let family = "TaskDefinition: is a family without a revision, and there is no Triggers: CloudFormation updates a resource only when its properties change, so the task never runs again; refer to the task definition (!Ref), name its revision, or give Triggers a value that each release changes";
    for properties in [
        "TaskDefinition: migrate",
        "TaskDefinition: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate'",
        "TaskDefinition: migrate, Overrides: {ContainerOverrides: [{Name: a, Command: [b]}]}",
        "TaskDefinition: migrate, NetworkFrom: !Ref Name, RunOnUpdate: true",
        "TaskDefinition: !Sub app-hello",
        "TaskDefinition: !Sub '${AWS::StackName}-hello'",
        "TaskDefinition: !Sub 'hello-${AWS::Region}-${AWS::StackName}'",
    ] {
        assert_eq!(warnings(properties), [family], "{properties}");
    }
    for properties in [
        "TaskDefinition: 'migrate:7'",
        "TaskDefinition: !Ref Name",
        "TaskDefinition: !Sub '${Name}-hello'",
        "TaskDefinition: !Sub '${AWS::StackName}-${Name}'",
        "TaskDefinition: !Sub '${AWS::StackName}-hello:7'",
        "TaskDefinition: !Sub ['${AWS::StackName}-${A}', {A: !Ref Name}]",
        "TaskDefinition: !Sub '${AWS::StackName}-hello', Triggers: [!Ref Name]",
        "TaskDefinition: '{{resolve:ssm:/family}}'",
        "TaskDefinition: migrate, Triggers: [!Ref Name]",
        "TaskDefinition: migrate, RunOnUpdate: false",
        "TaskDefinition: migrate, RunOnUpdate: !Ref Name",
        "TaskDefinition: migrate, Overrides: {ContainerOverrides: [{Name: a, Command: [!Ref Name]}]}",
        "TaskDefinition: migrate, Tags: [{Key: version, Value: !Ref Name}]",
    ] {
        assert_eq!(warnings(properties), [""; 0], "{properties}");
    }
    assert_eq!(check("Cluster: c\nTaskDefinition: migrate").findings, []);
}

fn of_variable(name: &str, value: &str) -> Vec<String> {
    warnings(&format!(
        "TaskDefinition: 'x:1', Overrides: {{ContainerOverrides: [{{Name: a, Environment: [{{Name: {name}, Value: {value}}}]}}]}}"
    ))
}

#[test]
fn a_value_whose_name_says_that_it_is_a_secret_belongs_elsewhere() {
    for (name, value) in [
        ("DATABASE_PASSWORD", "hunter2"),
        ("DATABASE_PASSWORD", "!Ref Name"),
        (
            "API_TOKEN",
            "'{{resolve:secretsmanager:shop:SecretString:token}}'",
        ),
        (
            "API_TOKEN",
            "!Sub 'x{{resolve:secretsmanager:${AWS::StackName}}}'",
        ),
        ("DATABASE_URL", "!Sub 'mysql://shop:${Name}@db/shop'"),
        ("DATABASE_URL", "mysql://shop:hunter2@db/shop"),
        ("ACCESS_KEY", "!GetAtt Key.SecretAccessKey"),
        ("PGPASS", "!Join ['', [a, !Ref Name]]"),
    ] {
        assert_eq!(
            of_variable(name, value),
            [
                "Overrides.ContainerOverrides[0].Environment[0].Value: may be a secret, by the variable's name, and is readable in the execution's history and in ECS; put it into the task definition (Secrets with ValueFrom)"
            ],
            "{name} {value}"
        );
    }
    let event = json!({"RequestType": "Create", "ResourceProperties": {"Cluster": "c", "TaskDefinition": "t:1",
        "Overrides": {"ContainerOverrides": [{"Name": "a", "Environment": [{"Name": "TOKEN", "Value": "hunter2"}]}]}}});
    assert_eq!(check(&event.to_string()).findings.len(), 1);
}

#[test]
fn what_is_certainly_no_secret_is_not_warned_of() {
    for (name, value) in [
        ("STAGE", "production"),
        ("STAGE", "!Ref Name"),
        ("STATIC_URL", "https://shop.example/static/"),
        ("API_URL", "!Sub 'https://${Name}/api'"),
        ("QUEUE_URL", "!Ref Queue"),
        ("QUEUE_URL", "!GetAtt Queue.QueueUrl"),
        ("SECRET_ARN", "!Ref Name"),
        ("AWS_ACCESS_KEY_ID", "!Ref Name"),
        ("SECRET_NAME", "shop"),
        (
            "SECRET",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop",
        ),
        ("USE_TOKEN", "'true'"),
        ("USE_TOKEN", "'1'"),
        ("PASSWORD", "''"),
        ("TOKEN_URL", "!ImportValue token-url"),
        ("!Ref Name", "hunter2"),
    ] {
        assert_eq!(of_variable(name, value), [""; 0], "{name} {value}");
    }
}

#[test]
fn a_timeout_beyond_what_cloudformation_waits_has_no_effect() {
    for (properties, longest, waits, kept) in [
        ("Timeout: 3506", 3505, 3600, 95),
        ("Timeout: '3540', ServiceTimeout: 3600", 3505, 3600, 95),
        ("Timeout: 3506, ServiceTimeout: !Ref Name", 3505, 3600, 95),
        ("Timeout: 600, ServiceTimeout: 600", 505, 600, 95),
        ("Timeout: 100, ServiceTimeout: 100", 50, 100, 50),
    ] {
        assert_eq!(
            warnings(&format!("TaskDefinition: 'x:1', {properties}")),
            [format!(
                "Timeout: has no effect above {longest}: CloudFormation waits {waits} s, of which {kept} s are kept for stopping the task and replying"
            )]
        );
    }
    for properties in [
        "Timeout: 3505",
        "Timeout: !Ref Name, ServiceTimeout: 60",
        "Timeout: 505, ServiceTimeout: 600",
        "ServiceTimeout: 600",
    ] {
        let properties = format!("TaskDefinition: 'x:1', {properties}");
        assert_eq!(warnings(&properties), [""; 0], "{properties}");
    }
}

/// A file of properties is what `run --file` takes, and what a direct run's input is.
#[test]
fn properties_by_themselves_may_be_those_of_a_direct_run() {
    let found = |timeout: &str| {
        let report = check(&format!(
            "Cluster: c\nTaskDefinition: 'x:1'\nTimeout: {timeout}\n"
        ));
        let findings = report.findings.into_iter();
        findings
            .map(|one| format!("{}: {}", one.severity.word(), one.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(found("3505"), [""; 0]);
    assert_eq!(found("!Ref Timeout"), [""; 0]);
    for timeout in ["3506", "'82800'"] {
        assert_eq!(
            found(timeout),
            [
                "warning: has no effect above 3505 in a stack: CloudFormation waits 3600 s, of which 95 s are kept for stopping the task and replying; a direct run may take up to 82800 s"
            ]
        );
    }
    assert_eq!(
        found("82801")[0],
        "error: is \"82801\"; expected a whole number from 1 to 82800"
    );
}
