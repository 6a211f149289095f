//! The templates of `infra/` deploy on the emulator, and what an instance and the consoles get of
//! them is what was meant.
//!
//! The emulator keeps Auto Scaling groups, launch templates, alarms, metric filters and dashboards,
//! and evaluates none of them: it starts no instance, waits for no signal and raises no alarm.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod account;

use std::process::Stdio;

use local_run::directories::workspace_directory;
use local_run::python::PythonEnvironment;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use account::{Account, MADE};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:on-call";
const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn read(file: &str) -> String {
    std::fs::read_to_string(workspace_directory().join(file)).unwrap()
}

/// Runs a program that reads a script, and passes on what it complains of.
async fn reads(mut command: Command, script: &str) -> Result<(), String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .await
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_runner_with_a_fleet_deploys_and_tells_whom_it_should() {
    let account = Account::start("templates-fleet").await;
    let (vpc, subnets) = account.network().await;
    let fleet = [
        ("TaskRunnerStack", "ecs-task-runner"),
        // The emulator knows the public parameter of this architecture's image alone.
        ("Architecture", "x86_64"),
        ("InstanceType", "t3.small"),
        ("ArtifactBucket", "artifacts"),
        ("WorkerKey", "1/ecs-task-runner"),
        ("WorkerSha256", DIGEST),
        ("VpcId", &vpc),
        ("SubnetIds", &subnets),
        ("AlarmTopicArn", TOPIC),
        (
            "ArtifactKeyArn",
            "arn:aws:kms:us-east-1:000000000000:key/artifacts",
        ),
        ("ImageRefresh", "2026-12-01"),
    ];
    account
        .deploy("workers", &read("infra/worker.yaml"), &fleet)
        .await;
    let spot = [&fleet[..], &[("SpotInstanceTypes", "t3.*,m7i.medium")]].concat();
    account
        .deploy("spot-workers", &read("infra/worker.yaml"), &spot)
        .await;

    let made = account.ask(MADE).await;
    assert!(
        made["images"]
            .as_array()
            .unwrap()
            .iter()
            .all(|image| image.as_str().unwrap().starts_with("ami-")),
        "{made}"
    );
    let incidents = ["NotClaimed", "NotListed", "Unanswered"];
    let filters = incidents.map(|incident| format!("{{ $.incident = \"{incident}\" }}"));
    assert_eq!(made["filters"], json!(filters), "{made}");
    let alarms = made["alarms"].as_array().unwrap();
    assert_eq!(
        alarms.len(),
        9,
        "seven of the task runner's and one of each fleet: {alarms:?}"
    );
    for alarm in alarms {
        // Only the fleets were given a topic.
        let told = &alarm["AlarmActions"];
        let is_fleets = alarm["AlarmName"].as_str().unwrap().contains("workers");
        assert_eq!(
            told.as_array()
                .is_some_and(|told| told.contains(&TOPIC.into())),
            is_fleets,
            "{alarm}"
        );
        assert_eq!(told, &alarm["OKActions"], "{alarm}");
    }
    let (name, body) = made["dashboards"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .expect("a dashboard");
    assert_eq!(name, "ecs-task-runner-us-east-1");
    let dashboard: Value =
        serde_json::from_str(body.as_str().unwrap()).expect("a dashboard is JSON");
    assert!(!body.as_str().unwrap().contains("${"), "{body}");
    assert_eq!(
        dashboard["widgets"][0]["properties"]["alarms"]
            .as_array()
            .unwrap()
            .len(),
        7
    );

    let scripts = made["userData"].as_array().unwrap();
    assert_eq!(scripts.len(), 2);
    for script in scripts {
        is_sound(&account.python, script.as_str().unwrap()).await;
    }
}

/// What is deployed without a fleet, and while one gives way to the function `work`.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_runner_without_a_fleet_deploys_as_one_stack() {
    let account = Account::start("templates-lambda").await;
    let body = account.uploaded_task_runner().await;
    let lambda = [
        ("Workers", "Lambda"),
        ("ArtifactBucket", "artifacts"),
        ("CodeKey", "custom-resource.zip"),
        ("DefinitionKey", "ecs-task.asl.json"),
    ];
    let concurrency = [&lambda[..], &[("WorkConcurrency", "20")]].concat();
    let activity = "arn:aws:states:us-east-1:000000000000:activity:ecs-task-runner";
    let both = [&lambda[..], &[("ActivityArn", activity)]].concat();
    account.deploy("lambda", &body, &concurrency).await;
    account.deploy("both", &body, &both).await;

    let made = account.ask(MADE).await;
    let widgets = |stack: &str| {
        let body = &made["dashboards"][format!("{stack}-us-east-1")];
        let body = body.as_str().expect("a dashboard");
        assert!(!body.contains("${"), "{body}");
        let dashboard: Value = serde_json::from_str(body).expect("a dashboard is JSON");
        let widgets = dashboard["widgets"].as_array().unwrap();
        let alarms = widgets[0]["properties"]["alarms"].as_array().unwrap();
        (widgets.len(), alarms.len(), body.contains("ActivityArn"))
    };
    assert_eq!(widgets("ecs-task-runner"), (11, 7, true));
    assert_eq!(widgets("lambda"), (10, 7, false));
    assert_eq!(widgets("both"), (12, 9, true));
}

