//! What `hook` replies, and the line of its log that says why a hook failed.

use jiff::Timestamp;

use super::Outcome;
use crate::aws::{ApiError, ErrorKind};
use crate::execution::error::{CaughtError, UNKNOWN};
use crate::execution::hook::{HookProgress, HookReply, PassedOn, call_back_delay};
use crate::execution::reason::error_in_words;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::task::error::ErrorName;
use crate::text::printable;

/// The field `incident` of the log line for a hook that failed. The line's message is the Reason; it
/// begins with the name of the service.
pub const INCIDENT_HOOK_FAILED: &str = "HookFailed";

/// The error and the cause with which an execution ended, in words.
pub(super) fn error_of(execution: &Execution) -> String {
    let otherwise = match execution.status {
        ExecutionStatus::TimedOut => ErrorName::DeadlineExceeded.as_str(),
        ExecutionStatus::Aborted => ErrorName::Interrupted.as_str(),
        _ => UNKNOWN,
    };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    error_in_words(&CaughtError {
        error: given(&execution.error).unwrap_or_else(|| otherwise.to_owned()),
        cause: given(&execution.cause).unwrap_or_default(),
    })
}

/// Nothing was started by this call. The error may pass, or the hook has failed.
pub(super) fn not_started(service: &str, error: &ApiError) -> Outcome {
    let name = match error.kind {
        ErrorKind::Throttled | ErrorKind::Unavailable => return Err(error.to_string()),
        ErrorKind::AccessDenied => ErrorName::AccessDenied,
        ErrorKind::Rejected => ErrorName::NotStarted,
    };
    let error = format!("{name}: the run could not be started: {error}.");
    Ok(failed(service, &error, None))
}

pub(super) fn in_progress(progress: &HookProgress, now: Timestamp) -> HookReply {
    let waited = now.duration_since(progress.first_call);
    HookReply::InProgress {
        call_back_delay: call_back_delay(waited.try_into().unwrap_or_default()),
        hook_details: PassedOn {
            execution_arn: progress.execution_arn().map(str::to_owned),
            first_call: progress.first_call,
        },
    }
}

/// Fails the hook. ECS shows nobody why: this one line of the log does.
pub(super) fn failed(service: &str, reason: &str, execution: Option<&str>) -> HookReply {
    let reason = printable::clean(reason);
    let more = execution.map_or_else(String::new, |arn| {
        format!("\nMore: ecs-task-runner explain {arn}")
    });
    let whose = if service.is_empty() {
        String::new()
    } else {
        format!("{service}: ")
    };
    tracing::error!(
        incident = INCIDENT_HOOK_FAILED,
        execution,
        "{whose}{reason}{more}"
    );
    HookReply::Failed
}
