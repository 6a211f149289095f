//! What `cargo local --serve` says to try, tried: the commands of `first-steps.bash`, with the AWS CLI.

use std::process::Output;

use local_run::directories::{RunDirectory, workspace_directory};
use local_run::python::PythonEnvironment;
use local_run::stacks::{StackEvent, Stacks, Template};
use local_run::todobackend;
use stand_ins::ecs::Processes;
use tokio::process::Command;
use tokio::time::timeout;

use super::account::{Account, PATIENCE, ended, path};

const FIRST_STEPS: &str = include_str!("../../local-run/first-steps.bash");

/// An account whose containers run as processes, and the environment with the AWS CLI.
async fn start(label: &str) -> (Account, PythonEnvironment) {
    let account = Account::with_worker(label, 1.0).await;
    let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
    let containers = todobackend::containers(&python, &workspace_directory()).unwrap();
    account.aws.stand_ins().ecs().processes(containers);
    (account, python)
}

/// Runs a script as a user does in a terminal whose variables lead to the account.
async fn run(account: &Account, python: &PythonEnvironment, script: &str) -> Output {
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(workspace_directory())
        .env_clear()
        .envs(account.aws.endpoints().variables())
        .env("PATH", path(python));
    timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

async fn said(account: &Account, python: &PythonEnvironment, script: &str) -> String {
    let output = run(account, python, script).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{script}\n{said}\n{errors}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_steps_end_well_and_show_what_they_say() {
    let (account, python) = start("first-steps").await;
    let said = said(&account, &python, FIRST_STEPS).await;
    for part in [
        "HelloTask: no problems",
        "HelloTask\tCREATE_COMPLETE",
        "\nhello\n",
        "TaskArn\tarn:aws:ecs:",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    assert_eq!(account.launched(), 2, "the update has run its command");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_meet_clusters_and_revisions_as_on_aws() {
    let (account, python) = start("clients").await;
    let refused = run(
        &account,
        &python,
        "aws ecs run-task --cluster prodution --task-definition migrate",
    )
    .await;
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert!(errors.contains("ClusterNotFoundException"), "{errors}");

    let made = said(
        &account,
        &python,
        r#"
aws ecs create-cluster --cluster-name made --query cluster.status
register() { aws ecs register-task-definition --family tool --container-definitions "[{\"name\":\"tool\",\"image\":\"tool\",\"command\":[\"echo\",\"$1\"]}]" --query taskDefinition.revision; }
register one
register two
register three
aws ecs deregister-task-definition --task-definition tool:3 --query taskDefinition.status
aws ecs describe-task-definition --task-definition tool --query taskDefinition.revision
aws ecs run-task --cluster made --task-definition tool --query 'tasks[].taskDefinitionArn' --output text
aws ecs deregister-task-definition --task-definition tool:1 --query taskDefinition.status
aws ecs deregister-task-definition --task-definition tool:2 --query taskDefinition.status
aws ecs describe-task-definition --task-definition tool 2>&1 || true
"#,
    )
    .await;
    let lines: Vec<_> = made.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        &lines[..6],
        ["\"ACTIVE\"", "1", "2", "3", "\"INACTIVE\"", "2"],
        "{made}"
    );
    assert!(lines[6].ends_with(":task-definition/tool:2"), "{made}");
    assert!(
        made.contains("Unable to describe task definition"),
        "{made}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_functions_and_containers_are_filtered_by_patterns() {
    let (account, python) = start("patterns").await;
    account
        .aws
        .stand_ins()
        .logs()
        .put("/ecs/app", "app/1", "ERROR: no connection");
    account
        .aws
        .stand_ins()
        .logs()
        .put("/ecs/app", "app/1", r#"{"level":"WARN","tries":3}"#);
    for (pattern, expected) in [
        ("?ERROR ?\"Task timed out\"", "ERROR: no connection"),
        (
            "{ $.level = \"WARN\" && $.tries > 2 }",
            r#"{"level":"WARN","tries":3}"#,
        ),
        ("{ $.level = \"ERROR\" }", "None"),
        ("error", "None"),
    ] {
        let query = format!(
            "aws logs filter-log-events --log-group-name /ecs/app --query 'events[].message' --output text --filter-pattern '{pattern}'"
        );
        let found = said(&account, &python, &query).await;
        assert_eq!(
            found.trim().replace("None", ""),
            expected.replace("None", ""),
            "{pattern}"
        );
    }
}

/// Types that the emulator does not know, secrets, a database, a load balancer and a service: the
/// migration runs with what a template of that size gives it.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_is_deployed_whole_and_its_migration_is_given_its_secrets() {
    let (account, _) = start("example").await;
    let directory = RunDirectory::create("example-commands").unwrap();
    std::fs::write(
        directory.file("manage.py"),
        "import os, sys\nprint(sys.argv[1], os.environ['MYSQL_USER'], len(os.environ['MYSQL_PASSWORD']))\n",
    )
    .unwrap();
    let stand_ins = account.aws.stand_ins();
    let commands = Processes::in_directory(directory.path());
    stand_ins.ecs().processes(commands);
    let subnets = "subnet-00000001,subnet-00000002";
    let template = Template {
        body: include_str!("../../../infra/example/todobackend.yaml"),
        parameters: &[
            ("Image", "todobackend:1"),
            ("VpcId", "vpc-00000001"),
            ("TaskSubnetIds", subnets),
            ("DatabaseSubnetIds", subnets),
            ("LoadBalancerSubnetIds", subnets),
        ],
    };
    let stacks = Stacks::new(account.aws.endpoints().cloudformation());
    let stack = ended(stacks.create("example", &template).await.unwrap()).await;
    assert_eq!(
        stack.status,
        "CREATE_COMPLETE",
        "{:?}",
        stack.first_failure()
    );
    let group = stack.output("LogGroup").unwrap();
    let stream = stack.output("MigrationLogStream").unwrap();
    let lines = stand_ins.logs().events(group, stream);
    assert_eq!(lines[0].message, "migrate todobackend 32");
    let said = |event: &&StackEvent| {
        event
            .reason
            .as_deref()
            .is_some_and(|reason| reason.contains("does not know"))
    };
    let placeholders: Vec<_> = stack.events.iter().filter(said).collect();
    assert_eq!(placeholders.len(), 2, "{placeholders:?}");
}

/// The AWS CLI 1 asks `queue.amazonaws.com` whatever the variables say, unless it is told otherwise
/// in the command.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_leaves_the_machine() {
    let (account, python) = start("no-call-leaves").await;
    let refused = run(&account, &python, "AWS_MAX_ATTEMPTS=1 aws sqs list-queues").await;
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert!(
        errors.contains("Failed to connect to proxy URL"),
        "{errors}"
    );
    let query = "aws sqs --endpoint-url \"$AWS_ENDPOINT_URL\" list-queues --output text";
    assert!(
        said(&account, &python, query)
            .await
            .contains("http://127.0.0.1")
    );
}
