//! How a run ended: the outputs of a success, or the error and cause of a failure. The worker sends
//! it to Step Functions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::task::error::ErrorName;
use crate::text::{lenient, printable};

/// Longest cause of `SendTaskFailure`. The API counts characters (`API_SendTaskFailure`); counted
/// in bytes, a text never has more.
pub const MAX_CAUSE: usize = 32_768;

/// The outputs of a run: the activity's output, and the custom resource's `Data`, whose keys
/// templates read with `!GetAtt`. Every key is always there, since `!GetAtt` fails for a missing
/// one; a value that does not apply is empty. A value of
/// another type is read as text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Output {
    /// ARN of the first task.
    #[serde(deserialize_with = "lenient::text")]
    pub task_arn: String,
    /// ARNs of all tasks, separated by commas.
    #[serde(deserialize_with = "lenient::text")]
    pub task_arns: String,
    /// Exit code of the first container that counts.
    #[serde(deserialize_with = "lenient::text")]
    pub exit_code: String,
    /// When the first task started, RFC 3339.
    #[serde(deserialize_with = "lenient::text")]
    pub started_at: String,
    /// When the last task stopped, RFC 3339.
    #[serde(deserialize_with = "lenient::text")]
    pub stopped_at: String,
    /// Whole seconds from `started_at` to `stopped_at`.
    #[serde(deserialize_with = "lenient::text")]
    pub duration_seconds: String,
    /// CloudWatch log group of the first container that counts.
    #[serde(deserialize_with = "lenient::text")]
    pub log_group: String,
    /// Log stream of the first container that counts.
    #[serde(deserialize_with = "lenient::text")]
    pub log_stream: String,
    /// Address of the first task's page in the ECS console.
    #[serde(deserialize_with = "lenient::text")]
    pub console_url: String,
    /// Why nothing was run; empty when something was.
    #[serde(deserialize_with = "lenient::text")]
    pub skipped: String,
}

impl Output {
    /// The names of the outputs, as templates write them.
    pub(crate) fn names() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(Value::Object(outputs)) => outputs.into_iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        }
    }

    /// The outputs of a request that runs nothing.
    #[must_use]
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self {
            skipped: reason.into(),
            ..Self::default()
        }
    }
}

/// A run that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct Failure {
    /// Name of the error, which the state machine and alarms match on.
    pub error: ErrorName,
    /// What happened, to which task, and what to do about it; at most [`MAX_CAUSE`] bytes.
    pub cause: String,
}

impl Failure {
    /// Makes the cause fit to print, and cuts one of more than [`MAX_CAUSE`] bytes in its middle,
    /// since its first sentence and its last log line matter most.
    #[must_use]
    pub fn new(error: ErrorName, cause: impl AsRef<str>) -> Self {
        Self {
            error,
            cause: printable::lines(cause.as_ref(), MAX_CAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_key_is_there_even_when_nothing_ran() {
        let json = serde_json::to_value(Output::skipped("Count is 0")).unwrap();
        assert_eq!(json["Skipped"], "Count is 0");
        let mut names = Output::names();
        names.sort_unstable();
        assert!(names.iter().all(|name| json[name].is_string()));
        assert_eq!(
            names,
            [
                "ConsoleUrl",
                "DurationSeconds",
                "ExitCode",
                "LogGroup",
                "LogStream",
                "Skipped",
                "StartedAt",
                "StoppedAt",
                "TaskArn",
                "TaskArns"
            ]
        );
    }

    #[test]
    fn the_reference_has_every_output_and_no_other() {
        let table = include_str!("../../infra/properties.md")
            .lines()
            .skip_while(|line| *line != "| output | is |")
            .skip(2);
        let mut documented: Vec<_> = table
            .take_while(|line| line.starts_with('|'))
            .flat_map(|row| row.split('|').nth(1).unwrap().split(", "))
            .map(|name| name.trim().trim_matches('`'))
            .collect();
        documented.sort_unstable();
        let mut outputs = Output::names();
        outputs.sort_unstable();
        assert_eq!(documented, outputs);
    }

    #[test]
    fn a_value_of_another_type_is_read_as_text() {
        let output: Output = serde_json::from_str(
            r#"{"ExitCode": 0, "TaskArn": null, "Skipped": true, "LogGroup": ["a"], "New": 1}"#,
        )
        .unwrap();
        assert_eq!(
            output,
            Output {
                exit_code: "0".to_owned(),
                skipped: "true".to_owned(),
                log_group: "[\"a\"]".to_owned(),
                ..Output::default()
            }
        );
    }

    #[test]
    fn a_long_cause_keeps_its_head_and_its_end() {
        let failure = Failure::new(
            ErrorName::Failed,
            format!("head {} last line", "x".repeat(MAX_CAUSE)),
        );
        assert!(failure.cause.len() <= MAX_CAUSE);
        assert!(failure.cause.starts_with("head ") && failure.cause.ends_with(" last line"));
    }
}
