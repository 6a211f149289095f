//! The command line of `cargo local`.

use std::path::PathBuf;

use clap::{ArgGroup, Parser};

/// Runs the whole path on this machine, without an AWS account and without Docker.
///
/// Deploys infra/task-runner.yaml with the real functions on a local emulator, starts the real
/// worker, then deploys a stack whose custom resource migrates the database of a Django project
/// (tests/todobackend), or a template of yours. With --run no stack migrates it: a pipeline does, with
/// ecs-task-runner run. Shows what happens as it happens, and checks the stack and the database in
/// the end.
///
/// Containers are not run: their commands are, on this machine and with your rights. Logs and the
/// database stay in target/local-run for a day. PYTHON names another interpreter than python3 (3.10
/// or newer).
///
/// Exits with 0 when all is as it should be, with 1 when it is not or something is missing, with 64
/// when the options cannot work, and after Ctrl-C with 130.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version, group(ArgGroup::new("own").args(["serve", "template"]).multiple(true)))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct Arguments {
    /// Migrate by a direct run, as a pipeline does: 'ecs-task-runner run', whose output is shown. Goes
    /// with --fail, --no-fleet and --kill-worker
    #[arg(long, conflicts_with_all = ["serve", "template"])]
    pub run: bool,

    /// Deploy a release whose migration fails: the stack must be rolled back, with a Reason that
    /// says why, and 'ecs-task-runner explain' shows the timeline
    #[arg(long, conflicts_with_all = ["serve", "kill_worker", "template"])]
    pub fail: bool,

    /// Start no worker: the function 'work' of the deployed stack runs the task. Goes with every
    /// other option
    #[arg(long)]
    pub no_fleet: bool,

    /// Kill the worker in the middle of a migration: another one must go on with the same ECS task.
    /// Takes a minute and a half. With --no-fleet an invocation of the function 'work' is killed
    #[arg(long, conflicts_with_all = ["serve", "template"])]
    pub kill_worker: bool,

    /// Leave everything running until Ctrl-C, and print how to reach it with the AWS CLI. A worker
    /// that ends is replaced
    #[arg(long)]
    pub serve: bool,

    /// Deploy this CloudFormation template in place of the Django project's. The commands of its
    /// containers run on this machine, as processes with your rights
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,

    /// A parameter of the template; can be given more than once
    #[arg(long = "parameter", value_name = "NAME=VALUE", requires = "template", value_parser = parameter)]
    pub parameters: Vec<(String, String)>,

    /// Where the commands of your containers run. If it is not given, the directory of the template,
    /// and with --serve alone the current directory
    #[arg(long, value_name = "DIRECTORY", requires = "own")]
    pub directory: Option<PathBuf>,
}

impl Arguments {
    /// Whether all is over after a success of which no timeline was shown.
    pub fn ends_with_success(&self) -> bool {
        !(self.run || self.fail || self.kill_worker || self.serve)
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["local"], arguments].concat())
    }

    #[test]
    fn the_command_line_is_defined_without_contradictions() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_command_line_takes_each_way_to_run_it_and_no_other() {
        for (arguments, is_taken) in [
            (&[][..], true),
            (&["--fail"], true),
            (&["--no-fleet"], true),
            (&["--no-fleet", "--fail"], true),
            (&["--run"], true),
            (&["--run", "--fail", "--no-fleet"], true),
            (&["--run", "--kill-worker"], true),
            (&["--run", "--serve"], false),
            (&["--run", "--template", "a.yaml"], false),
            (&["--serve"], true),
            (&["--no-fleet", "--serve"], true),
            (&["--kill-worker"], true),
            (&["--no-fleet", "--kill-worker"], true),
            (&["--template", "a.yaml"], true),
            (&["--template", "a.yaml", "--serve", "--no-fleet"], true),
            (&["--template", "a.yaml", "--directory", "app"], true),
            (&["--serve", "--directory", "app"], true),
            (&["--directory", "app"], false),
            (&["--fail", "--serve"], false),
            (&["--fail", "--kill-worker"], false),
            (&["--fail", "--template", "a.yaml"], false),
            (&["--kill-worker", "--serve"], false),
            (&["--kill-worker", "--template", "a.yaml"], false),
            (&["--parameter", "Image=web"], false),
            (&["--template", "a.yaml", "--parameter", "Image"], false),
            (&["--template", "a.yaml", "--parameter", "=web"], false),
            (&["todobackend"], false),
        ] {
            assert_eq!(parse(arguments).is_ok(), is_taken, "{arguments:?}");
        }
    }

    #[test]
    fn a_parameter_is_split_at_its_first_equals_sign() {
        let given = [
            "--template",
            "a.yaml",
            "--parameter",
            "Url=db?a=b",
            "--parameter",
            "Empty=",
        ];
        let expected = [("Url", "db?a=b"), ("Empty", "")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(&given).unwrap().parameters, expected);
    }
}
