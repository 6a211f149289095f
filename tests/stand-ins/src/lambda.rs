//! The part of AWS Lambda that decides when a function gets to run: the account's concurrency, which
//! all functions share, and the queue of asynchronous events, which wait there while nothing is free.
//! What a function does is the test's.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// Pause before a throttled event is tried again; it doubles up to
/// [`LONGEST_PAUSE`] (Lambda guide, invocation-async-error-handling).
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// See [`FIRST_PAUSE`].
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The account's functions; clones share its concurrency.
#[derive(Clone, Debug)]
pub struct Lambda(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    free: Semaphore,
    throttles: AtomicUsize,
    dropped: AtomicUsize,
}

/// All of the account's concurrency is taken: `Lambda.TooManyRequestsException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled;

impl Lambda {
    /// An account in which so many functions can run at once.
    pub fn with_concurrency(concurrency: usize) -> Self {
        Self(Arc::new(Inner {
            free: Semaphore::new(concurrency),
            throttles: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        }))
    }

    /// Runs a function for a caller that waits.
    ///
    /// # Errors
    /// When nothing is free.
    pub async fn invoke<F: Future>(&self, function: F) -> Result<F::Output, Throttled> {
        let Ok(_slot) = self.0.free.try_acquire() else {
            self.0.throttles.fetch_add(1, Ordering::Relaxed);
            return Err(Throttled);
        };
        Ok(function.await)
    }

    /// Takes an event for a function (`InvocationType: Event`). It waits while nothing is free, and
    /// is dropped when that took longer than its `MaximumEventAgeInSeconds`. `MaximumRetryAttempts`
    /// has no part in this: it counts failures of the function.
    pub fn take<F>(&self, maximum_age: Duration, function: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let lambda = self.clone();
        tokio::spawn(async move {
            let until = Instant::now() + maximum_age;
            let mut pause = FIRST_PAUSE;
            loop {
                if let Ok(_slot) = lambda.0.free.try_acquire() {
                    return function.await;
                }
                lambda.0.throttles.fetch_add(1, Ordering::Relaxed);
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
                if Instant::now() > until {
                    lambda.0.dropped.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        });
    }

    /// The number of functions that could run beside those that run now.
    pub fn free(&self) -> usize {
        self.0.free.available_permits()
    }

    /// How often an invocation found nothing free (metric `Throttles`).
    pub fn throttles(&self) -> usize {
        self.0.throttles.load(Ordering::Relaxed)
    }

    /// How many events were dropped for their age (metric `AsyncEventsDropped`).
    pub fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_event_waits_for_a_free_function_and_is_dropped_when_it_is_too_old() {
        let lambda = Lambda::with_concurrency(1);
        let minute = Duration::from_mins(1);
        lambda.take(minute, sleep(Duration::from_secs(20)));
        sleep(Duration::from_secs(1)).await;
        assert_eq!(lambda.invoke(async {}).await, Err(Throttled));
        let (told, taken) = tokio::sync::oneshot::channel();
        lambda.take(minute, async { told.send(Instant::now()).unwrap() });
        let waited = taken.await.unwrap().elapsed();
        assert_eq!((waited, lambda.dropped()), (Duration::ZERO, 0));
        assert_eq!(lambda.invoke(async { 1 }).await, Ok(1));

        lambda.take(minute, sleep(Duration::from_mins(10)));
        sleep(Duration::from_secs(1)).await;
        lambda.take(minute, async { panic!("it is too old") });
        sleep(Duration::from_mins(11)).await;
        assert_eq!((lambda.dropped(), lambda.free()), (1, 1));
    }
}
