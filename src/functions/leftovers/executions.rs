//! Executions that CloudFormation has given up: it deletes their resource, or takes back the update
//! that they are part of. It sends the next request while they still run.

use jiff::Timestamp;

use crate::aws::ApiError;
use crate::aws::step_functions::StateMachine;
use crate::cloudformation::event::RequestType;
use crate::cloudformation::identity::resource_prefix;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::task::error::ErrorName;

/// Why executions are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// A Delete of the resource has come.
    Deleted,
    /// The stack takes the update back.
    RolledBack,
}

impl StopReason {
    /// How the cause begins with which executions and tasks are stopped.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Deleted => "The CloudFormation resource is being deleted",
            Self::RolledBack => "The CloudFormation stack takes the update back",
        }
    }
}

/// Whether this execution was stopped since CloudFormation had given it up.
pub(crate) fn was_superseded(execution: &Execution) -> bool {
    let said = |reason: StopReason| {
        execution
            .cause
            .as_deref()
            .is_some_and(|cause| cause.starts_with(reason.in_words()))
    };
    execution.status == ExecutionStatus::Aborted
        && execution.error.as_deref() == Some(ErrorName::Interrupted.as_str())
        && (said(StopReason::Deleted) || said(StopReason::RolledBack))
}

/// What became of the executions that are given up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoppedEarlier {
    /// How many were stopped.
    pub(crate) count: usize,
    /// Whether one runs that began later, and so belongs to a request that came later.
    pub(crate) is_followed: bool,
    /// What kept some of them from being stopped.
    pub(crate) failure: Option<ApiError>,
}

/// Tells the Creates and Updates of a resource from its Deletes, two of which would stop each
/// other, and from all else.
#[derive(Debug, Clone)]
pub(crate) struct RunsOfResource {
    prefixes: [String; 2],
}

impl RunsOfResource {
    /// The resource's whose execution has this name. `None` when it is no name of ours.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let prefix = resource_prefix(name)?;
        Some(Self {
            prefixes: [RequestType::Create, RequestType::Update]
                .map(|kind| format!("{prefix}{}-", kind.in_lower_case())),
        })
    }

    /// Whether the execution of this name is one of them.
    pub(crate) fn include(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// Stops the Creates and Updates of the resource that still run, other than `name` itself and those
/// that began after `until`. `rescue` stops their tasks and answers for them, which nobody reads
/// any more.
pub(crate) async fn stop_earlier(
    state_machine: &StateMachine,
    runs: &RunsOfResource,
    name: &str,
    reason: StopReason,
    until: Option<Timestamp>,
) -> StoppedEarlier {
    let mut stopped = StoppedEarlier::default();
    let running = match state_machine.running().await {
        Ok(running) => running,
        Err(error) => {
            tracing::warn!(%error, "executions of the resource that still run cannot be looked for");
            return StoppedEarlier {
                failure: Some(error),
                ..stopped
            };
        }
    };
    for execution in running
        .iter()
        .filter(|execution| runs.include(&execution.name) && execution.name != name)
    {
        if until.is_some_and(|until| execution.started > until) {
            stopped.is_followed = true;
            continue;
        }
        let cause = format!("{} ({name}).", reason.in_words());
        match state_machine
            .stop(&execution.arn, ErrorName::Interrupted.as_str(), &cause)
            .await
        {
            Ok(()) => {
                tracing::info!(
                    execution = execution.name,
                    ?reason,
                    "stopped an earlier execution of the resource"
                );
                stopped.count += 1;
            }
            Err(error) => {
                tracing::warn!(%error, "an earlier execution of the resource could not be stopped");
                stopped.failure = Some(error);
            }
        }
    }
    stopped
}
