//! SIGTERM and SIGINT.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ecs_task_runner::activity::ShutdownTrigger;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// What a shell adds to a signal's number.
const SIGNAL_EXIT: i32 = 128;

/// Requests the shutdown on the first signal. A second one ends the process at once.
pub(crate) fn shut_down_on_signals(trigger: ShutdownTrigger) -> io::Result<()> {
    let was_signalled = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // The order matters: at the first signal the flag is not set yet when the first of the two
        // looks at it.
        flag::register_conditional_shutdown(
            signal,
            SIGNAL_EXIT + signal,
            Arc::clone(&was_signalled),
        )?;
        flag::register(signal, Arc::clone(&was_signalled))?;
    }
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                tracing::info!(signal, "received a signal");
                trigger.request();
            }
        })?;
    Ok(())
}
