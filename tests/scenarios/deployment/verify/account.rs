//! An account in which somebody calls `infra/verify`: two workers that are instances of a fleet, their
//! logs, and containers whose commands are run on this machine.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;
use local_run::stacks::Stacks;
use stand_ins::StandIns;
use stand_ins::ecs::Processes;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::checkout::{checkout, found, program};
use crate::deployment::account::{Account, LOOK_AGAIN, path};

/// All checks take less than a minute here; this is for busy machines.
const LONG_PATIENCE: std::time::Duration = std::time::Duration::from_mins(8);
/// The stack of the task runner.
pub const NAME: &str = "ecs-task-runner";

/// In the AWS CLI's place: an instance is a process, and every instance is of the fleet.
const AWS: &str = r#"#!/bin/sh
. 'PLANTED'
case "$*" in
*"ec2 terminate-instances"*)
  while [ $# -gt 0 ]; do [ "$1" != --instance-ids ] || instance=$2; shift; done
  kill -KILL "$(cat 'INSTANCES'/"$instance")" && echo "$instance" ;;
*"autoscaling describe-auto-scaling-instances"*) echo NAME-workers-workers ;;
*"autoscaling describe-auto-scaling-groups"*) ls 'INSTANCES' | wc -l ;;
*) exec 'REAL' "$@" ;;
esac
"#;

/// In a container's `sleep`'s place: of what takes minutes on AWS, a third is enough here, and of more
/// a twentieth.
const SLEEP: &str =
    "#!/bin/sh\nexec 'REAL' \"$(echo \"$1\" | awk '{print $1 / ($1 > 600 ? 20 : 3)}')\"\n";

/// The account, and a checkout of this project.
pub struct VerifiedAccount {
    pub account: Account,
    python: PythonEnvironment,
    pub directory: RunDirectory,
    checkout: PathBuf,
    logs: Vec<JoinHandle<()>>,
}

impl VerifiedAccount {
    pub async fn open(label: &str, workers: usize) -> Self {
        // A worker sends a heartbeat every 20 s, and is given up after 24 s of silence in place of 60.
        Self::of(Account::start(label, 0.4).await, label, workers).await
    }

    /// An account without a fleet, in which an invocation may last for 75 s. It hands its run over a
    /// minute before.
    pub async fn without_fleet(label: &str) -> Self {
        let account = Account::without_fleet(label, 1.0).await;
        let verified = Self::of(account, label, 0).await;
        let endpoints = verified.account.aws.endpoints();
        let stacks = Stacks::new(endpoints.cloudformation());
        let work = stacks.physical_id(NAME, "WorkFunction").await.unwrap();
        let output = Command::new(verified.python.programs().join("aws"))
            .args(["lambda", "update-function-configuration", "--timeout", "75"])
            .args(["--function-name", &work])
            .envs(endpoints.variables())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        verified
    }

    async fn of(mut account: Account, label: &str, workers: usize) -> Self {
        let directory = RunDirectory::create(&format!("{label}-verify")).unwrap();
        let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
        let instances = directory.directory("instances").unwrap();
        let programs = directory.directory("programs").unwrap();
        let aws = AWS
            .replace("PLANTED", directory.file("planted").to_str().unwrap())
            .replace("INSTANCES", instances.to_str().unwrap())
            .replace("NAME", NAME)
            .replace("REAL", python.programs().join("aws").to_str().unwrap());
        program(&programs.join("aws"), &aws);
        fs::write(directory.file("planted"), "").unwrap();
        let of_containers = directory.directory("containers").unwrap();
        program(
            &of_containers.join("sleep"),
            &SLEEP.replace("REAL", found("sleep").to_str().unwrap()),
        );

        let search = std::env::join_paths(
            std::iter::once(of_containers)
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        )
        .unwrap();
        let containers =
            Processes::in_directory(directory.path()).environment("PATH", search.to_str().unwrap());
        account.aws.stand_ins().ecs().processes(containers);

        let mut logs = Vec::new();
        for number in 1..=workers {
            let instance = format!("i-{number:017x}");
            account.start_worker_named(&instance);
            let worker = account.workers.last().unwrap();
            fs::write(instances.join(&instance), worker.id().to_string()).unwrap();
            let stand_ins = account.aws.stand_ins().clone();
            logs.push(tokio::spawn(collect(
                stand_ins,
                instance,
                worker.log().to_owned(),
            )));
        }
        let checkout = checkout(&directory);
        Self {
            account,
            python,
            directory,
            checkout,
            logs,
        }
    }

