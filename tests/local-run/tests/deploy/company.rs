//! What a company asks of a deployment: that nobody opens an account by a default, tags, and a
//! service role.

use local_run::directories::RunDirectory;

use crate::call::{BUCKET, ended, script};
use crate::no_fleet::{WITH_A_FLEET, WITHOUT_A_FLEET, deployed_with};
use crate::{EXIT_PREREQUISITE, EXIT_USAGE};

const NEW: [&str; 3] = ["--bucket", BUCKET, "--no-fleet"];
const LISTS: [&str; 4] = [
    "ClusterArns",
    "TaskDefinitionArns",
    "TaskRoleArns",
    "TaskLogGroupArns",
];
const ACCOUNT: &str = "*get-caller-identity*) echo 123456789012 ;;";

/// What may be run, where, as whom, and which logs are read: each list with what `*` would allow.
#[tokio::test]
async fn a_new_stack_is_opened_to_the_account_by_nothing_but_a_word_of_the_caller() {
    let (status, told, deployments) = deployed_with(ACCOUNT, &NEW).await;
    assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}");
    assert!(deployments.is_empty(), "{deployments:?}");
    for asked in [
        "--parameter ClusterArns=arn:aws:ecs:eu-west-1:123456789012:cluster/NAME, or several ARNs, separated by commas. With '*' tasks are run, listed and stopped in every cluster",
        "--parameter TaskDefinitionArns='arn:aws:ecs:eu-west-1:123456789012:task-definition/FAMILY:*'",
        "--parameter TaskRoleArns='arn:aws:iam::123456789012:role/NAME-*'",
        "--parameter TaskLogGroupArns='arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/NAME*'",
        "--allow-all, in place of those lists",
    ] {
        assert!(told.contains(asked), "{asked} in: {told}");
    }

    let (status, told, _) = deployed_with(ACCOUNT, &[&NEW[..], &["--allow-all"]].concat()).await;
    assert_eq!(status, Some(0), "{told}");

    let all = LISTS.map(|list| format!("{list}=*"));
    let mut given = NEW.to_vec();
    for list in &all {
        given.extend(["--parameter", list]);
    }
    let (status, told, deployments) = deployed_with(ACCOUNT, &given).await;
    assert_eq!(status, Some(0), "{told}");
    assert!(deployments[0].ends_with(&all.join(" ")), "{deployments:?}");

    given.truncate(given.len() - 2);
    let (status, told, _) = deployed_with(ACCOUNT, &given).await;
    assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}");
    assert!(
        told.contains("TaskLogGroupArns=") && !told.contains("--parameter TaskRoleArns="),
        "{told}"
    );
}

/// Before anything is built: CloudFormation and IAM would say so minutes later.
#[tokio::test]
async fn values_that_can_be_no_arns_and_no_path_are_refused_at_once() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let mut given = NEW.to_vec();
    for parameter in [
        "ClusterArns=arn:aws:ecs:eu-west-1:123456789012:cluster/a,production",
        "TaskRoleArns=*",
        "PermissionsBoundaryArn=boundary",
        "RolePath=teams/data",
    ] {
        given.extend(["--parameter", parameter]);
    }
    let (status, _, errors) = ended(script(directory.path(), &given)).await;
    assert_eq!(status, Some(EXIT_USAGE), "{errors}");
    for problem in [
        "--parameter ClusterArns must be ARNs, separated by commas, or *, and has 'production'.",
        "--parameter PermissionsBoundaryArn must be an ARN, or empty, and is 'boundary'.",
        "--parameter RolePath must begin and end with a slash, as in /teams/data/, or be empty, and is 'teams/data'.",
    ] {
        assert!(errors.contains(problem), "{problem} in: {errors}");
    }
    assert_eq!(errors.matches("  - ").count(), 3, "{errors}");
}

