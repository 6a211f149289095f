//! The recorded documents, and how they are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

pub const DEFINITION: &str = "ecs-task.asl.json";
pub const ERROR_NAMES: &str = "error-names.json";
/// The name of a member that no release knows.
pub const STRANGER: &str = "OfALaterRelease";

/// What a release left.
pub struct Release {
    pub version: String,
    pub definition: Value,
    pub error_names: BTreeSet<String>,
    /// Documents of a run by the run's name.
    pub runs: BTreeMap<String, Value>,
}

impl Release {
    pub fn directory(version: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/scenarios/deployment/releases")
            .join(version)
    }

    /// Every recorded release.
    pub fn all() -> Vec<Self> {
        let releases: Vec<_> = std::fs::read_dir(Self::directory(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|version| Self::read(&version))
            .collect();
        assert!(!releases.is_empty());
        releases
    }

    /// The documents of a run.
    pub fn run(&self, name: &str) -> &Value {
        &self.runs[name]
    }

    fn read(version: &str) -> Self {
        let mut documents: BTreeMap<String, Value> = std::fs::read_dir(Self::directory(version))
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (
                    name,
                    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(),
                )
            })
            .collect();
        let definition = documents.remove(DEFINITION).unwrap();
        let error_names = serde_json::from_value(documents.remove(ERROR_NAMES).unwrap()).unwrap();
        let runs: BTreeMap<_, _> = documents
            .into_iter()
            .map(|(name, run)| (name.strip_suffix(".json").unwrap().to_owned(), run))
            .collect();
        assert!(!runs.is_empty(), "{version} has no runs");
        Self {
            version: version.to_owned(),
            definition,
            error_names,
            runs,
        }
    }
}

/// Where `later` lacks a member of `earlier`, or has another type there.
pub fn difference(earlier: &Value, later: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(earlier, later, "$", &mut found);
    found
}

fn compare(earlier: &Value, later: &Value, path: &str, found: &mut Vec<String>) {
    match (earlier, later) {
        (Value::Object(earlier), Value::Object(later)) => {
            for (name, value) in earlier {
                match later.get(name) {
                    Some(same) => compare(value, same, &format!("{path}.{name}"), found),
                    None => found.push(format!("lacks {path}.{name}")),
                }
            }
        }
        (Value::Array(earlier), Value::Array(later)) => {
            for (index, value) in earlier.iter().enumerate() {
                match later.get(index) {
                    Some(same) => compare(value, same, &format!("{path}[{index}]"), found),
                    None => found.push(format!("lacks {path}[{index}]")),
                }
            }
        }
        _ if std::mem::discriminant(earlier) == std::mem::discriminant(later) => {}
        _ => found.push(format!("has another type at {path}")),
    }
}

/// `value` with a member that nobody knows in every object.
pub fn with_strangers(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let stranger = (
                STRANGER.to_owned(),
                json!({"list": [1, null, "x"], "flag": true}),
            );
            let known = members
                .iter()
                .map(|(name, value)| (name.clone(), with_strangers(value)));
            Value::Object(known.chain([stranger]).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(with_strangers).collect(),
        other => other.clone(),
    }
}

/// The paths that a template of the definition reads.
pub fn references(template: &Value) -> Vec<&str> {
    template
        .as_object()
        .unwrap()
        .values()
        .map(|path| path.as_str().unwrap())
        .collect()
}

#[test]
fn additions_are_no_difference_and_everything_else_is() {
    let earlier = json!({"a": "x", "b": [{"c": 1}], "d": {"e": true}});
    assert!(difference(&earlier, &with_strangers(&earlier)).is_empty());
    for (later, told) in [
        (json!({"b": [{"c": 1}], "d": {"e": true}}), "lacks $.a"),
        (json!({"a": "x", "b": [], "d": {"e": true}}), "lacks $.b[0]"),
        (
            json!({"a": "x", "b": [{"c": "1"}], "d": {"e": true}}),
            "has another type at $.b[0].c",
        ),
        (
            json!({"a": "x", "b": [{"c": 1}], "d": [true]}),
            "has another type at $.d",
        ),
        (
            json!({"a": null, "b": [{"c": 1}], "d": {"e": true}}),
            "has another type at $.a",
        ),
    ] {
        assert_eq!(difference(&earlier, &later), [told]);
    }
}
