//! What `ecs-task-runner explain` says of the run, as somebody sees it who calls it then.

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::colour::Colour;
use super::console::Console;
use super::platform::Platform;
use super::programs::Programs;

/// The program's exit code for a run that succeeded, and for one that failed.
pub const SUCCEEDED: i32 = 0;
pub const FAILED: i32 = 1;

/// Prints the command and its output.
///
/// # Errors
/// When the program does not end with the expected exit code.
pub async fn show(
    platform: &Platform,
    programs: &Programs,
    arguments: &[&str],
    expected: i32,
    console: &Console,
) -> Result<()> {
    let explained = Command::new(&programs.ecs_task_runner)
        .arg("explain")
        .args(arguments)
        .envs(platform.endpoints.variables())
        .output()
        .await
        .context("ecs-task-runner explain could not be run")?;
    let text = String::from_utf8_lossy(&explained.stdout);
    if explained.status.code() != Some(expected) {
        let errors = String::from_utf8_lossy(&explained.stderr);
        bail!(
            "ecs-task-runner explain ended with {}, and not with exit code {expected}:\n{text}{errors}",
            explained.status
        );
    }
    let command = format!("$ ecs-task-runner explain {}", arguments.join(" "));
    let command = console.palette().paint(Colour::Bold, &command);
    console.print_plain(&format!("\n{command}\n{}\n", text.trim_end()));
    Ok(())
}
