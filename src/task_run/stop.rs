//! Stopping the tasks of a run.

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout_at};

use super::tasks::{RETRY_PAUSE, Tasks};
use crate::aws::ecs::Ecs;
use crate::task::spec::TaskSpec;

/// The reason with which ECS is asked to stop the tasks of a run whose deadline has passed. ECS
/// repeats it as the task's own reason.
pub(super) fn reason_at_deadline(spec: &TaskSpec) -> String {
    format!("Deadline of {:.0} passed", spec.deadline)
}

/// Asks ECS to stop every task of which a container may still run, also those that the run has
/// given up. Tries until `end` at the latest; a task that cannot be stopped is left to the state
/// machine.
pub(super) async fn stop_what_may_run(
    ecs: &Ecs,
    spec: &TaskSpec,
    tasks: &Tasks<'_>,
    reason: &str,
    end: Instant,
) {
    let may_run = tasks
        .all()
        .iter()
        .filter(|task| !task.was_seen_to_run_nothing());
    join_all(may_run.map(|task| stop(ecs, &spec.cluster, task.arn(), reason, end))).await;
}

/// Asks ECS to stop a task, again and again until ECS has accepted the call.
async fn stop(ecs: &Ecs, cluster: &str, arn: &str, reason: &str, end: Instant) {
    let stopped = timeout_at(end, async {
        loop {
            match ecs.stop_task(cluster, arn, reason).await {
                Ok(()) => return,
                Err(error) if error.may_pass() => sleep(RETRY_PAUSE).await,
                Err(error) => {
                    return tracing::warn!(%error, "a task could not be stopped; it is left to the state machine");
                }
            }
        }
    });
    if stopped.await.is_err() {
        tracing::warn!(
            task = arn,
            "a task could not be stopped; it is left to the state machine"
        );
    }
}
