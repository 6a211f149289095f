//! Deployments without a fleet, and the change from one.

use std::fs;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;

use crate::call::{BUCKET, Package, Programs, X86_64, ended, script};
use crate::refusals::EVERYTHING;
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

const NO_FLEET: [&str; 3] = ["--bucket", BUCKET, "--no-fleet"];
const ACTIVITY: &str = "arn:aws:states:eu-west-1:123456789012:activity:ecs-task-runner";

/// What the script says and calls, in an account where the AWS CLI answers as the cases of `aws`
/// say.
async fn deployed(aws: &str, further: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let deployments = directory.file("deployments");
    let aws = format!(
        r#"case "$*" in
*"cloudformation deploy "*) echo "$*" >> '{}' ;;
{aws}
*describe-stacks*) exit 255 ;;
esac"#,
        deployments.display()
    );
    let programs = Programs::new(&directory)
        .script("aws", &aws)
        .real("mktemp")
        .real("rm");
    let arguments = [
        &NO_FLEET[..],
        &["--region", "eu-west-1", "--package", package.path()],
        further,
    ]
    .concat();
    let mut command = script(&programs.0, &arguments);
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    command.env("PYTHON", python.interpreter());
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
    ] {
        let arguments = [&NO_FLEET[..], &["--dry-run"], further].concat();
        let (status, _, errors) = ended(script(directory.path(), &arguments)).await;
        assert_eq!(status, Some(EXIT_USAGE), "{errors}");
        assert!(errors.contains(problem), "{problem} in: {errors}");
    }
}

#[tokio::test]
async fn the_accounts_concurrency_says_how_many_runs_at_once_it_carries() {
    for (settings, parameters, said) in [
        (
            r"printf '1000\t1000\n'",
            &[][..],
            "Up to 995 runs at once: 1000 of the account's concurrency of 1000 are unreserved, and 5",
        ),
        (r"printf '10\t10\n'", &[], "Up to 5 runs at once: 10 of"),
        (r"printf '1000\t3\n'", &[], "Up to 0 runs at once: 3 of"),
        (
            r"printf '1000\t900\n'",
            &["--parameter", "WorkConcurrency=800"],
            "Up to 800 runs at once: WorkConcurrency.",
        ),
        (
            "echo AccessDenied >&2; exit 254",
            &[],
            "is not known: Lambda's GetAccountSettings was refused (AccessDenied).",
        ),
    ] {
        let aws = format!("*get-account-settings*) {settings} ;;");
        let (status, told, deployments) = deployed(&aws, parameters).await;
        assert_eq!(status, Some(0), "{told}");
        assert!(told.contains(said), "{said} in: {told}");
        assert_eq!(deployments.len(), 1, "{deployments:?}");
        assert!(
            deployments[0].contains(" Workers=Lambda"),
            "{deployments:?}"
        );
    }
}

#[tokio::test]
async fn a_reservation_that_lambda_would_refuse_is_refused_first() {
    for (settings, reserved) in [(r"10\t10", "1"), (r"1000\t850", "751")] {
        let aws = format!("*get-account-settings*) printf '{settings}\\n' ;;");
        let parameter = format!("WorkConcurrency={reserved}");
        let (status, told, deployments) = deployed(&aws, &["--parameter", &parameter]).await;
        assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}");
        assert!(
            told.contains(&format!("WorkConcurrency={reserved}: Lambda keeps 100")),
            "{told}"
        );
        assert!(deployments.is_empty(), "{deployments:?}");
    }
    // What an earlier deployment has reserved is not asked for once more.
    let aws = r#"*get-account-settings*) printf '1000\t200\n' ;;
*"ParameterKey=='WorkConcurrency'"*) echo 800 ;;"#;
    let (status, told, _) = deployed(aws, &[]).await;
    assert_eq!(status, Some(0), "{told}");
    assert!(told.contains("Up to 800 runs at once"), "{told}");
}

/// First as it is, since only the template before a change says that the activity is kept; then with
/// the function, and the activity that the fleet goes on with.
#[tokio::test]
async fn a_stack_with_a_fleet_keeps_its_activity_for_the_runs_that_the_fleet_has() {
    let aws = format!(
        r#"*"ParameterKey=='Workers'"*) echo Fleet ;;
*"OutputKey=='ActivityArn'"*) echo {ACTIVITY} ;;
*"--stack-name ecs-task-runner "*StackStatus*) echo UPDATE_COMPLETE ;;"#
    );
    let (status, told, deployments) = deployed(&aws, &[]).await;
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(deployments.len(), 2, "{deployments:?}");
    assert!(!deployments[0].contains("Workers="), "{deployments:?}");
    assert!(
        deployments[1].ends_with(&format!(" Workers=Lambda ActivityArn={ACTIVITY}")),
        "{deployments:?}"
    );
    for step in [
        "list-executions --state-machine-arn",
        "delete-stack --stack-name ecs-task-runner-workers'",
        "--no-fleet --parameter ActivityArn= ",
    ] {
        assert!(told.contains(step), "{step} in: {told}");
    }
}

#[tokio::test]
async fn a_stack_without_a_fleet_is_deployed_once_and_given_none_by_accident() {
    let aws = r#"*"ParameterKey=='Workers'"*) echo Lambda ;;
*"--stack-name ecs-task-runner "*StackStatus*) echo UPDATE_COMPLETE ;;"#;
    let (status, told, deployments) = deployed(aws, &["--parameter", "ActivityArn="]).await;
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(deployments.len(), 1, "{deployments:?}");
    assert!(
        deployments[0].ends_with(" Workers=Lambda ActivityArn="),
        "{deployments:?}"
    );
    assert!(!told.contains("delete-stack"), "{told}");

    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let programs = Programs::new(&directory)
        .script(
            "aws",
            &format!("case \"$*\" in\n{aws}\n*describe-stacks*) exit 255 ;;\nesac"),
        )
        .real("mktemp")
        .real("rm");
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
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    command.env("PYTHON", python.interpreter());
    let (status, _, errors) = ended(command).await;
    assert_eq!(status, Some(EXIT_PREREQUISITE), "{errors}");
    assert!(
        errors.contains("--no-fleet: the stack ecs-task-runner has no fleet so far."),
        "{errors}"
    );
}
