//! Rollbacks that run something. CloudFormation brings the properties from before an update as another
//! Update. What that Update runs is either the task definition that comes back (`RunOnRollback`), or once
//! more that of the update that failed (`RollbackOverrides`): only the failed release knows how to go
//! back.
//!
//! ```text
//! the update that failed has RollbackOverrides
//!   ├ its execution: the newest of the resource that began in this operation of the stack
//!   │    none, or it shows that no container was started ──▶ nothing to roll back
//!   ├ an execution that rolls it back: one that has this request answers, one that has succeeded is
//!   │    enough, one that has failed is tried again
//!   ▼
//! start an execution, whose name is made of that of the update's
//! ```

use std::fmt::Display;

use jiff::Timestamp;
use tokio::time::timeout;

use super::arrival::Arrival;
use super::earlier_runs::{EarlierRuns, earlier_run, error_name, input_of, still_runs};
use super::plan::{Plan, Run};
use super::{StartError, Starter};
use crate::aws::ApiError;
use crate::cloudformation::identity;
use crate::execution::history::Progress;
use crate::execution::input::{ExecutionInput, RollbackOf};
use crate::execution::rollback::why_nothing_started;
use crate::execution::status::{Execution, ExecutionStatus, ListedExecution};
use crate::properties::Properties;
use crate::task::error::ErrorName;
use crate::times::rollback::ROLLBACK_EVIDENCE_BUDGET;

/// Events read from the end of a history. That of a run that no worker took is shorter.
const HISTORY_TAIL: usize = 1_000;
/// The most executions that try to roll back one run. Each further one is a person's decision.
const MAX_ATTEMPTS: u32 = 100;

/// An execution with its input; `None` where the input cannot be read.
struct FailedRun {
    listed: ListedExecution,
    execution: Execution,
    input: Option<ExecutionInput>,
}

/// Why the plan is not to go on.
enum Interruption {
    /// A call failed.
    Api(ApiError),
    /// The plan is settled.
    Settled(Plan),
}

impl From<ApiError> for Interruption {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl Starter {
    /// The plan for the rollback of an update whose properties have `RollbackOverrides`.
    pub(super) async fn plan_rollback(
        &self,
        arrival: &Arrival,
        earlier: EarlierRuns,
    ) -> Result<Plan, StartError> {
        let failed = Properties::parse(&arrival.event.old_resource_properties);
        let Ok(failed) = failed else {
            return Ok(Plan::skip(
                "the properties of the update that failed cannot be read, so what would roll it back is not known",
            ));
        };
        let planning = self.plan_rollback_of(arrival, &failed, earlier);
        let unseen = match timeout(ROLLBACK_EVIDENCE_BUDGET, planning).await {
            Ok(Ok(run)) => return Ok(Plan::Execute(Box::new(run))),
            Ok(Err(Interruption::Settled(plan))) => return Ok(plan),
            Ok(Err(Interruption::Api(error))) if self.will_be_redelivered(arrival, &error) => {
                return Err(StartError::Later(error));
            }
            Ok(Err(Interruption::Api(error))) => not_seen(error_name(&error), &error),
            Err(_) => {
                let error = self.unanswered(ROLLBACK_EVIDENCE_BUDGET);
                if self.will_be_redelivered(arrival, &error) {
                    return Err(StartError::Later(error));
                }
                not_seen(error_name(&error), &error)
            }
        };
        Ok(self.refuse(arrival, &unseen).await)
    }

