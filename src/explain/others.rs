//! The list of a stack's executions beside the one that is explained.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::report::date;
use super::span::Span;
use super::stack_runs::StackExecution;
use crate::cloudformation::event::RequestType;

/// Executions that are shown as text. The JSON form has all that were found.
const SHOWN: usize = 20;

/// The executions beside the one that is explained, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OtherExecutions(Vec<OtherExecution>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherExecution {
    execution: String,
    #[serde(skip)]
    name: String,
    logical_id: String,
    request_type: RequestType,
    status: &'static str,
    started: Timestamp,
    ended: Option<Timestamp>,
    #[serde(rename = "seconds")]
    took: Span,
}

impl OtherExecutions {
    /// `runs` are sorted, newest first. `now` is for how long one of them has run.
    #[must_use]
    pub fn of(runs: Vec<StackExecution>, now: Timestamp) -> Self {
        let others = runs.into_iter().map(|run| OtherExecution {
            execution: run.execution.arn,
            name: run.execution.name,
            logical_id: run.logical_id,
            request_type: run.request_type,
            status: run.execution.status.name(),
            started: run.execution.started,
            ended: run.execution.stopped,
            took: Span::between(run.execution.started, run.execution.stopped.unwrap_or(now)),
        });
        Self(others.collect())
    }
}

impl fmt::Display for OtherExecutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else {
            return Ok(());
        };
        writeln!(f, "\nOther executions, newest first")?;
        for other in self.0.iter().take(SHOWN) {
            writeln!(
                f,
                "{} UTC   {:<9}   {:<12}  {}",
                date(other.started),
                other.status,
                other.took,
                other.name
            )?;
        }
        let hidden = self.0.len().saturating_sub(SHOWN);
        if hidden > 0 {
            writeln!(f, "…   {hidden} more; --json shows all")?;
        }
        let beginning = first.execution.trim_end_matches(first.name.as_str());
        writeln!(f, "To see one: ecs-task-runner explain {beginning}NAME")
    }
}
