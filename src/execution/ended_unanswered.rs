//! Why an execution ended without an answer, in words: the error with which `rescue` answers, and
//! which `explain` shows as that answer.

use std::time::Duration;

use super::error::{CaughtError, NOT_CLAIMED, UNKNOWN};
use crate::execution::history::Activity;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::task::error::ErrorName;

/// The cause with which `rescue` stops an execution that no worker took within `claim_timeout`; the
/// error is [`NOT_CLAIMED`].
#[must_use]
pub(crate) fn not_claimed(claim_timeout: Duration) -> String {
    format!(
        "No worker polled the activity for {} s: is the fleet running?",
        claim_timeout.as_secs()
    )
}

/// The error for an end that the state machine could not catch. `status` is how the execution
/// ended; it is passed beside `execution`, whose description may lag behind.
pub(crate) fn error_of(
    status: ExecutionStatus,
    execution: &Execution,
    activity: &Activity,
) -> CaughtError {
    let given_reason = given_reason(execution);
    let before_its_end = if execution.has_request() {
        "it had replied to CloudFormation"
    } else {
        "the run had ended"
    };
    let (error, cause) = match status {
        // This arm comes before that for other aborted executions: `rescue` stopped this one and
        // gave the cause.
        ExecutionStatus::Aborted if execution.error.as_deref() == Some(NOT_CLAIMED) => {
            (NOT_CLAIMED, execution.cause.clone().unwrap_or_default())
        }
        // Likewise: it had not ended by its `answerBy`.
        ExecutionStatus::Aborted
            if execution.error.as_deref() == Some(ErrorName::DeadlineExceeded.as_str()) =>
        {
            (ErrorName::DeadlineExceeded.as_str(), execution.cause.clone().unwrap_or_default())
        }
        ExecutionStatus::Aborted => {
            // The texts do not say that nothing ran: an earlier worker may have handed the run
            // over, and its task may run.
            let (before, holder) = match activity {
                Activity::Waiting { .. } => ("the run was over", "No worker had it then.".to_owned()),
                Activity::Taken { worker } => ("the run was over", format!("{} had taken it.", worker_in_words(worker.as_deref()))),
                Activity::GivenToFunction { .. } => ("the run was over", "The function work had been given it.".to_owned()),
                Activity::Unknown | Activity::Ended => (before_its_end, String::new()),
            };
            let given_reason = given_reason.unwrap_or_else(|| "no reason was given".to_owned());
            (ErrorName::Interrupted.as_str(), format!("The execution was stopped before {before}: {given_reason}. {holder}"))
        }
        ExecutionStatus::TimedOut => match activity {
            Activity::Waiting { .. } => {
                (NOT_CLAIMED, "No worker polled the activity until the time for the whole run was over, though an earlier one may have handed it over: is the fleet running?".to_owned())
            }
            Activity::Taken { worker } => (
                ErrorName::DeadlineExceeded.as_str(),
                format!(
                    "{} had taken the run, and the time for the whole execution was over before it had finished.",
                    worker_in_words(worker.as_deref())
                ),
            ),
            Activity::GivenToFunction { .. } => (
                ErrorName::DeadlineExceeded.as_str(),
                "The function work had been given the run, and the time for the whole execution was over before it had finished, or before Lambda had a function free for it.".to_owned(),
            ),
            Activity::Unknown | Activity::Ended => {
                (ErrorName::DeadlineExceeded.as_str(), format!("The time for the whole execution was over before {before_its_end}."))
            }
        },
        ExecutionStatus::Failed | ExecutionStatus::Running | ExecutionStatus::Succeeded => {
            let error = execution.error.as_deref().filter(|error| !error.is_empty()).unwrap_or(UNKNOWN);
            (error, execution.cause.clone().unwrap_or_default())
        }
    };
    CaughtError {
        error: error.to_owned(),
        cause: cause.trim_end().to_owned(),
    }
}

