//! What is known of the types of functions and references in a template.

use super::*;

/// The findings on `properties`, with a template around them whose names have types.
fn findings(properties: &str) -> Vec<String> {
    let template = format!(
        "
Parameters:
  Name: {{Type: String}}
  Size: {{Type: Number}}
  Names: {{Type: CommaDelimitedList}}
  Numbers: {{Type: List<Number>}}
  SubnetId: {{Type: 'AWS::EC2::Subnet::Id'}}
  SubnetIds: {{Type: 'List<AWS::EC2::Subnet::Id>'}}
  Stored: {{Type: 'AWS::SSM::Parameter::Value<String>'}}
  StoredList: {{Type: 'AWS::SSM::Parameter::Value<List<String>>'}}
  Strange: {{Type: '${{self:custom.type}}'}}
  Password: {{Type: String, NoEcho: true, Default: '{{{{resolve:ssm-secure:/password:1}}}}'}}
Mappings:
  Stages:
    test: {{Subnets: [subnet-1], Subnet: subnet-1, Mixed: subnet-1}}
    live: {{Subnets: [subnet-2], Subnet: subnet-2, Mixed: [subnet-2]}}
Resources:
  Group: {{Type: 'AWS::EC2::SecurityGroup'}}
  Run:
    Type: Custom::EcsTask
    Properties: {{ServiceToken: x, TaskDefinition: t, {properties}}}
"
    );
    let errors = check(&template).findings.into_iter();
    let errors = errors.filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|error| {
            assert_eq!(error.line, Some(21), "{error:?}");
            let path = error.path.strip_prefix("Run.Properties.").unwrap();
            format!("{path} {}", error.message)
        })
        .collect()
}

fn subnets(value: &str) -> Vec<String> {
    findings(&format!(
        "Cluster: c, NetworkConfiguration: {{AwsvpcConfiguration: {{Subnets: {value}}}}}"
    ))
}

#[test]
fn text_is_no_list() {
    let split = "; Fn::Split makes a list of text";
    for (value, known_by, hint) in [
        ("!Sub '${Name},b'", "Fn::Sub always gives it", split),
        ("!Sub ['${A}', {A: x}]", "Fn::Sub always gives it", split),
        (
            "!Join [',', !Ref SubnetIds]",
            "Fn::Join always gives it",
            "; without Fn::Join it is a list",
        ),
        ("!Base64 x", "Fn::Base64 always gives it", split),
        (
            "!ImportValue subnets",
            "Fn::ImportValue always gives it",
            split,
        ),
        (
            "{'Fn::ToJsonString': [a]}",
            "Fn::ToJsonString always gives it",
            split,
        ),
        ("{'Fn::Length': [a]}", "Fn::Length always gives it", split),
        (
            "!Select [0, !Ref SubnetIds]",
            "Fn::Select gives it here",
            split,
        ),
        ("!Select [0, !GetAZs '']", "Fn::Select gives it here", split),
        (
            "!Select [!Ref Size, [a, !Ref Name]]",
            "Fn::Select gives it here",
            split,
        ),
        (
            "!Select [1, [!GetAtt A.B, b]]",
            "Fn::Select gives it here",
            split,
        ),
        (
            "!FindInMap [Stages, !Ref Name, Subnet]",
            "Fn::FindInMap gives it here",
            split,
        ),
        (
            "!FindInMap [Stages, test, Mixed]",
            "Fn::FindInMap gives it here",
            split,
        ),
        ("!Ref Name", "the parameter Name has the type String", split),
        ("!Ref Size", "the parameter Size has the type Number", split),
        (
            "!Ref SubnetId",
            "the parameter SubnetId has the type AWS::EC2::Subnet::Id",
            split,
        ),
        (
            "!Ref Stored",
            "the parameter Stored has the type AWS::SSM::Parameter::Value<String>",
            split,
        ),
        ("!Ref AWS::Region", "AWS::Region always gives it", split),
        ("!Ref Group", "a Ref of the resource Group gives it", split),
        (
            "'{{resolve:ssm:/subnets}}'",
            "a dynamic reference always gives it",
            "; a parameter of the type AWS::SSM::Parameter::Value<List<String>> gives a list",
        ),
        (
            "'subnet-1,{{resolve:ssm:/subnet}}'",
            "a dynamic reference always gives it",
            "; a parameter of the type AWS::SSM::Parameter::Value<List<String>> gives a list",
        ),
    ] {
        assert_eq!(
            subnets(value),
            [format!(
                "NetworkConfiguration.AwsvpcConfiguration.Subnets is text ({known_by}); \
                 expected a list of subnet ids{hint}"
            )],
            "{value}"
        );
    }
}

