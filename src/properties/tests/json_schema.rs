//! The JSON Schema against the reader: what the reader takes, the schema takes.

use std::sync::LazyLock;

use boon::{Compiler, Draft, SchemaIndex, Schemas};

use super::super::json_schema;
use super::*;

/// A compiled schema, as an editor would have it.
struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    fn of(of: SchemaOf) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler
            .add_resource("properties.json", json_schema(of))
            .unwrap();
        let index = compiler.compile("properties.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn takes(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_ok()
    }
}

/// Compiled once: it takes longer than judging.
static DIRECT_RUN: LazyLock<Judge> = LazyLock::new(|| Judge::of(SchemaOf::DirectRun));
static RESOURCE: LazyLock<Judge> = LazyLock::new(|| Judge::of(SchemaOf::Resource));

/// The JSON pointers of a value and of all values in it.
fn places(value: &Value, place: &str) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    let inside = members
        .into_iter()
        .flat_map(|(step, value)| places(value, &format!("{place}/{step}")));
    std::iter::once(place.to_owned()).chain(inside).collect()
}

/// Something that somebody may write in the place of a value.
fn another_value() -> impl Strategy<Value = Option<Value>> {
    let values = [
        json!(true),
        json!("false"),
        json!(0),
        json!(-1),
        json!(1.5),
        json!("7"),
        json!(90_000),
        json!(""),
        json!("subnet-1"),
        json!("x y"),
        json!([]),
        json!(["a"]),
        json!({}),
        json!({"Name": "a"}),
        json!({"Ref": "AWS::NoValue"}),
        json!({"Ref": "Parameter"}),
        json!({"Fn::If": ["C", "a", {"Ref": "AWS::NoValue"}]}),
        json!({"Fn::GetAtt": ["A", "B"]}),
        json!({"Fn::Transform": {"Name": "M"}, "Name": "a"}),
        json!("{{resolve:ssm:/a}}"),
        json!("${self:custom.a}"),
    ];
    prop_oneof![
        1 => Just(None),
        3 => prop::sample::select(values.to_vec()).prop_map(Some),
    ]
}

/// `value` with another one at `place`, or without what stands there.
fn replaced(value: &Value, place: &str, other: Option<Value>) -> Value {
    let mut value = value.clone();
    match (other, place.rsplit_once('/')) {
        (Some(other), _) => {
            if let Some(there) = value.pointer_mut(place) {
                *there = other;
            }
        }
        (None, Some((around, last))) => {
            if let Some(Value::Object(members)) = value.pointer_mut(around) {
                members.remove(last);
            }
        }
        (None, None) => {}
    }
    value
}

proptest! {
    #[test]
    fn what_the_reader_takes_the_schema_takes(
        changes in prop::collection::vec((any::<prop::sample::Index>(), another_value()), 0..4),
        is_in_camel_case in any::<bool>(),
    ) {
        let mut value = if is_in_camel_case { in_camel_case(&everything()) } else { everything() };
        for (index, other) in changes {
            let places = places(&value, "");
            value = replaced(&value, index.get::<String>(&places), other);
        }
        for (judge, source) in [(&*DIRECT_RUN, Source::Direct), (&*RESOURCE, Source::Template)] {
            let problems = problems_of(&value, source);
            prop_assert!(
                !problems.is_empty() || judge.takes(&value),
                "the schema for {source:?} refuses {value:#}"
            );
        }
    }
}

#[test]
fn what_editors_can_know_to_be_wrong_the_schema_refuses() {
    let judge = &*DIRECT_RUN;
    assert!(judge.takes(&everything()));
    for changes in [
        json!({"Tiemout": 1}),
        json!({"Cluster": ""}),
        json!({"Cluster": ["c"]}),
        json!({"Count": 11}),
        json!({"Count": "two"}),
        json!({"Timeout": 82_801}),
        json!({"RunOnCreate": "yes"}),
        json!({"LaunchType": "fargate"}),
        json!({"LaunchType": "FARGATE", "CapacityProviderStrategy": [{"CapacityProvider": "a"}]}),
        json!({"launchType": "FARGATE", "capacityProviderStrategy": [{"capacityProvider": "a"}]}),
        json!({"CapacityProviderStrategy": [{"CapacityProvider": "a"}, {"capacityProvider": "b", "weight": "0"}]}),
        json!({"CapacityProviderStrategy": [{"CapacityProvider": "a", "Weight": 1, "Base": 1}, {"capacityProvider": "b", "base": "2"}]}),
        json!({"RunOnRollback": "true", "rollbackOverrides": {"cpu": "256"}}),
        json!({"NetworkFrom": "web", "PlatformVersion": "LATEST"}),
        json!({"Instances": []}),
        json!({"UpdateCriteria": "Everything"}),
        json!({"UpdateCriteria": {"Container": "a"}}),
        json!({"SuccessExitCodes": []}),
        json!({"Cluster": {"Ref": "Cluster"}}),
        json!({"PlacementConstraints": [{"Type": "memberOf"}]}),
        json!({"PlacementConstraints": [{"Type": "distinctInstance", "Expression": "a"}]}),
        json!({"PlacementStrategy": [{"type": "spread"}]}),
        json!({"Overrides": {"ContainerOverrides": [{"Command": ["a"]}]}}),
        json!({"Overrides": {"ContainerOverrides": [{"Name": "a", "Command": "a b"}]}}),
        json!({"VolumeConfigurations": [{"Name": "a", "ManagedEBSVolume": {"RoleArn": "r"}}]}),
    ] {
        let properties = with(&changes);
        assert!(!judge.takes(&properties), "{properties}");
        assert!(
            !problems_of(&properties, Source::Direct).is_empty(),
            "{properties}"
        );
    }
    for missing in ["Cluster", "TaskDefinition"] {
        let properties = replaced(&with(&json!({})), &format!("/{missing}"), None);
        assert!(!judge.takes(&properties), "{properties}");
    }
}

