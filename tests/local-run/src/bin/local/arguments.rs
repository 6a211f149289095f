//! The command line of `cargo local`.

use clap::Parser;

/// Runs the whole path on this machine, without an AWS account and without Docker.
///
/// Deploys infra/task-runner.yaml with the real functions on a local emulator, starts the real
/// worker, then deploys a stack whose custom resource migrates the database of a Django project
/// (tests/todobackend). Shows what happens as it happens, and checks the stack and the database in
/// the end.
///
/// Logs and the database stay in target/local-run for a day. PYTHON names another interpreter than
/// python3 (3.10 or newer).
///
/// Exits with 0 when all is as it should be, with 1 when it is not or something is missing, with 64
/// when the options cannot work, and after Ctrl-C with 130.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version)]
pub struct Arguments {
    /// Deploy a release whose migration fails: the stack must be rolled back, with a Reason that
    /// says why
    #[arg(long, conflicts_with = "serve")]
    pub fail: bool,

    /// Start no worker: the function 'work' of the deployed stack runs the task. Goes with --fail and
    /// --serve too
    #[arg(long)]
    pub no_fleet: bool,

    /// Leave everything running until Ctrl-C, and print how to reach it with the AWS CLI
    #[arg(long)]
    pub serve: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_defined_without_contradictions() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_command_line_takes_each_way_to_run_it_and_no_other() {
        for (arguments, fail, no_fleet, serve) in [
            (&["local"][..], false, false, false),
            (&["local", "--fail"], true, false, false),
            (&["local", "--no-fleet"], false, true, false),
            (&["local", "--no-fleet", "--fail"], true, true, false),
            (&["local", "--serve"], false, false, true),
            (&["local", "--no-fleet", "--serve"], false, true, true),
        ] {
            assert_eq!(
                Arguments::try_parse_from(arguments).unwrap(),
                Arguments {
                    fail,
                    no_fleet,
                    serve
                },
                "{arguments:?}"
            );
        }
        assert!(Arguments::try_parse_from(["local", "--fail", "--serve"]).is_err());
        assert!(Arguments::try_parse_from(["local", "todobackend"]).is_err());
    }
}
