//! What the script would do.

use std::fs;

use local_run::directories::RunDirectory;

use crate::call::{BUCKET, NO_STACK, Package, Programs, X86_64, ended, script};
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

use crate::refusals::EVERYTHING;

#[tokio::test]
async fn a_dry_run_prints_the_commands_and_calls_nothing() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let called = directory.file("called");
    let record = format!("echo \"$0\" >> '{}'", called.display());
    let names = [
        "aws", "cargo", "rustc", "git", "python3", "mkdir", "cp", "rm", "mktemp", "cat", "env",
        "dirname", "uname",
    ];
    let programs = names
        .iter()
        .fold(Programs::new(&directory), |programs, name| {
            programs.script(name, &record)
        });
    let arguments = [
        &EVERYTHING[..],
        &[
            "--dry-run",
            "--architecture",
            "arm64",
            "--parameter",
            "ClusterArns=arn:a b",
        ],
    ]
    .concat();
    let mut command = script(&programs.0, &arguments);
    command.env("CARGO_TARGET_DIR", directory.path());
    let (status, told, errors) = ended(command).await;
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
    assert!(!called.exists(), "{}", fs::read_to_string(&called).unwrap());
    let last = told.lines().last().unwrap();
    assert!(
        last.starts_with("# Would be deployed. Nothing was asked of AWS"),
        "{last}"
    );
    for command in [
        "python3 -m venv ",
        "--target aarch64-unknown-linux-gnu.2.34\n",
        "aws s3api put-object --bucket artifacts --key ecs-task-runner/HASH/custom-resource.zip ",
        " --expected-bucket-owner ACCOUNT --checksum-algorithm SHA256 ",
        "aws cloudformation deploy --stack-name ecs-task-runner --template-file infra/task-runner.yaml ",
        " DefinitionKey=ecs-task-runner/HASH/ecs-task.asl.json DefinitionObjectVersion= ClusterArns=arn:a\\ b\n",
        "aws cloudformation deploy --stack-name ecs-task-runner-workers --template-file infra/worker.yaml ",
        "# InstanceType is given only when the stack ecs-task-runner-workers is new or has the other architecture; else its own stays.\n",
        " InstanceType=t4g.small\n",
    ] {
        assert!(told.contains(command), "{command} in: {told}");
    }
}

/// A bucket's key is no problem where it is AWS's, where its ARN is given, or where nobody may ask
/// for it.
#[tokio::test]
async fn a_key_that_instances_can_decrypt_with_is_no_problem() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let mut programs = Programs::new(&directory).tools();
    let given = [
        "--worker-parameter",
        "ArtifactKeyArn=arn:aws:kms:eu-west-1:123456789012:key/1",
    ];
    for (answer, further, is_problem) in [
        ("echo key-1", &[][..], true),
        ("echo key-1", &given[..], false),
        ("echo key-1", &["--no-workers"][..], false),
        ("echo alias/aws/s3", &[][..], false),
        ("echo None", &[][..], false),
        ("exit 254", &[][..], false),
    ] {
        // The second stack stops it before anything is deployed.
        let aws = format!(
            r#"case "$*" in
*get-bucket-encryption*) {answer} ;;
*describe-subnets* | *head-bucket*) ;;
*"--stack-name ecs-task-runner "*StackStatus*) echo DELETE_FAILED ;;
*get-caller-identity*) echo 123456789012 ;;
{NO_STACK}
*) exit 255 ;;
esac"#
        );
        programs = programs.script("aws", &aws);
        let network: &[&str] = if further == ["--no-workers"] {
            &[]
        } else {
            &EVERYTHING[2..]
        };
        let arguments = [
            &EVERYTHING[..2],
            network,
            &["--region", "eu-west-1", "--package", package.path()],
            further,
        ]
        .concat();
        let command = script(&programs.0, &arguments);
        let (status, told, errors) = ended(command).await;
        assert_eq!(
            (status, told.as_str()),
            (Some(EXIT_PREREQUISITE), ""),
            "{errors}"
        );
        assert_eq!(
            errors.contains(
                "ArtifactKeyArn=ARN: the bucket artifacts encrypts with the KMS key key-1"
            ),
            is_problem,
            "{answer}: {errors}"
        );
    }
}

#[tokio::test]
async fn without_workers_no_network_is_needed_and_one_stack_is_deployed() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let arguments = [
        "--bucket",
        BUCKET,
        "--no-workers",
        "--dry-run",
        "--architecture",
        "arm64",
    ];
    let (status, told, errors) = ended(script(directory.path(), &arguments)).await;
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
    assert_eq!(
        told.matches("aws cloudformation deploy ").count(),
        1,
        "{told}"
    );
    assert!(
        told.contains("--stack-name ecs-task-runner ") && !told.contains("HASH/ecs-task-runner"),
        "{told}"
    );

    let (status, _, errors) = ended(script(
        directory.path(),
        &[&arguments[..], &EVERYTHING[2..]].concat(),
    ))
    .await;
    assert_eq!(status, Some(EXIT_USAGE), "{errors}");
    assert!(
        errors.contains("--no-workers deploys no workers, and --vpc, --subnets"),
        "{errors}"
    );
}

/// The lists of what may be run are open until somebody narrows them, which a deployment tells.
#[tokio::test]
async fn what_is_not_narrowed_is_told_in_a_line() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let mut programs = Programs::new(&directory).tools();
    for (open, warning) in [
        (
            "ClusterArns\tTaskRoleArns",
            "Warning: ClusterArns, TaskRoleArns are '*'.",
        ),
        ("", ""),
    ] {
        let aws = format!(r#"case "$*" in *"ParameterValue=='*'"*) printf '{open}' ;; esac"#);
        programs = programs.script("aws", &aws);
        let arguments = [
            "--bucket",
            BUCKET,
            "--no-workers",
            "--allow-all",
            "--region",
            "eu-west-1",
            "--package",
            package.path(),
        ];
        let command = script(&programs.0, &arguments);
        let (status, told, errors) = ended(command).await;
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
        assert_eq!(
            told.matches("Warning: ").count(),
            usize::from(!open.is_empty()),
            "{told}"
        );
        assert!(told.contains(warning), "{told}");
    }
}