#[test]
fn a_template_may_have_functions_and_macros_where_a_direct_run_has_values() {
    let (direct, template) = (&*DIRECT_RUN, &*RESOURCE);
    for changes in [
        json!({"Count": {"Ref": "Count"}}),
        json!({"NetworkConfiguration": {"Fn::If": ["C", {}, {"Ref": "AWS::NoValue"}]}}),
        json!({"LaunchType": {"Ref": "AWS::NoValue"}, "CapacityProviderStrategy": [{"CapacityProvider": "a"}]}),
        json!({"LaunchType": "{{resolve:ssm:/launch-type}}"}),
        json!({"Overrides": {"ContainerOverrides": [{"Fn::Transform": {"Name": "M"}, "Command": ["a"]}]}}),
    ] {
        let properties = with(&changes);
        assert!(template.takes(&properties), "{properties}");
        assert!(!direct.takes(&properties), "{properties}");
    }
    for changes in [json!({"Timeout": 82_800}), json!({"Count": 11})] {
        let properties = with(&changes);
        assert!(!template.takes(&properties), "{properties}");
    }
}

#[test]
fn the_schema_says_what_is_wrong_in_the_words_of_the_reader() {
    let schema = json_schema(SchemaOf::DirectRun).to_string();
    for changes in [
        json!({"CapacityProviderStrategy": [{"CapacityProvider": "a"}, {"CapacityProvider": "b"}]}),
        json!({"CapacityProviderStrategy": [{"CapacityProvider": "a", "Weight": 1, "Base": 1}, {"CapacityProvider": "b", "Base": 2}]}),
        json!({"RunOnRollback": true, "RollbackOverrides": {"Cpu": "256"}}),
        json!({"LaunchType": "EC2", "CapacityProviderStrategy": [{"CapacityProvider": "a"}]}),
        json!({"PlacementConstraints": [{"Type": "memberOf"}]}),
        json!({"PlacementConstraints": [{"Type": "distinctInstance", "Expression": "a"}]}),
        json!({"VolumeConfigurations": [{"Name": "a", "ManagedEBSVolume": {"RoleArn": "arn:aws:iam::1:role/r"}}]}),
    ] {
        let problems = problems_of(&with(&changes), Source::Direct);
        let [problem] = problems.listed() else {
            panic!("{problems}")
        };
        assert!(
            schema.contains(&format!("\"errorMessage\":\"{}\"", problem.message)),
            "{problem}"
        );
    }
}

/// The files of the CDK package that are made of the code here, with the command that makes them.
#[test]
fn the_cdk_package_has_the_schemas() {
    for (file, text, of, command) in [
        (
            "direct-run.json",
            include_str!("../../../infra/cdk/schema/direct-run.json"),
            SchemaOf::DirectRun,
            "schema",
        ),
        (
            "resource.json",
            include_str!("../../../infra/cdk/schema/resource.json"),
            SchemaOf::Resource,
            "schema --template",
        ),
    ] {
        assert!(
            text == format!("{:#}\n", json_schema(of)),
            "infra/cdk/schema/{file} is old: cargo run -- {command} > infra/cdk/schema/{file}"
        );
    }
}

/// The package reads the same table, and says the same of its properties.
#[test]
fn the_cdk_package_has_the_words_of_the_reader() {
    let table: Value =
        serde_json::from_str(include_str!("../../../infra/cdk/test/problems.json")).unwrap();
    for case in table.as_array().unwrap() {
        let properties = with(&case["properties"]);
        let problems = problems_of(&properties, Source::Template);
        let mut said: Vec<_> = problems
            .listed()
            .iter()
            .map(|problem| format!("{}: {}", problem.path, problem.message))
            .collect();
        let expected = case["problems"].as_array().unwrap();
        let mut expected: Vec<_> = expected
            .iter()
            .map(|problem| problem.as_str().unwrap().to_owned())
            .collect();
        said.sort();
        expected.sort();
        assert_eq!(said, expected, "{properties}");
    }
}
