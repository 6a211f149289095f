//! Ctrl-C and SIGTERM: the first ends the run in order, the second at once.

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::oneshot;

/// A process that a signal ended exits with this and the signal's number.
const SIGNAL_EXIT_CODE: i32 = 128;

/// The exit code of a process that this signal ended.
pub fn exit_code_of(signal: i32) -> u8 {
    u8::try_from(SIGNAL_EXIT_CODE + signal).unwrap_or(u8::MAX)
}

/// The signal that asks for the end of the run.
pub struct Interruption(oneshot::Receiver<i32>);

impl Interruption {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn listen() -> Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])
            .context("The handlers of Ctrl-C and SIGTERM could not be installed")?;
        let (sender, receiver) = oneshot::channel();
        std::thread::spawn(move || {
            let mut first = Some(sender);
            for signal in signals.forever() {
                match first.take() {
                    Some(sender) => drop(sender.send(signal)),
                    // Nothing is tidied up here: the guards of the processes notice this one's end.
                    None => std::process::exit(SIGNAL_EXIT_CODE + signal),
                }
            }
        });
        Ok(Self(receiver))
    }

    /// Waits for the first signal and gives the exit code it stands for.
    pub async fn exit_code(self) -> u8 {
        match self.0.await {
            Ok(signal) => exit_code_of(signal),
            // The listening thread ends with the process only.
            Err(_) => std::future::pending().await,
        }
    }
}
