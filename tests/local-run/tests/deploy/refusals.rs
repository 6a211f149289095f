//! What the script says when it cannot deploy, and what it would do.

use std::fs;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;

use crate::call::{BUCKET, Package, Programs, X86_64, ended, script};
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

const EVERYTHING: [&str; 6] = [
    "--bucket",
    BUCKET,
    "--vpc",
    "vpc-1",
    "--subnets",
    "subnet-1,subnet-2",
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
        .real("mktemp")
        .real("rm");
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
    let programs = Programs::new(&directory)
        .script("aws", aws)
        .real("mktemp")
        .real("rm");
    let arguments = [
        &EVERYTHING[..],
        &["--region", "eu-west-1", "--package", package.path()],
    ]
    .concat();
    let mut command = script(&programs.0, &arguments);
    command.env(
        "PYTHON",
        PythonEnvironment::prepare(|_| ())
            .await
            .unwrap()
            .interpreter(),
    );
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
            "ClusterArns=a b",
        ],
    ]
    .concat();
    let mut command = script(&programs.0, &arguments);
    command.env("CARGO_TARGET_DIR", directory.path());
    let (status, told, errors) = ended(command).await;
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
    assert!(!called.exists(), "{}", fs::read_to_string(&called).unwrap());
    for command in [
        "python3 -m venv ",
        "--target aarch64-unknown-linux-gnu.2.34\n",
        "aws s3 cp --only-show-errors ",
        "aws cloudformation deploy --stack-name ecs-task-runner --template-file infra/task-runner.yaml ",
        " DefinitionKey=ecs-task-runner/HASH/ecs-task.asl.json ClusterArns=a\\ b\n",
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
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let mut programs = Programs::new(&directory).real("mktemp").real("rm");
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
        let mut command = script(&programs.0, &arguments);
        command.env("PYTHON", python.interpreter());
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
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let mut programs = Programs::new(&directory).real("mktemp").real("rm");
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
            "--region",
            "eu-west-1",
            "--package",
            package.path(),
        ];
        let mut command = script(&programs.0, &arguments);
        command.env("PYTHON", python.interpreter());
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

#[tokio::test]
async fn options_that_cannot_work_are_named_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let arguments = [
        "--speed",
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
        "--region",
    ];
    let (status, told, errors) = ended(script(
        directory.path(),
        &[&arguments[..], &further].concat(),
    ))
    .await;
    assert_eq!((status, told.as_str()), (Some(EXIT_USAGE), ""), "{errors}");
    for wrong in [
        "The option --speed is unknown.",
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
    ] {
        assert!(errors.contains(wrong), "{wrong} in: {errors}");
    }
}

