//! GitHub's workflows, as far as they can be read without GitHub. Rights, pins and injections are
//! zizmor's, in `.ci/run`.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use ecs_task_runner::check::read_document;
use serde_json::Value;

use crate::markdown::{Document, Part};
use crate::{python, read, root, shell};

const DIRECTORY: &str = ".github/workflows";

/// Each workflow, by its path.
fn workflows() -> Vec<(String, Value)> {
    let entries = fs::read_dir(root().join(DIRECTORY)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let workflows: Vec<_> = names
        .map(|name| {
            let path = format!("{DIRECTORY}/{name}");
            let workflow = read_document(&read(&path)).unwrap();
            (path, workflow)
        })
        .collect();
    assert!(!workflows.is_empty());
    workflows
}

fn jobs(workflow: &Value) -> impl Iterator<Item = &Value> {
    workflow["jobs"].as_object().unwrap().values()
}

/// What the steps of all workflows run.
fn scripts() -> Vec<Part> {
    let mut scripts = Vec::new();
    for (path, workflow) in workflows() {
        for step in jobs(&workflow)
            .filter_map(|job| job["steps"].as_array())
            .flatten()
        {
            if let Some(script) = step["run"].as_str() {
                scripts.push(Part {
                    place: format!("{path}: {}", step["name"]),
                    text: script.to_owned(),
                });
            }
        }
    }
    scripts
}

#[test]
fn shellcheck_has_nothing_to_say_of_what_the_steps_run() {
    let shellcheck = python().programs().join("shellcheck");
    for script in scripts() {
        // GitHub runs them so.
        let mut check = Command::new(&shellcheck)
            .args(["--shell=bash", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = check.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, script.text.as_bytes()).unwrap();
        drop(input);
        let output = check.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {said}", script.place);
    }
}

#[test]
fn the_steps_run_scripts_that_are_there() {
    let mut called = BTreeSet::new();
    for script in scripts() {
        for words in shell::commands(&script.text) {
            let program = words[0].clone();
            if program.starts_with(".ci/") || program.starts_with("infra/") {
                assert!(
                    root().join(&program).exists(),
                    "{}: {program}",
                    script.place
                );
                called.insert(program);
            }
        }
    }
    assert!(called.contains(".ci/run"), "{called:?}");
}

/// A dash, as in `- uses: …`, or nothing is before it.
#[test]
fn every_action_is_named_by_a_commit_and_its_version() {
    let mut pinned = 0;
    for (path, _) in workflows() {
        for line in read(&path).lines() {
            let line = line.trim().trim_start_matches("- ");
            let Some(action) = line
                .strip_prefix("uses: ")
                .filter(|uses| !uses.starts_with("./"))
            else {
                continue;
            };
            let (commit, version) = action
                .split_once('@')
                .and_then(|(_, rest)| rest.split_once(" # v"))
                .unwrap_or_else(|| panic!("{path}: {line}: name the commit, and ` # vVERSION`"));
            assert!(
                commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()),
                "{path}: {line}"
            );
            assert_eq!(version.split('.').count(), 3, "{path}: {line}");
            pinned += 1;
        }
    }
    assert!(pinned > 5, "{pinned} actions");
}

#[test]
fn the_nightly_workflow_asks_for_every_check_that_there_is() {
    let help = Command::new(root().join(".ci/nightly"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let known: BTreeSet<_> = help
        .lines()
        .filter_map(|line| line.split_once(".ci/nightly ")?.1.split_whitespace().next())
        .collect();
    let workflow = read_document(&read(format!("{DIRECTORY}/nightly.yml"))).unwrap();
    let text = workflow.to_string();
    let matrix = &workflow["jobs"]["check"]["strategy"]["matrix"]["check"];
    let asked: BTreeSet<_> = matrix
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check.as_str().unwrap().split(' ').next().unwrap())
        .collect();
    for check in &known {
        assert!(
            asked.contains(check) || text.contains(&format!(".ci/nightly {check}")),
            "{check} is in no night"
        );
    }
    assert!(asked.is_subset(&known), "{asked:?}, of {known:?}");
}

/// The release workflow compares what it has made with this list before it publishes.
#[test]
fn the_files_of_a_release_are_documented() {
    let workflow = read(format!("{DIRECTORY}/release.yml"));
    let (_, list) = workflow.split_once("<<END\n").unwrap();
    let (list, _) = list.split_once("END\n").unwrap();
    let published: BTreeSet<_> = list
        .lines()
        .map(|line| line.trim().replace("$version", "VERSION"))
        .filter(|line| !line.is_empty())
        .collect();
    let guide = Document::read("infra/releases.md");
    let (_, section) = guide.text.split_once("## What a release has\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let cells = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| row.split(" | ").next().unwrap());
    let documented: BTreeSet<_> = cells
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    assert_eq!(published, documented);
}
