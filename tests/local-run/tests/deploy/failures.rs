//! What the script says of a deployment that failed.

use std::fs;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;

use crate::call::{NO_STACK, Package, Programs, X86_64, ended, script};

use crate::refusals::EVERYTHING;

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
{NO_STACK}
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
