//! YAML and JSON that the documents show.

use std::collections::BTreeSet;
use std::process::Command;

use ecs_task_runner::check::{FileReport, Format, RESOURCE_TYPE, Severity, read_document, write};
use local_run::directories::RunDirectory;
use serde_json::Value;

use crate::markdown::{Document, Part};
use crate::python;

/// What the references of a fragment name that it does not have itself.
fn missing(value: &Value, known: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("Ref").and_then(Value::as_str)
                && !known.contains(name)
                && !name.starts_with("AWS::")
            {
                found.insert(name.to_owned());
            }
            for value in members.values() {
                missing(value, known, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| missing(item, known, found)),
        _ => {}
    }
}

/// A fragment made whole: its resources, and parameters for what it refers to besides.
fn whole(fragment: &Part) -> String {
    let mut resources = "Resources:\n".to_owned();
    for line in fragment.text.lines() {
        resources += &format!("  {line}\n");
    }
    let document =
        read_document(&resources).unwrap_or_else(|error| panic!("{}: {error}", fragment.place));
    let known = document["Resources"].as_object().unwrap();
    let known: BTreeSet<String> = known.keys().cloned().collect();
    let mut names = BTreeSet::new();
    missing(&document, &known, &mut names);
    let mut parameters = String::new();
    if !names.is_empty() {
        parameters += "Parameters:\n";
    }
    for name in names {
        let kind = if name.ends_with("Ids") {
            "CommaDelimitedList"
        } else {
            "String"
        };
        parameters += &format!("  {name}: {{Type: {kind}}}\n");
    }
    format!("AWSTemplateFormatVersion: '2010-09-09'\n{parameters}{resources}")
}

/// The templates that are shown, whole, each with its place.
fn shown() -> Vec<Part> {
    let mut shown = Vec::new();
    for document in Document::all() {
        for block in document.blocks_in(&["yaml"]) {
            let is_whole = block.text.contains("\nResources:");
            shown.push(Part {
                place: block.place.clone(),
                text: if is_whole {
                    block.text.clone()
                } else {
                    whole(block)
                },
            });
        }
    }
    assert!(!shown.is_empty());
    shown
}

#[test]
fn every_template_that_is_shown_passes_check() {
    for template in shown() {
        // Some show what other services do. A type that only looks like ours is found.
        let report = FileReport::of(&template.place, &template.text, &[RESOURCE_TYPE], true);
        let found = report.count(Severity::Error) + report.count(Severity::Warning);
        assert_eq!(found, 0, "{}", write(&[report], Format::Text));
    }
}

#[test]
fn every_template_that_is_shown_passes_cfn_lint() {
    let directory = RunDirectory::create("documents").unwrap();
    let mut lint = Command::new(python().programs().join("cfn-lint"));
    for template in shown() {
        let file = directory.file(&format!("{}.yaml", template.place.replace(['/', ':'], "-")));
        std::fs::write(&file, &template.text).unwrap();
        lint.arg(file);
    }
    let output = lint.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

#[test]
fn every_json_that_is_shown_is_json() {
    for document in Document::all() {
        for block in document.blocks_in(&["json"]) {
            let read = serde_json::from_str::<Value>(&block.text);
            assert!(read.is_ok(), "{}: {read:?}", block.place);
        }
    }
}
