//! The request to shut down, as an argument: a signal handler holds the trigger, or a test.

use tokio::sync::watch;
use tokio::time::Instant;

/// Requests the shutdown. To drop it requests the shutdown as well: nobody could request it any
/// more.
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<Option<Instant>>);

/// Knows whether a shutdown was requested.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<Option<Instant>>);

/// A trigger and what it triggers.
#[must_use]
pub fn shutdown() -> (ShutdownTrigger, Shutdown) {
    let (sender, receiver) = watch::channel(None);
    (ShutdownTrigger(sender), Shutdown(receiver))
}

impl ShutdownTrigger {
    /// Requests the shutdown; more than once is no different from once.
    pub fn request(&self) {
        self.0.send_if_modified(|at| {
            let is_first = at.is_none();
            at.get_or_insert_with(Instant::now);
            is_first
        });
    }
}

impl Drop for ShutdownTrigger {
    fn drop(&mut self) {
        self.request();
    }
}

impl Shutdown {
    /// Whether it was requested.
    #[must_use]
    pub(crate) fn is_requested(&self) -> bool {
        self.requested_at().is_some()
    }

    /// When it was requested.
    #[must_use]
    pub(crate) fn requested_at(&self) -> Option<Instant> {
        *self.0.borrow()
    }

    /// Waits until it is requested.
    pub async fn requested(&self) {
        // `wait_for` fails only after the sender is dropped, which has requested the shutdown.
        let _ = self.0.clone().wait_for(Option::is_some).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_reaches_every_clone() {
        let (trigger, shutdown) = shutdown();
        let other = shutdown.clone();
        assert!(!shutdown.is_requested());
        trigger.request();
        other.requested().await;
        assert!(shutdown.is_requested() && other.is_requested());
    }

    #[tokio::test]
    async fn a_dropped_trigger_counts_as_a_request() {
        let (trigger, shutdown) = shutdown();
        drop(trigger);
        shutdown.requested().await;
        assert!(shutdown.is_requested());
    }
}
