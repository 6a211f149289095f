//! What the command lines of the programs have in common.

use std::process::ExitCode;

use clap::Parser;

/// Exit code for arguments that can never work (`EX_USAGE` of sysexits.h).
pub const EXIT_USAGE: u8 = 64;

/// The arguments of this process.
///
/// # Errors
/// When they cannot work, or ask for the help or the version. That was printed then, and the process
/// is to end with this exit code.
pub fn parse<A: Parser>() -> Result<A, ExitCode> {
    A::try_parse().map_err(|error| {
        // This fails only when the reader of the output has gone.
        let _ = error.print();
        if error.use_stderr() {
            ExitCode::from(EXIT_USAGE)
        } else {
            ExitCode::SUCCESS
        }
    })
}