#[test]
fn a_list_is_no_text_and_no_item() {
    for (value, known_by) in [
        ("!Split [',', !Ref Name]", "Fn::Split always gives it"),
        ("!GetAZs ''", "Fn::GetAZs always gives it"),
        (
            "!Cidr [!GetAtt V.CidrBlock, 2, 8]",
            "Fn::Cidr always gives it",
        ),
        (
            "!Ref Names",
            "the parameter Names has the type CommaDelimitedList",
        ),
        (
            "!Ref Numbers",
            "the parameter Numbers has the type List<Number>",
        ),
        (
            "!Ref StoredList",
            "the parameter StoredList has the type AWS::SSM::Parameter::Value<List<String>>",
        ),
        (
            "!Ref AWS::NotificationARNs",
            "AWS::NotificationARNs always gives it",
        ),
        (
            "!FindInMap [Stages, !Ref Name, Subnets]",
            "Fn::FindInMap gives it here",
        ),
        (
            "!Select [0, [!Ref Names, !Ref Name]]",
            "Fn::Select gives it here",
        ),
    ] {
        assert_eq!(
            findings(&format!("Cluster: {value}")),
            [format!(
                "Cluster is a list ({known_by}); expected the name or ARN of an ECS cluster; \
                 Fn::Select takes one item of it, Fn::Join makes text of it"
            )]
        );
        assert_eq!(
            subnets(&format!("[subnet-1, {value}]")),
            [format!(
                "NetworkConfiguration.AwsvpcConfiguration.Subnets[1] is a list inside a list \
                 ({known_by}); expected a subnet id (subnet-…)"
            )]
        );
        assert_eq!(subnets(value), [""; 0], "{value}");
        assert_eq!(
            findings(&format!("Cluster: c, Tags: {value}")),
            [format!(
                "Tags is a list of text ({known_by}); expected a list of objects with Key and Value"
            )]
        );
    }
    assert_eq!(
        subnets("[[subnet-1]]"),
        [
            "NetworkConfiguration.AwsvpcConfiguration.Subnets[0] is a list inside a list; expected a subnet id (subnet-…)"
        ]
    );
}

#[test]
fn text_and_lists_are_no_objects() {
    for (properties, told) in [
        (
            "Overrides: !Sub '{\"containerOverrides\": []}'",
            "Overrides is text (Fn::Sub always gives it); expected an object with ContainerOverrides",
        ),
        (
            "Overrides: !Ref Names",
            "Overrides is a list of text (the parameter Names has the type CommaDelimitedList); expected an object with ContainerOverrides",
        ),
        (
            "Overrides: {ContainerOverrides: [!Ref Name]}",
            "Overrides.ContainerOverrides[0] is text (the parameter Name has the type String); expected an object with Name and Command, Environment, …",
        ),
        (
            "Overrides: {ContainerOverrides: [{Name: m, Environment: !Join ['', [a]]}]}",
            "Overrides.ContainerOverrides[0].Environment is text (Fn::Join always gives it); expected a list of objects with Name and Value",
        ),
        (
            "Overrides: {ContainerOverrides: [{Name: m, Environment: [{Name: A, Value: !Ref Names}]}]}",
            "Overrides.ContainerOverrides[0].Environment[0].Value is a list (the parameter Names has the type CommaDelimitedList); expected text; Fn::Select takes one item of it, Fn::Join makes text of it",
        ),
        (
            "Count: !Ref Numbers",
            "Count is a list (the parameter Numbers has the type List<Number>); expected a whole number from 0 to 10; Fn::Select takes one item of it, Fn::Join makes text of it",
        ),
        (
            "Overrides: !If [C, !Ref Name, {ContainerOverrides: []}]",
            "Overrides.Fn::If[1] is text (the parameter Name has the type String); expected an object with ContainerOverrides",
        ),
    ] {
        assert_eq!(findings(&format!("Cluster: c, {properties}")), [told]);
    }
}

