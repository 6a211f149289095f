//! Rollbacks that run something. CloudFormation brings the properties from before an update as another
//! Update. What that Update runs is either the task definition that comes back (`RunOnRollback`), or once
//! more that of the update that failed (`RollbackOverrides`): only the failed release knows how to go
//! back.
//!
//! ```text
//! the update that failed has RollbackOverrides
//!   ├ its execution: the newest of the resource in this operation of the stack that may have started a
//!   │    container. None, or each shows that no container was started ──▶ nothing to roll back
//!   ├ an execution that rolls it back: one that has this request answers, one that has succeeded is
//!   │    enough, one that has failed is tried again
//!   ▼
//! start an execution, whose name is made of that of the update's
//! ```

use std::fmt::Display;

use tokio::time::timeout;

use super::arrival::Arrival;
use super::earlier_runs::{earlier_run, error_name};
use super::evidence::{Evidence, HISTORY_TAIL};
use super::plan::{Plan, Run};
use super::{StartError, Starter};
use crate::aws::ApiError;
use crate::cloudformation::identity;
use crate::execution::history::Progress;
use crate::execution::input::RollbackOf;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::properties::Properties;
use crate::task::error::ErrorName;
use crate::times::rollback::ROLLBACK_EVIDENCE_BUDGET;

/// The most executions that try to roll back one run. Each further one is a person's decision.
const MAX_ATTEMPTS: u32 = 100;

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
        obstacle: Option<String>,
    ) -> Result<Plan, StartError> {
        let planning = self.plan_rollback_of(arrival, obstacle);
        let error = match timeout(ROLLBACK_EVIDENCE_BUDGET, planning).await {
            Ok(Ok(run)) => return Ok(Plan::Execute(Box::new(run))),
            Ok(Err(Interruption::Settled(plan))) => return Ok(plan),
            Ok(Err(Interruption::Api(error))) => error,
            Err(_) => self.unanswered(ROLLBACK_EVIDENCE_BUDGET),
        };
        if self.will_be_redelivered(arrival, &error) {
            return Err(StartError::Later(error));
        }
        Ok(self.refuse(arrival, &not_seen(&error)).await)
    }

    async fn plan_rollback_of(
        &self,
        arrival: &Arrival,
        obstacle: Option<String>,
    ) -> Result<Run, Interruption> {
        // Before any evidence: what an earlier delivery did has changed it. An event of the update
        // itself, which comes once more, has its execution too.
        if let Some(name) = self.own_execution(arrival).await? {
            return Err(Interruption::Settled(Plan::LeaveToExecution(name)));
        }
        let failed = Properties::parse(&arrival.event.old_resource_properties);
        let run = match self.evidence(arrival, failed.as_ref().ok()).await? {
            Evidence::Run(run) => run,
            Evidence::NoRun => {
                return Err(settled(
                    "no execution of the update that failed was found, so there is nothing to roll back",
                ));
            }
            Evidence::NothingStarted(why) => {
                return Err(settled(&format!(
                    "nothing of the update that failed had run ({why}), so there is nothing to roll back"
                )));
            }
        };
        let name = &run.listed.name;
        let failed = match failed {
            Ok(failed) => failed,
            Err(problems) => {
                let why = unreadable(name, &problems);
                return Err(Interruption::Settled(self.refuse(arrival, &why).await));
            }
        };
        if let Some(why) = obstacle {
            return Err(Interruption::Settled(self.refuse(arrival, &why).await));
        }
        let (started_by, client_token) = self.attempt(arrival, name).await?;
        let mut earlier_runs = self.runs_to_wait_for(arrival, None).await?;
        if !earlier_runs
            .iter()
            .any(|earlier| earlier.started_by == *name)
        {
            let now = self.clock.now();
            let of = earlier_run(&run.listed, &run.execution, run.input.as_ref(), now)?;
            earlier_runs.push(of);
        }
        let deadline = self.deadline_after(arrival, &earlier_runs, failed.timeout());
        let task = failed.rollback_task_spec(started_by, client_token, deadline.at);
        let Some(mut task) = task else {
            return Err(settled("the update that failed has no RollbackOverrides"));
        };
        task.deadline_set_by = Some(deadline.set_by);
        Ok(Run {
            earlier_runs,
            rollback_of: Some(RollbackOf {
                execution: run.listed.name,
                request: arrival.identity.name.clone(),
            }),
            ..Run::of(task)
        })
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
            "{}: execution {failed} was to be rolled back {MAX_ATTEMPTS} times, and each time the rollback failed. It is not tried again.",
            ErrorName::InvalidRequest
        );
        Err(Interruption::Settled(Plan::Fail(why)))
    }

    /// Whether the run of an execution succeeded, even if its reply could not be delivered.
    async fn has_succeeded(&self, name: &str, execution: &Execution) -> Result<bool, ApiError> {
        if execution.status == ExecutionStatus::Succeeded {
            return Ok(true);
        }
        // Of one that seems to run as well: its description may lag behind its end, or `start` has
        // stopped it after its success.
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

/// The Reason of a rollback of properties that this release cannot read. `name` is the execution that may
/// have run them.
fn unreadable(name: &str, problems: &dyn Display) -> String {
    format!(
        "{}: execution {name} of the update that failed may have run, and what would roll it back is not known, since the update's properties cannot be read: {problems}. Roll it back by hand, and have CloudFormation skip the resource when the rollback is continued.",
        ErrorName::InvalidRequest
    )
}

fn settled(why_skipped: &str) -> Interruption {
    Interruption::Settled(Plan::skip(why_skipped))
}

/// The Reason of a rollback for which the evidence could not be seen.
fn not_seen(error: &ApiError) -> String {
    format!(
        "{}: whether the update that failed had run its task cannot be seen: {error}. Continue the rollback once that can be seen.",
        error_name(error)
    )
}
