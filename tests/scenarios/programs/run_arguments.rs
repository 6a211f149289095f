//! `ecs-task-runner run`: what is found out of its arguments before anything is started.

use local_run::directories::RunDirectory;
use serde_json::{Value, json};
use stand_ins::ecs::Script;

use super::run::{Account, TASK, assert_parts};
use crate::worlds::program::{Program, command};

#[tokio::test]
async fn all_problems_are_reported_at_once_in_the_words_of_check_and_nothing_is_started() {
    let account = Account::new(Script::exits(0)).await;
    account
        .world()
        .aws
        .ecs()
        .register_family("pair", &["web", "proxy"]);
    let arguments = [
        "--task-definition",
        "pair",
        "--timeout",
        "soon",
        "--name",
        "release 42",
        "--env",
        "hunter2",
        "--",
        "true",
    ];
    let ended = account.run(&arguments).await;
    assert_eq!(
        (ended.status.code(), ended.stdout.as_str()),
        (Some(64), ""),
        "{ended:?}"
    );
    assert_parts(
        &ended.stderr,
        &[
            "ecs-task-runner: --timeout is \"soon\"; expected seconds",
            "ecs-task-runner: --name has the character ' '",
            "ecs-task-runner: --env has no '='; expected NAME=VALUE.\n",
            "ecs-task-runner: --cluster is missing; expected the name or ARN of an ECS cluster.\n",
            "the task definition has the containers web, proxy: name the one that the command or the environment is for with --container.\n",
        ],
    );
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    let other_region = [
        "--region",
        "eu-west-1",
        "--state-machine",
        &account.world().state_machine,
    ];
    let arguments = [&["run"], &TASK[..], &other_region].concat();
    let ended = Program::of_person(&account.served, &arguments)
        .ended()
        .await;
    assert_eq!(ended.status.code(), Some(64), "{ended:?}");
    assert_parts(&ended.stderr, &["name one region"]);
    let missing = account.run(&["--file", "/nowhere.yaml"]).await;
    assert_eq!(missing.status.code(), Some(64), "{missing:?}");
    assert_parts(&missing.stderr, &["/nowhere.yaml cannot be opened"]);
    assert!(account.world().aws.sfn().executions().is_empty());
}

#[tokio::test]
async fn the_only_container_is_meant_where_none_is_named() {
    let account = Account::new(Script::exits(0)).await;
    let ended = account
        .run(&[&TASK[..], &["--dry-run", "--", "true"]].concat())
        .await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    let properties: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        properties["Overrides"]["ContainerOverrides"],
        json!([{"Name": "migrate", "Command": ["true"]}])
    );
    assert!(account.world().aws.sfn().executions().is_empty());
}

#[tokio::test]
async fn what_would_be_sent_is_shown_without_values_and_without_credentials() {
    let directory = RunDirectory::create("run-dry").unwrap();
    let file = directory.file("run.yaml");
    std::fs::write(
        &file,
        "cluster: staging\ntaskDefinition: migrate\ncount: 2\n",
    )
    .unwrap();
    let arguments = [
        "run",
        "--dry-run",
        "--file",
        file.to_str().unwrap(),
        "--cluster",
        "production",
        "--container",
        "web",
        "--env",
        "API_TOKEN=hunter2",
    ];
    let ended = Program::of(command(None, &arguments).spawn().unwrap())
        .ended()
        .await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    let properties: Value = serde_json::from_str(&ended.stdout).unwrap();
    let environment = json!([{"Name": "API_TOKEN", "Value": "***"}]);
    let expected = json!({"cluster": "production", "taskDefinition": "migrate", "count": "2",
        "Overrides": {"ContainerOverrides": [{"Name": "web", "Environment": environment}]}});
    assert_eq!(properties, expected);
}

#[tokio::test]
async fn a_task_runner_that_is_not_there_is_asked_for_by_its_options() {
    let account = Account::new(Script::exits(0)).await;
    let ended = account
        .run(&[&TASK[..], &["--stack", "other"]].concat())
        .await;
    assert_eq!(
        (ended.status.code(), ended.stdout.as_str()),
        (Some(1), ""),
        "{ended:?}"
    );
    assert_parts(
        &ended.stderr,
        &[
            "there is no stack other with an output StateMachineArn",
            "--stack",
            "--state-machine",
        ],
    );
    let machine = account.world().state_machine.clone();
    let ended = account
        .run(&[&TASK[..], &["--state-machine", &machine]].concat())
        .await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let asked = account.world().aws.calls().count("DescribeStacks");
    assert_eq!(asked.arrived, 1, "the ARN needs no stack");
}
