//! The token buckets by which AWS throttles calls.

use std::sync::Mutex;
use std::time::Duration;

use crate::lock::Lock;

/// A bucket of `capacity` calls that refills by `per_second`. A bucket that is switched off lets
/// everything pass.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    capacity: f64,
    per_second: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    enforced: bool,
    tokens: f64,
    filled_at: Duration,
}

impl TokenBucket {
    pub(crate) fn new(capacity: u32, per_second: u32) -> Self {
        let capacity = f64::from(capacity);
        Self {
            capacity,
            per_second: f64::from(per_second),
            state: Mutex::new(State {
                enforced: false,
                tokens: capacity,
                filled_at: Duration::ZERO,
            }),
        }
    }

    /// Switches the bucket on (full, from now) or off.
    pub(crate) fn enforce(&self, enforced: bool, now: Duration) {
        *self.state.locked() = State {
            enforced,
            tokens: self.capacity,
            filled_at: now,
        };
    }

    /// Takes `n` tokens, or none and answers false when fewer are left.
    pub(crate) fn take(&self, n: u32, now: Duration) -> bool {
        let mut state = self.state.locked();
        if !state.enforced {
            return true;
        }
        let waited = now.saturating_sub(state.filled_at).as_secs_f64();
        state.tokens = (state.tokens + waited * self.per_second).min(self.capacity);
        state.filled_at = now;
        let n = f64::from(n);
        let enough = state.tokens >= n;
        if enough {
            state.tokens -= n;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_refills_and_never_overflows() {
        let bucket = TokenBucket::new(100, 20);
        bucket.enforce(true, Duration::ZERO);
        let taken = |at: u64| {
            (0..1000)
                .filter(|_| bucket.take(1, Duration::from_secs(at)))
                .count()
        };
        assert_eq!(taken(0), 100);
        assert_eq!(taken(1), 20);
        assert_eq!(taken(3), 40);
        assert_eq!(taken(3600), 100);
    }

    #[test]
    fn a_bucket_that_is_switched_off_lets_everything_pass() {
        let bucket = TokenBucket::new(1, 1);
        assert!((0..1000).all(|_| bucket.take(1, Duration::ZERO)));
    }
}
