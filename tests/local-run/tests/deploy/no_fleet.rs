//! Deployments without a fleet, and the change from one.

use std::fs;

use local_run::directories::RunDirectory;

use crate::call::{BUCKET, NO_STACK, Package, Programs, X86_64, ended, script};
use crate::refusals::EVERYTHING;
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

const NO_FLEET: [&str; 4] = ["--bucket", BUCKET, "--no-fleet", "--allow-all"];
/// A fleet that is deployed otherwise.
const FLEET_ELSEWHERE: [&str; 4] = ["--bucket", BUCKET, "--no-workers", "--allow-all"];
const ACTIVITY: &str = "arn:aws:states:eu-west-1:123456789012:activity:ecs-task-runner";

/// A stack with a fleet, as cases of a script in the AWS CLI's place.
pub const WITH_A_FLEET: &str = r#"*"ParameterKey=='Workers'"*) echo Fleet ;;
*"OutputKey=='ActivityArn'"*) echo arn:aws:states:eu-west-1:123456789012:activity:ecs-task-runner ;;
*"OutputKey=='StateMachineArn'"*) echo arn:aws:states:eu-west-1:123456789012:stateMachine:machine ;;
*"--stack-name ecs-task-runner "*StackStatus*) echo UPDATE_COMPLETE ;;
*"--stack-name ecs-task-runner "*) echo None ;;"#;
/// A stack without one.
pub const WITHOUT_A_FLEET: &str = r#"*"ParameterKey=='Workers'"*) echo Lambda ;;
*"--stack-name ecs-task-runner "*StackStatus*) echo UPDATE_COMPLETE ;;
*"--stack-name ecs-task-runner "*) echo None ;;"#;

/// What the script says and calls without a fleet, in an account where the AWS CLI answers as the
/// cases of `aws` say.
pub async fn deployed(aws: &str, further: &[&str]) -> (Option<i32>, String, Vec<String>) {
    deployed_with(aws, &[&NO_FLEET[..], further].concat()).await
}

/// As [`deployed`], with all of the options.
pub async fn deployed_with(aws: &str, options: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let deployments = directory.file("deployments");
    let aws = format!(
        r#"case "$*" in
*"cloudformation deploy "*) echo "$*" >> '{}' ;;
{aws}
{NO_STACK}
esac"#,
        deployments.display()
    );
    let programs = Programs::new(&directory).script("aws", &aws).tools();
    let arguments = [
        options,
        &["--region", "eu-west-1", "--package", package.path()],
    ]
    .concat();
    let command = script(&programs.0, &arguments);
    let (status, told, errors) = ended(command).await;
    let deployments = fs::read_to_string(&deployments).unwrap_or_default();
    (
        status,
        told + &errors,
        deployments.lines().map(str::to_owned).collect(),
    )
}

#[tokio::test]
async fn without_a_fleet_one_stack_is_deployed_and_no_network_is_needed() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let arguments = [&NO_FLEET[..], &["--dry-run", "--architecture", "arm64"]].concat();
    let (status, told, errors) = ended(script(directory.path(), &arguments)).await;
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
    let stacks: Vec<_> = told
        .lines()
        .filter(|line| line.starts_with("aws cloudformation deploy "))
        .collect();
    assert_eq!(stacks.len(), 1, "{told}");
    assert!(
        stacks[0].contains("--stack-name ecs-task-runner ")
            && stacks[0].ends_with(" Workers=Lambda"),
        "{told}"
    );
    assert!(!told.contains("HASH/ecs-task-runner"), "{told}");
}

#[tokio::test]
async fn what_is_about_a_fleet_is_refused_without_one() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    for (further, problem) in [
        (
            &EVERYTHING[2..],
            "--no-fleet deploys no workers, and --vpc, --subnets",
        ),
        (
            &["--worker-parameter", "MinInstances=3"],
            "--no-fleet deploys no workers",
        ),
        (&["--no-workers"], "give one of them"),
        (
            &["--parameter", "Workers=Fleet"],
            "leave out --parameter Workers",
        ),
        (
            &["--parameter", "WorkConcurrency=many"],
            "--parameter WorkConcurrency must be a number from 1 to 99999, or empty, and is 'many'.",
        ),
        (
            &["--parameter", "WorkConcurrency=08"],
            "or empty, and is '08'.",
        ),
    ] {
        let arguments = [&NO_FLEET[..], &["--dry-run"], further].concat();
        let (status, _, errors) = ended(script(directory.path(), &arguments)).await;
        assert_eq!(status, Some(EXIT_USAGE), "{errors}");
        assert!(errors.contains(problem), "{problem} in: {errors}");
    }
}

