//! Earlier executions of a resource that still run when CloudFormation sends the next request.
//! CloudFormation then deletes the resource or rolls back the update to which they belong, and no
//! longer waits for them.

use jiff::Timestamp;

use crate::aws::ApiError;
use crate::aws::step_functions::StateMachine;
use crate::cloudformation::event::RequestType;
use crate::cloudformation::identity::NameParts;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::task::error::ErrorName;

/// Why an earlier execution is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// CloudFormation deletes the resource.
    Deleted,
    /// CloudFormation rolls back the update to which the execution belongs.
    RolledBack,
}

impl StopReason {
    /// The beginning of the cause with which executions and tasks are stopped. [`was_superseded`]
    /// recognises it.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Deleted => "The CloudFormation resource is being deleted",
            Self::RolledBack => "The CloudFormation stack rolls the update back",
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
    /// The ARNs of executions that run and began after `until`: they belong to a later request, or to
    /// the same one.
    pub(crate) later: Vec<String>,
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
/// that began after `until`. EventBridge reports the end of each to `rescue`, which stops its tasks and answers for
/// it; CloudFormation no longer reads that answer.
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
        .iter()
        .filter(|execution| runs.include(&execution.name) && execution.name != name)
    {
        // An execution that began after `until` is the run of this or a later request and must go on.
        if until.is_some_and(|until| execution.started > until) {
            stopped.later.push(execution.arn.clone());
            continue;
        }
        let cause = format!("{} ({name}).", reason.in_words());
        let stopping = async {
            // A person may have given a direct run the name of a request: its input decides.
            let described = state_machine.describe(&execution.arn).await?;
            if !described.has_request() || described.rolls_back_for(name) {
                return Ok(false);
            }
            state_machine
                .stop(&execution.arn, ErrorName::Interrupted.as_str(), &cause)
                .await?;
            Ok(true)
        };
        match stopping.await {
            Ok(false) => tracing::info!(
                execution = execution.name,
                "the execution is called like an earlier one of the resource, and is a direct run or this request's own; it goes on"
            ),
            Ok(true) => {
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