    /// The script gives a run up after a minute: for runs that do not end.
    pub fn without_patience(&self) {
        let file = self.checkout.join("infra/verify.d/runs.bash");
        let text = fs::read_to_string(&file).unwrap();
        let impatient = text.replace("RUN_PATIENCE=200", "RUN_PATIENCE=60");
        assert_ne!(impatient, text);
        fs::write(file, impatient).unwrap();
    }

    /// The worker may not call this any more.
    pub fn refuse(&self, refused: impl Fn(&str) -> bool + Send + Sync + 'static) {
        let stand_ins = self.account.aws.stand_ins();
        let refused = Arc::new(refused);
        stand_ins.authorize_with(move |key, asked| key != "worker" || !refused(&asked.action));
    }

    /// Who calls the script may not call this any more.
    pub fn refuse_caller(&self, refused: &'static str) {
        let endpoints = self.account.aws.endpoints().variables();
        let is_key = |(name, _): &(_, _)| *name == "AWS_ACCESS_KEY_ID";
        let (_, caller) = endpoints.into_iter().find(is_key).unwrap();
        let stand_ins = self.account.aws.stand_ins();
        stand_ins.authorize_with(move |key, asked| key != caller || asked.action != refused);
    }

    /// From now on the calls with these words end as this script does, and no others any more.
    pub fn plant(&self, words: &str, script: &str) {
        let case = format!("case \"$*\" in *\"{words}\"*) {script} ;; esac\n");
        fs::write(self.directory.file("planted"), case).unwrap();
    }

    /// Starts `infra/verify` with the account's network and further options.
    pub fn begin(&self, options: &[&str]) -> Child {
        self.begin_in(r#"exec bash "$@""#, options)
    }

    /// As [`begin`](Self::begin), in a shell that is given the script and its options.
    pub fn begin_in(&self, shell: &str, options: &[&str]) -> Child {
        let search = std::env::join_paths(
            std::iter::once(self.directory.file("programs"))
                .chain(std::env::split_paths(&path(&self.python))),
        )
        .unwrap();
        Command::new("bash")
            .args(["-c", shell, "bash"])
            .args([
                "infra/verify",
                "--vpc",
                "vpc-00000001",
                "--subnets",
                "subnet-00000001",
            ])
            .args(options)
            .current_dir(&self.checkout)
            .env_clear()
            .envs(self.account.aws.endpoints().variables())
            .env("PATH", search)
            .env("PYTHON", self.python.interpreter())
            .env("HOME", self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What a terminal sends to all that it runs.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Calls `infra/verify`: its exit code, and what it says.
    pub async fn verify(&self, options: &[&str]) -> (Option<i32>, String) {
        ended(self.begin(options)).await
    }

    /// Nothing of what the script makes is there: stacks, tasks that run, log groups.
    pub async fn is_left_as_it_was(&self) {
        let stacks = self
            .account
            .aws
            .endpoints()
            .cloudformation()
            .describe_stacks()
            .send()
            .await
            .unwrap();
        let names: Vec<_> = stacks
            .stacks()
            .iter()
            .filter_map(|stack| stack.stack_name())
            .collect();
        assert_eq!(names, [NAME]);
        let tasks = self.account.aws.stand_ins().ecs().tasks();
        let running: Vec<_> = tasks
            .iter()
            .filter(|task| task.last_status != "STOPPED")
            .collect();
        assert!(running.is_empty(), "{running:?}");
    }
}

impl Drop for VerifiedAccount {
    fn drop(&mut self) {
        for log in &self.logs {
            log.abort();
        }
    }
}

/// Waits for the end of a call: its exit code, and what it says.
pub async fn ended(child: Child) -> (Option<i32>, String) {
    let output = timeout(LONG_PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said + &errors)
}

/// What the CloudWatch agent of an instance does.
async fn collect(stand_ins: StandIns, instance: String, log: PathBuf) {
    let mut sent = 0;
    loop {
        let lines = fs::read_to_string(&log).unwrap_or_default();
        let whole = lines.rfind('\n').map_or("", |end| &lines[..end]);
        for line in whole.lines().skip(sent) {
            let group = format!("/ecs-task-runner/{NAME}-workers");
            stand_ins.logs().put(&group, &instance, line);
            sent += 1;
        }
        sleep(LOOK_AGAIN).await;
    }
}
