//! Prints the history of every execution as it grows.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use local_run::executions::Executions;

use super::console::Console;
use super::wording::history_line;

/// How often the executions are asked for new events.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// What has been printed so far.
pub struct ExecutionPrinter {
    executions: Executions,
    console: Console,
    printed: HashMap<String, Printed>,
}

#[derive(Default)]
struct Printed {
    lines: usize,
    ended: bool,
}

impl ExecutionPrinter {
    /// Has printed nothing yet.
    pub fn new(executions: Executions, console: &Console) -> Self {
        Self {
            executions,
            console: console.clone(),
            printed: HashMap::new(),
        }
    }

    /// Prints what comes, until it is cancelled; what was printed is not printed again.
    ///
    /// # Errors
    /// When the executions cannot be read.
    pub async fn follow(&mut self) -> Result<std::convert::Infallible> {
        loop {
            self.print_new().await?;
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Prints what comes until every execution seen has ended.
    ///
    /// # Errors
    /// When the executions cannot be read.
    pub async fn finish(&mut self) -> Result<()> {
        loop {
            self.print_new().await?;
            if self.printed.values().all(|printed| printed.ended) {
                return Ok(());
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn print_new(&mut self) -> Result<()> {
        for arn in self.executions.list().await? {
            let printed = self.printed.entry(arn.clone()).or_default();
            if printed.ended {
                continue;
            }
            let history = self.executions.history(&arn).await?;
            for line in &history[printed.lines.min(history.len())..] {
                if line.event == "ExecutionStarted" {
                    let name = arn.rsplit(':').next().unwrap_or(&arn);
                    self.console.print("execution", name);
                }
                self.console
                    .print("execution", &history_line(line, self.console.palette()));
                printed.ended |=
                    line.event.starts_with("Execution") && line.event != "ExecutionStarted";
            }
            printed.lines = history.len();
        }
        Ok(())
    }
}
