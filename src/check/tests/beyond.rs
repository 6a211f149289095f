//! What is wrong between the resource and its template, and what is not certain.

use super::*;

/// A template with a task definition, a service and a task that the properties complete.
fn template(properties: &str) -> String {
    format!(
        "
Parameters: {{Name: {{Type: String}}}}
Conditions: {{IsLive: !Equals [!Ref Name, live]}}
Resources:
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{{Name: migrate}}, {{Name: proxy}}]
  Service: {{Type: 'AWS::ECS::Service', Properties: {{Cluster: c, ServiceName: web}}}}
  Run:
    Type: Custom::EcsTask
    Properties: {{ServiceToken: x, Cluster: c, {properties}}}
"
    )
}

/// The template with the text of one of its lines replaced.
fn changed(properties: &str, from: &str, to: &str) -> String {
    let template = template(properties);
    assert!(template.contains(from), "{from}");
    template.replace(from, to)
}

/// Errors as path and message, and the same of warnings, with the word before.
fn findings(template: &str) -> Vec<String> {
    let findings = check(template).findings.into_iter();
    findings
        .map(|finding| {
            let word = match finding.severity {
                Severity::Error => "",
                Severity::Warning => "warning: ",
            };
            format!("{word}{}: {}", finding.path, finding.message)
        })
        .collect()
}

const OF_DEFINITION: &str = "TaskDefinition: !Ref Definition";

#[test]
fn outputs_that_do_not_exist_are_found_wherever_they_stand() {
    for (value, path, told) in [
        (
            "!GetAtt Run.TaskARN",
            "Fn::GetAtt",
            "names TaskARN, which is no output of Run; did you mean TaskArn?",
        ),
        (
            "!GetAtt [Run, Exitcode]",
            "Fn::GetAtt",
            "names Exitcode, which is no output of Run; did you mean ExitCode?",
        ),
        (
            "!Sub 'a ${Run.LogGrop}'",
            "Fn::Sub",
            "names LogGrop, which is no output of Run; did you mean LogGroup?",
        ),
        (
            "!Sub ['${Run.X}', {A: b}]",
            "Fn::Sub",
            "names X, which is no output of Run; its outputs are ConsoleUrl, DurationSeconds, ExitCode, LogGroup, LogStream, Skipped, StartedAt, StoppedAt, TaskArn and TaskArns",
        ),
        (
            "!If [IsLive, !GetAtt Run.Taskarn, a]",
            "Fn::If[1].Fn::GetAtt",
            "names Taskarn, which is no output of Run; did you mean TaskArn?",
        ),
    ] {
        let in_output = format!(
            "{}Outputs: {{A: {{Value: {value}}}}}\n",
            template(OF_DEFINITION)
        );
        assert_eq!(
            findings(&in_output),
            [format!("Outputs.A.Value.{path}: {told}")]
        );
        let in_resource = format!(
            "{}  P: {{Type: 'AWS::SSM::Parameter', Properties: {{Value: {value}}}}}\n",
            template(OF_DEFINITION)
        );
        assert_eq!(
            findings(&in_resource),
            [format!("P.Properties.Value.{path}: {told}")]
        );
    }
}

#[test]
fn outputs_that_exist_or_are_of_others_are_no_problem() {
    for value in [
        "!GetAtt Run.TaskArn",
        "!GetAtt [Run, Skipped]",
        "!GetAtt [Run, !Ref Name]",
        "!Sub '${Run.ExitCode} ${!Run.X} ${Service.Name} ${Run}'",
        "!Sub ['${Run.X}', {Run.X: b}]",
        "!GetAtt Service.Name",
        "!GetAtt Elsewhere.X",
        "!Ref Run",
        "'Run.X'",
    ] {
        let text = format!(
            "{}Outputs: {{A: {{Value: {value}}}}}\n",
            template(OF_DEFINITION)
        );
        assert_eq!(findings(&text), [""; 0], "{value}");
    }
}

#[test]
fn containers_that_the_task_definition_does_not_have_are_found() {
    let told = |path: &str, name: &str, hint: &str| {
        format!(
            "Run.Properties.{path}: is \"{name}\", a container that the task definition Definition does not have; {hint}"
        )
    };
    for definition in [
        "TaskDefinition: !Ref Definition",
        "taskDefinition: !GetAtt Definition.TaskDefinitionArn",
        "TaskDefinition: !Sub '${Definition}'",
    ] {
        let properties = format!(
            "{definition}, Containers: [migrate, migrat], UpdateCriteria: [{{Container: prox, EnvironmentKeys: [A]}}], Overrides: {{ContainerOverrides: [{{Name: web}}, {{Name: proxy}}]}}"
        );
        assert_eq!(
            findings(&template(&properties)),
            [
                told("Containers[1]", "migrat", "did you mean migrate?"),
                told("UpdateCriteria[0].Container", "prox", "did you mean proxy?"),
                told(
                    "Overrides.ContainerOverrides[0].Name",
                    "web",
                    "it has migrate and proxy"
                ),
            ]
        );
    }
}

