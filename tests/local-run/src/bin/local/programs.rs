//! The project's own programs, built by cargo before the run.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use local_run::child_process::ChildProcess;
use local_run::directories::workspace_directory;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// Where cargo put the programs.
#[derive(Debug, PartialEq, Eq)]
pub struct Programs {
    /// The worker's.
    pub ecs_task_runner: PathBuf,
    /// The Lambda functions'.
    pub custom_resource: PathBuf,
}

impl Programs {
    /// Builds them; cargo's progress goes to standard error as usual.
    ///
    /// # Errors
    /// When the build fails.
    pub async fn build() -> Result<Self> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args([
                "build",
                "--bins",
                "--message-format",
                "json-render-diagnostics",
            ])
            // Both packages, so that the features of their dependencies are those with which this
            // program was built.
            .args(["--package", "ecs-task-runner", "--package", "local-run"])
            .current_dir(workspace_directory())
            .stdout(Stdio::piped());
        for (name, _) in std::env::vars_os()
            .filter(|(name, _)| name.to_str().is_some_and(describes_this_package))
        {
            command.env_remove(name);
        }
        let mut cargo = ChildProcess::start("cargo build", command)?;
        let mut messages = String::new();
        let mut output = cargo.take_output().expect("the command pipes its output");
        output
            .read_to_string(&mut messages)
            .await
            .context("The messages of cargo build could not be read")?;
        let status = cargo.ended().await?;
        if !status.success() {
            bail!("cargo build ended with {status}; its messages are above");
        }
        Ok(Self {
            ecs_task_runner: executable(&messages, "ecs-task-runner")?,
            custom_resource: executable(&messages, "custom-resource")?,
        })
    }
}

/// Whether cargo set a variable for this very program when it ran it
/// (<https://doc.rust-lang.org/cargo/reference/environment-variables.html>). A cargo started with
/// those builds much anew: the build scripts of some dependencies ask for them.
fn describes_this_package(variable: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ]
    .iter()
    .any(|set| variable.starts_with(set))
}

/// Finds a program among cargo's messages, one JSON object a line
/// (<https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>).
fn executable(messages: &str, name: &str) -> Result<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = messages.filter(|message| {
        message["reason"] == "compiler-artifact" && message["target"]["name"] == name
    });
    let path = built.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    path.with_context(|| format!("cargo build made no program {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = r#"{"reason":"compiler-artifact","target":{"name":"ecs_task_runner","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"custom-resource","kind":["bin"]},"executable":"/t/debug/custom-resource"}
not json
{"reason":"build-finished","success":true}"#;

    #[test]
    fn a_program_is_found_by_its_name() {
        assert_eq!(
            executable(MESSAGES, "custom-resource").unwrap(),
            PathBuf::from("/t/debug/custom-resource")
        );
    }

    #[test]
    fn cargos_own_settings_reach_the_build() {
        for (variable, expected) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_BIN_NAME", true),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_BUILD_JOBS", false),
            ("CARGO_HOME", false),
            ("RUSTFLAGS", false),
        ] {
            assert_eq!(describes_this_package(variable), expected, "{variable}");
        }
    }

    #[test]
    fn a_program_that_was_not_built_is_named() {
        let error = executable(MESSAGES, "ecs-task-runner")
            .unwrap_err()
            .to_string();
        assert_eq!(error, "cargo build made no program ecs-task-runner");
    }
}
