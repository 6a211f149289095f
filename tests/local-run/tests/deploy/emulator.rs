//! Deployments on the emulator.

use std::fs;

use local_run::directories::workspace_directory;
use serde_json::Value;

use crate::EXIT_PREREQUISITE;
use crate::account::Account;
use crate::call::{AARCH64, BROKEN_FUNCTION, BUCKET, Package, X86_64};

#[tokio::test]
async fn both_stacks_are_deployed_and_a_second_time_nothing_is() {
    let account = Account::open().await;
    let package = Package::write(&account.directory.directory("package").unwrap(), X86_64);

    let (status, told, errors) = account.deploy("runner", &package).await;
    assert_eq!(status, Some(0), "{told}{errors}");
    assert!(told.contains("!ImportValue runner-ServiceToken"), "{told}");
    assert!(
        told.contains("functions start, as version 0.2.0 (abcdef1).\n"),
        "{told}"
    );
    let runner = account
        .stack(
            "runner",
            &["Architecture", "ArtifactBucket", "CodeKey", "DefinitionKey"],
        )
        .await;
    assert_eq!(runner[0], "CREATE_COMPLETE");
    assert_eq!(
        runner[2..5],
        [
            "x86_64",
            BUCKET,
            &format!("ecs-task-runner/{}/custom-resource.zip", package.code)
        ]
    );
    let workers = account
        .stack(
            "runner-workers",
            &[
                "WorkerSha256",
                "InstanceType",
                "TaskRunnerStack",
                "WorkerKey",
            ],
        )
        .await;
    assert_eq!(workers[0], "CREATE_COMPLETE");
    assert_eq!(
        workers[2..5],
        [package.worker.as_str(), "t3.small", "runner"]
    );
    for (key, file) in [
        (&runner[4], package.directory.join("custom-resource.zip")),
        (
            &runner[5],
            workspace_directory().join("statemachine/ecs-task.asl.json"),
        ),
        (&workers[5], package.directory.join("ecs-task-runner")),
    ] {
        let copy = account.directory.file("copy");
        account
            .ask(&[
                "s3api",
                "get-object",
                "--bucket",
                BUCKET,
                "--key",
                key,
                copy.to_str().unwrap(),
            ])
            .await;
        assert_eq!(fs::read(copy).unwrap(), fs::read(file).unwrap(), "{key}");
    }

    let (status, told, errors) = account.deploy("runner", &package).await;
    assert_eq!(status, Some(0), "{told}{errors}");
    assert_eq!(told.matches("is there already.").count(), 3, "{told}");
    assert_eq!(told.matches("is up to date").count(), 2, "{told}");
    assert!(!told.contains("Uploading"), "{told}");
    assert_eq!(
        account
            .stack(
                "runner",
                &["Architecture", "ArtifactBucket", "CodeKey", "DefinitionKey"]
            )
            .await,
        runner
    );
    assert_eq!(
        account
            .stack(
                "runner-workers",
                &[
                    "WorkerSha256",
                    "InstanceType",
                    "TaskRunnerStack",
                    "WorkerKey"
                ]
            )
            .await,
        workers
    );
}

/// Every stack that uses one would wait for an hour.
#[tokio::test]
async fn functions_that_do_not_start_are_named_with_what_they_said() {
    let account = Account::open().await;
    let directory = account.directory.directory("package").unwrap();
    let package = Package::write_with(&directory, X86_64, BROKEN_FUNCTION);
    let (status, told, errors) = account
        .deploy_with("runner", &package, &["--no-workers"])
        .await;
    assert_eq!(status, Some(1), "{told}{errors}");
    assert!(
        errors.contains("The stack runner is deployed, and functions of it do not start."),
        "{errors}"
    );
    for function in [
        "StartFunction",
        "PrepareFunction",
        "HookFunction",
        "RespondFunction",
        "StopFunction",
        "RescueFunction",
    ] {
        assert!(
            errors.contains(&format!("  {function} (runner-")),
            "{errors}"
        );
    }
    assert!(!told.contains("Deployed."), "{told}");
}

