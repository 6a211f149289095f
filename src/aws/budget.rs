//! Limits how many calls of one kind this process makes in a second, so that the account's other
//! users keep their share of its quota.
//!
//! A permit can be used only through [`CallPermit::call`], which reports the outcome of the call to
//! the budget.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{ApiError, ErrorKind};

/// A burst may hold as many calls as the rate allows in this time.
const BURST: Duration = Duration::from_secs(1);
/// A throttled call halves the rate, at most once in this time: calls that were throttled together
/// halve it once.
const BETWEEN_CUTS: Duration = Duration::from_secs(1);
/// How a rate falls and recovers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Adaptation {
    /// The rate falls to no less than this part of the full one.
    least_part: f64,
    recovery: Recovery,
}

/// What a successful call wins back, as a part of the full rate.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Recovery {
    /// This part for each call.
    PerCall(f64),
    /// This part for each second since the last call that was a success.
    PerSecond(f64),
}

/// For the few processes of a fleet.
const OF_FEW: Adaptation = Adaptation {
    least_part: 0.05,
    recovery: Recovery::PerCall(0.02),
};
/// For up to hundreds of processes that share a quota and do not know of one another. What is won
/// back grows with the time and not with the calls: if it were for each call, those whose rate is low
/// would win back less in the same time, and would starve beside those that have just begun. The
/// figures are those with which a hundred runs at once are told of their ends within 10 s
/// (`tests/load.md`).
const OF_MANY: Adaptation = Adaptation {
    least_part: 0.1,
    recovery: Recovery::PerSecond(0.005),
};

/// A token bucket whose rate halves when the service throttles and recovers while calls succeed.
/// Clones share the bucket.
#[derive(Debug, Clone)]
pub struct ApiBudget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    full_rate: f64,
    adaptation: Adaptation,
    /// Held by the caller that gets the next permit. The others wait for it in the order of their
    /// calls.
    turn: tokio::sync::Mutex<()>,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    rate: f64,
    tokens: f64,
    /// When `tokens` was counted.
    at: Instant,
    last_cut: Option<Instant>,
    last_success: Instant,
}

/// The right to make one call now. A permit that is dropped unused goes back to the budget.
#[derive(Debug)]
#[must_use = "a permit is for making a call with it"]
pub struct CallPermit {
    budget: ApiBudget,
    is_used: bool,
}

impl CallPermit {
    /// Makes the call and reports its outcome to the budget.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn call<T>(
        mut self,
        call: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        // Set before the call: a call that is dropped midway may have reached the service, so its
        // permit counts as used.
        self.is_used = true;
        let outcome = call.await;
        self.budget.observe(&outcome);
        outcome
    }
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        if !self.is_used {
            let mut bucket = self.budget.lock();
            bucket.tokens = (bucket.tokens + 1.0).min(bucket.room());
        }
    }
}

impl Bucket {
    /// A rate below one call a second still has room for the token of one call.
    fn room(&self) -> f64 {
        (self.rate * BURST.as_secs_f64()).max(1.0)
    }
}

impl ApiBudget {
    /// At most `per_second` calls a second, more than zero, for a process that has most of what is
    /// left of the account's quota to itself.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        Self::adapting(per_second, OF_FEW)
    }

    /// The same for one of many processes that share a quota and do not know of one another.
    #[must_use]
    pub fn of_many(per_second: f64) -> Self {
        Self::adapting(per_second, OF_MANY)
    }

    fn adapting(per_second: f64, adaptation: Adaptation) -> Self {
        let now = Instant::now();
        let bucket = Bucket {
            rate: per_second,
            tokens: per_second * BURST.as_secs_f64(),
            at: now,
            last_cut: None,
            last_success: now,
        };
        Self {
            shared: Arc::new(Shared {
                full_rate: per_second,
                adaptation,
                turn: tokio::sync::Mutex::default(),
                bucket: Mutex::new(bucket),
            }),
        }
    }

    /// Waits for the right to make one call. Callers get their permits in the order in which they
    /// asked. A caller that stops waiting delays none of the others.
    pub async fn acquire(&self) -> CallPermit {
        // This caller holds the lock while it waits for a token, so that no other caller overtakes
        // it; tokio grants the lock in the order of requests. A caller that stops waiting drops the
        // lock, or its place in the queue for it, and has taken no token.
        let _turn = self.shared.turn.lock().await;
        // Tries again after each wait, since the rate may have been cut meanwhile.
        while let Err(ready) = self.try_take() {
            sleep_until(ready).await;
        }
        CallPermit {
            budget: self.clone(),
            is_used: false,
        }
    }

    /// Calls a second at the moment.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.lock().rate
    }

    /// The rate at the moment as a part of the full one: 1 unless the service has throttled.
    #[must_use]
    pub fn part(&self) -> f64 {
        self.rate() / self.shared.full_rate
    }

    /// Takes a token, or says when there will be one.
    fn try_take(&self) -> Result<(), Instant> {
        let mut bucket = self.lock();
        let now = Instant::now();
        let missing = (1.0 - bucket.tokens).max(0.0);
        let ready = bucket.at + Duration::from_secs_f64(missing / bucket.rate);
        if ready > now {
            return Err(ready);
        }
        let earned = now.duration_since(bucket.at).as_secs_f64() * bucket.rate;
        bucket.tokens = (bucket.tokens + earned).min(bucket.room()) - 1.0;
        bucket.at = now;
        Ok(())
    }

    /// Adjusts the rate by a call's outcome. Only a throttled call cuts it and only a successful
    /// one raises it: other errors do not show how many calls the service takes.
    fn observe<T>(&self, outcome: &Result<T, ApiError>) {
        match outcome {
            Ok(_) => self.succeeded(),
            Err(error) if error.kind == ErrorKind::Throttled => self.throttled(),
            Err(_) => {}
        }
    }

    fn throttled(&self) {
        let mut bucket = self.lock();
        let now = Instant::now();
        if bucket
            .last_cut
            .is_none_or(|cut| now.duration_since(cut) >= BETWEEN_CUTS)
        {
            bucket.rate =
                (bucket.rate / 2.0).max(self.shared.full_rate * self.shared.adaptation.least_part);
            bucket.tokens = bucket.tokens.min(0.0);
            bucket.last_cut = Some(now);
        }
    }

    fn succeeded(&self) {
        let mut bucket = self.lock();
        let full_rate = self.shared.full_rate;
        let now = Instant::now();
        let won_back = match self.shared.adaptation.recovery {
            Recovery::PerCall(part) => part,
            Recovery::PerSecond(part) => part * (now - bucket.last_success).as_secs_f64(),
        };
        bucket.last_success = now;
        bucket.rate = (bucket.rate + full_rate * won_back).min(full_rate);
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        // A bucket is a few numbers, each written at once: a panic elsewhere leaves none of them
        // half-done.
        self.shared
            .bucket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
