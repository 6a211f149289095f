//! The execution that has a request already. An earlier delivery of the event may have started it; then
//! the execution answers, and this delivery must not answer beside it.

use std::time::Duration;

use tokio::time::timeout;

use super::Starter;
use super::arrival::Arrival;
use super::plan::Plan;
use crate::aws::ApiError;
use crate::clock::before;
use crate::properties::has_rollback_overrides;
use crate::times::rollback::OWN_EXECUTION_BUDGET;

/// How far the clocks of CloudFormation, which signs the response URL, and of Step Functions may differ.
const CLOCKS_DIFFER_BY: Duration = Duration::from_secs(60);

impl Starter {
    /// The plan for a request that must not run. `why` is a sentence that begins with the error's name.
    pub(super) async fn refuse(&self, arrival: &Arrival, why: &str) -> Plan {
        // The earlier delivery may have started the execution, which then answers.
        let what_ran = match self.own_execution(arrival).await {
            Ok(Some(name)) => return Plan::LeaveToExecution(name),
            Ok(None) => "Nothing was run.".to_owned(),
            Err(error) => format!(
                "This delivery of it ran nothing. Whether an earlier one did could not be seen: {error}. If so, Step Functions has an execution '{}'.",
                arrival.identity.name
            ),
        };
        Plan::Fail(format!("{why} {what_ran}"))
    }

    /// The name of the execution that an earlier delivery of the event started.
    pub(super) async fn own_execution(
        &self,
        arrival: &Arrival,
    ) -> Result<Option<String>, ApiError> {
        let name = &arrival.identity.name;
        let looking = async {
            if self.state_machine.has(name).await? {
                return Ok(Some(name.clone()));
            }
            // The execution that rolls an update back has a name that is made of the update's.
            if has_rollback_overrides(&arrival.event.old_resource_properties) {
                return self.own_rollback(arrival).await;
            }
            Ok(None)
        };
        match timeout(OWN_EXECUTION_BUDGET, looking).await {
            Ok(found) => found,
            Err(_) => Err(self.unanswered(OWN_EXECUTION_BUDGET)),
        }
    }

    async fn own_rollback(&self, arrival: &Arrival) -> Result<Option<String>, ApiError> {
        let name = &arrival.identity.name;
        let since = before(self.age(arrival).sent(), CLOCKS_DIFFER_BY);
        let runs = self.runs_since(arrival, since, None).await?;
        for candidate in runs.listed {
            let execution = self.state_machine.describe(&candidate.arn).await?;
            if execution.rolls_back_for(name) {
                return Ok(Some(candidate.name));
            }
        }
        Ok(None)
    }

    /// The error of looking for executions longer than `limit`.
    pub(super) fn unanswered(&self, limit: Duration) -> ApiError {
        ApiError::inconclusive(
            "states:ListExecutions",
            format!("state machine {}", self.state_machine.arn()),
            format!(
                "The executions of the resource could not be read within {} s",
                limit.as_secs()
            ),
        )
    }
}
