//! The command `completions`: prints a script with which a shell completes commands and options.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell that is to complete
    shell: Shell,
}

/// Prints the script for the command line as it is defined in `command`.
pub(crate) fn run(arguments: &CompletionsArguments, mut command: Command) -> ExitCode {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    // Writing fails when the reader has gone, as behind a pipe into head, and that is no error.
    let _ = std::io::stdout().write_all(&script);
    ExitCode::SUCCESS
}
