//! An account on the emulator, and what its services tell of themselves.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use local_run::directories::{RunDirectory, workspace_directory};
use local_run::endpoints::Endpoints;
use local_run::local_aws::LocalAws;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Stacks, Template};
use local_run::task_runner::{TaskRunner, upload_template};
use serde_json::Value;
use stand_ins::StandIns;
use tokio::process::Command;

/// A stack here takes a second; this is for busy machines.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the stacks made, and the network they are made in, told by the services themselves.
const NETWORK: &str = "
ec2 = client('ec2')
subnets = ec2.describe_subnets()['Subnets']
print(json.dumps({'vpc': subnets[0]['VpcId'], 'subnets': [subnet['SubnetId'] for subnet in subnets if subnet['VpcId'] == subnets[0]['VpcId']]}))
";
pub const MADE: &str = "
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

pub struct Account {
    pub python: PythonEnvironment,
    aws: LocalAws,
    stacks: Stacks,
}

impl Account {
    /// With the task runner deployed.
    pub async fn start(label: &str) -> Self {
        let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
        let directory = RunDirectory::create(label).unwrap();
        let aws = LocalAws::start(&python, &directory, StandIns::new(), 1.0)
            .await
            .unwrap();
        // Nothing here invokes the functions: any file does for their program.
        let program = workspace_directory().join("Cargo.toml");
        TaskRunner::deploy(aws.endpoints(), &program, Workers::Fleet, |_| ())
            .await
            .unwrap();
        let stacks = Stacks::new(aws.endpoints().cloudformation());
        Self {
            python,
            aws,
            stacks,
        }
    }

    /// The URL of the task runner's template.
    pub async fn uploaded_task_runner(&self) -> String {
        upload_template(self.aws.endpoints()).await.unwrap()
    }

    pub async fn deploy(&self, name: &str, body: &str, parameters: &[(&str, &str)]) {
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

    pub async fn ask(&self, question: &str) -> Value {
        ask(&self.python, self.aws.endpoints(), question).await
    }

    pub async fn network(&self) -> (String, String) {
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
