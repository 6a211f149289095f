//! The log of the programs, for tests that read it.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a log that cannot be kept fails the test that reads it"
)]

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{Targets, dynamic_filter_fn};
use tracing_subscriber::layer::SubscriberExt;

thread_local! {
    /// What was logged on this thread since a test asked for it.
    static LOGGED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Keeps from now on what is logged on this thread: all lines of our own, and of other crates what
/// the programs let through.
pub fn capture_log() {
    subscribe();
    LOGGED.set(Some(Vec::new()));
}

/// Subscribes to what this process logs, once for all its tests.
pub(crate) fn subscribe() {
    static SUBSCRIBER: Once = Once::new();
    // One for the whole process: a subscriber of one thread misses call sites that others reach at
    // the same time.
    SUBSCRIBER.call_once(|| {
        let ours = Targets::new()
            .with_default(Level::INFO)
            .with_target("ecs_task_runner", Level::TRACE);
        // Other tests of the process make millions of events.
        let asked_for = dynamic_filter_fn(|_, _| LOGGED.with_borrow(Option::is_some));
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(|| Log)
            .with_filter(asked_for);
        tracing::subscriber::set_global_default(
            tracing_subscriber::registry().with(ours).with(lines),
        )
        .unwrap();
    });
}

/// What was logged on this thread since then.
pub fn logged() -> String {
    String::from_utf8(LOGGED.take().unwrap()).unwrap()
}

/// Writes to [`LOGGED`].
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| {
            if let Some(logged) = logged {
                logged.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
