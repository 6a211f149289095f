//! SIGTERM and SIGINT: the first requests the worker's shutdown, the second ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ecs_task_runner::activity::ShutdownTrigger;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

/// An exit code after a signal is this plus the signal's number, as shells have it.
const SIGNAL_EXIT: i32 = 128;

/// Requests the shutdown on the first signal. A second signal ends the process at once.
pub(crate) fn shut_down_on_signals(trigger: ShutdownTrigger) -> io::Result<()> {
    let was_signalled = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // The order matters: both actions run on each signal, in this order. On the first signal,
        // the conditional shutdown finds the flag unset, and the second action sets it.
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
                let name = signal_name(signal).unwrap_or("a signal");
                tracing::info!("received {name}; a second signal ends the worker at once");
                trigger.request();
            }
        })?;
    Ok(())
}
