//! One task, from the moment Step Functions hands it out, or the process is given its token, to the
//! answer.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{Instrument, Span};

use super::client::{CallOutcome, TaskClient};
use super::heartbeat::{Heartbeat, Pace};
use super::{ActivityTask, HANDED_OVER, NotBegun, PANICKED, Shutdown, TaskFailure, TaskToken};
use crate::aws::backoff::Backoff;
use crate::times::{HAND_OVER_PATIENCE, SHUTDOWN_ANSWER_PATIENCE};

/// Pauses between two attempts to deliver an answer.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What all tasks of a worker share.
pub(super) struct Attendance<H> {
    pub(super) client: TaskClient,
    pub(super) handler: H,
    pub(super) shutdown: Shutdown,
    /// What the worker does when `shutdown` is requested, as words after its name.
    pub(super) how_it_ends: &'static str,
    pub(super) default_heartbeat: Duration,
    pub(super) pace: Pace,
}

/// The part of an input that the worker itself reads.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    execution: Option<String>,
    heartbeat_seconds: Option<u64>,
}

impl<H, F> Attendance<H>
where
    H: Fn(ActivityTask) -> F,
    F: Future<Output = Result<String, TaskFailure>> + Send,
{
    /// Runs the handler, keeps the token alive, and answers. When the token is lost, drops the
    /// handler and answers nothing; when the worker shuts down, drops the handler and hands the
    /// task over.
    pub(super) async fn attend(&self, token: TaskToken, input: String) {
        let (span, period) = self.envelope(&input);
        let heartbeat = Heartbeat::new(&self.client, &token, period, &self.pace);
        self.attend_with(heartbeat, &token, input)
            .instrument(span)
            .await;
    }

    /// Does the same for a task whose token the process was given in an event, which may have come
    /// late or more than once: the handler begins only when Step Functions has taken a heartbeat.
    ///
    /// # Errors
    /// When no heartbeat got through, for as long as the token lives: the process could not do its
    /// work. A token that is not valid any more is none.
    pub(super) async fn attend_given(
        &self,
        token: TaskToken,
        input: String,
    ) -> Result<(), NotBegun> {
        let (span, period) = self.envelope(&input);
        let begun = async {
            let mut heartbeat = Heartbeat::new(&self.client, &token, period, &self.pace).due_now();
            // The shutdown comes first: what has not begun need not be handed over. The token's
            // heartbeat runs out, and another worker is given the task.
            let beat = tokio::select! {
                biased;
                () = self.shutdown.requested() => {
                    tracing::info!("nothing is begun for the task: the worker {}", self.how_it_ends);
                    return Ok(());
                }
                beat = heartbeat.until_taken() => beat,
            };
            match beat {
                Ok(()) => self.attend_with(heartbeat, &token, input).await,
                Err(loss) if loss.is_known => tracing::info!(
                    reason = loss.why,
                    "nothing is begun for the task: its token is not valid any more"
                ),
                Err(loss) => return Err(NotBegun(loss.why)),
            }
            Ok(())
        };
        begun.instrument(span).await
    }

    /// The span of a task, and the period of its heartbeats.
    fn envelope(&self, input: &str) -> (Span, Duration) {
        // An input that is no such object gets the defaults: what it means is for the handler to
        // judge.
        let envelope: Envelope = serde_json::from_str(input).unwrap_or_default();
        let span = tracing::info_span!("activity_task", execution = envelope.execution.as_deref());
        let period = envelope
            .heartbeat_seconds
            .filter(|&seconds| seconds > 0)
            .map_or(self.default_heartbeat, Duration::from_secs);
        (span, period)
    }

    async fn attend_with(&self, mut heartbeat: Heartbeat<'_>, token: &TaskToken, input: String) {
        let _in_hand = self.client.vitals().task();
        let result = if self.shutdown.is_requested() {
            Err(self.handed_over())
        } else {
            let mut work = pin!(
                AssertUnwindSafe(
                    async { (self.handler)(ActivityTask { input }).await }
                        .instrument(Span::current())
                )
                .catch_unwind()
            );
            // The heartbeat comes first. After the process has stood still (a frozen or suspended
            // machine) all branches may be ready at once, and a handler must not take one step more
            // for a task that another worker may have by then. The handler comes before the
            // shutdown: a result that is ready is sent, and no other worker needs to take the task
            // over.
            tokio::select! {
                biased;
                why = heartbeat.until_lost() => return let_go(&why),
                result = &mut work => result.unwrap_or_else(|_| Err(panicked())),
                () = self.shutdown.requested() => Err(self.handed_over()),
            }
        };
        // The heartbeat comes first here as well: an answer under a lost token would be refused.
        tokio::select! {
            biased;
            why = heartbeat.until_lost() => let_go(&why),
            () = self.answer(token, &result) => {}
            () = self.answer_patience_ends() => let_go(&format!(
                "the worker {}, and its answer could not be delivered",
                self.how_it_ends
            )),
        }
    }

    /// Ends [`SHUTDOWN_ANSWER_PATIENCE`] after the request to shut down, and [`HAND_OVER_PATIENCE`]
    /// after this began at the earliest. Without a request it never ends.
    async fn answer_patience_ends(&self) {
        let began = Instant::now();
        self.shutdown.requested().await;
        let requested = self.shutdown.requested_at().unwrap_or(began);
        sleep_until((requested + SHUTDOWN_ANSWER_PATIENCE).max(began + HAND_OVER_PATIENCE)).await;
    }

    fn handed_over(&self) -> TaskFailure {
        TaskFailure {
            error: HANDED_OVER.to_owned(),
            cause: format!(
                "Worker '{}' {}. What it started runs on, and another worker takes over.",
                self.client.worker_name(),
                self.how_it_ends
            ),
        }
    }

    /// Repeats the answer until Step Functions takes or refuses it. Its caller sends heartbeats
    /// meanwhile, and cancels this when the token is lost.
    async fn answer(&self, token: &TaskToken, result: &Result<String, TaskFailure>) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let outcome = match result {
                Ok(output) => self.client.succeed(token, output).await,
                Err(failure) => self.client.fail(token, failure).await,
            };
            match outcome {
                CallOutcome::Taken => {
                    match result {
                        Ok(_) => tracing::info!("answered with success"),
                        Err(failure) => tracing::info!(
                            error = failure.error,
                            cause = failure.cause,
                            "answered with a failure"
                        ),
                    }
                    return;
                }
                CallOutcome::Lost(why) => return let_go(&why),
                CallOutcome::Refused(why) => {
                    tracing::error!(
                        error = why,
                        "the service refuses the answer; the task is left to its timeout"
                    );
                    return;
                }
                CallOutcome::Uncertain(why) => {
                    let pause = backoff.pause();
                    tracing::warn!(
                        error = why,
                        pause_ms = pause.as_millis(),
                        "the answer may not have arrived; it is sent again"
                    );
                    sleep(pause).await;
                }
            }
        }
    }
}

fn let_go(why: &str) {
    tracing::warn!(
        reason = why,
        "let go of the task: another worker may have it, or take it over"
    );
}

fn panicked() -> TaskFailure {
    TaskFailure {
        error: PANICKED.to_owned(),
        cause: "The worker met a defect of its own while running the task; its log has the details under this execution.".to_owned(),
    }
}
