//! How many calls a second this process makes of one kind, so that an account's other users keep
//! their share of its quota.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Calls may come in a burst of what this time would allow.
const BURST: Duration = Duration::from_secs(1);
/// A throttled call halves the rate, at most once in this time: calls that were under way together
/// count as one sign.
const BETWEEN_CUTS: Duration = Duration::from_secs(1);
/// The rate falls to no less than this part of the full one.
const LEAST_PART: f64 = 0.05;
/// A successful call wins back this part of the full rate.
const RECOVERY: f64 = 0.02;

/// A token bucket whose rate halves when the service throttles and recovers while calls succeed.
#[derive(Debug)]
pub struct ApiBudget {
    full_rate: f64,
    /// Whose turn it is; others queue behind.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    rate: f64,
    /// Below zero when calls wait: the debt is what they wait for.
    tokens: f64,
    at: Instant,
    last_cut: Option<Instant>,
}

impl ApiBudget {
    /// At most `per_second` calls a second, more than zero.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let state = Bucket {
            rate: per_second,
            tokens: per_second * BURST.as_secs_f64(),
            at: Instant::now(),
            last_cut: None,
        };
        Self {
            full_rate: per_second,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
        }
    }

    /// Waits for the right to make one call. Who comes first goes first; who gives up waiting
    /// leaves no gap behind.
    pub async fn acquire(&self) {
        let _turn = self.turn.lock().await;
        loop {
            // Anew each time: the rate may have been cut meanwhile.
            let ready = self.ready_at();
            if ready <= Instant::now() {
                break;
            }
            sleep_until(ready).await;
        }
        self.take();
    }

    /// Takes the right to make one call, and says when that is unless it is now.
    pub fn take(&self) -> Option<Instant> {
        let mut state = self.lock();
        let now = Instant::now();
        let earned = now.duration_since(state.at).as_secs_f64() * state.rate;
        state.tokens =
            (state.tokens + earned).min((state.rate * BURST.as_secs_f64()).max(1.0)) - 1.0;
        state.at = now;
        (state.tokens < 0.0).then(|| now + Duration::from_secs_f64(-state.tokens / state.rate))
    }

    /// When [`ApiBudget::take`] would give the right at once, if nobody takes it before.
    #[must_use]
    pub fn ready_at(&self) -> Instant {
        let state = self.lock();
        state.at + Duration::from_secs_f64((1.0 - state.tokens).max(0.0) / state.rate)
    }

    /// The service throttled a call.
    pub fn throttled(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        if state
            .last_cut
            .is_none_or(|cut| now.duration_since(cut) >= BETWEEN_CUTS)
        {
            state.rate = (state.rate / 2.0).max(self.full_rate * LEAST_PART);
            state.tokens = state.tokens.min(0.0);
            state.last_cut = Some(now);
        }
    }

    /// The service took a call.
    pub fn succeeded(&self) {
        let mut state = self.lock();
        state.rate = (state.rate + self.full_rate * RECOVERY).min(self.full_rate);
    }

    /// Calls a second at the moment.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.lock().rate
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_beyond_the_burst_come_at_the_rate() {
        let budget = ApiBudget::new(10.0);
        let start = Instant::now();
        for _ in 0..30 {
            budget.acquire().await;
        }
        let taken = start.elapsed();
        assert!(
            taken >= Duration::from_millis(1_999) && taken <= Duration::from_millis(2_050),
            "{taken:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waits_until_the_budget_is_ready_need_not_wait_again() {
        let budget = ApiBudget::new(10.0);
        let start = Instant::now();
        for _ in 0..30 {
            sleep_until(budget.ready_at()).await;
            // A timer counts in milliseconds, the budget in fractions of them.
            assert!(budget.take().is_none_or(
                |ready| ready.duration_since(Instant::now()) < Duration::from_millis(1)
            ));
        }
        assert!(start.elapsed() >= Duration::from_millis(1_900));
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_halves_the_rate_once_and_success_restores_it() {
        let budget = ApiBudget::new(10.0);
        budget.throttled();
        budget.throttled();
        assert!((budget.rate() - 5.0).abs() < f64::EPSILON);
        for _ in 0..100 {
            budget.succeeded();
        }
        assert!((budget.rate() - 10.0).abs() < f64::EPSILON);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_give_up_do_not_keep_their_turn() {
        let budget = ApiBudget::new(10.0);
        for _ in 0..600 {
            // Most of them give up, which is the point.
            let _ = tokio::time::timeout(Duration::from_millis(1), budget.acquire()).await;
        }
        let start = Instant::now();
        budget.acquire().await;
        assert!(
            start.elapsed() <= Duration::from_secs(1),
            "waited {:?} behind nobody",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_never_falls_to_nothing() {
        let budget = ApiBudget::new(10.0);
        for _ in 0..50 {
            budget.throttled();
            tokio::time::advance(BETWEEN_CUTS).await;
        }
        assert!(budget.rate() >= 0.5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_beyond_the_burst_is_dated_by_the_debt() {
        let budget = ApiBudget::new(10.0);
        for _ in 0..10 {
            assert_eq!(budget.take(), None);
        }
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        assert_eq!(budget.ready_at(), after(100));
        assert_eq!(budget.take(), Some(after(100)));
        assert_eq!(budget.take(), Some(after(200)));
        assert_eq!(budget.ready_at(), after(300));
        tokio::time::advance(Duration::from_millis(500)).await;
        // Five rights were earned, of which two pay the debt.
        for _ in 0..3 {
            assert_eq!(budget.take(), None);
        }
        assert_eq!(budget.take(), Some(after(600)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_that_rests_saves_one_burst() {
        let budget = ApiBudget::new(10.0);
        tokio::time::advance(Duration::from_secs(60)).await;
        let at_once = (0..20).filter(|_| budget.take().is_none()).count();
        assert_eq!(at_once, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn each_success_wins_back_a_part_of_the_rate() {
        let budget = ApiBudget::new(10.0);
        budget.throttled();
        budget.succeeded();
        assert!(
            (budget.rate() - 5.2).abs() < f64::EPSILON,
            "{}",
            budget.rate()
        );
    }
}
