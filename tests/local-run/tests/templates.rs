//! The templates of `infra/` deploy on the emulator, and what an instance and the consoles get of
//! them is what was meant.
//!
//! The emulator keeps Auto Scaling groups, launch templates, alarms, metric filters and dashboards,
//! and evaluates none of them: it starts no instance, waits for no signal and raises no alarm.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::process::Stdio;
use std::time::Duration;

use local_run::directories::{RunDirectory, workspace_directory};
use local_run::endpoints::Endpoints;
use local_run::local_aws::LocalAws;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Stacks, Template};
use local_run::task_runner::TaskRunner;
use serde_json::Value;
use stand_ins::StandIns;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A stack here takes a second; this is for busy machines.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the stacks made, and the network they are made in, told by the services themselves.
const NETWORK: &str = "
ec2 = client('ec2')
subnets = ec2.describe_subnets()['Subnets']
print(json.dumps({'vpc': subnets[0]['VpcId'], 'subnets': [subnet['SubnetId'] for subnet in subnets if subnet['VpcId'] == subnets[0]['VpcId']]}))
";
const MADE: &str = "
ec2, cloudwatch, logs = client('ec2'), client('cloudwatch'), client('logs')
templates = ec2.describe_launch_templates()['LaunchTemplates']
data = [ec2.describe_launch_template_versions(LaunchTemplateId=template['LaunchTemplateId'], Versions=['$Latest'])
        ['LaunchTemplateVersions'][0]['LaunchTemplateData'] for template in templates]
alarms = cloudwatch.describe_alarms()['MetricAlarms']
boards = [board['DashboardName'] for board in cloudwatch.list_dashboards()['DashboardEntries']]
print(json.dumps({
    'userData': [base64.b64decode(one['UserData']).decode() for one in data],
    'images': [one['ImageId'] for one in data],
    'alarms': [{key: alarm.get(key) for key in ['AlarmName', 'AlarmActions', 'OKActions', 'Threshold']} for alarm in alarms],
    'dashboards': {board: cloudwatch.get_dashboard(DashboardName=board)['DashboardBody'] for board in boards},
    'filters': [one['filterPattern'] for one in logs.describe_metric_filters()['metricFilters']],
}))
";
const PRELUDE: &str = "
import base64, json, sys, botocore.session
def client(service):
    return botocore.session.get_session().create_client(
        service, endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='local', aws_secret_access_key='local')
";

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:on-call";
const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct Account {
    python: PythonEnvironment,
    aws: LocalAws,
    stacks: Stacks,
}

impl Account {
    /// With the task runner deployed.
    async fn start(label: &str) -> Self {
        let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
        let directory = RunDirectory::create(label).unwrap();
        let aws = LocalAws::start(&python, &directory, StandIns::new(), 1.0)
            .await
            .unwrap();
        // Nothing here invokes the functions: any file does for their program.
        let program = workspace_directory().join("Cargo.toml");
        TaskRunner::deploy(aws.endpoints(), &program, |_| ())
            .await
            .unwrap();
        let stacks = Stacks::new(aws.endpoints().cloudformation());
        Self {
            python,
            aws,
            stacks,
        }
    }

    async fn deploy(&self, name: &str, body: &str, parameters: &[(&str, &str)]) {
        let operation = self
            .stacks
            .create(name, &Template { body, parameters })
            .await
            .unwrap();
        let stack = tokio::time::timeout(PATIENCE, operation.follow(|_| ()))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            stack.status,
            "CREATE_COMPLETE",
            "{name}: {:?}",
            stack.first_failure()
        );
    }

    async fn ask(&self, question: &str) -> Value {
        ask(&self.python, self.aws.endpoints(), question).await
    }

    async fn network(&self) -> (String, String) {
        let network = self.ask(NETWORK).await;
        let subnets: Vec<&str> = network["subnets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|subnet| subnet.as_str().unwrap())
            .collect();
        (
            network["vpc"].as_str().unwrap().to_owned(),
            subnets.join(","),
        )
    }
}

fn read(file: &str) -> String {
    std::fs::read_to_string(workspace_directory().join(file)).unwrap()
}

/// Asks the emulator through an AWS SDK that is there anyway.
async fn ask(python: &PythonEnvironment, endpoints: &Endpoints, question: &str) -> Value {
    let mut command = Command::new(python.interpreter());
    command.args(["-c", &format!("{PRELUDE}{question}"), &endpoints.ministack]);
    let answer = command.output().await.unwrap();
    assert!(
        answer.status.success(),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    serde_json::from_slice(&answer.stdout).unwrap()
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
        ("TaskRunnerStack", "task-runner"),
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
    assert_eq!(made["filters"].as_array().unwrap().len(), 2, "{made}");
    let alarms = made["alarms"].as_array().unwrap();
    assert_eq!(
        alarms.len(),
        8,
        "six of the task runner's and one of each fleet: {alarms:?}"
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
    assert_eq!(name, "task-runner-us-east-1");
    let dashboard: Value =
        serde_json::from_str(body.as_str().unwrap()).expect("a dashboard is JSON");
    assert!(!body.as_str().unwrap().contains("${"), "{body}");
    assert_eq!(
        dashboard["widgets"][0]["properties"]["alarms"]
            .as_array()
            .unwrap()
            .len(),
        6
    );

    let scripts = made["userData"].as_array().unwrap();
    assert_eq!(scripts.len(), 2);
    for script in scripts {
        is_sound(&account.python, script.as_str().unwrap()).await;
    }
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
        script
            .contains("ACTIVITY_ARN=arn:aws:states:us-east-1:000000000000:activity:task-runner\n"),
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
        ("TaskRunnerStack", "task-runner"),
        ("Cluster", "default"),
        ("Image", "ecs-task-runner:1"),
        ("VpcId", vpc.as_str()),
        ("SubnetIds", &subnets),
    ];
    // The emulator reckons with the number as it stands in the template, and cannot with a
    // parameter, which is text.
    let body =
        read("infra/worker-service.yaml").replace("DesiredCount: !Ref Workers", "DesiredCount: 2");
    account.deploy("workers", &body, &service).await;
}
