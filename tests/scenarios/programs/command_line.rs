//! The command line of `ecs-task-runner`, whatever the command: version, wrong input, colours,
//! completions.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use nix::pty::openpty;
use nix::sys::signal::Signal;

use super::worker_process::world;
use crate::worlds::program::{Program, command, listen};

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = command(None, arguments);
    command.envs(environment.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn both_programs_name_the_commit_that_they_were_built_from() {
    for program in [
        env!("CARGO_BIN_EXE_ecs-task-runner"),
        env!("CARGO_BIN_EXE_custom-resource"),
    ] {
        let output = Command::new(program).arg("--version").output().unwrap();
        let version = text(&output.stdout);
        let commit = version.split_once(" (").unwrap().1.trim_end();
        let commit = commit.strip_suffix(')').unwrap();
        // Whoever builds from a clone has git; whoever builds from an archive may not.
        let hash = commit.split([',', '-']).next().unwrap();
        assert!(
            commit == "commit unknown"
                || hash.len() >= 7 && hash.chars().all(|c| c.is_ascii_hexdigit()),
            "{version}"
        );
        let in_git = Command::new("git")
            .args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "HEAD"])
            .output()
            .is_ok_and(|output| output.status.success());
        assert!(!in_git || commit != "commit unknown", "{version}");
    }
}

#[test]
fn a_misspelt_command_or_option_is_answered_with_the_one_that_was_meant() {
    for (arguments, meant) in [
        (&["chek", "template.yaml"][..], "'check'"),
        (&["explian", "STACK"], "'explain'"),
        (&["check", "--tpye", "Custom::Migration"], "'--type'"),
        (&["explain", "--profil", "p", "STACK"], "'--profile'"),
        (&["worker", "--activity-anr", "arn"], "'--activity-arn'"),
        (&["completions", "bsh"], "'bash'"),
    ] {
        let output = run(arguments, &[]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains("similar") && stderr.contains(meant),
            "{arguments:?}: {stderr}"
        );
    }
}

#[test]
fn colours_are_as_the_environment_asks_for() {
    for (environment, in_colour) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&[("CLICOLOR", "1")], false),
    ] {
        for arguments in [&["--help"][..], &["chek"]] {
            let output = run(arguments, environment);
            let all = [output.stdout, output.stderr].concat();
            assert_eq!(
                all.contains(&b'\x1b'),
                in_colour,
                "{arguments:?}, {environment:?}"
            );
        }
    }
}

/// What the program writes to a terminal as its standard output.
fn on_a_terminal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let terminal = openpty(None, None).unwrap();
    let mut command = command(None, arguments);
    command
        .env("TERM", "xterm")
        .envs(environment.iter().copied())
        .stdout(terminal.slave);
    command.status().unwrap();
    // The other end is open as long as the command could be started again.
    drop(command);
    let mut written = Vec::new();
    // Linux ends a terminal that nobody writes to any more with an error.
    let _ = std::fs::File::from(terminal.master).read_to_end(&mut written);
    String::from_utf8(written).unwrap()
}

#[test]
fn a_terminal_gets_colours_unless_the_environment_says_no() {
    for (environment, in_colour) in [
        (&[][..], true),
        (&[("NO_COLOR", "1")], false),
        (&[("CLICOLOR", "0")], false),
        (&[("TERM", "dumb")], false),
    ] {
        let written = on_a_terminal(&["--help"], environment);
        assert!(written.contains("Usage:"), "{written}");
        assert_eq!(written.contains('\x1b'), in_colour, "{environment:?}");
    }
}

#[tokio::test]
async fn the_workers_log_keeps_to_the_same_rule() {
    let world = world();
    let served = listen(&world.aws).await;
    for (environment, in_colour) in [
        (("CLICOLOR", "1"), false),
        (("CLICOLOR_FORCE", "1"), true),
        (("NO_COLOR", "1"), false),
    ] {
        let arguments = [
            "worker",
            "--log-format",
            "text",
            "--activity-arn",
            &world.activity,
        ];
        let mut command = command(Some(&served.url()), &arguments);
        let worker = Program::of(command.env(environment.0, environment.1).spawn().unwrap());
        worker.logs("polling the activity").await;
        worker.signal(Signal::SIGKILL);
        let log = worker.ended().await.stdout;
        assert_eq!(log.contains('\x1b'), in_colour, "{environment:?}: {log}");
    }
}

#[test]
fn bash_understands_its_completions_which_name_every_command() {
    let script = run(&["completions", "bash"], &[]).stdout;
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin.take().unwrap().write_all(&script).unwrap();
    assert!(bash.wait().unwrap().success());
    let help = run(&["--help"], &[]).stdout;
    let commands = text(&help).split("Commands:").nth(1).unwrap();
    let commands = commands.split("\n\n").next().unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|line| line.split(' ').next().unwrap());
    let mut count = 0;
    for command in names {
        let part = format!("ecs__task__runner,{command})");
        assert!(text(&script).contains(&part), "{part} is not in the script");
        count += 1;
    }
    assert!(count >= 5, "{commands}");
}

#[test]
fn the_schemas_are_those_of_the_cdk_package() {
    for (arguments, schema) in [
        (
            &["schema"][..],
            include_str!("../../../infra/cdk/schema/direct-run.json"),
        ),
        (
            &["schema", "--template"],
            include_str!("../../../infra/cdk/schema/resource.json"),
        ),
    ] {
        let output = run(arguments, &[]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), schema);
    }
}

#[test]
fn every_shell_gets_a_script_that_names_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell], &[]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        for command in ["worker", "check", "explain", "health", "completions"] {
            assert!(text(&output.stdout).contains(command), "{shell}: {command}");
        }
    }
}
