//! An explanation as text for people. Its JSON form is derived in the types.

use std::fmt;

use jiff::Timestamp;

use super::span::Span;
use super::{Explanation, TimelineEntry};
use crate::arn::last_part;
use crate::text::byte_limit;

/// Number of steps of a long timeline that are shown at its beginning, and at its end. The JSON
/// form has all steps.
const SHOWN_AT_EACH_END: usize = 20;
/// Longest Reason that is shown, in bytes; CloudFormation shows less.
const MAX_REASON: usize = 4_096;
/// Width of the column with the time since the start, in characters.
const SINCE_WIDTH: usize = 12;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request,
            task,
            conclusion,
            ..
        } = self;
        match request {
            Some(request) => {
                write!(f, "{:?} of {}", request.request_type, request.logical_id)?;
                if !request.resource_type.is_empty() {
                    write!(f, " ({})", request.resource_type)?;
                }
                writeln!(f, " in stack {}", request.stack)?;
            }
            None => writeln!(f, "Direct run")?,
        }
        let name = self.execution.rsplit(':').next().unwrap_or_default();
        writeln!(f, "Execution  {name}")?;
        if let Some(task) = task {
            let tasks = if task.count == 1 {
                String::new()
            } else {
                format!(", {} tasks", task.count)
            };
            writeln!(
                f,
                "Task       {} on cluster {}{tasks}",
                last_part(&task.task_definition),
                last_part(&task.cluster)
            )?;
        }
        match self.ended {
            Some(ended) => {
                let span = Span::between(self.started, ended);
                writeln!(
                    f,
                    "Time       {} to {} UTC, {span}",
                    date(self.started),
                    clock(ended)
                )?;
            }
            None => writeln!(f, "Time       {} UTC until now", date(self.started))?,
        }
        writeln!(f)?;
        let hidden = self.steps.len().saturating_sub(2 * SHOWN_AT_EACH_END);
        // One hidden step would take as much room as the line that says so.
        if hidden > 1 {
            self.steps[..SHOWN_AT_EACH_END]
                .iter()
                .try_for_each(|step| step.fmt(f))?;
            writeln!(f, "…          {hidden} more steps; --json shows all")?;
            self.steps[self.steps.len() - SHOWN_AT_EACH_END..]
                .iter()
                .try_for_each(|step| step.fmt(f))?;
        } else {
            self.steps.iter().try_for_each(|step| step.fmt(f))?;
        }
        writeln!(f, "\n{}", conclusion.sentence)?;
        if let Some(reason) = &conclusion.reason {
            for line in byte_limit::cut_middle(reason, MAX_REASON).lines() {
                writeln!(f, "  {line}")?;
            }
        }
        if let Some(advice) = &conclusion.advice {
            writeln!(f, "What to do: {advice}.")?;
        }
        Ok(())
    }
}

impl fmt::Display for TimelineEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = format!("+{}", self.since_start);
        writeln!(
            f,
            "{}   {since:<SINCE_WIDTH$} {}",
            clock(self.at),
            self.event
        )
    }
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}