#[test]
fn containers_are_judged_only_where_all_of_them_stand_in_the_template() {
    let properties = format!("{OF_DEFINITION}, Containers: [web]");
    for containers in [
        "[{Name: migrate}, !If [IsLive, {Name: web}, !Ref 'AWS::NoValue']]",
        "[{Name: migrate}, {Name: !Ref Name}]",
        "[{Name: migrate}, {'Fn::Transform': {Name: AWS::Include}}]",
        "[{Name: migrate}, {Name: '{{resolve:ssm:/name}}'}]",
        "!If [IsLive, [{Name: migrate}], [{Name: web}]]",
        "{'Fn::Transform': {Name: Containers}}",
        "[]",
    ] {
        let text = changed(&properties, "[{Name: migrate}, {Name: proxy}]", containers);
        assert_eq!(findings(&text), [""; 0], "{containers}");
    }
    for properties in [
        "TaskDefinition: 'migrate:7', Containers: [web]",
        "TaskDefinition: !Ref Name, Containers: [web]",
        "TaskDefinition: !Ref Elsewhere, Containers: [web]",
        "TaskDefinition: !If [IsLive, !Ref Definition, 'x:1'], Containers: [web]",
        "TaskDefinition: !Ref Definition, Containers: [!Ref Name, !If [IsLive, a, b]]",
        "TaskDefinition: !Ref Definition, Containers: !Ref Name2",
        "TaskDefinition: !Ref Definition, UpdateCriteria: [TaskDefinition]",
        "TaskDefinition: !Ref Definition, Overrides: !If [IsLive, {ContainerOverrides: [{Name: a}]}, !Ref 'AWS::NoValue']",
    ] {
        assert_eq!(findings(&template(properties)), [""; 0], "{properties}");
    }
    let macros = format!("Transform: MyMacro{}", template(&properties));
    assert_eq!(findings(&macros), [""; 0]);
    let of_aws = format!(
        "Transform: [AWS::Serverless-2016-10-31]{}",
        template(&properties)
    );
    assert_eq!(findings(&of_aws).len(), 1);
}

#[test]
fn a_network_that_the_task_needs_is_missed() {
    let told = |why: &str| {
        [format!(
            "Run.Properties.NetworkConfiguration: is missing, and {why}; give it, or NetworkFrom with the name of a service whose network the task takes"
        )]
    };
    for (member, why) in [
        (
            "NetworkMode: awsvpc",
            "the task definition Definition has the network mode awsvpc",
        ),
        (
            "RequiresCompatibilities: [FARGATE]",
            "the task definition Definition is for Fargate",
        ),
    ] {
        let with = format!("{member}\n      ContainerDefinitions");
        let text = |properties: &str| changed(properties, "ContainerDefinitions", &with);
        assert_eq!(findings(&text(OF_DEFINITION)), told(why));
        let none = format!("{OF_DEFINITION}, NetworkConfiguration: !Ref 'AWS::NoValue'");
        assert_eq!(findings(&text(&none)), told(why));
        for given in [
            "NetworkFrom: other",
            "NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1]}}",
            "networkConfiguration: !If [IsLive, {AwsvpcConfiguration: {Subnets: [subnet-1]}}, !Ref 'AWS::NoValue']",
            "'Fn::Transform': {Name: AWS::Include}",
        ] {
            let text = text(&format!("{OF_DEFINITION}, {given}"));
            assert_eq!(findings(&text), [""; 0], "{given}");
        }
    }
    assert_eq!(
        findings(&template("TaskDefinition: 'x:1', LaunchType: FARGATE")),
        told("LaunchType is FARGATE")
    );
    let properties = "Cluster: c\nTaskDefinition: 'x:1'\nLaunchType: FARGATE";
    assert_eq!(check(properties).findings.len(), 1);
    for certain in [
        "NetworkMode: bridge",
        "NetworkMode: !Ref Name",
        "RequiresCompatibilities: [EC2]",
        "RequiresCompatibilities: [!Ref Name]",
    ] {
        let text = changed(
            OF_DEFINITION,
            "ContainerDefinitions",
            &format!("{certain}\n      ContainerDefinitions"),
        );
        assert_eq!(findings(&text), [""; 0], "{certain}");
    }
}