/// The error and cause that were given when the execution was stopped, without a full stop; `None`
/// when neither was.
fn given_reason(execution: &Execution) -> Option<String> {
    let parts: Vec<_> = [&execution.error, &execution.cause]
        .into_iter()
        .filter_map(|part| {
            part.as_deref()
                .map(|text| text.trim().trim_end_matches('.'))
                .filter(|text| !text.is_empty())
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

fn worker_in_words(worker: Option<&str>) -> String {
    worker.map_or_else(|| "A worker".to_owned(), |name| format!("Worker '{name}'"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table is read from top to bottom")]
    fn every_end_without_an_answer_has_an_error_and_a_cause() {
        let waiting = Activity::Waiting {
            since: Timestamp::UNIX_EPOCH,
        };
        let taken = Activity::Taken {
            worker: Some("i-0abc".to_owned()),
        };
        let given = Activity::GivenToFunction {
            since: Timestamp::UNIX_EPOCH,
        };
        let not_claimed = not_claimed(Duration::from_secs(300));
        for (status, error, cause, activity, expected_error, expected) in [
            (
                ExecutionStatus::Aborted,
                NOT_CLAIMED,
                not_claimed.as_str(),
                &waiting,
                NOT_CLAIMED,
                "No worker polled the activity for 300 s",
            ),
            (
                ExecutionStatus::Aborted,
                "",
                "",
                &waiting,
                "EcsTask.Interrupted",
                "run was over: no reason was given. No worker had it then.",
            ),
            (
                ExecutionStatus::Aborted,
                "EcsTask.DeadlineExceeded",
                "Worker 'i-0abc' had taken the run, and time was over.",
                &taken,
                "EcsTask.DeadlineExceeded",
                "Worker 'i-0abc' had taken the run, and time was over.",
            ),
            (
                ExecutionStatus::Aborted,
                "",
                "wrong release.",
                &taken,
                "EcsTask.Interrupted",
                "over: wrong release. Worker 'i-0abc' had",
            ),
            (
                ExecutionStatus::Aborted,
                "Mine",
                "why",
                &Activity::Ended,
                "EcsTask.Interrupted",
                "before it had replied to CloudFormation: Mine: why.",
            ),
            (
                ExecutionStatus::Aborted,
                "",
                "wrong release",
                &given,
                "EcsTask.Interrupted",
                "over: wrong release. The function work had been given it.",
            ),
            (
                ExecutionStatus::TimedOut,
                "",
                "",
                &given,
                "EcsTask.DeadlineExceeded",
                "before Lambda had a function free for it.",
            ),
            (
                ExecutionStatus::TimedOut,
                "",
                "",
                &waiting,
                NOT_CLAIMED,
                "is the fleet running?",
            ),
            (
                ExecutionStatus::TimedOut,
                "",
                "",
                &taken,
                "EcsTask.DeadlineExceeded",
                "Worker 'i-0abc' had taken the run",
            ),
            (
                ExecutionStatus::TimedOut,
                "",
                "",
                &Activity::Taken { worker: None },
                "EcsTask.DeadlineExceeded",
                "A worker had taken",
            ),
            (
                ExecutionStatus::TimedOut,
                "",
                "",
                &Activity::Unknown,
                "EcsTask.DeadlineExceeded",
                "before it had replied to CloudFormation",
            ),
            (
                ExecutionStatus::Failed,
                "States.Runtime",
                "Activity does not exist",
                &Activity::Ended,
                "States.Runtime",
                "does not exist",
            ),
            (
                ExecutionStatus::Failed,
                "",
                "",
                &Activity::Unknown,
                "States.Unknown",
                "",
            ),
        ] {
            let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let execution = Execution {
                status,
                started: Timestamp::UNIX_EPOCH,
                stopped: None,
                input: r#"{"request": {}}"#.to_owned(),
                error: optional(error),
                cause: optional(cause),
            };
            let caught = error_of(status, &execution, activity);
            assert_eq!(caught.error, expected_error, "{status:?}: {caught:?}");
            assert!(caught.cause.contains(expected), "{status:?}: {caught:?}");
            assert!(!caught.cause.contains(".."), "{caught:?}");
        }
    }

    #[test]
    fn a_direct_run_is_not_said_to_owe_cloudformation_a_reply() {
        for (status, expected) in [
            (
                ExecutionStatus::Aborted,
                "The execution was stopped before the run had ended: wrong release.",
            ),
            (
                ExecutionStatus::TimedOut,
                "The time for the whole execution was over before the run had ended.",
            ),
        ] {
            let execution = Execution {
                status,
                started: Timestamp::UNIX_EPOCH,
                stopped: None,
                input: r#"{"Cluster": "production", "TaskDefinition": "migrate"}"#.to_owned(),
                error: None,
                cause: Some("wrong release".to_owned()),
            };
            for activity in [Activity::Unknown, Activity::Ended] {
                let caught = error_of(status, &execution, &activity);
                assert_eq!(caught.cause, expected);
            }
        }
    }
}
