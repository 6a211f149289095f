//! What the commands print, other than the log of the worker. `println!` and `eprintln!` panic when
//! nobody reads any more, as behind a pipe into `head`.

use std::io::{ErrorKind, Write};

use anyhow::Context;

/// Prints the output of a command. That nobody reads to its end is no failure: the exit code says
/// what it would have said.
///
/// # Errors
/// When the output cannot be written for another reason, such as a full disk.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("the output cannot be written")
        }
        _ => Ok(()),
    }
}

/// Prints a message for people, as a line that begins with the program's name. There is nowhere to
/// say that it cannot be printed.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "ecs-task-runner: {message}");
}
