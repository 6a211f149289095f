//! A release as `.ci/release` makes it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_run::directories::{RunDirectory, workspace_directory};

use crate::call::{AARCH64, FUNCTION, Package, X86_64};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A release of programs that do nothing.
pub struct Release {
    files: PathBuf,
    pub arm64: Package,
    pub x86_64: Package,
}

impl Release {
    pub fn make(directory: &RunDirectory) -> Self {
        let package = |architecture: &str, machine| {
            let package = format!("target/package/{architecture}");
            Package::write(&directory.directory(&package).unwrap(), machine)
        };
        let release = Self {
            arm64: package("arm64", AARCH64),
            x86_64: package("x86_64", X86_64),
            files: directory.file("files"),
        };
        let (succeeded, told) = make(directory, &[release.files.to_str().unwrap()]);
        assert!(succeeded, "{told}");
        release
    }

    pub fn unpack(&self, to: &Path) -> PathBuf {
        unpack(
            &self.files.join(format!("ecs-task-runner-{VERSION}.tar.gz")),
            to,
        );
        to.join(format!("ecs-task-runner-{VERSION}"))
    }
}

fn make(directory: &RunDirectory, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(workspace_directory().join(".ci/release"))
        .args(arguments)
        .env("CARGO_TARGET_DIR", directory.file("target"))
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(told).unwrap())
}

fn unpack(archive: &Path, to: &Path) {
    let status = Command::new("tar")
        .arg("--extract")
        .args(["--directory".as_ref(), to])
        .args(["--file".as_ref(), archive])
        .status()
        .unwrap();
    assert!(status.success());
}

/// The files below a directory, by their paths in it.
fn files_in(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let file = path.strip_prefix(directory).unwrap();
                files.push(file.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).unwrap().permissions().mode() & 0o777 == 0o755
}

#[test]
fn a_release_holds_what_is_deployed_and_the_command_line_and_comes_out_the_same_again() {
    let directory = RunDirectory::create("release-test").unwrap();
    let release = Release::make(&directory);
    let whole = format!("ecs-task-runner-{VERSION}");
    let targets = ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];
    let mut expected = vec!["SHA256SUMS".to_owned(), format!("{whole}.tar.gz")];
    expected.extend(targets.map(|target| format!("{whole}-{target}.tar.gz")));
    expected.sort();
    assert_eq!(files_in(&release.files), expected);

    let unpacked = release.unpack(directory.path());
    let files = files_in(&unpacked);
    for file in [
        "CHANGELOG.md",
        "infra/README.md",
        "infra/deploy.d/release.bash",
        "infra/policies/deploy.json",
        "infra/verify.d/runs.bash",
        "infra/worker.yaml",
        "programs/arm64/custom-resource.zip",
        "programs/x86_64/SHA256SUMS",
        "statemachine/ecs-task.asl.json",
    ] {
        assert!(files.iter().any(|held| held == file), "{file} in {files:?}");
    }
    for file in ["infra/deploy", "programs/arm64/ecs-task-runner"] {
        assert!(is_executable(&unpacked.join(file)), "{file}");
    }
    let sums = fs::read_to_string(unpacked.join("SHA256SUMS")).unwrap();
    let named: Vec<_> = sums.lines().map(|line| &line[66..]).collect();
    let others: Vec<_> = files.iter().filter(|file| *file != "SHA256SUMS").collect();
    assert_eq!(named, others);

    for target in targets {
        unpack(
            &release.files.join(format!("{whole}-{target}.tar.gz")),
            directory.path(),
        );
        let line = directory.file(&format!("{whole}-{target}"));
        let all = [
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "custom-resource",
            "ecs-task-runner",
        ];
        assert_eq!(files_in(&line), all);
        assert!(is_executable(&line.join("custom-resource")));
        let program = fs::read(line.join("custom-resource")).unwrap();
        assert_eq!(program, FUNCTION);
    }

    let again = directory.file("again");
    let (succeeded, told) = make(&directory, &[again.to_str().unwrap()]);
    assert!(succeeded, "{told}");
    let sums = |files: &Path| fs::read_to_string(files.join("SHA256SUMS")).unwrap();
    assert_eq!(sums(&release.files), sums(&again));
}

/// As cargo binstall puts the address and the program's place together.
#[test]
fn cargo_binstall_is_told_of_the_files_that_a_release_has() {
    let manifest = fs::read_to_string(workspace_directory().join("Cargo.toml")).unwrap();
    let (_, binstall) = manifest
        .split_once("\n[package.metadata.binstall]\n")
        .unwrap();
    let value = |key: &str| {
        let line = binstall.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap()
            .trim_matches('"')
            .replace("{ name }", "ecs-task-runner")
            .replace("{ version }", VERSION)
            .replace("{ target }", "aarch64-unknown-linux-gnu")
            .replace("{ bin }", "custom-resource")
    };
    let directory = RunDirectory::create("release-test").unwrap();
    let release = Release::make(&directory);
    let url = value("pkg-url = ");
    let file = url
        .strip_prefix(&format!("{{ repo }}/releases/download/v{VERSION}/"))
        .unwrap();
    assert_eq!(value("pkg-fmt = "), "tgz");
    unpack(&release.files.join(file), directory.path());
    assert!(directory.file(&value("bin-dir = ")).is_file());
}

#[test]
fn what_a_release_lacks_is_named_at_once() {
    let directory = RunDirectory::create("release-test").unwrap();
    let package = directory.directory("target/package/arm64").unwrap();
    Package::write(&package, AARCH64);
    fs::write(package.join("ecs-task-runner"), "changed").unwrap();
    directory.directory("full/of").unwrap();
    let full = directory.file("full");
    let (succeeded, told) = make(&directory, &[full.to_str().unwrap(), "v0.0.7"]);
    assert!(!succeeded, "{told}");
    for lacking in [
        "full is not empty",
        "arm64 has files that are missing, or differ",
        "'infra/deploy --package-only --architecture x86_64' makes it",
        "The tag v0.0.7 is not this version's",
    ] {
        assert!(told.contains(lacking), "{lacking} in: {told}");
    }
}
