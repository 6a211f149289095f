//! What the script says when it cannot deploy.

use std::fs;

use local_run::directories::RunDirectory;

use crate::call::{BUCKET, Package, Programs, X86_64, ended, script};
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

/// What a whole deployment takes.
pub const EVERYTHING: [&str; 7] = [
    "--bucket",
    BUCKET,
    "--vpc",
    "vpc-1",
    "--subnets",
    "subnet-1,subnet-2",
    "--allow-all",
];

#[tokio::test]
async fn every_missing_program_is_named_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let (status, told, errors) = ended(script(directory.path(), &EVERYTHING)).await;
    assert_eq!(
        (status, told.as_str()),
        (Some(EXIT_PREREQUISITE), ""),
        "{errors}"
    );
    for missing in [
        "Python 3.10 or later",
        "Rust (cargo and rustc)",
        "The AWS CLI (aws)",
    ] {
        assert_eq!(errors.matches(missing).count(), 1, "{missing} in: {errors}");
    }
}

#[tokio::test]
async fn what_the_programs_lack_is_named_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let programs = Programs::new(&directory)
        .script("python3", "exit 1")
        .script("cargo", "exit 1")
        .script("rustc", "echo /nonexistent")
        .script(
            "aws",
            "echo; echo 'Unable to locate credentials' >&2; exit 255",
        )
        .tools();
    let arguments = [
        &EVERYTHING[..],
        &["--architecture", "arm64", "--region", "eu-west-1"],
    ]
    .concat();
    let (status, told, errors) = ended(script(&programs.0, &arguments)).await;
    assert_eq!(
        (status, told.as_str()),
        (Some(EXIT_PREREQUISITE), ""),
        "{errors}"
    );
    for lacking in [
        "'python3' is older",
        "'rustup target add aarch64-unknown-linux-gnu' installs it",
        "AWS said: Unable to locate credentials",
    ] {
        assert!(errors.contains(lacking), "{lacking} in: {errors}");
    }
}

#[tokio::test]
async fn what_the_account_lacks_is_named_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    fs::write(directory.file("ecs-task-runner"), "changed").unwrap();
    let aws = r#"case "$*" in
*get-caller-identity*) echo 123456789012 ;;
*head-bucket*) echo eu-central-1 ;;
*get-bucket-encryption*) echo arn:aws:kms:eu-west-1:123456789012:key/1 ;;
*describe-subnets*) echo subnet-2 ;;
*"ParameterKey=='ArtifactKeyArn'"*) echo None ;;
*"--stack-name ecs-task-runner "*) echo UPDATE_IN_PROGRESS ;;
*"--stack-name ecs-task-runner-workers "*) echo ROLLBACK_COMPLETE ;;
*) exit 255 ;;
esac"#;
    let programs = Programs::new(&directory).script("aws", aws).tools();
    let arguments = [
        &EVERYTHING[..],
        &["--region", "eu-west-1", "--package", package.path()],
    ]
    .concat();
    let command = script(&programs.0, &arguments);
    let (status, told, errors) = ended(command).await;
    assert_eq!(
        (status, told.as_str()),
        (Some(EXIT_PREREQUISITE), ""),
        "{errors}"
    );
    for lacking in [
        "A bucket in eu-west-1: artifacts is in eu-central-1",
        "--worker-parameter ArtifactKeyArn=ARN: the bucket artifacts encrypts with the KMS key arn:aws:kms:eu-west-1:123456789012:key/1",
        "Subnets of vpc-1: subnet-2 belong to another VPC",
        "The stack ecs-task-runner at rest: it is in UPDATE_IN_PROGRESS",
        "The stack ecs-task-runner-workers out of the way: it is in ROLLBACK_COMPLETE",
        "ecs-task-runner differ from SHA256SUMS",
    ] {
        assert!(errors.contains(lacking), "{lacking} in: {errors}");
    }
}

#[tokio::test]
async fn options_that_cannot_work_are_named_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let arguments = [
        "--speed",
        "--no-flete",
        "--name=1st",
        "--architecture",
        "sparc",
        "--parameter",
        "ClusterArn=x",
        "--parameter",
        "CodeKey=x",
    ];
    let further = [
        "--worker-parameter",
        "MaxInstances",
        "--bucket",
        "--vpc=",
        "--tag",
        "team",
        "--tag",
        "aws:team=data",
        "--role-arn",
        "deployer",
        "--bucket-owner",
        "me",
        "--region",
    ];
    let (status, told, errors) = ended(script(
        directory.path(),
        &[&arguments[..], &further].concat(),
    ))
    .await;
    assert_eq!((status, told.as_str()), (Some(EXIT_USAGE), ""), "{errors}");
    for wrong in [
        "The option --speed is unknown.\n",
        "The option --no-flete is unknown. Did you mean --no-fleet?",
        "The option --bucket needs a value.",
        "The option --vpc needs a value.",
        "The option --region needs a value.",
        "--bucket is missing",
        "--vpc is missing",
        "--subnets is missing",
        "--name must be a letter followed by up to 79 letters, digits and hyphens, and is '1st'.",
        "--architecture must be arm64 or x86_64, and is 'sparc'.",
        "--parameter ClusterArn: infra/task-runner.yaml has no such parameter.",
        "--parameter CodeKey cannot be given",
        "--worker-parameter must be Name=Value, and is 'MaxInstances'.",
        "--tag must be Name=Value, and is 'team'.",
        "--tag: names that begin with aws: are AWS's own, as in 'aws:team=data'.",
        "--role-arn must be the ARN of an IAM role, and is 'deployer'.",
        "--bucket-owner must be an account's number of 12 digits, and is 'me'.",
    ] {
        assert!(errors.contains(wrong), "{wrong} in: {errors}");
    }
}
