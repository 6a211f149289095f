//! `--kill-worker`: that another worker has gone on with the same task.

use anyhow::{Context, Result, bail};

use super::console::Console;
use super::explained;
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
    let svg = picture
        .to_str()
        .context("The path of the target directory is not UTF-8")?;
    let arguments = [execution.as_str(), "--svg", svg];
    explained::show(
        platform,
        programs,
        &arguments,
        explained::SUCCEEDED,
        console,
    )
    .await?;
    let picture = picture.display();
    console.print("", &format!("explain --svg has drawn it: {picture}"));
    Ok(())
}
