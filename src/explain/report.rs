//! An explanation as text for people. Its JSON form is derived in the types.

use std::fmt;

use jiff::Timestamp;

use super::conclusion::Conclusion;
use super::span::Span;
use super::{DeploymentSummary, Explanation, RequestSummary, TimelineEntry};
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
        write!(f, "{}", self.head())?;
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
        write!(f, "\n{}", self.conclusion)
    }
}

/// What stands above the timeline.
struct Head<'e>(&'e Explanation);

impl Explanation {
    /// The lines above the timeline, the blank one before it included: what was requested, and when
    /// it ran.
    #[must_use]
    pub fn head(&self) -> impl fmt::Display {
        Head(self)
    }
}

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation {
            execution,
            request,
            deployment,
            rollback_of,
            task,
            started,
            ended,
            ..
        } = self.0;
        match (request, deployment) {
            (Some(request), _) => writeln!(f, "{request}")?,
            (None, Some(DeploymentSummary { service, stage, .. })) => {
                let at = if stage.is_empty() {
                    String::new()
                } else {
                    format!(", at {stage}")
                };
                writeln!(f, "Hook of a deployment of service {service}{at}")?;
            }
            (None, None) => writeln!(f, "Direct run")?,
        }
        let name = execution.rsplit(':').next().unwrap_or_default();
        if let Some(deployment) = deployment {
            writeln!(f, "Deployment {}", deployment.arn)?;
        }
        writeln!(f, "Execution  {name}")?;
        if let Some(update) = rollback_of {
            writeln!(f, "Rolls back {update}")?;
        }
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
        write_time(f, *started, *ended)?;
        writeln!(f)
    }
}

impl fmt::Display for RequestSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.request_type, self.logical_id)?;
        if !self.resource_type.is_empty() {
            write!(f, " ({})", self.resource_type)?;
        }
        write!(f, " in stack {}", self.stack)
    }
}

/// The line with the time from start to end.
pub(super) fn write_time(
    f: &mut fmt::Formatter<'_>,
    started: Timestamp,
    ended: Option<Timestamp>,
) -> fmt::Result {
    match ended {
        Some(ended) => writeln!(
            f,
            "Time       {} to {} UTC, {}",
            date(started),
            clock(ended),
            Span::between(started, ended)
        ),
        None => writeln!(f, "Time       {} UTC until now", date(started)),
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.sentence)?;
        if let Some(reason) = &self.reason {
            for line in byte_limit::cut_middle(reason, MAX_REASON).lines() {
                writeln!(f, "  {line}")?;
            }
        }
        if let Some(advice) = &self.advice {
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

/// A moment in UTC.
pub(super) fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}
