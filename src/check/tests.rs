use proptest::prelude::*;
use serde_json::json;

use super::*;

mod beyond;
mod forms;
mod hooks;
mod types;
mod unrecognised;
mod wait_condition;
mod warnings;

fn check(text: &str) -> Report {
    check_document(text, &[RESOURCE_TYPE]).unwrap()
}

/// What people read of a document, without the file's name and the line on the whole of it.
fn told(text: &str) -> Vec<String> {
    told_of(text, &[RESOURCE_TYPE])
}

fn told_of(text: &str, types: &[&str]) -> Vec<String> {
    let report = FileReport::of("t", text, types, true);
    let written = write(&[report], Format::Text);
    let lines = written.lines().filter_map(|line| line.strip_prefix("t:"));
    lines.map(str::to_owned).collect()
}

const TEMPLATE: &str = "\
Parameters:
  Cluster: {Type: String}
Conditions:
  OnSpot: !Equals [!Ref Cluster, spot]
Resources:
  MigrateTask:
    Type: Custom::EcsTask
    DependsOn: Database
    Properties:
      ServiceToken: !ImportValue task-runner-ServiceToken
      Cluster: !Ref Cluster
      TaskDefinition: !Ref MigrateTaskDefinition
      LaunchType: !If [OnSpot, !Ref AWS::NoValue, FARGATE]
      CapacityProviderStrategy: !If
        - OnSpot
        - - CapacityProvider: FARGATE_SPOT
        - !Ref AWS::NoValue
      Overrides:
        ContainerOverrides:
          - Name: migrate
            Command: !Split [' ', !Ref Command]
            Memory: 512
            Environment:
              - Name: DATABASE
                Value: !Sub '${Database.Endpoint.Address}:3306'
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {Cuont: 1}
";

#[test]
fn a_template_with_functions_is_in_order() {
    let report = check(TEMPLATE);
    assert_eq!(
        (report.findings, report.checked),
        (vec![], vec!["MigrateTask".to_owned()])
    );
}

#[test]
fn each_problem_of_a_template_has_its_resource_path_and_line() {
    let wrong = TEMPLATE
        .replace("Memory: 512", "Memory: lots")
        .replace("NoValue, FARGATE]", "NoValue, fargate]")
        .replace("            Command:", "            Comand:")
        .replace(
            "      ServiceToken: !ImportValue task-runner-ServiceToken\n",
            "",
        );
    assert!(!check(&wrong).is_ok());
    assert_eq!(
        told(&wrong),
        [
            "9:5: error: MigrateTask.Properties.ServiceToken: is missing; expected the ARN of the function that the task runner's stack exports",
            "12:51: error: MigrateTask.Properties.LaunchType.Fn::If[2]: is \"fargate\"; expected EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES; did you mean FARGATE?",
            "20:13: error: MigrateTask.Properties.Overrides.ContainerOverrides[0].Comand: is not known here; did you mean Command?",
            "21:13: error: MigrateTask.Properties.Overrides.ContainerOverrides[0].Memory: is \"lots\"; expected a whole number, at least 4",
        ]
    );
}

#[test]
fn a_json_template_is_checked_alike() {
    let template = json!({"Resources": {
        "Good": {"Type": "Custom::EcsTask", "Properties": {"ServiceToken": "arn", "Cluster": {"Ref": "C"}, "TaskDefinition": "t"}},
        "Bad": {"Type": "Custom::EcsTask", "Properties": {"ServiceToken": "arn", "Cluster": {"Ref": "C"}, "Cuont": 1}},
        "Bare": {"Type": "Custom::EcsTask"}
    }});
    let pretty = serde_json::to_string_pretty(&template).unwrap();
    let report = check(&pretty);
    let of = |name: &str| {
        let findings = report.findings.iter();
        let own = findings.filter(|finding| finding.path.starts_with(&format!("{name}.")));
        own.collect::<Vec<_>>()
    };
    let unknown = of("Bad")
        .into_iter()
        .find(|finding| finding.path == "Bad.Properties.Cuont")
        .unwrap();
    let line = pretty
        .lines()
        .position(|line| line.contains("Cuont"))
        .unwrap()
        + 1;
    assert_eq!((unknown.line, unknown.column), (Some(line), Some(9)));
    assert_eq!(of("Bad").len(), 2);
    assert_eq!(
        of("Bare")
            .iter()
            .map(|finding| finding.path.as_str())
            .collect::<Vec<_>>(),
        [
            "Bare.Properties.Cluster",
            "Bare.Properties.TaskDefinition",
            "Bare.Properties.ServiceToken"
        ]
    );
    assert_eq!(report.checked, ["Bad", "Bare", "Good"]);
}

#[test]
fn only_the_types_asked_for_are_checked() {
    let template = "
Resources:
  A: {Type: 'AWS::CloudFormation::CustomResource', Properties: {ServiceToken: x, Cluster: c, TaskDefinition: t, Cuont: 1}}
  B: {Type: 'Custom::ECSTask'}
";
    let other = "Resources:\n  A: {Type: 'Custom::Other'}\n  B: {Type: 'AWS::CloudFormation::CustomResource'}";
    let report = check(other);
    assert!(report.is_ok() && report.checked.is_empty());
    let generic = check_document(template, &[RESOURCE_TYPE, GENERIC_RESOURCE_TYPE]).unwrap();
    assert!(!generic.is_ok());
    assert_eq!(generic.checked, ["A"]);
}

