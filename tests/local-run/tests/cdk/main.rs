//! The CDK package (`infra/cdk`): npm builds, lints and tests it in a copy below the target
//! directory, and what its tests synthesize is checked and deployed.
//!
//! It needs Node with npm, and their registry. Where npm is missing the tests are skipped, unless
//! `CDK_IS_REQUIRED` is set, as in `.ci/run`.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod package;

use std::fs;
use std::path::{Path, PathBuf};

use ecs_task_runner::check::{FileReport, Format, RESOURCE_TYPE, write};
use local_run::directories::{RunDirectory, workspace_directory};
use local_run::python::PythonEnvironment;
use local_run::recording::{Recording, text_of};
use package::{Package, run};
use serde_json::Value;
use tokio::process::Command;

/// The CDK names dependencies that a reference implies anyway.
const REDUNDANT_DEPENDENCY: &str = "W3005";

/// Fails when `check` has anything to say of a template, or cfn-lint has.
async fn check(templates: &[PathBuf]) {
    assert!(!templates.is_empty());
    for path in templates {
        let text = fs::read_to_string(path).unwrap();
        let name = path.display().to_string();
        let report = FileReport::of(&name, &text, &[RESOURCE_TYPE], true);
        let said = write(&[report], Format::Text);
        let findings: Vec<_> = said
            .lines()
            .filter(|line| !line.starts_with("checked "))
            .collect();
        assert!(findings.is_empty(), "{findings:#?}");
    }
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let mut cfn_lint = Command::new(python.programs().join("cfn-lint"));
    cfn_lint.args(["--ignore-checks", REDUNDANT_DEPENDENCY, "--"]);
    run(cfn_lint.args(templates)).await;
}

fn json_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_package_has_the_version_of_the_programs() {
    let directory = workspace_directory().join("infra/cdk");
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(directory.join(name)).unwrap()).unwrap()
    };
    let (package, lock) = (read("package.json"), read("package-lock.json"));
    for version in [
        &package["version"],
        &lock["version"],
        &lock["packages"][""]["version"],
    ] {
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
    }
}

#[tokio::test]
async fn the_package_passes_its_lints_and_types_are_right() {
    let Some(package) = Package::tested().await else {
        return;
    };
    package.npm(&["run", "lint"]).await;
    package.npm(&["run", "types"]).await;
}

#[tokio::test]
async fn the_example_is_synthesized_and_is_no_part_of_what_is_packed() {
    let Some(package) = Package::tested().await else {
        return;
    };
    let template = package
        .directory()
        .join("cdk.out/Todobackend.template.json");
    check(&[template]).await;
    let packed = package.npm(&["pack", "--dry-run", "--json"]).await;
    let packed: Value = serde_json::from_str(&packed).unwrap();
    let files = packed[0]["files"].as_array().unwrap();
    let others: Vec<_> = files
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .filter(|path| !path.starts_with("lib/") && !path.starts_with("schema/"))
        .collect();
    assert_eq!(others, [".jsii", "LICENSE", "README.md", "package.json"]);
}

#[tokio::test]
async fn what_its_tests_synthesize_passes_check_and_cfn_lint() {
    let Some(package) = Package::tested().await else {
        return;
    };
    check(&json_files(&package.templates())).await;
}

#[tokio::test]
async fn stacks_of_the_package_are_deployed_with_the_real_task_runner() {
    let Some(package) = Package::tested().await else {
        return;
    };
    for (template, waits_in) in [
        ("hello.json", "Migrate"),
        ("hello-for-hours.json", "MigrateCondition"),
    ] {
        let mut local = Command::new(env!("CARGO_BIN_EXE_local"));
        local.arg("--template");
        let said = run(local.arg(package.templates().join(template))).await;
        for part in [
            "container  migrate | hello",
            waits_in,
            "SUCCESS, with the outputs",
            "ExitCode         0",
            "CREATE_COMPLETE;",
        ] {
            assert!(said.contains(part), "{part:?} is not in {said}");
        }
        if template == "hello.json" {
            assert_reads_like_the_readmes_picture(&said);
        }
    }
}

/// Asserts that the run said all that the picture of `cargo local` shows of any stack, but for times and
/// numbers.
fn assert_reads_like_the_readmes_picture(said: &str) {
    let recorded = "tests/local-run/tests/pictures/recorded/local.ansi";
    let recording = Recording::read(&workspace_directory().join(recorded)).unwrap();
    let said: Vec<_> = said.lines().map(text_of).collect();
    let missing: Vec<_> = recording
        .said_of_any_stack()
        .into_iter()
        // A long line is cut in the picture.
        .filter(|line| {
            let beginning = line.trim_end_matches('…');
            !said.iter().any(|said| said.starts_with(beginning))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "{recorded} is out of date, cargo pictures makes it anew: {missing:#?}\nis not in {said:#?}"
    );
}

#[tokio::test]
async fn the_python_package_synthesizes_with_the_newest_cdk() {
    let Some(package) = Package::tested().await else {
        return;
    };
    let python = package.python().await;
    let templates = RunDirectory::create("cdk-python").unwrap();
    let mut synthesize = Command::new(python);
    synthesize.arg(package.directory().join("test/python_app.py"));
    run(synthesize.arg(templates.path())).await;
    check(&json_files(templates.path())).await;
}
