//! Pauses that grow with each failure in a row, with jitter, so that many callers whose calls
//! failed together do not repeat them together.

use std::time::Duration;

/// Doubles from a first pause to a longest one.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Pauses between `first` and `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// The pause after one more failure: between half of the current step and the whole of it.
    pub fn pause(&mut self) -> Duration {
        let step = self
            .first
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(self.longest);
        self.failures = self.failures.saturating_add(1);
        step.mul_f64(jitter(0.5))
    }

    /// Begins anew, after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A random factor between `least` and 1. It is drawn from the thread's generator of `fastrand`, as
/// the SDK's own retries are, so that a test that seeds it (`fastrand::seed`) has the same pauses
/// in every run.
pub(crate) fn jitter(least: f64) -> f64 {
    least + (1.0 - least) * fastrand::f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        for step in [200_u64, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
            let pause = backoff.pause();
            assert!(
                pause >= Duration::from_millis(step / 2) && pause <= Duration::from_millis(step),
                "{pause:?} in step {step}"
            );
        }
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(200));
    }

    #[test]
    fn jitter_is_spread_over_its_whole_range() {
        fastrand::seed(1);
        let factors: Vec<_> = (0..1_000).map(|_| jitter(0.5)).collect();
        assert!(factors.iter().all(|factor| (0.5..=1.0).contains(factor)));
        assert!(factors.iter().any(|&factor| factor < 0.55));
        assert!(factors.iter().any(|&factor| factor > 0.95));
    }
}