/// It keeps what it has, wide or narrow, and says at each deployment what is wide.
#[tokio::test]
async fn a_stack_that_is_there_keeps_its_lists_and_is_asked_for_none() {
    let wide = "*\"ParameterValue=='*'\"*) printf 'TaskRoleArns\\tTaskLogGroupArns' ;;";
    for stack in [WITH_A_FLEET, WITHOUT_A_FLEET] {
        for further in [&[][..], &["--allow-all"]] {
            let options = [&NEW[..], further].concat();
            let (status, told, deployments) =
                deployed_with(&format!("{wide}\n{stack}"), &options).await;
            assert_eq!(status, Some(0), "{told}");
            for list in LISTS {
                assert!(
                    deployments.iter().all(|one| !one.contains(list)),
                    "{deployments:?}"
                );
            }
            for said in [
                "Warning: TaskRoleArns, TaskLogGroupArns are '*'.",
                "  TaskRoleArns: a task can be given every role that ECS tasks can assume",
                "  TaskLogGroupArns: every log group of this account can be read",
            ] {
                assert!(told.contains(said), "{said} in: {told}");
            }
            assert!(!told.contains("  ClusterArns: "), "{told}");
        }
    }
}

/// The AWS CLI removes the tags that it is not given.
#[tokio::test]
async fn a_stack_keeps_its_tags_and_is_given_those_of_the_call() {
    let tagged = "*Tags*) printf 'team=data\\tcost centre=12 34\\n' ;;";
    for (further, tags) in [
        (
            &[][..],
            " --tags team=data cost centre=12 34 --capabilities",
        ),
        (
            &["--tag", "owner=me", "--tag", "team=web=2"],
            " --tags cost centre=12 34 owner=me team=web=2 --capabilities",
        ),
    ] {
        let options = [&NEW[..], further].concat();
        let (status, told, deployments) =
            deployed_with(&format!("{tagged}\n{WITHOUT_A_FLEET}"), &options).await;
        assert_eq!(status, Some(0), "{told}");
        assert!(deployments[0].contains(tags), "{deployments:?}");
    }
    let (_, told, deployments) = deployed_with(WITHOUT_A_FLEET, &NEW).await;
    assert!(!deployments[0].contains("--tags"), "{told}");
}

#[tokio::test]
async fn cloudformation_is_given_the_service_role_and_none_by_default() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/deployer";
    let options = [&NEW[..], &["--role-arn", ROLE]].concat();
    let (status, told, deployments) = deployed_with(WITHOUT_A_FLEET, &options).await;
    assert_eq!(status, Some(0), "{told}");
    assert!(
        deployments[0].contains(&format!(" --role-arn {ROLE} ")),
        "{deployments:?}"
    );
    let (_, _, deployments) = deployed_with(WITHOUT_A_FLEET, &NEW).await;
    assert!(!deployments[0].contains("--role-arn"), "{deployments:?}");
}

#[tokio::test]
async fn a_dry_run_says_what_a_new_stack_would_be_asked_for() {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let needs = "# Where the stack ecs-task-runner is new, it needs --parameter for TaskDefinitionArns, TaskRoleArns, TaskLogGroupArns, or --allow-all.";
    for (further, is_said) in [
        (&["--parameter", "ClusterArns=arn:a"][..], true),
        (&["--allow-all"], false),
    ] {
        let arguments = [&NEW[..], &["--dry-run", "--architecture", "arm64"], further].concat();
        let (status, told, errors) = ended(script(directory.path(), &arguments)).await;
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
        assert_eq!(told.contains(needs), is_said, "{told}");
    }
}

/// S3 refuses every call whose bucket belongs to another account than the call says: not only the
/// one that looks whether the bucket is there.
#[tokio::test]
async fn no_bucket_of_another_account_is_read_or_written() {
    for (further, owner) in [
        (&[][..], "123456789012"),
        (&["--bucket-owner", "210987654321"], "210987654321"),
    ] {
        // Told at the end, as what the script could not upload.
        let calls = format!(
            "*\" s3api \"*\"--expected-bucket-owner {owner} \"*head-object*) exit 254 ;;
*\" s3api \"*\"--expected-bucket-owner {owner} \"*) ;;
*\" s3api \"*) echo \"no owner: $*\" >&2; exit 254 ;;
{ACCOUNT}"
        );
        let options = [&NEW[..], &["--allow-all"], further].concat();
        let (status, told, deployments) = deployed_with(&calls, &options).await;
        assert_eq!(status, Some(0), "{told}");
        assert_eq!(deployments.len(), 1, "{told}");
        assert_eq!(told.matches("Uploading ").count(), 2, "{told}");
    }
}
