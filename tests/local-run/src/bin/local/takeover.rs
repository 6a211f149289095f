//! `--kill-worker`: that another worker has gone on with the same task.

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::console::Console;
use super::platform::Platform;
use super::programs::Programs;

/// Shows what `ecs-task-runner explain` says of the execution.
///
/// # Errors
/// When the run was not taken over, or cannot be explained.
pub async fn show(platform: &Platform, programs: &Programs, console: &Console) -> Result<()> {
    let execution = platform.executions.list().await?.pop();
    let execution = execution.context("There is no execution")?;
    let history = platform.executions.history(&execution).await?;
    if !history.iter().any(|line| line.event.ends_with("TimedOut")) {
        bail!("The worker was killed, and Step Functions has not missed its heartbeats");
    }
    let picture = platform.directory.file("takeover.svg");
    let explained = Command::new(&programs.ecs_task_runner)
        .args(["explain", &execution, "--svg"])
        .arg(&picture)
        .envs(platform.endpoints.variables())
        .output()
        .await
        .context("ecs-task-runner explain could not be run")?;
    let text = String::from_utf8_lossy(&explained.stdout);
    if !explained.status.success() {
        let errors = String::from_utf8_lossy(&explained.stderr);
        bail!(
            "ecs-task-runner explain ended with {}:\n{text}{errors}",
            explained.status
        );
    }
    console.print("", "ecs-task-runner explain says of it:");
    console.print_plain(&format!("\n{}\n", text.trim_end()));
    let picture = picture.display();
    console.print("", &format!("explain --svg has drawn it: {picture}"));
    Ok(())
}
