//! Stopping the runs of lifecycle hooks whose deployment was stopped or rolled back. ECS then calls the
//! hook's function no more, and nothing else tells that nobody waits for the run.

use futures_util::stream::{self, StreamExt as _};
use tokio::time::{Instant, timeout};

use super::Rescuer;
use crate::execution::deployment::Deployment;
use crate::execution::hook::is_of_a_hook;
use crate::execution::status::ListedExecution;
use crate::task::error::ErrorName;
use crate::times::CLAIM_CHECK_BUDGET;

/// Deployments looked at in one sweep, each with a call of its own: one that may not be described, or
/// that somebody made up, must not hide the others. ECS refills such calls at 20 a second
/// (`request-throttling`), and a sweep comes every minute.
const MAX_DESCRIBED: usize = 300;
/// How many deployments are looked at at once.
const CONCURRENCY: usize = 8;

impl Rescuer {
    /// Stops those of the running executions whose deployment was given up. What fails is logged, and
    /// tried again by the next sweep.
    pub(super) async fn stop_given_up_deployments(&self, running: &[ListedExecution]) {
        self.read_inputs_of_hooks(running).await;
        let of_hooks: Vec<_> = running
            .iter()
            .filter_map(|execution| Some((execution, self.running.deployment(&execution.arn)?)))
            .collect();
        if of_hooks.len() > MAX_DESCRIBED {
            tracing::warn!(
                left = of_hooks.len() - MAX_DESCRIBED,
                "more runs of hooks are under way than one look can follow; the oldest are looked at first"
            );
        }
        let looks = stream::iter(of_hooks.into_iter().rev().take(MAX_DESCRIBED))
            .for_each_concurrent(CONCURRENCY, |(execution, deployment)| async move {
                self.stop_if_given_up(execution, &deployment).await;
            });
        // The next sweep goes on with what calls that hang leave undone.
        if timeout(CLAIM_CHECK_BUDGET, looks).await.is_err() {
            tracing::warn!("not every deployment could be looked at in time");
        }
    }

    /// Reads the inputs of hooks' executions that this instance has not read: not every deployment is
    /// to wait for its turn among all that runs.
    async fn read_inputs_of_hooks(&self, running: &[ListedExecution]) {
        let end = Instant::now() + CLAIM_CHECK_BUDGET;
        let unread: Vec<_> = running
            .iter()
            .filter(|execution| is_of_a_hook(&execution.name))
            .filter(|execution| self.running.answer_by(&execution.arn).is_none())
            .take(MAX_DESCRIBED)
            .cloned()
            .collect();
        stream::iter(unread)
            .for_each_concurrent(CONCURRENCY, |execution| async move {
                self.read_input(execution, end).await;
            })
            .await;
    }

    async fn stop_if_given_up(&self, execution: &ListedExecution, deployment: &Deployment) {
        let Some(arn) = deployment.described_by() else {
            return;
        };
        let status = match self.leftovers.ecs().deployment_status(arn).await {
            Ok(Some(status)) if status.is_given_up() => status,
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, execution = execution.name, "whether the run's deployment goes on cannot be seen; the next look is a minute away");
                return;
            }
        };
        let cause = format!(
            "The deployment of the service {} was stopped or rolled back ({status}): {arn}.",
            deployment.service_name()
        );
        // Its end reaches `rescue` as an event, which stops its tasks.
        match self
            .state_machine
            .stop(&execution.arn, ErrorName::Interrupted.as_str(), &cause)
            .await
        {
            Ok(()) => {
                self.running.forget(&execution.arn);
                tracing::warn!(execution = execution.name, %status, deployment = arn, "stopped the run of a deployment that was given up");
            }
            Err(error) => {
                tracing::error!(%error, execution = execution.name, "the run of a deployment that was given up cannot be stopped");
            }
        }
    }
}
