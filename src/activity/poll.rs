//! Polls: as many as tasks arrive for, each with a permit, backing off when they fail.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::attend::Attendance;
use super::{ActivityTask, Options, TaskFailure};
use crate::aws::ApiError;
use crate::aws::backoff::Backoff;
use crate::aws::budget::{ApiBudget, CallPermit};

/// Pollers that stay when nothing arrives: two, so that one lost poll does not keep a worker idle
/// for its 60 s.
const IDLE_POLLERS: u32 = 2;
/// One poller more in this time at most: a hundred connections are made in a second and not at
/// once.
const BETWEEN_POLLERS: Duration = Duration::from_millis(10);
/// After the activity refused a poller, none is added for this long.
const AFTER_TOO_MANY: Duration = Duration::from_secs(60);
/// The error code for the poller that is one too many (`API_GetActivityTask`).
const TOO_MANY: &str = "ActivityWorkerLimitExceeded";
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The pollers of one worker.
pub(super) struct Pollers<H> {
    attendance: Arc<Attendance<H>>,
    permits: Arc<Semaphore>,
    running: AtomicU32,
    most: u32,
    budget: ApiBudget,
    /// No poller is added before this.
    next_poller: Mutex<Instant>,
    /// What went wrong last, so that a lasting trouble is logged once and not per attempt.
    trouble: Mutex<Option<String>>,
}

impl<H, F> Pollers<H>
where
    H: Fn(ActivityTask) -> F + Send + Sync + 'static,
    F: Future<Output = Result<String, TaskFailure>> + Send + 'static,
{
    /// Starts the first pollers; they start and end the others.
    pub(super) fn start(
        attendance: &Arc<Attendance<H>>,
        permits: &Arc<Semaphore>,
        options: &Options,
    ) {
        let most = options.pollers.get();
        let pollers = Arc::new(Self {
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

    /// One poller more because a task arrived, unless the last one was added just now.
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
            drop(next);
            self.start_one();
        }
    }

    /// One poller more, unless there are as many as allowed.
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
        // Kept over failures in a row: a worker whose polls fail is one that tries to poll.
        let mut polling = None;
        loop {
            let (permit, call_permit) = tokio::select! {
                biased;
                () = shutdown.requested() => return,
                right = self.right_to_poll() => right,
            };
            polling.get_or_insert_with(|| self.attendance.client.vitals().polling());
            match call_permit.call(self.attendance.client.poll()).await {
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
                    tokio::select! {
                        () = shutdown.requested() => return,
                        () = sleep(backoff.pause()) => {}
                    }
                }
            }
        }
    }

    /// A place for the task that the poll may bring, and a poll's share of the calls.
    async fn right_to_poll(&self) -> (OwnedSemaphorePermit, CallPermit) {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        (permit, self.budget.acquire().await)
    }

    /// The activity takes no more pollers from this and all other workers. Whether this poller is
    /// to end.
    fn too_many(&self) -> bool {
        *self
            .next_poller
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now() + AFTER_TOO_MANY;
        self.retire()
    }

    fn troubled(&self, error: &ApiError) {
        // The code without the message: messages can carry request ids, which differ with every
        // attempt.
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
