//! The shell of a person on call: Bash, into which the runbook's commands are pasted.

use std::process::Stdio;

use local_run::directories::RunDirectory;
use local_run::endpoints::Endpoints;
use local_run::python::PythonEnvironment;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::deployment::account::{PATIENCE, path};

/// What the AWS CLI only checks, as the emulator has no such call.
pub const NOT_PLAYED: [&str; 3] = [
    "autoscaling terminate-instance-in-auto-scaling-group",
    "cloudformation continue-update-rollback",
    "ec2 get-console-output",
];

/// The `aws` of the shell. Version 1 of the AWS CLI has an endpoint of its own for SQS, which no
/// variable changes.
const AWS: &str = r#"
aws() {
  case "$1 $2" in
  NOT_PLAYED) command aws "$@" --generate-cli-skeleton output > checked.json && echo "checked: $1 $2" ;;
  sqs\ *) command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
  *) command aws "$@" ;;
  esac
}
"#;

/// Printed after each block.
const END: &str = "--- end of the block:";

/// What a command prints that is wrong or has failed.
const TROUBLE: [&str; 9] = [
    "An error occurred",
    "Could not connect",
    "aws: error",
    "bash: ",
    "curl: (",
    "jq: error",
    "parse error",
    "Parameter validation failed",
    "Row should have",
];

/// What no step may show: the path of the emulator's response URLs, and the names of tokens.
const SECRETS: [&str; 2] = ["cfn-response", "taskToken"];

/// A running Bash. Dropping it ends it.
pub struct Shell {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Shell {
    /// Opens a shell whose AWS CLI leads to these services, with the workers' program on its `PATH`.
    pub async fn open(
        endpoints: &Endpoints,
        python: &PythonEnvironment,
        directory: &RunDirectory,
    ) -> Self {
        let mut process = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .env_clear()
            .envs(endpoints.variables())
            .env("PATH", path(python))
            .env("HOME", directory.path())
            .env("TMPDIR", directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut shell = Self {
            _process: process,
            input,
            output,
        };
        let patterns = NOT_PLAYED.map(|call| format!("'{call}'")).join(" | ");
        shell
            .run(&format!(
                "exec 2>&1\n{}",
                AWS.replace("NOT_PLAYED", &patterns)
            ))
            .await;
        for tool in ["aws", "curl", "jq"] {
            let found = shell.run(&format!("type -P {tool}\n")).await;
            assert!(!found.is_empty(), "the runbook needs {tool}: install it");
        }
        shell
    }

    /// Pastes commands, and gives what they print. None may fail in a way that a person would have
    /// to think about, nor show a secret.
    pub async fn run(&mut self, commands: &str) -> String {
        let pasted = format!("{commands}\necho; echo '{END}'\n");
        self.input.write_all(pasted.as_bytes()).await.unwrap();
        let mut printed = String::new();
        let whole = async {
            while let Some(line) = self.output.next_line().await.unwrap() {
                if line == END {
                    return;
                }
                printed.push_str(&line);
                printed.push('\n');
            }
            panic!("the shell has ended");
        };
        let is_whole = timeout(PATIENCE, whole).await.is_ok();
        assert!(is_whole, "it does not end:\n{commands}\n{printed}");
        for sign in TROUBLE {
            assert!(!printed.contains(sign), "{commands}\n{printed}");
        }
        for secret in SECRETS {
            assert!(!printed.contains(secret), "a secret is shown:\n{commands}");
        }
        printed.trim().to_owned()
    }
}
