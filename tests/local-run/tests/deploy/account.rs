//! An account to deploy in.

use std::fs;
use std::path::{Path, PathBuf};

use local_run::directories::{RunDirectory, workspace_directory};
use local_run::local_aws::LocalAws;
use local_run::python::PythonEnvironment;
use local_run::task_runner::without_metric_math;
use stand_ins::StandIns;
use tokio::process::Command;

use crate::call::{BUCKET, Package, Programs, ended, script_of};

/// An account on the emulator, with what the script takes as given: a bucket, a network, and the
/// activity that the emulator's CloudFormation cannot make.
pub struct Account {
    pub aws: LocalAws,
    python: PythonEnvironment,
    pub directory: RunDirectory,
    vpc: String,
    subnets: String,
    activity: String,
}

impl Account {
    pub async fn open() -> Self {
        let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
        let directory = RunDirectory::create("deploy-test").unwrap();
        let aws = LocalAws::start(&python, &directory, StandIns::new(), 1.0)
            .await
            .unwrap();
        let activity = aws
            .endpoints()
            .sfn()
            .create_activity()
            .name("deploy-test")
            .send()
            .await
            .unwrap()
            .activity_arn;
        let mut account = Self {
            aws,
            python,
            directory,
            vpc: String::new(),
            subnets: String::new(),
            activity,
        };
        account
            .ask(&["s3api", "create-bucket", "--bucket", BUCKET])
            .await;
        let network = account
            .ask(&[
                "ec2",
                "describe-subnets",
                "--query",
                "Subnets[0].[VpcId,SubnetId]",
                "--output",
                "text",
            ])
            .await;
        let (vpc, subnet) = network.split_once('\t').unwrap();
        (account.vpc, account.subnets) = (vpc.to_owned(), subnet.to_owned());
        account
    }

    fn in_account(&self, mut command: Command) -> Command {
        let path = std::env::var_os("PATH").unwrap();
        let path = std::env::join_paths(
            std::iter::once(self.python.programs()).chain(std::env::split_paths(&path)),
        )
        .unwrap();
        command
            .env("PATH", path)
            .env("PYTHON", self.python.interpreter())
            .env("HOME", self.directory.path());
        command
            .envs(self.aws.endpoints().variables())
            .kill_on_drop(true);
        command
    }

    pub async fn ask(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(self.python.programs().join("aws"));
        command.args(arguments).env_clear();
        let (status, stdout, stderr) = ended(self.in_account(command)).await;
        assert_eq!(status, Some(0), "{arguments:?}: {stderr}");
        stdout.trim().to_owned()
    }

    /// A checkout with the task runner's template as the emulator takes it.
    fn checkout(&self) -> PathBuf {
        let checkout = self.directory.directory("checkout").unwrap();
        for directory in ["infra/deploy.d", "statemachine", "tests"] {
            fs::create_dir_all(checkout.join(directory)).unwrap();
        }
        let parts = fs::read_dir(workspace_directory().join("infra/deploy.d")).unwrap();
        let parts = parts.map(|part| {
            format!(
                "infra/deploy.d/{}",
                part.unwrap().file_name().into_string().unwrap()
            )
        });
        let others = [
            "infra/deploy",
            "infra/worker.yaml",
            "statemachine/ecs-task.asl.json",
            "tests/requirements.txt",
        ];
        for file in parts.chain(others.map(str::to_owned)) {
            fs::copy(workspace_directory().join(&file), checkout.join(&file)).unwrap();
        }
        let template =
            fs::read_to_string(workspace_directory().join("infra/task-runner.yaml")).unwrap();
        fs::write(
            checkout.join("infra/task-runner.yaml"),
            without_metric_math(&template),
        )
        .unwrap();
        checkout
    }

    pub async fn deploy(&self, name: &str, package: &Package) -> (Option<i32>, String, String) {
        let network = ["--vpc", &self.vpc, "--subnets", &self.subnets];
        self.deploy_with(name, package, &network).await
    }

    /// As [`deploy`](Self::deploy), with these options in place of the fleet's.
    pub async fn deploy_with(
        &self,
        name: &str,
        package: &Package,
        further: &[&str],
    ) -> (Option<i32>, String, String) {
        let activity = format!("ActivityArn={}", self.activity);
        let arguments = [
            "--name",
            name,
            "--package",
            package.path(),
            "--bucket",
            BUCKET,
            "--allow-all",
        ];
        let command = script_of(
            &self.checkout(),
            Path::new(""),
            &[&arguments[..], &["--parameter", &activity], further].concat(),
        );
        ended(self.in_account(command)).await
    }

    /// Deploys the unpacked release that is the current directory, with the AWS CLI and what every
    /// Linux has, and nothing else.
    pub async fn deploy_release(
        &self,
        release: &Path,
        further: &[&str],
    ) -> (Option<i32>, String, String) {
        let programs = RunDirectory::create("deploy-test").unwrap();
        let programs = Programs::new(&programs).tools();
        std::os::unix::fs::symlink(self.python.programs().join("aws"), programs.0.join("aws"))
            .unwrap();
        let activity = format!("ActivityArn={}", self.activity);
        let arguments = ["--release", ".", "--bucket", BUCKET, "--allow-all"];
        let command = script_of(
            release,
            Path::new(""),
            &[&arguments[..], &["--parameter", &activity], further].concat(),
        );
        let mut command = self.in_account(command);
        command.env("PATH", &programs.0).env_remove("PYTHON");
        ended(command).await
    }

    /// Of a stack: its status and when it was updated last, and the parameters of these names.
    pub async fn stack(&self, name: &str, parameters: &[&str]) -> Vec<String> {
        let described = self
            .aws
            .endpoints()
            .cloudformation()
            .describe_stacks()
            .stack_name(name)
            .send()
            .await
            .unwrap();
        let stack = &described.stacks()[0];
        let mut told = vec![
            stack.stack_status().unwrap().as_str().to_owned(),
            format!("{:?}", stack.last_updated_time()),
        ];
        for parameter in parameters {
            let value = stack
                .parameters()
                .iter()
                .find(|given| given.parameter_key() == Some(parameter));
            told.push(value.unwrap().parameter_value().unwrap().to_owned());
        }
        told
    }
}
