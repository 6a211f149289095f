//! What `cargo local` says to what it cannot do. Nothing is started.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

#[test]
fn wrong_usage_exits_with_64_and_names_what_was_meant() {
    for (arguments, says) in [
        (&["--fial"][..], "'--fail'"),
        (&["--fail", "--serve"], "cannot be used with"),
        (&["todobackend"], "unexpected argument"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        let output = command.args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {stderr}");
        for part in [says, "Usage: cargo local"] {
            assert!(stderr.contains(part), "{part:?} is not in {stderr}");
        }
    }
}

#[test]
fn help_names_the_exit_codes_and_is_in_colour_only_where_that_is_asked_for() {
    for (variable, in_colour) in [("CLICOLOR_FORCE", true), ("NO_COLOR", false)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        let output = command.arg("--help").env(variable, "1").output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("64"), "{help}");
        assert_eq!(help.contains('\x1b'), in_colour, "{variable}: {help}");
    }
}
