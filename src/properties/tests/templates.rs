//! Properties of a template: what only the deployment knows is left to it.

use super::*;

fn in_template(changes: &Value) -> String {
    problems_of(&with(changes), Source::Template).to_string()
}

#[test]
fn a_function_of_an_unknown_type_stands_for_any_value() {
    let unknown = json!({"Fn::GetAtt": "X.Y"});
    assert_eq!(
        in_template(&json!({
            "Cluster": {"Ref": "Cluster"},
            "Count": unknown,
            "RunOnCreate": unknown,
            "LaunchType": {"Fn::FindInMap": ["A", "B", "C"]},
            "NetworkConfiguration": {"AwsvpcConfiguration": {
                "Subnets": {"Fn::Split": [",", {"Fn::ImportValue": "subnets"}]},
                "SecurityGroups": [{"Fn::GetAtt": ["Group", "GroupId"]}]
            }},
            "Overrides": {"ContainerOverrides": [{"Name": "m", "Memory": unknown,
                "Environment": [unknown, {"Name": "PASSWORD", "Value": "{{resolve:ssm:/password}}"}]}]},
            "Tags": unknown,
            "Triggers": {"Build": unknown, "None": null}
        })),
        ""
    );
}

#[test]
fn an_event_has_no_functions() {
    assert_eq!(
        problems_with(&json!({"Count": {"Ref": "Count"}})),
        "Count is an object; expected a whole number from 0 to 10."
    );
}

#[test]
fn all_items_of_a_template_are_read_and_of_an_event_as_many_as_it_may_have() {
    let mut instances: Vec<_> = (0..10).map(|number| format!("0{number:x}")).collect();
    instances.push("web".to_owned());
    let changes = json!({"Instances": instances});
    let count = "Instances has 11 items; expected at most 10.";
    let item = "Instances[10] is \"web\"; expected the ARN or id of a container instance (not of an EC2 instance).";
    assert_eq!(in_template(&changes), format!("{item} {count}"));
    assert_eq!(problems_with(&changes), count);
}

#[test]
fn what_is_known_is_judged() {
    for (changes, told) in [
        (
            json!({"Count": {"Fn::If": ["C", "1", "lots"]}}),
            "Count.Fn::If[2] is \"lots\"; expected a whole number from 0 to 10.",
        ),
        (
            json!({"TaskDefinition": {"Fn::If": ["C", {"Ref": "AWS::NoValue"}, {"Ref": "AWS::NoValue"}]}}),
            "TaskDefinition is missing; expected a family, family:revision or the ARN of a task definition.",
        ),
        (
            json!({"TaskDefinition": {"Ref": "AWS::NoValue"}}),
            "TaskDefinition is missing; expected a family, family:revision or the ARN of a task definition.",
        ),
        (
            json!({"Group": null}),
            "Group is null, which CloudFormation refuses; leave it out or use AWS::NoValue.",
        ),
        (
            json!({"LaunchType": {"Ref": "Type"}, "NetworkFrom": "web"}),
            "LaunchType cannot be given together with NetworkFrom: it is taken from the service; leave one of the two out.",
        ),
        (
            json!({"PlacementStrategy": [{"Type": "binpack", "Feild": {"Ref": "Field"}}]}),
            "PlacementStrategy[0].Feild is not known here; did you mean Field? PlacementStrategy[0] lacks Field, which binpack needs.",
        ),
    ] {
        assert_eq!(in_template(&changes), told);
    }
}

#[test]
fn what_may_be_absent_is_neither_missing_nor_in_the_way() {
    let maybe = |value: Value| json!({"Fn::If": ["C", value, {"Ref": "AWS::NoValue"}]});
    for changes in [
        json!({"LaunchType": maybe(json!("FARGATE")), "CapacityProviderStrategy": maybe(json!([{"CapacityProvider": "FARGATE_SPOT"}]))}),
        json!({"Cluster": maybe(json!("production"))}),
        json!({"Instances": [maybe(json!("0a")), {"Ref": "AWS::NoValue"}]}),
        json!({"Tags": (0..60).map(|key| maybe(json!({"Key": key}))).collect::<Vec<_>>()}),
        json!({"VolumeConfigurations": [{"Name": "data", "ManagedEBSVolume": {"Fn::Transform": {"Name": "AWS::Include"}, "Encrypted": true}}]}),
        json!({"Overrides": {"ContainerOverrides": [{"Name": "m", "Command": [maybe(json!("x".repeat(9000)))]}]}}),
    ] {
        assert_eq!(in_template(&changes), "");
    }
}
