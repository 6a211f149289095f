use proptest::prelude::*;
use serde_json::json;

use super::*;

mod types;

fn check(text: &str) -> Report {
    check_document(text, &[RESOURCE_TYPE]).unwrap()
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
    assert!(report.is_ok());
    assert_eq!(report.to_string(), "MigrateTask (line 6): no problems\n");
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
    let report = check(&wrong);
    assert!(!report.is_ok());
    assert_eq!(
        report.to_string(),
        "MigrateTask (line 6): 4 problems
  line 12: LaunchType.Fn::If[2] is \"fargate\"; expected EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES; did you mean FARGATE?
  line 20: Overrides.ContainerOverrides[0].Comand is not known here; did you mean Command?
  line 21: Overrides.ContainerOverrides[0].Memory is \"lots\"; expected a whole number, at least 4.
  line 9: ServiceToken is missing; expected the ARN of the function that the task runner's stack exports.
"
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
    let bad = report
        .resources
        .iter()
        .find(|resource| resource.logical_id.as_deref() == Some("Bad"))
        .unwrap();
    assert_eq!(bad.problems[0].path, "Cuont");
    let line = pretty
        .lines()
        .position(|line| line.contains("Cuont"))
        .unwrap()
        + 1;
    assert_eq!(bad.problems[0].line, Some(line));
    assert_eq!(bad.problems.len(), 2);
    let bare = report
        .resources
        .iter()
        .find(|resource| resource.logical_id.as_deref() == Some("Bare"))
        .unwrap();
    assert_eq!(
        bare.problems
            .iter()
            .map(|problem| problem.path.as_str())
            .collect::<Vec<_>>(),
        ["Cluster", "TaskDefinition", "ServiceToken"]
    );
    assert_eq!(report.resources.len(), 3);
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
    assert!(report.is_ok());
    assert_eq!(
        report.to_string(),
        "Nothing to check: the template has no resource of type Custom::EcsTask (it has Custom::Other, AWS::CloudFormation::CustomResource).\n"
    );
    let generic = check_document(template, &[RESOURCE_TYPE, GENERIC_RESOURCE_TYPE]).unwrap();
    assert_eq!(generic.resources[0].problems[0].path, "Cuont");
    assert_eq!(generic.resources.len(), 1);
}

#[test]
fn resources_that_look_like_ours_do_not_go_unchecked() {
    let template = "
Resources:
  A: {Type: 'AWS::CloudFormation::CustomResource', Properties: {ServiceToken: x, Cluster: c, TaskDefinition: t, Cuont: 1}}
  B:
    Type: Custom::ECSTask
";
    let told = "A (line 3): 1 problem
  line 3: Type is AWS::CloudFormation::CustomResource, and only Custom::EcsTask was checked, which the resource looks like; correct the type, or check it with --type AWS::CloudFormation::CustomResource.
B (line 4): 1 problem
  line 5: Type is Custom::ECSTask, and only Custom::EcsTask was checked, which the resource looks like; correct the type, or check it with --type Custom::ECSTask.
";
    let report = check(template);
    assert!(!report.is_ok());
    assert_eq!(report.to_string(), told);
    assert_eq!(
        report.unchecked_types,
        [GENERIC_RESOURCE_TYPE, "Custom::ECSTask"]
    );
    let with_one = format!(
        "{template}  C: {{Type: 'Custom::EcsTask', Properties: {{ServiceToken: x, Cluster: c, TaskDefinition: t}}}}\n"
    );
    assert_eq!(
        check(&with_one).to_string(),
        format!("C (line 6): no problems\n{told}")
    );
    let misspelt = check_document(template, &["Custom::Migrate"]).unwrap();
    assert!(!misspelt.is_ok(), "{misspelt}");
    let chosen = check_document(template, &["Custom::ECSTask"]).unwrap();
    assert_eq!(chosen.resources.len(), 1, "{chosen}");
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
        check(template).to_string(),
        "Run${Name} (line 6): 1 problem\n  line 8: Cuont is not a property of this resource; did you mean Count?\n"
    );
}

#[test]
fn an_event_is_checked_as_it_is() {
    let event = json!({"RequestType": "Create", "LogicalResourceId": "MigrateTask", "ResourceProperties": {
        "ServiceToken": "arn", "Cluster": "production", "TaskDefinition": "migrate", "Count": {"Ref": "X"}}});
    let report = check(&event.to_string());
    assert_eq!(report.kind, DocumentKind::Event);
    assert_eq!(
        report.to_string(),
        "MigrateTask (line 1): 1 problem\n  line 1: Count is an object; expected a whole number from 0 to 10.\n"
    );
}

#[test]
fn properties_by_themselves_are_checked() {
    assert!(check("Cluster: production\nTaskDefinition: !Ref X").is_ok());
    let report = check(r#"{"Cluster": "production", "TaskDefiniton": "migrate"}"#);
    assert_eq!(report.kind, DocumentKind::Properties);
    assert_eq!(report.resources[0].problems.len(), 2);
}

#[test]
fn the_report_for_machines_has_all_of_it() {
    let report = check("Cluster: production\nTaskDefinition: t\nCount: abc");
    assert_eq!(
        serde_json::to_value(report).unwrap(),
        json!({"kind": "properties", "resourceTypes": [], "uncheckedTypes": [], "resources": [{
            "logicalId": null, "line": 1, "moreProblems": 0,
            "problems": [{"path": "Count", "line": 3, "message": "is \"abc\"; expected a whole number from 0 to 10"}]
        }]})
    );
}

#[test]
fn what_is_no_document_is_said_in_a_sentence() {
    for (text, told) in [
        (String::new(), "there is nothing in it"),
        (
            "just text".to_owned(),
            "it is text; expected an event (with RequestType and ResourceProperties), a template (with Resources), or an object of properties",
        ),
        (
            "[1]".to_owned(),
            "it is a list; expected an event (with RequestType and ResourceProperties), a template (with Resources), or an object of properties",
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
