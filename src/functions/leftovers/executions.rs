//! Earlier executions of a resource that still run when CloudFormation sends the next request.
//! CloudFormation then deletes the resource or rolls back the update to which they belong, and no
//! longer waits for them.

use jiff::Timestamp;

use crate::aws::ApiError;
use crate::aws::step_functions::StateMachine;
use crate::cloudformation::event::RequestType;
use crate::cloudformation::identity::NameParts;
use crate::execution::status::{Execution, ExecutionStatus, ListedExecution};
use crate::task::error::ErrorName;

/// Why an execution is stopped for whose request CloudFormation no longer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// CloudFormation deletes the resource.
    Deleted,
    /// CloudFormation rolls back the update to which the execution belongs.
    RolledBack,
    /// CloudFormation gave the request up before its execution began.
    GivenUp,
}

impl StopReason {
    /// The beginning of the cause with which executions and tasks are stopped. [`was_superseded`]
    /// recognises it.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Deleted => "The CloudFormation resource is being deleted",
            Self::RolledBack => "The CloudFormation stack rolls the update back",
            Self::GivenUp => "CloudFormation no longer waits for the request",
        }
    }
}

/// What release 0.1.0 said in place of [`StopReason::RolledBack`]. Its `start` may have stopped an
/// execution just before the update to this release.
const ROLLED_BACK_IN_0_1_0: &str = "The CloudFormation stack takes the update back";

/// Whether `start` or `stop` stopped this execution because CloudFormation no longer waits for it.
pub(crate) fn was_superseded(execution: &Execution) -> bool {
    let beginnings = [
        StopReason::Deleted.in_words(),
        StopReason::RolledBack.in_words(),
        StopReason::GivenUp.in_words(),
        ROLLED_BACK_IN_0_1_0,
    ];
    let cause = execution.cause.as_deref().unwrap_or_default();
    execution.status == ExecutionStatus::Aborted
        && execution.error.as_deref() == Some(ErrorName::Interrupted.as_str())
        && beginnings.iter().any(|words| cause.starts_with(words))
}

/// What became of the earlier executions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoppedEarlier {
    /// How many executions were stopped.
    pub(crate) count: usize,
    /// Those that report to a wait condition and may be of an operation before the one that is rolled
    /// back. Only for [`StopReason::RolledBack`]; they go on.
    pub(crate) for_conditions: Vec<ListedExecution>,
    /// The last error that kept an execution from being found or stopped.
    pub(crate) failure: Option<ApiError>,
}

/// The executions that run a resource's task: those of its Creates and Updates. Executions of
/// Deletes are left out, since two of them would stop each other.
#[derive(Debug, Clone)]
pub(crate) struct RunsOfResource {
    prefixes: [String; 2],
}

impl RunsOfResource {
    /// The runs of the resource to which the execution `name` belongs. `None` when the name has not
    /// the form that `start` gives.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let prefix = NameParts::of(name)?.resource_prefix;
        Some(Self {
            prefixes: [RequestType::Create, RequestType::Update]
                .map(|kind| format!("{prefix}{}-", kind.in_lower_case())),
        })
    }

    /// Whether the execution `name` is one of them.
    pub(crate) fn include(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// Stops the executions of `runs` that still run, except those of the request `name` itself and those
/// whose request was sent after `until`. EventBridge reports the end of each to `rescue`, which stops its
/// tasks and answers for it; CloudFormation no longer reads that answer.
pub(crate) async fn stop_earlier(
    state_machine: &StateMachine,
    runs: &RunsOfResource,
    name: &str,
    reason: StopReason,
    until: Option<Timestamp>,
) -> StoppedEarlier {
    let mut stopped = StoppedEarlier::default();
    let running = match state_machine.running().await {
        Ok((running, extent)) => {
            if extent.is_cut {
                tracing::warn!(
                    listed = running.len(),
                    "more executions run than can be listed; the oldest, which are left out, may be some of the resource"
                );
            }
            running
        }
        Err(error) => {
            tracing::warn!(%error, "executions of the resource that still run cannot be looked for");
            return StoppedEarlier {
                failure: Some(error),
                ..stopped
            };
        }
    };
    for execution in running
        .into_iter()
        .filter(|execution| runs.include(&execution.name) && execution.name != name)
    {
        let looking = async {
            let described = state_machine.describe(&execution.arn).await?;
            // A person may have given a direct run the name of a request: its input decides.
            if !described.has_request() || described.rolls_back_for(name) {
                tracing::info!(
                    execution = execution.name,
                    "the execution is called like an earlier one of the resource, and is a direct run or this request's own; it goes on"
                );
            } else if until.is_some_and(|until| described.request_sent() > until) {
                tracing::info!(
                    execution = execution.name,
                    "the execution is of a later request; it goes on"
                );
            } else if reason == StopReason::RolledBack && described.reports_to_condition() {
                stopped.for_conditions.push(execution);
            } else {
                stop(state_machine, &execution, name, reason).await?;
                stopped.count += 1;
            }
            Ok(())
        };
        if let Err(error) = looking.await {
            tracing::warn!(%error, "an earlier execution of the resource could not be stopped");
            stopped.failure = Some(error);
        }
    }
    stopped
}

/// Stops an execution for the request `name`.
pub(crate) async fn stop(
    state_machine: &StateMachine,
    execution: &ListedExecution,
    name: &str,
    reason: StopReason,
) -> Result<(), ApiError> {
    let cause = format!("{} ({name}).", reason.in_words());
    state_machine
        .stop(&execution.arn, ErrorName::Interrupted.as_str(), &cause)
        .await?;
    tracing::info!(
        execution = execution.name,
        ?reason,
        "stopped an earlier execution of the resource"
    );
    Ok(())
}