#[test]
fn a_service_that_waits_for_the_task_cannot_lend_its_network() {
    let circle = |way: &str| {
        [format!(
            "Run.Properties.NetworkFrom: names Service, which CloudFormation makes only after this resource ({way}): each would have to be made before the other; give NetworkConfiguration instead"
        )]
    };
    let between =
        "  Between: {Type: 'AWS::SSM::Parameter', Properties: {Value: !Sub 'x${Run.TaskArn}'}}\n";
    for (service, more, way) in [
        ("DependsOn: Run, Type", "", "Service depends on Run"),
        (
            "DependsOn: [Definition, Run], Type",
            "",
            "Service depends on Run",
        ),
        (
            "Metadata: !GetAtt Run.TaskArn, Type",
            "",
            "Service depends on Run",
        ),
        (
            "DependsOn: Between, Type",
            between,
            "Service depends on Between, which depends on Run",
        ),
    ] {
        for name in [
            "!GetAtt Service.Name",
            "!Ref Service",
            "!Sub '${Service.Name}'",
        ] {
            let properties = format!("{OF_DEFINITION}, NetworkFrom: {name}");
            let text = changed(
                &properties,
                "Service: {Type",
                &format!("Service: {{{service}"),
            );
            assert_eq!(findings(&(text + more)), circle(way), "{name}");
        }
    }
    let named = changed(
        &format!("{OF_DEFINITION}, NetworkFrom: web"),
        "Service: {Type",
        "Service: {DependsOn: Run, Type",
    );
    assert_eq!(
        findings(&named),
        [
            "warning: Run.Properties.NetworkFrom: names a service of this template that waits for this resource (Service depends on Run): where the stack is created anew, the service does not exist when the task is to run; give NetworkConfiguration instead"
        ]
    );
}

#[test]
fn a_service_that_may_come_first_is_no_problem() {
    let conditional =
        "  Between: {Type: 'AWS::SSM::Parameter', Condition: IsLive, DependsOn: Run}\n";
    for (network_from, service, more) in [
        ("!GetAtt Service.Name", "Type", ""),
        ("!GetAtt Service.Name", "DependsOn: Definition, Type", ""),
        (
            "!If [IsLive, !GetAtt Service.Name, web]",
            "DependsOn: Run, Type",
            "",
        ),
        (
            "!GetAtt Service.Name",
            "Metadata: !If [IsLive, !Ref Run, x], Type",
            "",
        ),
        (
            "!GetAtt Service.Name",
            "DependsOn: Between, Type",
            conditional,
        ),
        ("!Ref Name", "DependsOn: Run, Type", ""),
        ("other", "DependsOn: Run, Type", ""),
        ("web", "Condition: IsLive, DependsOn: Run, Type", ""),
    ] {
        let properties = format!("{OF_DEFINITION}, NetworkFrom: {network_from}");
        let text = changed(
            &properties,
            "Service: {Type",
            &format!("Service: {{{service}"),
        );
        assert_eq!(
            findings(&(text + more)),
            [""; 0],
            "{network_from} {service}"
        );
    }
    let other_cluster = changed(
        &format!("{OF_DEFINITION}, NetworkFrom: web"),
        "Service: {Type: 'AWS::ECS::Service', Properties: {Cluster: c",
        "Service: {DependsOn: Run, Type: 'AWS::ECS::Service', Properties: {Cluster: d",
    );
    assert_eq!(findings(&other_cluster), [""; 0]);
}

#[test]
fn names_that_nothing_has_are_found_unless_something_may_add_them() {
    let wrong = changed(
        OF_DEFINITION,
        "Service: {Type",
        "Service: {DependsOn: [Rnu, Definition], Type",
    )
    .replace(
        "Type: Custom::EcsTask",
        "Type: Custom::EcsTask\n    DependsOn: Database\n    Condition: IsLife",
    );
    assert_eq!(
        findings(&wrong),
        [
            "Service.DependsOn[0]: is Rnu, a resource that the template does not have; did you mean Run?",
            "Run.DependsOn: is Database, a resource that the template does not have",
            "Run.Condition: is IsLife, a condition that the template does not have; did you mean IsLive?",
        ]
    );
    for addition in [
        "Transform: AWS::Serverless-2016-10-31",
        "Transform: [MyMacro]",
        "Transform: {Name: AWS::Include, Parameters: {Location: x}}",
        "Fn::Transform: {Name: AWS::Include}",
    ] {
        assert_eq!(
            findings(&format!("{addition}{wrong}")),
            [""; 0],
            "{addition}"
        );
    }
    let with_language_extensions = format!("Transform: AWS::LanguageExtensions{wrong}");
    assert_eq!(findings(&with_language_extensions).len(), 3);
    let loops = format!(
        "{wrong}  Fn::ForEach::All: [A, [x], {{'D${{A}}': {{Type: 'AWS::SNS::Topic'}}}}]\n"
    );
    assert_eq!(findings(&loops), [""; 0]);
    let serverless = format!(
        "service: s\nprovider: {{name: aws}}\nresources:{}",
        wrong.replace('\n', "\n  ")
    );
    assert_eq!(findings(&serverless), [""; 0]);
}

/// CloudFormation refuses a larger template, and to compare so many resources takes long.
#[test]
fn nothing_is_said_between_more_resources_than_a_template_may_have() {
    let wrong = changed(
        OF_DEFINITION,
        "Service: {Type",
        "Service: {DependsOn: Rnu, Type",
    );
    let own = 3;
    for (others, count) in [(500 - own, 1), (501 - own, 0)] {
        let topic = |number| format!("  T{number}: {{Type: 'AWS::SNS::Topic'}}\n");
        let template =
            (0..others).fold(wrong.clone(), |template, number| template + &topic(number));
        assert_eq!(findings(&template).len(), count);
    }
}
