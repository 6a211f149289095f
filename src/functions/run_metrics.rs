//! One line in the log for each run that has ended, of which CloudWatch makes metrics: runs by outcome
//! and by error, and times. The dashboard of `infra/task-runner.yaml` shows them. Nobody calls
//! CloudWatch for it: CloudWatch Logs finds the metrics in the line (embedded metric format,
//! `CloudWatch_Embedded_Metric_Format_Specification`).
//!
//! ```text
//! the state machine comes to a run's end ─▶ respond: the line, once the reply is delivered; for a
//!                                                    direct run at once (CountSuccess, CountFailure)
//! the execution ended otherwise ─▶ its event ─▶ rescue: the line, once it has answered
//! ```
//!
//! A Delete is no run, and neither is what starts nothing: a request that `start` refuses or skips, and a
//! direct run that `prepare` refuses or whose `Count` is 0. These have no line. What a worker refuses is a
//! run that failed.
//!
//! An instance of a function counts an execution once. A run is still counted twice where Step Functions
//! repeats a call of `respond` whose return was lost and the call reaches another instance, where
//! `rescue` answers once more for an execution that was stopped while it replied, or where EventBridge
//! delivers an event twice. It is not counted where the event of its end was lost, nor where the reply
//! could not be delivered, which are matters of the alarms.

mod line;

use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;

use jiff::Timestamp;

use super::remembered::Remembered;
use super::respond::RespondEvent;
use crate::clock::Clock;
use crate::cloudformation::event::{Request, RequestType};
use crate::cloudformation::response::Status;
use crate::execution::deployment::Deployment;
use crate::execution::error::CaughtError;
use crate::task::outcome::Output;

/// Writes the lines.
#[derive(Clone)]
pub struct RunMetrics {
    namespace: String,
    clock: Clock,
    write: Arc<dyn Fn(&str) + Send + Sync>,
    counted: Remembered,
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub(super) struct EndedRun {
    /// ARN of the execution; empty where the state machine, of an earlier release, does not pass it.
    execution: String,
    /// When the execution was started.
    started: Option<Timestamp>,
    whose: Whose,
    /// The error's name; `None` for success.
    error: Option<String>,
    /// The outputs of a success.
    output: Output,
}

/// Who waits for a run.
#[derive(Debug, Clone)]
pub(super) enum Whose {
    /// CloudFormation, for a resource of a stack.
    Resource {
        /// ARN of the stack.
        stack: String,
        /// The resource's name in the template.
        logical_id: String,
        /// Whether the resource is created or updated.
        request_type: RequestType,
        /// Whether a wait condition waits for the run's end.
        to_condition: bool,
    },
    /// The deployment of an ECS service.
    Deployment {
        /// Name of the service.
        service: String,
    },
    /// Whoever started the execution.
    Direct,
}

impl RunMetrics {
    /// Writes to standard output, which Lambda hands to CloudWatch Logs, whatever `RUST_LOG` says.
    /// `namespace` is that of the metrics.
    #[must_use]
    pub fn to_stdout(namespace: impl Into<String>, clock: Clock) -> Self {
        Self::new(namespace, clock, |line| {
            // One call for the whole line, so that no other line comes between. A line that cannot be
            // written must not keep a reply from CloudFormation.
            let _ = io::stdout()
                .lock()
                .write_all(format!("{line}\n").as_bytes());
        })
    }

    /// Gives each line, without its end, to `write`.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        clock: Clock,
        write: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            clock,
            write: Arc::new(write),
            counted: Remembered::default(),
        }
    }

    /// Writes the line of the run, unless this instance has written it before.
    pub(super) fn count(&self, run: &EndedRun) {
        // Executions that are not named cannot be told apart.
        if run.execution.is_empty() || self.counted.remember(&run.execution) {
            (self.write)(&line::line(run, &self.namespace, self.clock.now()).to_string());
        }
    }
}

impl fmt::Debug for RunMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunMetrics")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl EndedRun {
    /// The run whose end the state machine has `respond` report. `None` when it is none: a Delete, or a
    /// run that has only begun.
    pub(super) fn reported(event: &RespondEvent) -> Option<Self> {
        let state = &event.state;
        if event.has_only_begun {
            return None;
        }
        Some(Self {
            execution: event.execution.clone(),
            started: event.started,
            whose: Whose::of(state.request.as_ref(), state.deployment.as_ref())?,
            error: match event.status {
                Status::Success => None,
                Status::Failed => Some(state.error.error.clone()),
            },
            output: state.output.clone(),
        })
    }

    /// The run of an execution that the state machine could not bring to its end.
    pub(super) fn ended_early(
        execution_arn: &str,
        started: Timestamp,
        whose: Whose,
        error: CaughtError,
    ) -> Self {
        Self {
            execution: execution_arn.to_owned(),
            started: Some(started),
            whose,
            error: Some(error.error),
            output: Output::default(),
        }
    }
}

impl Whose {
    /// `None` for a Delete.
    pub(super) fn of(request: Option<&Request>, deployment: Option<&Deployment>) -> Option<Self> {
        match (request, deployment) {
            (Some(request), _) if request.request_type == RequestType::Delete => None,
            (Some(request), _) => Some(Self::Resource {
                stack: request.stack_id.clone(),
                logical_id: request.logical_resource_id.clone(),
                request_type: request.request_type,
                to_condition: request.wait_condition_handle.is_some(),
            }),
            (None, Some(deployment)) => Some(Self::Deployment {
                service: deployment.service_name().to_owned(),
            }),
            (None, None) => Some(Self::Direct),
        }
    }
}