#[test]
fn what_fits_or_is_not_known_is_no_problem() {
    for properties in [
        "Cluster: !Ref Name, Count: !Ref Size, RunOnCreate: !Ref Name, LaunchType: !Ref Stored",
        "Cluster: !Ref Elsewhere, Instances: !Ref Elsewhere, Overrides: !Ref Elsewhere",
        "Cluster: !Ref Strange, Instances: !Ref Strange, Overrides: !Ref Strange",
        "Cluster: !GetAtt A.B, Instances: !GetAtt A.B, Overrides: !GetAtt A.B",
        "Cluster: !Ref Group, Count: '5', LogLines: '5', EnableExecuteCommand: 'true'",
        "Cluster: !Select [0, [!GetAtt A.B]], Instances: !Select [0, [!GetAtt A.B]]",
        "Cluster: !Select [7, [a]], Instances: !Select [!Ref Size, [a, [b]]]",
        "Cluster: !FindInMap [Stages, live, Mixed, Other], Instances: !FindInMap [!Ref Name, a, b]",
        "Cluster: c, Instances: !FindInMap [Stages, !Ref Name, Mixed]",
        "Cluster: c, Instances: !FindInMap [Stages, test, Subnets, {DefaultValue: !Ref Names}]",
        "Cluster: c, Tags: {'Fn::Transform': {Name: M}}, Overrides: {'Fn::Transform': {Name: M}}",
        "Cluster: c, Containers: !If [C, !Ref Names, !Ref 'AWS::NoValue']",
        "Cluster: c, Containers: [!If [C, !Ref Name, !Ref 'AWS::NoValue']]",
        "Cluster: c, UpdateCriteria: !Ref Name",
        "Cluster: c, UpdateCriteria: !Ref Names",
        "Cluster: c, UpdateCriteria: TaskDefinition",
        "Cluster: c, Triggers: [!Ref Names, !Split [',', a], {A: !Ref Name}]",
        "Cluster: '${self:custom.cluster}', Instances: '${self:custom.instances}'",
        "Cluster: c, Containers: ['{{resolve:ssm:/name}}', '{{resolve:secretsmanager:n:SecretString:a}}']",
    ] {
        assert_eq!(findings(properties), [""; 0], "{properties}");
    }
}

#[test]
fn the_arguments_of_functions_have_types_too() {
    let value = |value: &str| {
        findings(&format!(
            "Cluster: c, Overrides: {{ContainerOverrides: [{{Name: m, Environment: [{{Name: A, Value: {value}}}]}}]}}"
        ))
    };
    let path = "Overrides.ContainerOverrides[0].Environment[0].Value.";
    for (function, told) in [
        (
            "!Join [',', !Ref Name]",
            "Fn::Join[1] is text (the parameter Name has the type String); Fn::Join takes a list here",
        ),
        (
            "!Join [',', 'a,b']",
            "Fn::Join[1] is text; Fn::Join takes a list here",
        ),
        (
            "!Join [',', [a, !Ref Names]]",
            "Fn::Join[1][1] is a list inside a list (the parameter Names has the type CommaDelimitedList); Fn::Join takes a list of text here",
        ),
        (
            "!Select [0, !Ref Name]",
            "Fn::Select[1] is text (the parameter Name has the type String); Fn::Select takes a list here",
        ),
        (
            "!Select [0, !Split [',', !Ref Names]]",
            "Fn::Select[1].Fn::Split[1] is a list (the parameter Names has the type CommaDelimitedList); Fn::Split takes text here",
        ),
        (
            "!Base64 {'Fn::If': [C, !Ref Names, a]}",
            "Fn::Base64.Fn::If[1] is a list (the parameter Names has the type CommaDelimitedList); Fn::Base64 takes text here",
        ),
        (
            "!Sub 'a ${Names} ${!Names}'",
            "Fn::Sub names Names, which is a list (the parameter Names has the type CommaDelimitedList); Fn::Sub takes text",
        ),
        (
            "!Sub ['${Names}${A}', {Names: a, A: !Ref Numbers}]",
            "Fn::Sub[1].A is a list (the parameter Numbers has the type List<Number>); Fn::Sub takes text here",
        ),
    ] {
        assert_eq!(value(function), [format!("{path}{told}")]);
    }
    for function in [
        "!Join [',', !Ref Names]",
        "!Join [',', [a, !Ref Name, !GetAtt A.B, !If [C, a, !Ref 'AWS::NoValue']]]",
        "!Join [',', !If [C, !Ref Names, [a]]]",
        "!Join [',', !GetAtt A.B]",
        "!Join [',', !Ref Elsewhere]",
        "!Join [',', '${self:custom.list}']",
        "!Select [!Ref Size, !Ref Names]",
        "!Select ['0', !GetAZs {Ref: 'AWS::Region'}]",
        "!Select [0, !GetAZs]",
        "!Sub '${Name} ${Group} ${Group.Id} ${AWS::Region} ${Elsewhere} ${self:custom.x}'",
        "!Sub '${'",
        "!Base64 {'Fn::Sub': a}",
        "!ImportValue {'Fn::Sub': '${Name}-x'}",
    ] {
        assert_eq!(value(function), [""; 0], "{function}");
    }
}

