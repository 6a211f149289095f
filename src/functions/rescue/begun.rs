//! Answering once more that a run has begun whose end goes to a wait condition.
//!
//! The execution answers this itself (state `RespondStarted`). But its attempts may all have failed, or
//! the state machine's definition may be of a release that has no such state. The run goes on for hours,
//! and CloudFormation gives the resource up after one. So sweeps repeat the answer. They do so whether it
//! was given or not, since a repetition does no harm and reading each history costs more.

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::Rescuer;
use crate::execution::status::ListedExecution;
use crate::times::{EVENT_GRACE, RESCUE_ANSWER_TIMEOUT, SERVICE_TIMEOUT};

/// How many answers a sweep gives at once.
const CONCURRENCY: usize = 8;

impl Rescuer {
    /// Answers for those of the running executions whose input an earlier sweep of this instance has
    /// read, once for each. After `end` it begins no answer. What fails is logged, and tried again by the
    /// next sweep, until CloudFormation no longer waits.
    pub(super) async fn repeat_that_runs_began(&self, running: &[ListedExecution], end: Instant) {
        let due: Vec<_> = running
            .iter()
            .filter(|execution| {
                let age = self.clock.since(execution.started);
                (EVENT_GRACE..SERVICE_TIMEOUT).contains(&age)
            })
            .filter_map(|execution| {
                let request = self.running.begun(&execution.arn)?;
                Some((execution.clone(), request))
            })
            .collect();
        stream::iter(due)
            .for_each_concurrent(CONCURRENCY, |(execution, request)| async move {
                if Instant::now() >= end {
                    return;
                }
                let within = RESCUE_ANSWER_TIMEOUT;
                match self.responder.repeat_that_it_began(&request, within).await {
                    Ok(()) => self.running.need_not_repeat(&execution.arn),
                    Err(error) => {
                        tracing::warn!(%error, execution = execution.name, "the answer that the run has begun could not be repeated; the next sweep tries again");
                    }
                }
            })
            .await;
    }
}
