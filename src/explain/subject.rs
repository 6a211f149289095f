//! What an execution is for, as far as an explanation needs it.

use super::ForeignExecution;
use super::conceal::one_line;
use super::event::TimelineEvent;
use crate::cloudformation::event::Request;
use crate::execution::deployment::Deployment;
use crate::execution::direct::{DirectExecution, Prepared};
use crate::execution::input::{ExecutionInput, Workers};
use crate::execution::status::Execution;
use crate::task::error::ErrorName;
use crate::task::spec::TaskSpec;
use serde::Serialize;
use serde_json::Value;

/// The request and the task of an execution.
#[derive(Debug)]
pub(super) struct Subject {
    /// `None` for a direct run and for a run of a deployment.
    pub(super) request: Option<Request>,
    /// `None` unless the lifecycle hook of a deployment started the run.
    pub(super) deployment: Option<DeploymentSummary>,
    /// Name of the execution whose run is rolled back.
    pub(super) rollback_of: Option<String>,
    /// `None` for a direct run whose properties say that nothing is to be run, or cannot be run.
    pub(super) task: Option<TaskSpec>,
}

/// A deployment of a service, as the lifecycle hook writes it into the execution's input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSummary {
    /// ARN of the service deployment.
    pub arn: String,
    /// Name of the service.
    pub service: String,
    /// The stage at which the hook was called; empty where ECS did not say.
    pub stage: String,
}

impl DeploymentSummary {
    /// The deployment in an execution's input; `None` when no hook has written it.
    #[must_use]
    pub fn of_input(input: &str) -> Option<Self> {
        let mut input: Value = serde_json::from_str(input).ok()?;
        let deployment = serde_json::from_value(input.get_mut("deployment")?.take());
        Some(Self::of(&deployment.ok()?))
    }

    fn of(deployment: &Deployment) -> Self {
        Self {
            arn: one_line(&deployment.arn),
            service: one_line(deployment.service_name()),
            stage: one_line(&deployment.stage),
        }
    }
}

impl Subject {
    /// Reads the input of an execution. A direct run's is its properties, of which the task is derived
    /// as the function `prepare` does.
    pub(super) fn of(arn: &str, execution: &Execution) -> Result<Self, ForeignExecution> {
        let input: Value = serde_json::from_str(&execution.input).map_err(|_| ForeignExecution)?;
        if input.get("task").is_some() {
            let ExecutionInput {
                request,
                deployment,
                rollback_of,
                task,
                ..
            } = serde_json::from_value(input).map_err(|_| ForeignExecution)?;
            return Ok(Self {
                request,
                deployment: deployment.as_ref().map(DeploymentSummary::of),
                rollback_of: rollback_of.map(|of| one_line(&of.execution)),
                task: Some(task),
            });
        }
        let direct = DirectExecution {
            arn,
            started: execution.started,
        };
        let task = match direct.prepare(&input, Workers::Fleet) {
            Ok(Prepared::Run(input)) => Some(input.task),
            Ok(Prepared::Nothing(_)) => None,
            // An input that cannot be run may be that of any state machine, unless the execution
            // failed for just that.
            Err(_) if is_refused(execution) => None,
            Err(_) => return Err(ForeignExecution),
        };
        Ok(Self {
            request: None,
            deployment: None,
            rollback_of: None,
            task,
        })
    }

    /// Who started the execution.
    pub(super) fn beginning(&self) -> TimelineEvent {
        match (&self.request, &self.deployment) {
            (Some(_), _) => TimelineEvent::Requested,
            (None, Some(_)) => TimelineEvent::StartedByHook,
            (None, None) => TimelineEvent::StartedDirectly,
        }
    }
}

fn is_refused(execution: &Execution) -> bool {
    execution.error.as_deref() == Some(ErrorName::InvalidRequest.as_str())
}