#[test]
fn a_secure_reference_is_a_problem_anywhere() {
    let secure = "{{resolve:ssm-secure:/shop/password:1}}";
    for (properties, path) in [
        (format!("Group: '{secure}'"), "Group"),
        (format!("Group: 'a {secure}'"), "Group"),
        (format!("Triggers: {{A: [1, '{secure}']}}"), "Triggers.A[1]"),
        (format!("Group: !Sub '{secure}'"), "Group.Fn::Sub"),
        (
            "Group: !Sub '{{resolve:ssm-secure:/${Name}/password}}'".to_owned(),
            "Group.Fn::Sub",
        ),
        (
            "Group: !Join ['', ['{{resolve:ssm-secure:', !Ref Name, '}}']]".to_owned(),
            "Group.Fn::Join[1][0]",
        ),
        (
            "Group: !Join [':', ['{{resolve', ssm-secure, !Ref Name, '1}}']]".to_owned(),
            "Group.Fn::Join",
        ),
        (format!("Group: !If [C, a, '{secure}']"), "Group.Fn::If[2]"),
        ("Group: !Ref Password".to_owned(), "Group"),
        ("Group: !Sub 'x${Password}'".to_owned(), "Group.Fn::Sub"),
    ] {
        assert_eq!(
            findings(&format!("Cluster: c, {properties}")),
            [format!(
                "{path} has a reference to ssm-secure, which CloudFormation refuses in custom resources; \
                 a secret belongs to the task definition (Secrets with ValueFrom)"
            )]
        );
    }
    assert_eq!(
        findings("Cluster: c, Group: '{{resolve:secretsmanager:name:SecretString:key}}'"),
        [""; 0]
    );
    let event = json!({"RequestType": "Create", "ResourceProperties":
        {"Cluster": "c", "TaskDefinition": "t", "Group": secure}});
    assert_eq!(
        check(&event.to_string()).findings[0].path,
        "ResourceProperties.Group"
    );
}

#[test]
fn an_event_with_text_for_lists_and_lists_for_text_is_refused() {
    let event = json!({"RequestType": "Create", "LogicalResourceId": "All", "ResourceProperties": {
        "ServiceToken": "x", "Cluster": ["a"], "TaskDefinition": "migrate:1",
        "Overrides": {"ContainerOverrides": [{"Name": "app", "Command": "migrate --now"}]},
        "NetworkConfiguration": {"AwsvpcConfiguration": {
            "Subnets": "subnet-1,subnet-2", "SecurityGroups": [["sg-1"], ["sg-2"]]}},
        "Tags": "{\"Key\": \"a\"}"}});
    let findings = check(&event.to_string()).findings.into_iter();
    let sentences: Vec<_> = findings
        .map(|finding| format!("{}: {}", finding.path, finding.message))
        .collect();
    assert_eq!(
        sentences,
        [
            "ResourceProperties.Cluster: is a list; expected the name or ARN of an ECS cluster",
            "ResourceProperties.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups[0]: is a list inside a list; expected a security group id (sg-…)",
            "ResourceProperties.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups[1]: is a list inside a list; expected a security group id (sg-…)",
            "ResourceProperties.NetworkConfiguration.AwsvpcConfiguration.Subnets: is text; expected a list of subnet ids",
            "ResourceProperties.Overrides.ContainerOverrides[0].Command: is text; expected a list of the command and its arguments, each an item of its own",
            "ResourceProperties.Tags: is text; expected a list of objects with Key and Value",
        ]
    );
}

#[test]
fn the_resources_of_a_serverless_yml_are_a_template() {
    let run = "
      Run:
        Type: Custom::EcsTask
        Properties:
          ServiceToken: x
          Cluster: ${self:custom.cluster}
          TaskDefinition: arn:aws:ecs:${aws:region}:1:task-definition/${opt:stage}
          Count: ${self:custom.count}
          LaunchType: ${self:custom.launchType}
          Overrides: ${file(overrides.yml)}
          NetworkConfiguration: {AwsvpcConfiguration: {Subnets: !Ref Subnets, SecurityGroups: '${self:custom.groups}'}}
";
    let service = "service: shop\nprovider: {name: aws, stage: '${opt:stage}'}\n";
    let one = format!(
        "{service}resources:\n  Parameters:\n    Subnets: {{Type: String}}\n  Resources:{run}"
    );
    let problem = "16:56: error: Run.Properties.NetworkConfiguration.AwsvpcConfiguration.Subnets: is text (the parameter Subnets has the type String); expected a list of subnet ids; Fn::Split makes a list of text";
    assert_eq!(told(&one), [problem]);
    let several = format!(
        "{service}resources:\n  - ${{file(other.yml)}}\n  - Parameters: {{Subnets: {{Type: String}}}}\n  - Resources:{run}"
    );
    assert_eq!(told(&several), [problem]);
    let elsewhere = check(&format!("{service}resources: ${{file(resources.yml)}}\n"));
    assert!(elsewhere.is_ok() && elsewhere.checked.is_empty());
}