    async fn plan_rollback_of(
        &self,
        arrival: &Arrival,
        failed: &Properties,
        earlier: EarlierRuns,
    ) -> Result<Run, Interruption> {
        // Before any evidence: what an earlier delivery did has changed it. An event of the update
        // itself, which comes once more, has its execution too.
        if let Some(name) = self.own_execution(arrival).await? {
            return Err(Interruption::Settled(Plan::LeaveToExecution(name)));
        }
        let stack = &arrival.request.stack_id;
        let began = self.stacks.operation_began(stack).await?;
        let Some(run) = self.failed_run(arrival, began).await? else {
            return Err(settled(
                "the update that failed had not started its task, so there is nothing to roll back",
            ));
        };
        // That of a run which `start` has just stopped is read as well: the description may be older
        // than the stop.
        let events = if run.execution.status == ExecutionStatus::Succeeded {
            None
        } else {
            let arn = &run.listed.arn;
            Some(self.state_machine.last_events(arn, HISTORY_TAIL).await?)
        };
        let nothing_started =
            why_nothing_started(&run.execution, run.input.as_ref(), events.as_deref());
        if let Some(why) = nothing_started {
            return Err(settled(&format!(
                "nothing of the update that failed had run ({why}), so there is nothing to roll back"
            )));
        }
        if let Some(error) = earlier.not_stopped {
            let why = still_runs(&error);
            return Err(Interruption::Settled(self.refuse(arrival, &why).await));
        }
        let (name, client_token) = self.attempt(arrival, &run.listed.name).await?;
        let deadline = self.age(arrival).deadline(failed.timeout());
        let task = failed.rollback_task_spec(&name, client_token, deadline.at);
        let Some(mut task) = task else {
            return Err(settled("the update that failed has no RollbackOverrides"));
        };
        task.deadline_set_by = Some(deadline.set_by);
        let mut earlier_runs = self.runs_to_wait_for(arrival).await?;
        if !earlier_runs
            .iter()
            .any(|earlier| earlier.started_by == run.listed.name)
        {
            let of = earlier_run(&run.listed, run.input.as_ref(), self.clock.now())?;
            earlier_runs.push(of);
        }
        Ok(Run {
            earlier_runs,
            rollback_of: Some(RollbackOf {
                execution: run.listed.name,
                request: arrival.identity.name.clone(),
            }),
            ..Run::of(task)
        })
    }

    /// The run of the update that failed: CloudFormation sends a resource no more than one Update in an
    /// operation before those of its rollback, so it is the newest run that began since then and
    /// rolls nothing back. `began` is `None` where the stack's events do not reach back so far.
    async fn failed_run(
        &self,
        arrival: &Arrival,
        began: Option<Timestamp>,
    ) -> Result<Option<FailedRun>, ApiError> {
        let listed = self
            .runs_before(arrival, began.unwrap_or(Timestamp::MIN))
            .await?;
        for listed in listed {
            let execution = self.state_machine.describe(&listed.arn).await?;
            let input = input_of(&listed, &execution);
            let rolls_back = input
                .as_ref()
                .is_some_and(|input| input.rollback_of.is_some());
            if execution.has_request() && !rolls_back {
                return Ok(Some(FailedRun {
                    listed,
                    execution,
                    input,
                }));
            }
        }
        Ok(None)
    }

    /// The name and client token of the execution that is to roll back the run of `failed`.
    async fn attempt(
        &self,
        arrival: &Arrival,
        failed: &str,
    ) -> Result<(String, String), Interruption> {
        for attempt in 0..MAX_ATTEMPTS {
            let Some((name, client_token)) = identity::of_rollback(failed, attempt) else {
                break;
            };
            let Some(execution) = self.state_machine.find(&name).await? else {
                return Ok((name, client_token));
            };
            if execution.rolls_back_for(&arrival.identity.name) {
                return Err(Interruption::Settled(Plan::LeaveToExecution(name)));
            }
            if self.has_succeeded(&name, &execution).await? {
                return Err(settled(&format!(
                    "execution {name} has rolled the update back before"
                )));
            }
        }
        let why = format!(
            "{}: execution {failed} was to be rolled back {MAX_ATTEMPTS} times, and each time the rollback failed. Nothing was run.",
            ErrorName::InvalidRequest
        );
        Err(Interruption::Settled(Plan::Fail(why)))
    }

    /// Whether the run of an execution succeeded, even if its reply could not be delivered.
    async fn has_succeeded(&self, name: &str, execution: &Execution) -> Result<bool, ApiError> {
        match execution.status {
            ExecutionStatus::Succeeded => return Ok(true),
            ExecutionStatus::Running => return Ok(false),
            ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {}
        }
        let arn = self.state_machine.execution_arn(name);
        let events = self.state_machine.last_events(&arn, HISTORY_TAIL).await?;
        Ok(events
            .iter()
            .scan(Progress::unread(), |progress, event| {
                progress.note(event);
                Some(progress.answer.clone())
            })
            .any(|answer| answer.is_of_success()))
    }
}

fn settled(why_skipped: &str) -> Interruption {
    Interruption::Settled(Plan::skip(why_skipped))
}

/// The Reason of a rollback for which the evidence could not be seen.
fn not_seen(name: ErrorName, error: &dyn Display) -> String {
    format!(
        "{name}: whether the update that failed had run its task cannot be seen: {error}. Continue the rollback once that can be seen."
    )
}