/// First as it is, since only the template before a change says that the activity is kept; then with
/// the function, and the activity that the fleet goes on with.
#[tokio::test]
async fn a_stack_with_a_fleet_keeps_its_activity_for_the_runs_that_the_fleet_has() {
    let (status, told, deployments) = deployed(WITH_A_FLEET, &[]).await;
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(deployments.len(), 2, "{deployments:?}");
    assert!(!deployments[0].contains("Workers="), "{deployments:?}");
    assert!(
        deployments[1].ends_with(&format!(" Workers=Lambda ActivityArn={ACTIVITY}")),
        "{deployments:?}"
    );
    for step in [
        "list-executions --state-machine-arn arn:aws:states:eu-west-1:123456789012:stateMachine:machine ",
        "delete-stack --stack-name ecs-task-runner-workers'",
        "'infra/deploy --bucket artifacts --region eu-west-1 --name ecs-task-runner --no-fleet --parameter ActivityArn='",
    ] {
        assert!(told.contains(step), "{step} in: {told}");
    }
}

/// To let go of the activity is the last step of the change: as the first one it would lose the runs
/// that wait there.
#[tokio::test]
async fn the_activity_of_a_fleet_is_not_let_go_of_with_the_change() {
    let (status, told, deployments) =
        deployed(WITH_A_FLEET, &["--parameter", "ActivityArn="]).await;
    assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}");
    assert!(
        told.contains("--no-fleet without --parameter ActivityArn: the stack ecs-task-runner has a fleet so far"),
        "{told}"
    );
    assert!(deployments.is_empty(), "{deployments:?}");
}

#[tokio::test]
async fn a_stack_without_a_fleet_is_deployed_once_and_given_none_by_accident() {
    let (status, told, deployments) =
        deployed(WITHOUT_A_FLEET, &["--parameter", "ActivityArn="]).await;
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(deployments.len(), 1, "{deployments:?}");
    assert!(
        deployments[0].ends_with(" Workers=Lambda ActivityArn="),
        "{deployments:?}"
    );
    assert!(!told.contains("delete-stack"), "{told}");

    let (status, told, deployments) = deployed_with(WITHOUT_A_FLEET, &FLEET_ELSEWHERE).await;
    assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}");
    assert!(
        told.contains("--no-fleet: the stack ecs-task-runner has no fleet so far."),
        "{told}"
    );
    assert!(deployments.is_empty(), "{deployments:?}");
}

/// Runs that were given to `work` need it until they end.
#[tokio::test]
async fn a_stack_is_given_a_fleet_only_as_long_as_the_function_work_is_kept() {
    let fleet = ["--parameter", "Workers=Fleet"];
    let keep = ["--parameter", "KeepWork=true"];
    let let_go = ["--parameter", "KeepWork=false"];
    let kept = format!("*KeepWork*) echo true ;;\n{WITHOUT_A_FLEET}");
    let was_kept = format!("*KeepWork*) echo true ;;\n{WITH_A_FLEET}");
    let refused = "--parameter KeepWork=true: the stack ecs-task-runner has no fleet so far";
    let warned = "Warning: KeepWork=false deletes the function work.";
    for (stack, further, said) in [
        (WITHOUT_A_FLEET, fleet.to_vec(), Some(refused)),
        (WITHOUT_A_FLEET, [fleet, let_go].concat(), Some(refused)),
        (&kept, [fleet, let_go].concat(), Some(refused)),
        (WITHOUT_A_FLEET, [fleet, keep].concat(), None),
        (&kept, fleet.to_vec(), None),
        (&was_kept, let_go.to_vec(), Some(warned)),
        (&was_kept, Vec::new(), None),
        (WITH_A_FLEET, let_go.to_vec(), None),
    ] {
        let options = [&FLEET_ELSEWHERE[..], &further].concat();
        let (status, told, deployments) = deployed_with(stack, &options).await;
        let is_refused = said == Some(refused);
        assert_eq!(
            status,
            Some(if is_refused { EXIT_PREREQUISITE } else { 0 }),
            "{told}"
        );
        assert_eq!(deployments.is_empty(), is_refused, "{deployments:?}");
        for sentence in [refused, warned] {
            assert_eq!(
                told.contains(sentence),
                said == Some(sentence),
                "{further:?}: {told}"
            );
        }
    }
}

/// Without a look at the stack the script would take one that has a fleet for a new one.
#[tokio::test]
async fn a_stack_that_cannot_be_looked_at_is_not_deployed() {
    let denied = "echo 'An error occurred (AccessDenied): not authorized' >&2; exit 254";
    for (aws, options) in [
        (format!("*describe-stacks*) {denied} ;;"), &NO_FLEET[..]),
        (
            format!("*describe-stacks*) {denied} ;;"),
            &FLEET_ELSEWHERE[..],
        ),
        (
            format!("*\"ParameterKey=='Workers'\"*) {denied} ;;\n{WITH_A_FLEET}"),
            &NO_FLEET,
        ),
        (
            format!("*\"OutputKey=='ActivityArn'\"*) {denied} ;;\n{WITH_A_FLEET}"),
            &NO_FLEET,
        ),
    ] {
        let (status, told, deployments) = deployed_with(&aws, options).await;
        assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}");
        assert!(
            told.contains("A look at the stack ecs-task-runner (cloudformation:DescribeStacks). AWS said: An error occurred (AccessDenied): not authorized"),
            "{told}"
        );
        assert!(deployments.is_empty(), "{deployments:?}");
    }
}