/// What CloudFormation said of an update in which instances did not come up, after one that had
/// failed otherwise. `SAID` stands for what it says of the group, `IN_PROGRESS` for an event that
/// is no failure yet.
const EVENTS: &str = r#"{"StackEvents": [
 {"StackId": "id", "PhysicalResourceId": "id", "ResourceType": "AWS::CloudFormation::Stack", "LogicalResourceId": "ecs-task-runner-workers",
  "ResourceStatus": "UPDATE_ROLLBACK_COMPLETE"},
 {"StackId": "id", "PhysicalResourceId": "asg", "ResourceType": "AWS::AutoScaling::AutoScalingGroup", "LogicalResourceId": "Workers",
  "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "SAID"},
 {"StackId": "id", "PhysicalResourceId": "asg", "ResourceType": "AWS::AutoScaling::AutoScalingGroup", "LogicalResourceId": "Workers",
  "ResourceStatus": "UPDATE_IN_PROGRESS", "ResourceStatusReason": "IN_PROGRESS"},
 {"StackId": "id", "PhysicalResourceId": "lt", "ResourceType": "AWS::EC2::LaunchTemplate", "LogicalResourceId": "LaunchTemplate",
  "ResourceStatus": "UPDATE_FAILED"},
 {"StackId": "id", "PhysicalResourceId": "id", "ResourceType": "AWS::CloudFormation::Stack", "LogicalResourceId": "ecs-task-runner-workers",
  "ResourceStatus": "UPDATE_IN_PROGRESS", "ResourceStatusReason": "User Initiated"},
 {"StackId": "id", "PhysicalResourceId": "sg", "ResourceType": "AWS::EC2::SecurityGroup", "LogicalResourceId": "SecurityGroup",
  "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "an earlier day"}]}"#;

/// What the script says of a deployment of the workers that failed with these events.
async fn told_of(said: &str, in_progress: &str) -> String {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let events = directory.file("events.json");
    fs::write(
        &events,
        EVENTS
            .replace("SAID", said)
            .replace("IN_PROGRESS\"}", &format!("{in_progress}\"}}"))
            + "\n",
    )
    .unwrap();
    let aws = format!(
        r#"case "$*" in
*"cloudformation deploy --stack-name ecs-task-runner-workers "*) exit 255 ;;
*describe-subnets*) ;;
*"describe-stacks --stack-name ecs-task-runner-workers --query Stacks[0].StackStatus"*) echo UPDATE_ROLLBACK_COMPLETE ;;
*describe-stack-events*) while IFS= read -r line; do echo "$line"; done < '{}' ;;
*describe-stacks*) exit 255 ;;
*) ;;
esac"#,
        events.display()
    );
    let programs = Programs::new(&directory)
        .script("aws", &aws)
        .real("mktemp")
        .real("rm");
    let arguments = [
        &EVERYTHING[..],
        &["--region", "eu-west-1", "--package", package.path()],
    ]
    .concat();
    let mut command = script(&programs.0, &arguments);
    command.env(
        "PYTHON",
        PythonEnvironment::prepare(|_| ())
            .await
            .unwrap()
            .interpreter(),
    );
    let (status, told, errors) = ended(command).await;
    assert_eq!(status, Some(1), "{told}{errors}");
    errors
}

#[tokio::test]
async fn a_failure_is_told_by_the_events_of_the_latest_operation() {
    let errors = told_of(
        "Received 0 SUCCESS signal(s) out of 1",
        "Temporarily setting autoscaling group",
    )
    .await;
    let expected = "
infra/deploy: The stack ecs-task-runner-workers could not be deployed. It is in UPDATE_ROLLBACK_COMPLETE.
What failed, and first what led to the rest:
  LaunchTemplate (AWS::EC2::LaunchTemplate) UPDATE_FAILED: no reason given
  Workers (AWS::AutoScaling::AutoScalingGroup) UPDATE_FAILED: Received 0 SUCCESS signal(s) out of 1
No instance said that it had failed.";
    assert!(errors.starts_with(expected), "{errors}");
    for way in [
        "--auto-scaling-group-name ecs-task-runner-workers-workers'",
        "get-console-output --latest",
        "no route to a NAT gateway",
    ] {
        assert!(errors.contains(way), "{way} in: {errors}");
    }
    assert!(
        errors.ends_with("Correct the cause. Then run infra/deploy again.\n"),
        "{errors}"
    );
}

/// One that could send its signal had a route: its own log says why it failed, and the event which
/// instance it was.
#[tokio::test]
async fn an_instance_that_failed_is_told_apart_from_one_that_said_nothing() {
    let errors = told_of(
        "Received 1 FAILURE signal(s) out of 1",
        "Received FAILURE signal with UniqueId i-0abc",
    )
    .await;
    let instance = "  Workers (AWS::AutoScaling::AutoScalingGroup) UPDATE_IN_PROGRESS: Received FAILURE signal with UniqueId i-0abc\n";
    assert!(errors.contains(instance), "{errors}");
    for way in [
        "logs tail /ecs-task-runner/ecs-task-runner-workers ",
        "get-console-output --latest",
        "the bucket artifacts",
        "ArtifactKeyArn",
    ] {
        assert!(errors.contains(way), "{way} in: {errors}");
    }
    assert!(!errors.contains("no route"), "{errors}");

    let silent = "Failed to receive 1 resource signal(s) for the current batch. Each resource signal timeout is counted as a FAILURE.";
    let errors = told_of(silent, "Temporarily setting autoscaling group").await;
    assert!(
        errors.contains("No instance said that it had failed.")
            && !errors.contains("ArtifactKeyArn"),
        "{errors}"
    );
}
