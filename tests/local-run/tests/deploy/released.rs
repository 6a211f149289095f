//! The deployment of a release, without Rust and Python.

use std::fs;
use std::path::Path;

use local_run::directories::{RunDirectory, workspace_directory};
use local_run::task_runner::without_metric_math;
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::call::{Programs, ended, script_of};
use crate::release::Release;
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

#[tokio::test]
async fn a_release_is_deployed_with_the_aws_cli_alone_and_updated_with_its_own_processors() {
    let account = Account::open().await;
    let directory = RunDirectory::create("release-test").unwrap();
    let release = Release::make(&directory);
    let unpacked = release.unpack(directory.path());
    // As the emulator takes it, which is another one than was released.
    let template = unpacked.join("infra/task-runner.yaml");
    let released = fs::read_to_string(&template).unwrap();
    let changed = without_metric_math(&released);
    fs::write(&template, &changed).unwrap();
    let options = ["--no-workers", "--architecture", "x86_64"];
    let (status, told, errors) = account.deploy_release(&unpacked, &options).await;
    assert_eq!(
        (status, told.as_str()),
        (Some(EXIT_PREREQUISITE), ""),
        "{errors}"
    );
    let damaged = "missing, or differ from SHA256SUMS: infra/task-runner.yaml. Unpack it anew.";
    assert!(errors.contains(damaged), "{errors}");

    let sums = fs::read_to_string(unpacked.join("SHA256SUMS")).unwrap();
    // Nor does a list that was cut off say that all is well.
    fs::write(unpacked.join("SHA256SUMS"), &sums[..70]).unwrap();
    let (status, _, errors) = account.deploy_release(&unpacked, &options).await;
    assert_eq!(status, Some(EXIT_PREREQUISITE), "{errors}");
    let unnamed = "statemachine/ecs-task.asl.json (not in SHA256SUMS)";
    assert!(errors.contains(unnamed), "{errors}");

    let sum = |text: &str| hex::encode(Sha256::digest(text));
    let sums = sums.replace(&sum(&released), &sum(&changed));
    fs::write(unpacked.join("SHA256SUMS"), sums).unwrap();
    // The second time without --architecture: the stack keeps its own.
    for options in [&options[..], &options[..1]] {
        let (status, told, errors) = account.deploy_release(&unpacked, options).await;
        assert_eq!(status, Some(0), "{told}{errors}");
        let parameters = ["Architecture", "CodeKey"];
        let deployed = account.stack("ecs-task-runner", &parameters).await;
        assert_eq!(deployed[0], "CREATE_COMPLETE");
        let key = format!(
            "ecs-task-runner/{}/custom-resource.zip",
            release.x86_64.code
        );
        assert_eq!(deployed[2..], ["x86_64", key.as_str()]);
    }
}

/// A new stack gets the processors that cost less. From a checkout, the release's own script is
/// what deploys: its programs are named by the place they have there.
#[tokio::test]
async fn a_release_deploys_itself_from_anywhere() {
    let directory = RunDirectory::create("release-test").unwrap();
    let release = Release::make(&directory);
    assert_ne!(release.arm64.worker, release.x86_64.worker);
    let unpacked = release.unpack(directory.path());
    let programs = Programs::new(&directory).tools();
    let options = ["--bucket", "artifacts", "--no-fleet", "--dry-run"];
    for (option, architecture) in [(&[][..], "arm64"), (&["--architecture=x86_64"], "x86_64")] {
        let from = ["--release", unpacked.to_str().unwrap()];
        let arguments = [&from[..], &options, option].concat();
        let command = script_of(&workspace_directory(), &programs.0, &arguments);
        let (status, told, errors) = ended(command).await;
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
        for command in [
            format!("--body programs/{architecture}/custom-resource.zip "),
            format!(" Architecture={architecture} "),
        ] {
            assert!(told.contains(&command), "{command} in: {told}");
        }
        assert!(!told.contains("zigbuild"), "{told}");
    }
}

#[tokio::test]
async fn a_dry_run_of_a_release_finds_what_the_download_damaged() {
    let directory = RunDirectory::create("release-test").unwrap();
    let unpacked = Release::make(&directory).unpack(directory.path());
    let program = unpacked.join("programs/x86_64/ecs-task-runner");
    let whole = fs::read(&program).unwrap();
    fs::write(&program, &whole[..whole.len() / 2]).unwrap();
    fs::remove_file(unpacked.join("infra/worker.yaml")).unwrap();
    let options = ["--release=.", "--bucket=b", "--no-fleet", "--dry-run"];
    let mut programs = Programs::new(&directory);
    let (status, told, errors) = ended(script_of(&unpacked, &programs.0, &options)).await;
    assert_eq!(
        (status, told.as_str()),
        (Some(EXIT_PREREQUISITE), ""),
        "{errors}"
    );
    assert!(errors.contains("sha256sum (or shasum)"), "{errors}");

    programs = programs.tools();
    let (status, told, errors) = ended(script_of(&unpacked, &programs.0, &options)).await;
    assert_eq!(
        (status, told.as_str()),
        (Some(EXIT_PREREQUISITE), ""),
        "{errors}"
    );
    let damaged = "missing, or differ from SHA256SUMS: infra/worker.yaml, programs/x86_64/ecs-task-runner. Unpack it anew.";
    assert!(errors.contains(damaged), "{errors}");
}

#[tokio::test]
async fn options_that_make_no_sense_with_a_release_are_named() {
    let directory = RunDirectory::create("release-test").unwrap();
    let release = Release::make(&directory);
    let unpacked = release.unpack(directory.path());
    let unpacked = unpacked.to_str().unwrap();
    let command = script_of(
        Path::new(unpacked),
        directory.path(),
        &["--bucket=b", "--no-fleet"],
    );
    let (status, told, errors) = ended(command).await;
    assert_eq!((status, told.as_str()), (Some(EXIT_USAGE), ""), "{errors}");
    let built = "has no sources to build from: add --release ";
    assert!(errors.contains(built), "{errors}");
    for (arguments, wrong) in [
        (
            &[
                "--release",
                unpacked,
                "--package",
                "package",
                "--bucket=b",
                "--no-fleet",
            ][..],
            "--package and --release name the programs to deploy: give one of them.",
        ),
        (
            &["--release", unpacked, "--package-only"],
            "--package-only makes a package, and --package and --release take programs that were made: give one of them.",
        ),
        (
            &["--release", "infra", "--bucket=b", "--no-fleet"],
            "--release must be the directory of an unpacked release, which has infra/deploy in it, and is ",
        ),
    ] {
        let command = script_of(&workspace_directory(), directory.path(), arguments);
        let (status, told, errors) = ended(command).await;
        assert_eq!((status, told.as_str()), (Some(EXIT_USAGE), ""), "{errors}");
        assert!(errors.contains(wrong), "{wrong} in: {errors}");
    }
}
