//! The pollers of a worker: more of them while tasks arrive, fewer when none do, each with a permit
//! before it polls, and backing off when polls fail.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::attend::Attendance;
use super::{ActivityClient, ActivityTask, Options, TaskFailure};
use crate::aws::ApiError;
use crate::aws::backoff::Backoff;
use crate::aws::budget::{ApiBudget, CallPermit};

/// Pollers that stay when no task arrives: two, so that one poll whose answer is lost does not
/// keep the worker idle for the 60 s that the poll may take.
const IDLE_POLLERS: u32 = 2;
/// Time between two additions of a poller: a hundred connections are made over a second, not at
/// once.
const BETWEEN_POLLERS: Duration = Duration::from_millis(10);
/// No poller is added for this long after Step Functions refused one.
const AFTER_TOO_MANY: Duration = Duration::from_secs(60);
/// The error code for the poller that is one too many (`API_GetActivityTask`).
const TOO_MANY: &str = "ActivityWorkerLimitExceeded";
/// Pauses after failed polls.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The pollers of one worker.
pub(super) struct Pollers<H> {
    client: ActivityClient,
    attendance: Arc<Attendance<H>>,
    permits: Arc<Semaphore>,
    running: AtomicU32,
    most: u32,
    budget: ApiBudget,
    /// No poller is added before this.
    next_poller: Mutex<Instant>,
    /// What went wrong last, so that trouble that lasts is logged once and not at each poll.
    trouble: Mutex<Option<String>>,
}

impl<H, F> Pollers<H>
where
    H: Fn(ActivityTask) -> F + Send + Sync + 'static,
    F: Future<Output = Result<String, TaskFailure>> + Send + 'static,
{
    /// Starts the first pollers, which start and end the others.
    pub(super) fn start(
        client: ActivityClient,
        attendance: &Arc<Attendance<H>>,
        permits: &Arc<Semaphore>,
        options: &Options,
    ) {
        let most = options.pollers.get();
        let pollers = Arc::new(Self {
            client,
            attendance: Arc::clone(attendance),
            permits: Arc::clone(permits),
            running: AtomicU32::new(0),
            most,
            budget: ApiBudget::new(options.polls_per_second.get().into()),
            next_poller: Mutex::new(Instant::now()),
            trouble: Mutex::new(None),
        });
        for _ in 0..IDLE_POLLERS.min(most) {
            pollers.start_one();
        }
    }

    /// Adds a poller because a task arrived, unless the last one was added just now.
    fn grow(self: &Arc<Self>) {
        if self.running.load(Ordering::Relaxed) >= self.most {
            return;
        }
        let now = Instant::now();
        let mut next = self
            .next_poller
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *next <= now {
            *next = now + BETWEEN_POLLERS;
            // The lock keeps two pollers from adding one each; starting one needs no lock.
            drop(next);
            self.start_one();
        }
    }

    /// Adds a poller, unless there are as many as allowed.
    fn start_one(self: &Arc<Self>) {
        let grown = self
            .running
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |running| {
                (running < self.most).then_some(running + 1)
            });
        if grown.is_ok() {
            let pollers = Arc::clone(self);
            tokio::spawn(async move { pollers.poll_until_shutdown().await });
        }
    }

    /// Whether this poller may end because there are enough without it.
    fn retire(&self) -> bool {
        self.running
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |running| {
                (running > IDLE_POLLERS).then_some(running - 1)
            })
            .is_ok()
    }

    async fn poll_until_shutdown(self: Arc<Self>) {
        let shutdown = &self.attendance.shutdown;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        // The guard is kept over failures in a row: health counts the whole time in which no poll
        // succeeds.
        let mut polling = None;
        loop {
            // The shutdown comes first: no poll begins after it. Dropping the wait for a permit
            // loses nothing; a poll itself, below, is never dropped, since a cancelled
            // GetActivityTask can swallow a task.
            let (permit, call_permit) = tokio::select! {
                biased;
                () = shutdown.requested() => return,
                right = self.right_to_poll() => right,
            };
            polling.get_or_insert_with(|| self.client.vitals().polling());
            match call_permit.call(self.client.poll()).await {
                Ok(Some((token, input))) => {
                    polling = None;
                    self.succeeded();
                    backoff.reset();
                    self.grow();
                    let attendance = Arc::clone(&self.attendance);
                    tokio::spawn(async move {
                        attendance.attend(token, input).await;
                        drop(permit);
                    });
                }
                Ok(None) => {
                    drop(permit);
                    polling = None;
                    self.succeeded();
                    backoff.reset();
                    if self.retire() {
                        return;
                    }
                }
                Err(error) => {
                    drop(permit);
                    self.troubled(&error);
                    if error.code.as_deref() == Some(TOO_MANY) && self.too_many() {
                        return;
                    }
                    // Either order is right: the next turn looks at the shutdown before it polls.
                    tokio::select! {
                        () = shutdown.requested() => return,
                        () = sleep(backoff.pause()) => {}
                    }
                }
            }
        }
    }

    /// Waits for a place for the task that the poll may bring, and for the right to make one call.
    async fn right_to_poll(&self) -> (OwnedSemaphorePermit, CallPermit) {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        (permit, self.budget.acquire().await)
    }

    /// The activity has as many pollers as it takes, over all workers. Gives whether this
    /// poller is to end.
    fn too_many(&self) -> bool {
        *self
            .next_poller
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now() + AFTER_TOO_MANY;
        self.retire()
    }

    fn troubled(&self, error: &ApiError) {
        // Compared by the code: messages can carry request ids, which differ with every poll.
        let trouble = error
            .code
            .clone()
            .unwrap_or_else(|| format!("{:?}", error.kind));
        let mut last = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() != Some(&trouble) {
            tracing::warn!(%error, "polling fails; it is repeated until it succeeds");
            *last = Some(trouble);
        }
    }

    fn succeeded(&self) {
        if self
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some()
        {
            tracing::info!("polling works again");
        }
    }
}
