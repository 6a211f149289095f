//! Signals that ask a command to end: the first one does what the command says, the second ends the
//! process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(crate) use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
pub(crate) use signal_hook::low_level::signal_name;

/// An exit code after a signal is this plus the signal's number, as shells have it.
pub(crate) const SIGNAL_EXIT: i32 = 128;

/// Calls `first` with the number of each of these signals that arrives. A second signal ends the
/// process at once.
pub(crate) fn on_signals(signals: &[i32], first: impl Fn(i32) + Send + 'static) -> io::Result<()> {
    let was_signalled = Arc::new(AtomicBool::new(false));
    for &signal in signals {
        // The order matters: both actions run on each signal, in this order. On the first signal,
        // the conditional shutdown finds the flag unset, and the second action sets it.
        flag::register_conditional_shutdown(
            signal,
            SIGNAL_EXIT + signal,
            Arc::clone(&was_signalled),
        )?;
        flag::register(signal, Arc::clone(&was_signalled))?;
    }
    let mut signals = Signals::new(signals)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(first))?;
    Ok(())
}

/// Whether this process was started with the signal ignored, as `nohup` does with SIGHUP
/// (`proc_pid_status`). Where that cannot be read, it was not.
pub(crate) fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default() >> (signal - 1) & 1 == 1
}
