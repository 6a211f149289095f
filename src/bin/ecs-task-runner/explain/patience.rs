//! Calls that are repeated while something is followed: it has been seen, so that a call that is
//! throttled or gets no answer is no reason to give up.

use std::time::Duration;

use ecs_task_runner::aws::backoff::Backoff;
use tokio::time::{Instant, sleep};

/// For how long every look may fail, once one has succeeded.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);
/// Shortest and longest pause after looks that failed.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Looks again, with growing pauses, while the error may pass and `patience` is not over. Without
/// patience it looks once.
pub(crate) async fn patiently<T, E>(
    patience: Duration,
    may_pass: impl Fn(&E) -> bool,
    look: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let end = Instant::now() + patience;
    loop {
        match look().await {
            Err(error) if may_pass(&error) && Instant::now() < end => {
                sleep(backoff.pause()).await;
            }
            looked => return looked,
        }
    }
}