#[test]
fn resources_that_look_like_ours_do_not_go_unchecked() {
    let template = "
Resources:
  A: {Type: 'AWS::CloudFormation::CustomResource', Properties: {ServiceToken: x, Cluster: c, TaskDefinition: t, Cuont: 1}}
  B:
    Type: Custom::ECSTask
";
    let similar = [
        "3:7: error: A.Type: is AWS::CloudFormation::CustomResource, and only Custom::EcsTask was checked, which the resource looks like; correct the type, or check it with --type AWS::CloudFormation::CustomResource",
        "5:5: error: B.Type: is Custom::ECSTask, and only Custom::EcsTask was checked, which the resource looks like; correct the type, or check it with --type Custom::ECSTask",
    ];
    assert_eq!(told(template), similar);
    let skipped = check(template).skipped.into_iter();
    let types: Vec<_> = skipped.map(|skipped| skipped.resource_type).collect();
    assert_eq!(types, [GENERIC_RESOURCE_TYPE, "Custom::ECSTask"]);
    let with_one = format!(
        "{template}  C: {{Type: 'Custom::EcsTask', Properties: {{ServiceToken: x, Cluster: c, TaskDefinition: 't:1'}}}}\n"
    );
    assert_eq!(told(&with_one), similar);
    assert_eq!(check(&with_one).checked, ["C"]);
    let misspelt = check_document(template, &["Custom::Migrate"]).unwrap();
    assert!(!misspelt.is_ok(), "{misspelt:?}");
    let chosen = check_document(template, &["Custom::ECSTask"]).unwrap();
    assert_eq!(chosen.checked, ["B"], "{chosen:?}");
}

#[test]
fn resources_within_a_loop_are_checked() {
    let template = "
Resources:
  Fn::ForEach::Tasks:
    - Name
    - [A, B]
    - Run${Name}:
        Type: Custom::EcsTask
        Properties: {ServiceToken: x, Cluster: c, TaskDefinition: !Ref Name, Cuont: 1}
";
    assert_eq!(
        told(template),
        [
            "8:78: error: Run${Name}.Properties.Cuont: is not a property of this resource; did you mean Count?"
        ]
    );
}

#[test]
fn an_event_is_checked_as_it_is() {
    let event = json!({"RequestType": "Create", "LogicalResourceId": "MigrateTask", "ResourceProperties": {
        "ServiceToken": "arn", "Cluster": "production", "TaskDefinition": "migrate", "Count": {"Ref": "X"}}});
    let report = check(&event.to_string());
    assert_eq!(report.kind, DocumentKind::Event);
    assert_eq!(report.checked, ["MigrateTask"]);
    let [finding] = report.findings.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(finding.path, "ResourceProperties.Count");
    assert_eq!(
        finding.message,
        "is an object; expected a whole number from 0 to 10"
    );
}

#[test]
fn properties_by_themselves_are_checked() {
    assert!(check("Cluster: production\nTaskDefinition: !Ref X").is_ok());
    let report = check(r#"{"Cluster": "production", "TaskDefiniton": "migrate"}"#);
    assert_eq!(report.kind, DocumentKind::Properties);
    assert_eq!(report.findings.len(), 2);
}

#[test]
fn what_is_no_document_is_said_in_a_sentence() {
    for (text, told) in [
        (String::new(), "there is nothing in it"),
        (
            "just text".to_owned(),
            "it is text; expected an event (with RequestType and ResourceProperties), a template (with Resources), or an object of properties (with Cluster and TaskDefinition)",
        ),
        (
            "[1]".to_owned(),
            "it is a list; expected an event (with RequestType and ResourceProperties), a template (with Resources), or an object of properties (with Cluster and TaskDefinition)",
        ),
        (
            " ".repeat(MAX_DOCUMENT_BYTES + 1),
            "it has 1048577 bytes; CloudFormation takes templates of at most 1048576",
        ),
    ] {
        assert_eq!(
            check_document(&text, &[RESOURCE_TYPE])
                .unwrap_err()
                .to_string(),
            told
        );
    }
}

/// Pieces that make YAML often enough, and often broken YAML.
fn yaml_pieces() -> impl Strategy<Value = String> {
    let pieces = vec![
        "Resources:",
        "MigrateTask:",
        "Type: Custom::EcsTask",
        "Properties:",
        "Cluster",
        ": ",
        ":",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "!Ref ",
        "!If ",
        "!Sub",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "'",
        "\"",
        "|",
        ">",
        "#",
        "---",
        "...",
        "%TAG ! x\n",
        "? ",
        "\t",
        "<<",
        "\u{feff}",
        "Overrides",
        "ContainerOverrides",
        "Count: 1",
        "true",
        "~",
        "\\",
        "!!str ",
        "!<x> ",
        "\u{0}",
        "\r",
        "ü",
        "\u{2028}",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_text_is_checked_without_panic(text in prop_oneof![any::<String>(), yaml_pieces()]) {
        let _ = check_document(&text, &[RESOURCE_TYPE]);
    }

    #[test]
    fn any_change_of_a_template_is_checked_without_panic(at in 0..TEMPLATE.len(), length in 0..20_usize, with in any::<String>()) {
        let end = TEMPLATE.floor_char_boundary((at + length).min(TEMPLATE.len()));
        let changed = format!("{}{with}{}", &TEMPLATE[..at.min(end)], &TEMPLATE[end..]);
        let _ = check_document(&changed, &[RESOURCE_TYPE]);
    }
}
