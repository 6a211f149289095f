use serde_json::{Value, json};

use super::*;

fn properties(changes: &[(&str, Value)]) -> Properties {
    let mut properties = json!({"Cluster": "production", "TaskDefinition": "migrate:3"});
    for (name, value) in changes {
        properties[name] = value.clone();
    }
    Properties::parse(&properties).unwrap()
}

fn environments(value: &str) -> ContainerEnvironments {
    let migrate = BTreeMap::from([
        ("VERSION".to_owned(), value.to_owned()),
        ("OTHER".to_owned(), "x".to_owned()),
    ]);
    ContainerEnvironments::from([("migrate".to_owned(), migrate)])
}

fn override_of(value: &str) -> Value {
    json!({"ContainerOverrides": [{"Name": "migrate", "Environment": [{"Name": "VERSION", "Value": value}]}]})
}

fn version_of(container: &str) -> (&'static str, Value) {
    (
        "UpdateCriteria",
        json!([{"Container": container, "EnvironmentKeys": ["VERSION"]}]),
    )
}

#[test]
fn without_criteria_every_update_runs() {
    let same = properties(&[]);
    let none = ContainerEnvironments::new();
    assert_eq!(
        same.reason_to_run_on_update(Some(&same), &none, &none),
        Some(ReasonToRun::NoCriteria)
    );
    assert!(!same.needs_environments(Some(&same)));
}

#[test]
fn a_change_counts_when_it_is_a_criterion() {
    let all = json!(["TaskDefinition", "Cluster", "Overrides"]);
    for (criteria, changed, reason) in [
        (
            all.clone(),
            ("TaskDefinition", json!("migrate:4")),
            Some("TaskDefinition changed"),
        ),
        (
            all.clone(),
            ("Cluster", json!("staging")),
            Some("Cluster changed"),
        ),
        (
            all.clone(),
            ("Overrides", override_of("2")),
            Some("Overrides changed"),
        ),
        (all, ("Timeout", json!("60")), None),
        (
            json!(["Cluster"]),
            ("TaskDefinition", json!("migrate:4")),
            None,
        ),
        (
            json!("TaskDefinition"),
            ("TaskDefinition", json!("migrate:4")),
            Some("TaskDefinition changed"),
        ),
        (
            json!(["Cluster"]),
            ("Triggers", json!({"a": "1"})),
            Some("Triggers changed"),
        ),
    ] {
        let old = properties(&[("UpdateCriteria", criteria.clone())]);
        let new = properties(&[("UpdateCriteria", criteria), changed]);
        let none = ContainerEnvironments::new();
        let told = new
            .reason_to_run_on_update(Some(&old), &none, &none)
            .map(|reason| reason.to_string());
        assert_eq!(told.as_deref(), reason);
    }
}

#[test]
fn another_spelling_of_the_same_overrides_is_no_change() {
    let criteria = ("UpdateCriteria", json!("Overrides"));
    let old = properties(&[criteria.clone(), ("Overrides", json!({"Cpu": "256"}))]);
    let new = properties(&[criteria, ("Overrides", json!({"cpu": 256}))]);
    let none = ContainerEnvironments::new();
    assert_eq!(new.reason_to_run_on_update(Some(&old), &none, &none), None);
}

#[test]
fn variables_are_compared_as_the_container_sees_them() {
    let version = version_of("migrate");
    let plain = properties(std::slice::from_ref(&version));
    let overridden = properties(&[version, ("Overrides", override_of("2"))]);
    let changed = Some(ReasonToRun::Environment {
        container: "migrate".to_owned(),
        key: "VERSION".to_owned(),
    });
    for (old, new, old_version, new_version, reason) in [
        (&plain, &plain, "1", "1", None),
        (&plain, &plain, "1", "2", changed.clone()),
        (&plain, &overridden, "2", "1", None),
        (&plain, &overridden, "1", "1", changed.clone()),
        (&overridden, &plain, "1", "1", changed),
        (&overridden, &overridden, "1", "5", None),
    ] {
        assert!(new.needs_environments(Some(old)));
        let told = new.reason_to_run_on_update(
            Some(old),
            &environments(old_version),
            &environments(new_version),
        );
        assert_eq!(told, reason, "{old_version} → {new_version}");
    }
}

#[test]
fn a_container_that_one_of_the_definitions_lacks_has_no_variables_there() {
    let same = properties(&[version_of("migrate")]);
    let none = ContainerEnvironments::new();
    for (before, after) in [(&none, &environments("1")), (&environments("1"), &none)] {
        let reason = same.reason_to_run_on_update(Some(&same), before, after);
        assert_eq!(
            reason.map(|reason| reason.to_string()).as_deref(),
            Some("VERSION changed in the environment of migrate")
        );
    }
}

#[test]
fn what_cannot_be_compared_runs() {
    let none = ContainerEnvironments::new();
    let new = properties(&[version_of("typo")]);
    assert_eq!(
        new.reason_to_run_on_update(None, &none, &none),
        Some(ReasonToRun::OldPropertiesUnreadable)
    );
    assert!(!new.needs_environments(None));
    let old = new.clone();
    let told = new.reason_to_run_on_update(Some(&old), &environments("1"), &environments("1"));
    assert_eq!(told, Some(ReasonToRun::ContainerUnknown("typo".to_owned())));
}
