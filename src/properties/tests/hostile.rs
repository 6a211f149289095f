//! Properties of any bytes, depth and size give an error, never a panic, and never a long one.

use super::*;

/// Longest text of all problems together: 20 listed, each with at most a path of some levels, an
/// echo and an expectation.
const MAX_PROBLEMS_TEXT: usize = 20_000;

/// Names that lead the reading deep into the schema, and some that do not.
const NAMES: &[&str] = &[
    "Cluster",
    "TaskDefinition",
    "Count",
    "Overrides",
    "containerOverrides",
    "Name",
    "Environment",
    "Value",
    "Command",
    "Memory",
    "Tags",
    "Key",
    "NetworkConfiguration",
    "AwsvpcConfiguration",
    "Subnets",
    "UpdateCriteria",
    "Container",
    "EnvironmentKeys",
    "Triggers",
    "Instances",
    "VolumeConfigurations",
    "ManagedEBSVolume",
    "SizeInGiB",
    "CapacityProviderStrategy",
    "Weight",
    "Base",
    "Ref",
    "Fn::If",
    "Fn::Sub",
    "",
];

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..20_i64).prop_map(|number| Value::from(number.to_string())),
        prop::sample::select(vec![
            "true",
            "",
            "EC2",
            "memberOf",
            "subnet-1",
            "AWS::NoValue",
            "0a"
        ])
        .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![
        4 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    scalar.prop_recursive(8, 128, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..24).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..12)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn anything_is_read_without_panic(value in any_json()) {
        if let Err(problems) = Properties::parse(&value) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.to_string().len() <= MAX_PROBLEMS_TEXT);
        }
        prop_assert!(problems_of(&value, Source::Template).to_string().len() <= MAX_PROBLEMS_TEXT);
        let _ = Properties::for_delete(&value);
    }

    #[test]
    fn anything_within_the_properties_is_read_without_panic(value in any_json()) {
        let mut properties = everything();
        for name in ["Overrides", "Tags", "Triggers", "UpdateCriteria"] {
            properties[name] = value.clone();
        }
        let _ = Properties::parse(&properties);
        let _ = problems_of(&properties, Source::Template);
    }

    #[test]
    fn the_canonical_form_reads_as_itself(
        left_out in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        count in 0..=10_u8,
        argument in any::<String>(),
    ) {
        let mut properties = everything();
        let names: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        for index in left_out {
            let name = &names[index.index(names.len())];
            if !["Cluster", "TaskDefinition"].contains(&name.as_str()) {
                properties.as_object_mut().unwrap().remove(name);
            }
        }
        properties["Count"] = json!(count.to_string());
        properties["Overrides"]["ContainerOverrides"] = json!([{"Name": "m", "Command": [argument]}]);
        let once = canonical(&properties, Source::Event).unwrap();
        let twice = canonical(&Value::Object(once.clone()), Source::Event).unwrap();
        prop_assert_eq!(&once, &twice);
        prop_assert_eq!(parse(&properties), parse(&Value::Object(once)));
        prop_assert_eq!(parse(&properties), parse(&in_camel_case(&properties)));
    }
}

#[test]
fn many_problems_are_counted_not_listed() {
    let nonsense: Map<_, _> = (0..100_000)
        .map(|index| (format!("nonsense{index}"), json!(1)))
        .collect();
    let told = Properties::parse(&Value::Object(nonsense)).unwrap_err();
    assert_eq!(told.listed().len(), 20);
    assert_eq!(told.unlisted(), 100_002 - 20);
}

#[test]
fn long_names_and_values_are_cut() {
    let told = problems_with(
        &json!({"x".repeat(1_000_000): 1, "Count": "9".repeat(1_000_000), "Group": "", "Cluster": "c".repeat(1_000_000)}),
    );
    assert!(told.len() < 1_000, "{}", told.len());
}
