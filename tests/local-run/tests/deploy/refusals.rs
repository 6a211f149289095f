//! What the script says when it cannot deploy, and what it would do.

use std::fs;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;

use crate::call::{BUCKET, Package, Programs, X86_64, ended, script};
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

const EVERYTHING: [&str; 6] = ["--bucket", BUCKET, "--vpc", "vpc-1", "--subnets", "subnet-1,subnet-2"];

#[tokio::test]
async fn every_missing_program_is_named_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let (status, told, errors) = ended(script(directory.path(), &EVERYTHING)).await;
    assert_eq!((status, told.as_str()), (Some(EXIT_PREREQUISITE), ""), "{errors}");
    for missing in ["Python 3.10 or later", "Rust (cargo and rustc)", "The AWS CLI (aws)"] {
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
        .script("aws", "echo; echo 'Unable to locate credentials' >&2; exit 255")
        .real("mktemp")
        .real("rm");
    let arguments = [&EVERYTHING[..], &["--architecture", "arm64", "--region", "eu-west-1"]].concat();
    let (status, told, errors) = ended(script(&programs.0, &arguments)).await;
    assert_eq!((status, told.as_str()), (Some(EXIT_PREREQUISITE), ""), "{errors}");
    for lacking in
        ["'python3' is older", "'rustup target add aarch64-unknown-linux-gnu' installs it", "AWS said: Unable to locate credentials"]
    {
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
*describe-subnets*) echo subnet-2 ;;
*"--stack-name ecs-task-runner "*) echo UPDATE_IN_PROGRESS ;;
*"--stack-name ecs-task-runner-workers "*) echo ROLLBACK_COMPLETE ;;
*) exit 255 ;;
esac"#;
    let programs = Programs::new(&directory).script("aws", aws).real("mktemp").real("rm");
    let arguments = [&EVERYTHING[..], &["--region", "eu-west-1", "--package", package.path()]].concat();
    let mut command = script(&programs.0, &arguments);
    command.env("PYTHON", PythonEnvironment::prepare(|_| ()).await.unwrap().interpreter());
    let (status, told, errors) = ended(command).await;
    assert_eq!((status, told.as_str()), (Some(EXIT_PREREQUISITE), ""), "{errors}");
    for lacking in [
        "A bucket in eu-west-1: artifacts is in eu-central-1",
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
    let names = ["aws", "cargo", "rustc", "git", "python3", "mkdir", "cp", "rm", "mktemp", "cat", "env", "dirname", "uname"];
    let programs = names.iter().fold(Programs::new(&directory), |programs, name| programs.script(name, &record));
    let arguments = [&EVERYTHING[..], &["--dry-run", "--architecture", "arm64", "--parameter", "ClusterArns=a b"]].concat();
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
        " InstanceType=t4g.small\n",
    ] {
        assert!(told.contains(command), "{command} in: {told}");
    }
}

#[tokio::test]
async fn options_that_cannot_work_are_named_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let arguments = ["--speed", "--name=1st", "--architecture", "sparc", "--parameter", "ClusterArn=x", "--parameter", "CodeKey=x"];
    let further = ["--worker-parameter", "MaxInstances", "--bucket", "--vpc=", "--region"];
    let (status, told, errors) = ended(script(directory.path(), &[&arguments[..], &further].concat())).await;
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

/// What CloudFormation said in an account where the workers found no way to AWS, after an update that had failed otherwise.
const EVENTS: &str = r#"{"StackEvents": [
 {"StackId": "id", "PhysicalResourceId": "id", "ResourceType": "AWS::CloudFormation::Stack", "LogicalResourceId": "ecs-task-runner-workers",
  "ResourceStatus": "UPDATE_ROLLBACK_COMPLETE"},
 {"StackId": "id", "PhysicalResourceId": "asg", "ResourceType": "AWS::AutoScaling::AutoScalingGroup", "LogicalResourceId": "Workers",
  "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "Received 0 SUCCESS signal(s) out of 1"},
 {"StackId": "id", "PhysicalResourceId": "lt", "ResourceType": "AWS::EC2::LaunchTemplate", "LogicalResourceId": "LaunchTemplate",
  "ResourceStatus": "UPDATE_FAILED"},
 {"StackId": "id", "PhysicalResourceId": "id", "ResourceType": "AWS::CloudFormation::Stack", "LogicalResourceId": "ecs-task-runner-workers",
  "ResourceStatus": "UPDATE_IN_PROGRESS", "ResourceStatusReason": "User Initiated"},
 {"StackId": "id", "PhysicalResourceId": "sg", "ResourceType": "AWS::EC2::SecurityGroup", "LogicalResourceId": "SecurityGroup",
  "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "an earlier day"}]}"#;

#[tokio::test]
async fn a_failure_is_told_by_the_events_of_the_latest_operation() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let events = directory.file("events.json");
    fs::write(&events, format!("{EVENTS}\n")).unwrap();
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
    let programs = Programs::new(&directory).script("aws", &aws).real("mktemp").real("rm");
    let arguments = [&EVERYTHING[..], &["--region", "eu-west-1", "--package", package.path()]].concat();
    let mut command = script(&programs.0, &arguments);
    command.env("PYTHON", PythonEnvironment::prepare(|_| ()).await.unwrap().interpreter());
    let (status, told, errors) = ended(command).await;
    assert_eq!(status, Some(1), "{told}{errors}");
    let expected = "
infra/deploy: The stack ecs-task-runner-workers could not be deployed. It is in UPDATE_ROLLBACK_COMPLETE.
What failed, and first what led to the rest:
  LaunchTemplate (AWS::EC2::LaunchTemplate) UPDATE_FAILED: no reason given
  Workers (AWS::AutoScaling::AutoScalingGroup) UPDATE_FAILED: Received 0 SUCCESS signal(s) out of 1
An instance sends its signal once its worker has polled.";
    assert!(errors.starts_with(expected), "{errors}");
    assert!(errors.ends_with("Correct the cause. Then run infra/deploy again.\n"), "{errors}");
}
