//! The documents, held against the code: what they show parses, what they name is there, and what
//! they list is complete.
//!
//! ```text
//! *.md ──▶ markdown ──┬─▶ links       relative links and anchors
//!                     ├─▶ templates   YAML and JSON: `check`, cfn-lint
//!                     ├─▶ commands    shell: `bash -n`, and flags by what the programs know (shell, aws)
//!                     ├─▶ tables      the worker's flags
//!                     ├─▶ cost        what the templates have that costs, and the sums
//!                     ├─▶ outputs     what `check` prints
//!                     └─▶ words       the length of the front page, and words that readers stumble over
//! infra/policies ─────▶ policies      rights, against the resources of the templates
//! .github/workflows ──▶ workflows     scripts, pinned actions, the files of a release
//! ```
//!
//! Tables of properties, outputs and errors are compared beside the code that has them, and so are
//! outputs that are shown: `src/properties/tests/reference.rs`, `src/task/outcome.rs`,
//! `src/task/error.rs`, `src/explain/advice.rs`, `src/explain/tests/forms.rs`,
//! `tests/scenarios/task_run/reasons.rs`.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod aws;
mod commands;
mod cost;
mod links;
mod markdown;
mod outputs;
mod policies;
mod shell;
mod tables;
mod templates;
mod words;
mod workflows;

use std::path::{Path, PathBuf};
use std::process::Command;

use local_run::python::PythonEnvironment;

/// The top of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The Python environment of the checks, with cfn-lint and the AWS CLI.
fn python() -> PythonEnvironment {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(PythonEnvironment::prepare(|_| ()))
        .unwrap()
}

/// What a program of the project prints; the environment does not show in it.
fn help(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .arg("--help")
        .env_clear()
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; cargo build makes it", program.display()));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn ecs_task_runner() -> PathBuf {
    env!("CARGO_BIN_EXE_ecs-task-runner").into()
}

/// The program behind `cargo local`. Another package builds it, into the same directory.
fn local() -> PathBuf {
    ecs_task_runner().with_file_name("local")
}
