//! `ecs-task-runner check` as people and CI run it: files, exit codes, and output that nobody reads.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use local_run::directories::RunDirectory;
use serde_json::Value;

use crate::worlds::program::{Ended, Program, command};

const GOOD: &str = "Cluster: c\nTaskDefinition: 't:1'\n";
const WARNED_OF: &str = "Cluster: c\nTaskDefinition: 't:1'\nTimeout: 3520\n";
const WRONG: &str = "Cluster: c\nTaskDefinition: 't:1'\nCuont: 1\n";
const OTHER: &str = "Resources: {Waiter: {Type: 'Custom::Waiter'}}\n";

/// Files in a directory of the test's own.
struct Files(RunDirectory);

impl Files {
    fn of(test: &str) -> Self {
        let directory = RunDirectory::create(test).unwrap();
        for (name, text) in [
            ("good.yaml", GOOD),
            ("warned-of.yaml", WARNED_OF),
            ("wrong.yaml", WRONG),
            ("other.yaml", OTHER),
        ] {
            fs::write(directory.file(name), text).unwrap();
        }
        directory.directory("directory").unwrap();
        Self(directory)
    }

    async fn check(&self, arguments: &[&str]) -> Ended {
        let arguments = [&["check"], arguments].concat();
        let mut child = command(None, &arguments);
        child.current_dir(self.0.path());
        Program::of(child.spawn().unwrap()).ended().await
    }
}

#[tokio::test]
async fn the_exit_code_says_whether_there_is_a_problem() {
    let files = Files::of("exit-codes");
    for (arguments, code) in [
        (&["good.yaml"][..], 0),
        (&["warned-of.yaml"], 0),
        (&["warned-of.yaml", "--strict"], 1),
        (&["good.yaml", "--strict"], 0),
        (&["wrong.yaml"], 1),
        (&["good.yaml", "wrong.yaml"], 1),
        (&["other.yaml"], 1),
        (&["good.yaml", "other.yaml"], 1),
        (&["other.yaml", "--allow-none"], 0),
        (&["none.yaml"], 1),
        (&["."], 1),
        (&[], 64),
        (&["good.yaml", "--format", "xml"], 64),
        (&["good.yaml", "--json", "--format", "github"], 64),
    ] {
        let ended = files.check(arguments).await;
        assert_eq!(ended.status.code(), Some(code), "{arguments:?} {ended:?}");
    }
}

#[tokio::test]
async fn all_files_are_checked_and_the_last_lines_name_each() {
    let files = Files::of("all-files");
    let ended = files
        .check(&[
            "wrong.yaml",
            "none.yaml",
            "directory",
            "other.yaml",
            "good.yaml",
        ])
        .await;
    assert_eq!(
        ended.stdout,
        "wrong.yaml:3:1: error: Cuont: is not a property of this resource; did you mean Count?
none.yaml: error: cannot be opened: No such file or directory (os error 2)
directory: error: is a directory: name its files
other.yaml: error: there is nothing to check: no resource has the type Custom::EcsTask (there is Custom::Waiter); --type checks another type, --allow-none lets such files pass
checked wrong.yaml: Properties: 1 error
checked none.yaml: 1 error
checked directory: 1 error
checked other.yaml: 1 error; skipped Waiter (Custom::Waiter)
checked good.yaml: Properties: no problems
"
    );
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn the_formats_for_programs_are_those_that_are_asked_for() {
    let files = Files::of("formats");
    for json in [&["--format", "json"][..], &["--json"]] {
        let ended = files.check(&[json, &["wrong.yaml"]].concat()).await;
        let written: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(written["files"][0]["findings"][0]["line"], 3);
    }
    let ended = files.check(&["--format", "github", "wrong.yaml"]).await;
    assert!(
        ended
            .stdout
            .starts_with("::error file=wrong.yaml,line=3,col=1::Cuont: is not a property"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn standard_input_is_a_file_too() {
    let mut child = command(None, &["check", "-"]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(WRONG.as_bytes()).unwrap();
    drop(stdin);
    let ended = Program::of(child).ended().await;
    assert!(ended.stdout.starts_with("<stdin>:3:1: error: Cuont"));
    assert_eq!(ended.status.code(), Some(1));
}

/// As behind a pipe into `head`, once that has ended.
#[tokio::test]
async fn output_that_nobody_reads_ends_no_command_with_a_panic() {
    let files = Files::of("closed-pipe");
    let unknown = "arn:aws:states:eu-west-1:123456789012:stateMachine:x";
    for (arguments, code) in [
        (&["check", "good.yaml"][..], 0),
        (&["check", "wrong.yaml"], 1),
        (&["check", "--format", "json", "good.yaml"], 0),
        (&["check", "--help"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["health", "--health-addr", "127.0.0.1:1"], 1),
        (&["explain", unknown], 64),
        (&["worker"], 64),
        (&["chek"], 64),
        (&["completions", "bash"], 0),
    ] {
        // Closed before the program writes, however soon that is.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = command(None, arguments)
            .current_dir(files.0.path())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}
