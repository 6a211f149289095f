//! The activity runtime serving an activity that has nothing to do with ECS: every task is answered
//! with its own input.
//!
//! `cargo run --example echo -- arn:aws:states:REGION:ACCOUNT:activity:NAME`, until Ctrl-C or
//! SIGTERM.

use anyhow::Context;
use ecs_task_runner::activity::{self, ActivityClient, ActivityTask, Options, TaskFailure};
use ecs_task_runner::aws::Connection;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

async fn echo(task: ActivityTask) -> Result<String, TaskFailure> {
    if task.input.is_empty() {
        return Err(TaskFailure {
            error: "Echo.Nothing".to_owned(),
            cause: "The input is empty.".to_owned(),
        });
    }
    Ok(task.input)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let activity_arn = std::env::args()
        .nth(1)
        .context("name the ARN of an activity")?;
    let connection = Connection::from_environment(None).await;
    let client = ActivityClient::new(&connection, activity_arn, "echo");
    client.check().await?;
    let (trigger, shutdown) = activity::shutdown();
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    std::thread::spawn(move || signals.forever().for_each(|_| trigger.request()));
    // Heartbeats, retries of answers, panics and the hand-over at the end are the runtime's
    // business.
    activity::serve(client, &Options::default(), echo, shutdown).await;
    Ok(())
}
