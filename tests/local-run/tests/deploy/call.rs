//! A call of the script, and what it is given: programs to call, and a package to deploy.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use local_run::directories::{RunDirectory, workspace_directory};
use sha2::{Digest, Sha256};
use tokio::process::Command;

/// A deployment waits for the AWS CLI, which looks at a stack every 30 s; this is for busy
/// machines.
const PATIENCE: Duration = Duration::from_mins(10);

/// `e_machine` of the ELF header
/// (<https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>).
pub const X86_64: u8 = 62;
/// As [`X86_64`].
pub const AARCH64: u8 = 183;

/// The bucket of all deployments.
pub const BUCKET: &str = "artifacts";

/// What the AWS CLI says of a stack that is not there, as a case of a script in its place.
pub const NO_STACK: &str = "*describe-stacks*)
echo 'An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id it does not exist' >&2
exit 254 ;;";

/// The script, in an environment that has nothing but `programs` to find programs in.
pub fn script(programs: &Path, arguments: &[&str]) -> Command {
    script_of(&workspace_directory(), programs, arguments)
}

/// The script of this checkout.
pub fn script_of(checkout: &Path, programs: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(found("bash"));
    command
        .arg(checkout.join("infra/deploy"))
        .args(arguments)
        .current_dir(checkout)
        .env_clear()
        .env("PATH", programs)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

pub async fn ended(mut command: Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap()
        .unwrap();
    (
        status.code(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A program of this machine, by its path.
fn found(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .unwrap()
}

/// A directory of programs that are shell scripts.
pub struct Programs(pub PathBuf);

impl Programs {
    pub fn new(directory: &RunDirectory) -> Self {
        Self(directory.directory("programs").unwrap())
    }

    pub fn script(self, name: &str, body: &str) -> Self {
        let program = self.0.join(name);
        fs::write(&program, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Programs of every Linux that the script calls.
    pub fn tools(self) -> Self {
        ["mktemp", "rm", "sha256sum", "od", "base64"]
            .iter()
            .fold(self, |programs, name| programs.real(name))
    }

    fn real(self, name: &str) -> Self {
        std::os::unix::fs::symlink(found(name), self.0.join(name)).unwrap();
        self
    }
}

/// A function that answers every event with a version, and so starts.
pub const FUNCTION: &[u8] = br#"#!/usr/bin/env python3
import os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request = event.headers["Lambda-Runtime-Aws-Request-Id"]
    urllib.request.urlopen(api + request + "/response", data=b'"0.2.0 (abcdef1)"').close()
"#;

/// A function that ends before its first event.
pub const BROKEN_FUNCTION: &[u8] = b"#!/bin/sh\nexit 1\n";

/// A package of programs that do nothing, and its hashes.
pub struct Package {
    pub directory: PathBuf,
    pub code: String,
    pub worker: String,
}

impl Package {
    pub fn write(directory: &Path, machine: u8) -> Self {
        Self::write_with(directory, machine, FUNCTION)
    }

    /// With this program as the functions.
    pub fn write_with(directory: &Path, machine: u8, function: &[u8]) -> Self {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        zip.start_file("bootstrap", options).unwrap();
        zip.write_all(function).unwrap();
        let code = zip.finish().unwrap().into_inner();
        let mut worker = b"\x7fELF\x02\x01\x01".to_vec();
        worker.resize(64, 0);
        worker[18] = machine;

        let sum = |content: &[u8]| hex::encode(Sha256::digest(content));
        let package = Self {
            directory: directory.to_owned(),
            code: sum(&code),
            worker: sum(&worker),
        };
        fs::write(directory.join("custom-resource.zip"), code).unwrap();
        fs::write(directory.join("ecs-task-runner"), worker).unwrap();
        let sums = format!(
            "{}  custom-resource.zip\n{}  ecs-task-runner\n",
            package.code, package.worker
        );
        fs::write(directory.join("SHA256SUMS"), sums).unwrap();
        package
    }

    pub fn path(&self) -> &str {
        self.directory.to_str().unwrap()
    }
}