#[tokio::test]
async fn a_stack_that_fails_is_explained_and_not_deployed_over() {
    let account = Account::open().await;
    // The emulator knows no machine image for these processors, so that the workers' stack fails.
    let package = Package::write(&account.directory.directory("package").unwrap(), AARCH64);

    let (status, told, errors) = account.deploy("runner", &package).await;
    assert_eq!(status, Some(1), "{told}{errors}");
    assert!(
        errors.contains(
            "The stack runner-workers could not be deployed. It is in ROLLBACK_COMPLETE."
        ),
        "{errors}"
    );
    assert!(
        errors.contains("LaunchTemplate (AWS::EC2::LaunchTemplate) CREATE_FAILED: "),
        "{errors}"
    );
    assert!(
        errors.contains("delete-stack --stack-name runner-workers'. Then run infra/deploy again."),
        "{errors}"
    );

    let (status, told, errors) = account.deploy("runner", &package).await;
    assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}{errors}");
    assert!(
        errors.contains("The stack runner-workers out of the way: it is in ROLLBACK_COMPLETE"),
        "{errors}"
    );
    assert_eq!(told, "", "nothing is uploaded or deployed");
}

/// The roles have their path and their boundary, everything has its tags, the token can be read
/// without an import, and the state machine has a log. A later deployment keeps all of it.
#[tokio::test]
async fn in_a_companys_account_roles_tags_and_logs_are_as_the_company_wants_them() {
    const BOUNDARY: &str = "arn:aws:iam::000000000000:policy/boundary";
    let account = Account::open().await;
    let package = Package::write(&account.directory.directory("package").unwrap(), X86_64);
    let boundary = format!("PermissionsBoundaryArn={BOUNDARY}");
    let company = [
        "--no-workers",
        "--tag",
        "team=data",
        "--parameter",
        "RolePath=/teams/data/",
        "--parameter",
        &boundary,
        "--parameter",
        "StateMachineLogLevel=ERROR",
    ];
    for further in [&company[..], &["--no-workers", "--tag", "cost=12 34"]] {
        let (status, told, errors) = account.deploy_with("runner", &package, further).await;
        assert_eq!(status, Some(0), "{told}{errors}");
        let function = account.ask(&resource("StartFunction")).await;
        let described = ["lambda", "get-function", "--function-name", &function];
        let described = account.ask(&described).await;
        let described: Value = serde_json::from_str(&described).unwrap();
        let role = described["Configuration"]["Role"].as_str().unwrap();
        assert!(role.contains(":role/teams/data/runner-"), "{role}");
        assert_eq!(described["Tags"]["team"], "data", "{described}");

        let name = "/ecs-task-runner/runner/service-token";
        let token = ["ssm", "get-parameter", "--name", name];
        let token = account.ask(&token).await;
        let token: Value = serde_json::from_str(&token).unwrap();
        assert_eq!(
            token["Parameter"]["Value"],
            described["Configuration"]["FunctionArn"]
        );

        // The emulator's state machines log nothing; the group is there for them.
        let groups = ["logs", "describe-log-groups"];
        let prefix = ["--log-group-name-prefix", "/aws/vendedlogs/states/runner"];
        let groups = account.ask(&[&groups[..], &prefix].concat()).await;
        let groups: Value = serde_json::from_str(&groups).unwrap();
        assert_eq!(groups["logGroups"][0]["retentionInDays"], 90, "{groups}");
    }
    // The emulator keeps no boundary of a role.
    let kept = account.stack("runner", &["PermissionsBoundaryArn"]).await;
    assert_eq!(kept[2], BOUNDARY);
    let tags = [
        "cloudformation",
        "describe-stacks",
        "--stack-name",
        "runner",
    ];
    let query = [
        "--query",
        "sort(Stacks[0].Tags[].join('=', [Key, Value]))",
        "--output",
        "text",
    ];
    let tags = account.ask(&[&tags[..], &query].concat()).await;
    assert_eq!(tags, "cost=12 34\tteam=data");
}

/// What tells the physical id of a resource.
fn resource(logical_id: &str) -> [&str; 10] {
    [
        "cloudformation",
        "describe-stack-resource",
        "--stack-name",
        "runner",
        "--logical-resource-id",
        logical_id,
        "--query",
        "StackResourceDetail.PhysicalResourceId",
        "--output",
        "text",
    ]
}