/// The user data of an instance, as the launch template holds it.
async fn is_sound(python: &PythonEnvironment, script: &str) {
    let mut bash = Command::new("bash");
    bash.arg("-n");
    reads(bash, script).await.unwrap();
    let mut shellcheck = Command::new(python.programs().join("shellcheck"));
    // Names that CloudFormation put in need no quotes: they hold no spaces.
    shellcheck.args(["--shell=bash", "-"]);
    reads(shellcheck, script).await.unwrap();

    let unit = read("infra/ecs-task-runner.service");
    assert!(
        script.contains(&unit[unit.find("[Unit]").unwrap()..]),
        "the unit was changed on its way:\n{script}"
    );
    assert!(
        script.contains(&format!(r#"echo "{DIGEST}  $program" | sha256sum --check"#)),
        "{script}"
    );
    assert!(
        script.contains(
            "ACTIVITY_ARN=arn:aws:states:us-east-1:000000000000:activity:ecs-task-runner\n"
        ),
        "{script}"
    );

    // `UserData` of RunInstances, before it is encoded.
    assert!(script.len() <= 16_384, "{} bytes", script.len());
    assert!(script.contains("# ImageRefresh: 2026-12-01\n"), "{script}");
    let (logged, rest) = script
        .split_once("amazon-cloudwatch-agent-ctl -a fetch-config")
        .unwrap();
    assert!(
        !logged.contains("aws s3 cp") && rest.contains("aws s3 cp"),
        "what fails before the agent runs leaves no log:\n{script}"
    );
    let (_, environment) = rest
        .split_once("/etc/ecs-task-runner.env <<'EOF'\n")
        .unwrap();
    assert!(environment.contains(r#"echo "WORKER_NAME=$(cat /var/lib/cloud/data/instance-id)" >> /etc/ecs-task-runner.env"#), "{script}");

    let (_, agent) = script
        .split_once("/etc/ecs-task-runner-logs.json <<'EOF'\n")
        .unwrap();
    let agent: Value = serde_json::from_str(agent.split_once("\nEOF\n").unwrap().0)
        .expect("the agent's configuration is JSON");
    let collected = &agent["logs"]["logs_collected"]["files"]["collect_list"];
    let log = collected[0]["file_path"].as_str().unwrap();
    assert!(
        script.contains(&format!("\nStandardOutput=append:{log}\n"))
            && script.contains(&format!("\n{log} {{\n")),
        "{script}"
    );
    assert!(
        collected[0]["log_group_name"]
            .as_str()
            .unwrap()
            .starts_with("/ecs-task-runner/"),
        "{collected}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_deploy_as_an_ecs_service() {
    let account = Account::start("templates-service").await;
    let (vpc, subnets) = account.network().await;
    let service = [
        ("TaskRunnerStack", "ecs-task-runner"),
        ("Cluster", "default"),
        ("Image", "ecs-task-runner:1"),
        ("VpcId", vpc.as_str()),
        ("SubnetIds", &subnets),
        ("AlarmTopicArn", TOPIC),
    ];
    // The emulator reckons with the number as it stands in the template, and cannot with a
    // parameter, which is text.
    let body =
        read("infra/worker-service.yaml").replace("DesiredCount: !Ref Workers", "DesiredCount: 2");
    account.deploy("workers", &body, &service).await;

    let made = account.ask(MADE).await;
    let alarms = made["alarms"].as_array().unwrap().iter();
    let told: Vec<_> = alarms
        .filter(|alarm| alarm["AlarmActions"] == json!([TOPIC]))
        .collect();
    assert_eq!(told.len(), 1, "that of the service: {told:?}");
    assert_eq!(told[0]["Threshold"], 2.0, "two workers are the default");
}
