//! Standard output that notices when nobody reads it any more, as behind a pipe into `head`.

use std::io::{ErrorKind, Result, Stdout, Write};
use std::sync::Arc;

use tokio::sync::Notify;

/// Standard output.
pub struct Pipe {
    stdout: Stdout,
    closed: Arc<Notify>,
}

impl Pipe {
    /// `closed` is notified when a write fails because nobody reads.
    pub fn stdout(closed: Arc<Notify>) -> Self {
        let stdout = std::io::stdout();
        Self { stdout, closed }
    }

    fn note<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && error.kind() == ErrorKind::BrokenPipe
        {
            self.closed.notify_one();
        }
        result
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let written = self.stdout.write(bytes);
        self.note(written)
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.stdout.flush();
        self.note(flushed)
    }
}
