//! What the script says of a deployment that failed.

use std::fs;

use local_run::directories::RunDirectory;

use crate::call::{NO_STACK, Package, Programs, X86_64, ended, script};

use crate::refusals::EVERYTHING;

/// What the AWS CLI prints, latest first, of an update in which instances did not come up, after one
/// that had failed otherwise. `SAID` stands for what CloudFormation says of the group, `IN_PROGRESS`
/// for an event that is no failure yet. There is a further page, which the AWS CLI did not read.
const EVENTS: &str = "\
event\tTrue\tUPDATE_ROLLBACK_COMPLETE\tecs-task-runner-workers\tAWS::CloudFormation::Stack\t
event\tFalse\tUPDATE_FAILED\tWorkers\tAWS::AutoScaling::AutoScalingGroup\tSAID
event\tFalse\tUPDATE_IN_PROGRESS\tWorkers\tAWS::AutoScaling::AutoScalingGroup\tIN_PROGRESS
event\tFalse\tUPDATE_FAILED\tLaunchTemplate\tAWS::EC2::LaunchTemplate\t
event\tTrue\tUPDATE_IN_PROGRESS\tecs-task-runner-workers\tAWS::CloudFormation::Stack\tUser Initiated
event\tFalse\tUPDATE_FAILED\tSecurityGroup\tAWS::EC2::SecurityGroup\tan earlier day
None
";

/// What the script says of a deployment of the workers that failed with these events.
async fn told_of(said: &str, in_progress: &str) -> String {
    told_of_stack("UPDATE_ROLLBACK_COMPLETE", "", said, in_progress).await
}

/// As [`told_of`], of a stack in this state, where the AWS CLI answers as the cases of `aws` say.
async fn told_of_stack(state: &str, aws: &str, said: &str, in_progress: &str) -> String {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let events = directory.file("events.json");
    let told = EVENTS
        .replace("IN_PROGRESS\n", &format!("{in_progress}\n"))
        .replace("SAID", said);
    fs::write(&events, told).unwrap();
    // At rest, until it was deployed.
    let deployed = directory.file("deployed");
    let aws = format!(
        r#"case "$*" in
{aws}
*"cloudformation deploy --stack-name ecs-task-runner-workers "*) : > '{deployed}'; exit 255 ;;
*describe-subnets*) ;;
*"describe-stacks --stack-name ecs-task-runner-workers --query Stacks[0].StackStatus"*)
  if [ -e '{deployed}' ]; then echo {state}; else echo UPDATE_COMPLETE; fi ;;
*describe-stack-events*) while IFS= read -r line; do echo "$line"; done < '{events}' ;;
{NO_STACK}
*) ;;
esac"#,
        deployed = deployed.display(),
        events = events.display()
    );
    let programs = Programs::new(&directory).script("aws", &aws).tools();
    let arguments = [
        &EVERYTHING[..],
        &["--region", "eu-west-1", "--package", package.path()],
    ]
    .concat();
    let command = script(&programs.0, &arguments);
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

/// The rollback of a failed update leaves the group as the update needed it.
#[tokio::test]
async fn a_fleet_whose_rollback_failed_is_let_do_all_of_its_work_again() {
    let resume = "'aws --region eu-west-1 autoscaling resume-processes --auto-scaling-group-name ecs-task-runner-workers-workers' resumes them";
    for (aws, said) in [
        (
            r"*describe-auto-scaling-groups*) printf 'HealthCheck\tReplaceUnhealthy\n' ;;",
            Some("HealthCheck, ReplaceUnhealthy are suspended by the update"),
        ),
        (
            "*describe-auto-scaling-groups*) exit 254 ;;",
            Some("ReplaceUnhealthy and ScheduledActions may be suspended by the update"),
        ),
        ("*describe-auto-scaling-groups*) echo None ;;", None),
    ] {
        let errors = told_of_stack("UPDATE_ROLLBACK_FAILED", aws, "Received 0", "Begin").await;
        assert!(
            errors.contains("continue-update-rollback --stack-name ecs-task-runner-workers'"),
            "{errors}"
        );
        assert_eq!(errors.contains(resume), said.is_some(), "{errors}");
        assert!(errors.contains(said.unwrap_or_default()), "{errors}");
    }
}

#[tokio::test]
async fn what_the_first_use_of_a_service_in_an_account_lacks_is_explained() {
    let denied = "API: autoscaling:CreateAutoScalingGroup User: arn:aws:iam::123456789012:user/me is not authorized to perform: iam:CreateServiceLinkedRole on resource: arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    let errors = told_of(denied, "Begin").await;
    assert!(
        errors.contains(
            "'aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com'"
        ),
        "{errors}"
    );
    let first = "Invalid request provided: CreateCluster Invalid Request: Unable to assume the service linked role. Please verify that the ECS service linked role exists.";
    let errors = told_of(first, "Begin").await;
    assert!(
        errors.contains("The account has used ECS for the first time.")
            && errors.contains("The next try succeeds."),
        "{errors}"
    );
    assert!(!errors.contains("create-service-linked-role"), "{errors}");
}

#[tokio::test]
async fn who_may_make_roles_of_some_kinds_only_reads_how_to_say_which() {
    let denied = "API: iam:CreateRole User: arn:aws:iam::123456789012:user/me is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::123456789012:role/runner-StartRole because no identity-based policy allows the iam:CreateRole action";
    let errors = told_of(denied, "Begin").await;
    assert!(
        errors.contains("--parameter PermissionsBoundaryArn=ARN and --parameter RolePath=/PATH/"),
        "{errors}"
    );
    let errors = told_of("Resource creation cancelled", "Begin").await;
    assert!(!errors.contains("PermissionsBoundaryArn"), "{errors}");
}

/// The task runner's own reasons have several lines, and other resources' may have.
#[tokio::test]
async fn a_reason_of_several_lines_stays_together() {
    let errors = told_of(
        "The first line\n\nNOT_FAILED: the last\tline",
        "Begin\nand end",
    )
    .await;
    let expected = "
  LaunchTemplate (AWS::EC2::LaunchTemplate) UPDATE_FAILED: no reason given
  Workers (AWS::AutoScaling::AutoScalingGroup) UPDATE_FAILED: The first line

NOT_FAILED: the last\tline
";
    assert!(errors.contains(expected), "{errors}");
    assert!(!errors.contains("and end"), "{errors}");
}
