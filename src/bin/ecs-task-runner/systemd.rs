//! Notifications to systemd (`sd_notify`). Outside of a unit with `Type=notify` they do nothing.

use ecs_task_runner::activity::{Shutdown, Vitals};
use ecs_task_runner::times::DRAIN_TIMEOUT;
use sd_notify::NotifyState;
use tokio::time::interval;

/// Tells systemd that the worker is ready once its first poll has succeeded, that it is alive as
/// long as polls and heartbeats succeed in time, and then that it is stopping. With a watchdog it
/// runs until it is dropped, else it ends with the request to shut down.
pub(crate) async fn notify(vitals: Vitals, shutdown: Shutdown) {
    let notify_while_working = async {
        vitals.ready().await;
        send(&[
            NotifyState::Ready,
            NotifyState::Status("polling the activity"),
        ]);
        match sd_notify::watchdog_enabled() {
            Some(limit) => {
                vitals
                    .while_well(limit / 2, || send(&[NotifyState::Watchdog]))
                    .await;
            }
            None => std::future::pending().await,
        }
    };
    // The second branch never ends: the shutdown ends both.
    tokio::select! {
        () = shutdown.requested() => {}
        () = notify_while_working => {}
    }
    let drain = u32::try_from(DRAIN_TIMEOUT.as_micros()).unwrap_or(u32::MAX);
    send(&[
        NotifyState::Stopping,
        NotifyState::ExtendTimeoutUsec(drain),
        NotifyState::Status("handing over running tasks"),
    ]);
    // The watchdog stays armed while the worker drains, when polls and heartbeats end. systemd must
    // not kill the worker for that.
    if let Some(limit) = sd_notify::watchdog_enabled() {
        let mut watchdog = interval(limit / 2);
        loop {
            watchdog.tick().await;
            send(&[NotifyState::Watchdog]);
        }
    }
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be notified");
    }
}
