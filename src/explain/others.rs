//! The list of a stack's or a service's executions beside the one that is explained.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::report::date;
use super::span::Span;
use super::stack_runs::StackExecution;
use crate::cloudformation::event::RequestType;
use crate::execution::status::ListedExecution;

/// Executions that are shown as text. The JSON form has all that were found.
const SHOWN: usize = 20;

/// The executions beside the one that is explained, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OtherExecutions(Vec<OtherExecution>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OtherExecution {
    execution: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_type: Option<RequestType>,
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
            logical_id: Some(run.logical_id),
            request_type: Some(run.request_type),
            ..OtherExecution::of(run.execution, now)
        });
        Self(others.collect())
    }

    /// Those of a service's deployments, sorted and with `now` likewise.
    #[must_use]
    pub fn of_service(runs: Vec<ListedExecution>, now: Timestamp) -> Self {
        let others = runs.into_iter().map(|run| OtherExecution::of(run, now));
        Self(others.collect())
    }
}

impl OtherExecution {
    fn of(execution: ListedExecution, now: Timestamp) -> Self {
        Self {
            execution: execution.arn,
            logical_id: None,
            request_type: None,
            status: execution.status.name(),
            started: execution.started,
            ended: execution.stopped,
            took: Span::between(execution.started, execution.stopped.unwrap_or(now)),
        }
    }
}

impl fmt::Display for OtherExecutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, more)) = self.0.split_first() else {
            return Ok(());
        };
        let (beginning, _) = split_name(&first.execution);
        // The executions of several task runners have no common beginning.
        let is_common = more
            .iter()
            .all(|other| split_name(&other.execution).0 == beginning);
        writeln!(f, "\nOther executions, newest first")?;
        for other in self.0.iter().take(SHOWN) {
            writeln!(
                f,
                "{} UTC   {:<9}   {:<12}  {}",
                date(other.started),
                other.status,
                other.took,
                if is_common {
                    split_name(&other.execution).1
                } else {
                    &other.execution
                }
            )?;
        }
        let hidden = self.0.len().saturating_sub(SHOWN);
        if hidden > 0 {
            writeln!(f, "…   {hidden} more; --json shows all")?;
        }
        let how = if is_common {
            format!("{beginning}NAME")
        } else {
            "ARN".to_owned()
        };
        writeln!(f, "To see one: ecs-task-runner explain {how}")
    }
}

/// An execution's ARN, split before its name.
fn split_name(arn: &str) -> (&str, &str) {
    arn.split_at(arn.rfind(':').map_or(0, |colon| colon + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::status::ExecutionStatus;

    fn others(machines: [&str; 2]) -> String {
        let run = |machine: &str| StackExecution {
            logical_id: "A".to_owned(),
            request_type: RequestType::Create,
            execution: ListedExecution {
                arn: format!("arn:aws:states:eu-west-1:123456789012:execution:{machine}:A-create"),
                name: "A-create".to_owned(),
                status: ExecutionStatus::Succeeded,
                started: Timestamp::UNIX_EPOCH,
                stopped: Some(Timestamp::UNIX_EPOCH),
            },
        };
        let runs = machines.map(run).to_vec();
        OtherExecutions::of(runs, Timestamp::UNIX_EPOCH).to_string()
    }

    #[test]
    fn executions_of_one_task_runner_are_called_by_their_names_and_of_several_by_their_arns() {
        let of_one = others(["one", "one"]);
        let to_see = "explain arn:aws:states:eu-west-1:123456789012:execution:one:NAME\n";
        assert!(of_one.ends_with(to_see), "{of_one}");
        assert_eq!(of_one.matches("  A-create\n").count(), 2, "{of_one}");
        let of_two = others(["one", "two"]);
        for part in [
            "execution:one:A-create\n",
            "execution:two:A-create\n",
            "explain ARN\n",
        ] {
            assert!(of_two.contains(part), "{part:?} is not in\n{of_two}");
        }
    }
}
