//! Whole lifecycles of stacks: the real templates, definition and programs on the emulator, with
//! ECS scripted.

use std::path::Path;
use std::time::Duration;

use aws_credential_types::Credentials;
use local_run::directories::RunDirectory;
use local_run::executions::Execution;
use local_run::local_aws::LocalAws;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Stack, Stacks, Template};
use local_run::task_runner::TaskRunner;
use local_run::worker::Worker;
use stand_ins::StandIns;
use stand_ins::ecs::Script;
use template_roles::{Deployment, Roles};
use tokio::time::{sleep, timeout};

/// A stack operation here takes seconds; this is for busy machines.
const PATIENCE: Duration = Duration::from_secs(120);
const STACK: &str = "application";
const FUNCTIONS: [&str; 3] = ["start", "respond", "rescue"];

/// The emulator with the task runner deployed, one worker, and stacks with one custom resource.
struct Account {
    aws: LocalAws,
    task_runner: TaskRunner,
    stacks: Stacks,
    workers: Vec<Worker>,
    directory: RunDirectory,
}

impl Account {
    /// Heartbeats count `heartbeat_scale` times the definition's seconds.
    async fn start(label: &str, heartbeat_scale: f64) -> Self {
        let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
        let directory = RunDirectory::create(label).unwrap();
        let aws = LocalAws::start(&python, &directory, StandIns::new(), heartbeat_scale)
            .await
            .unwrap();
        aws.stand_ins()
            .ecs()
            .register_family("migrate", &["migrate"]);
        let program = Path::new(env!("CARGO_BIN_EXE_custom-resource"));
        let task_runner = TaskRunner::deploy(aws.endpoints(), program, |_| {})
            .await
            .unwrap();
        Roles::of(
            &Deployment::new()
                .state_machine(&task_runner.state_machine_arn)
                .key(&task_runner.key_arn)
                .attribute("Activity", &task_runner.activity_arn),
        )
        .enforce(aws.stand_ins());
        let stacks = Stacks::new(aws.endpoints().cloudformation());
        let mut account = Self {
            aws,
            task_runner,
            stacks,
            workers: Vec::new(),
            directory,
        };
        account.start_worker();
        account
    }

    fn start_worker(&mut self) {
        let log = self
            .directory
            .file(&format!("worker-{}.log", self.workers.len()));
        let program = Path::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
        self.workers.push(
            Worker::start(
                program,
                &self.task_runner.activity_arn,
                self.aws.endpoints(),
                &[],
                log,
            )
            .unwrap(),
        );
    }

    /// A template of one `Custom::EcsTask`; `properties` are further lines of it.
    fn template(&self, properties: &[&str]) -> String {
        let further = properties
            .iter()
            .fold(String::new(), |lines, line| lines + "\n      " + line);
        format!(
            "Resources:\n  MigrateTask:\n    Type: Custom::EcsTask\n    Properties:\n      ServiceToken: {}{further}\n",
            self.task_runner.service_token
        )
    }

    async fn create(&self, properties: &[&str]) -> Stack {
        let body = self.template(properties);
        let operation = self
            .stacks
            .create(
                STACK,
                &Template {
                    body: &body,
                    parameters: &[],
                },
            )
            .await
            .unwrap();
        timeout(PATIENCE, operation.follow(|_| {}))
            .await
            .unwrap()
            .unwrap()
    }

    async fn update(&self, properties: &[&str]) -> Stack {
        let body = self.template(properties);
        let operation = self
            .stacks
            .update(
                STACK,
                &Template {
                    body: &body,
                    parameters: &[],
                },
            )
            .await
            .unwrap();
        timeout(PATIENCE, operation.follow(|_| {}))
            .await
            .unwrap()
            .unwrap()
    }

    async fn delete(&self) -> Stack {
        timeout(
            PATIENCE,
            self.stacks.delete(STACK).await.unwrap().follow(|_| {}),
        )
        .await
        .unwrap()
        .unwrap()
    }

    /// All executions there were, in no order.
    async fn executions(&self) -> Vec<Execution> {
        let executions = self.task_runner.executions(self.aws.endpoints());
        let mut described = Vec::new();
        for arn in executions.list().await.unwrap() {
            described.push(executions.describe(&arn).await.unwrap());
        }
        described
    }

    /// What `ecs-task-runner explain` says of an execution, and its exit code.
    async fn explain(&self, execution: &str) -> (Option<i32>, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
        command
            .args(["explain", execution])
            .env_clear()
            .envs(self.aws.endpoints().variables());
        let ended = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
        (
            ended.status.code(),
            String::from_utf8(ended.stdout).unwrap(),
        )
    }

    fn launched(&self) -> usize {
        self.aws.stand_ins().ecs().tasks().len()
    }

    /// Answers that the functions say CloudFormation has taken, once there are `expected` and some
    /// time for more has passed.
    async fn answers(&self, expected: usize) -> usize {
        let config = aws_sdk_cloudwatchlogs::Config::builder()
            .behavior_version(aws_sdk_cloudwatchlogs::config::BehaviorVersion::latest())
            .region(aws_sdk_cloudwatchlogs::config::Region::new(
                stand_ins::REGION,
            ))
            .endpoint_url(&self.aws.endpoints().ministack)
            .credentials_provider(Credentials::new("tests", "tests", None, None, "tests"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let logs = aws_sdk_cloudwatchlogs::Client::from_conf(config);
        let count = async || {
            let mut answers = 0;
            for function in FUNCTIONS {
                let found = logs
                    .filter_log_events()
                    .log_group_name(format!("/aws/lambda/task-runner/{function}"))
                    .filter_pattern("\"CloudFormation has the answer\"")
                    .send()
                    .await;
                answers += found.map_or(0, |found| found.events().len());
            }
            answers
        };
        let reached = async {
            while count().await < expected {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(PATIENCE, reached).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        count().await
    }
}

const TARGET: [&str; 2] = ["Cluster: production", "TaskDefinition: migrate"];

fn with<'p>(further: &[&'p str]) -> Vec<&'p str> {
    TARGET.iter().chain(further).copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn create_update_and_delete_are_answered_once_each() {
    let account = Account::start("lifecycle", 1.0).await;
    assert_eq!(account.create(&with(&[])).await.status, "CREATE_COMPLETE");
    assert_eq!(
        account.update(&with(&["Triggers: a change"])).await.status,
        "UPDATE_COMPLETE"
    );
    assert_eq!(account.launched(), 2);
    assert_eq!(
        account
            .update(&with(&["Triggers: a change", "RunOnUpdate: false"]))
            .await
            .status,
        "UPDATE_COMPLETE"
    );
    assert_eq!(
        account.launched(),
        2,
        "an update that is not to run has run"
    );
    assert_eq!(account.delete().await.status, "DELETE_COMPLETE");
    assert_eq!(account.launched(), 2, "a Delete has run something");
    assert_eq!(account.answers(4).await, 4);
    let executions = account.executions().await;
    assert_eq!(executions.len(), 3);
    assert!(
        executions
            .iter()
            .all(|execution| execution.status == "SUCCEEDED")
    );
    let ids: std::collections::BTreeSet<_> = executions
        .iter()
        .map(|execution| {
            execution.input["request"]["PhysicalResourceId"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 1, "the physical resource id changed: {ids:?}");
    for execution in &executions {
        let (code, explanation) = account.explain(&execution.arn).await;
        assert_eq!(code, Some(0), "{explanation}");
        let is_delete = execution.input["request"]["RequestType"] == "Delete";
        let course = if is_delete {
            &["no tasks were left running"][..]
        } else {
            &[
                "scheduled for a worker",
                "exit code 0, ran for",
                "worker told success",
            ]
        };
        for part in course
            .iter()
            .chain(&["CloudFormation answered SUCCESS", "Succeeded"])
        {
            assert!(
                explanation.contains(part),
                "{part:?} is not in\n{explanation}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_task_fails_the_stack_with_its_reason_and_the_execution_with_its_error() {
    let account = Account::start("failure", 1.0).await;
    account
        .aws
        .stand_ins()
        .ecs()
        .script("migrate", Script::exits(3));
    let stack = account.create(&with(&[])).await;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    let task = account.aws.stand_ins().ecs().tasks()[0].arn.clone();
    for part in [
        "EcsTask.Failed",
        "Container 'migrate' exited with code 3",
        task.rsplit('/').next().unwrap(),
    ] {
        assert!(reason.contains(part), "{part:?} is not in {reason:?}");
    }
    let executions = account.executions().await;
    assert_eq!(executions[0].status, "FAILED");
    assert_eq!(executions[0].error.as_deref(), Some("EcsTask.Failed"));
    assert!(
        executions[0]
            .cause
            .as_deref()
            .unwrap()
            .contains("exited with code 3")
    );
    let (code, explanation) = account.explain(&executions[0].arn).await;
    assert_eq!(code, Some(1), "{explanation}");
    for part in [
        "worker told EcsTask.Failed",
        "no tasks were left running",
        "CloudFormation answered FAILED",
        "exited with code 3",
    ] {
        assert!(
            explanation.contains(part),
            "{part:?} is not in\n{explanation}"
        );
    }
    assert_eq!(account.answers(1).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rollback_of_a_failed_update_does_not_run_the_old_task_again() {
    let account = Account::start("rollback", 1.0).await;
    account.aws.stand_ins().ecs().scripts(
        "migrate",
        [Script::exits(0), Script::exits(1), Script::exits(0)],
    );
    assert_eq!(account.create(&with(&[])).await.status, "CREATE_COMPLETE");
    let stack = account.update(&with(&["Triggers: new"])).await;
    assert_eq!(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        account.launched(),
        2,
        "the rollback has run the old task definition"
    );
    assert_eq!(account.answers(3).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_that_cannot_be_run_are_refused_without_an_execution() {
    let account = Account::start("invalid", 1.0).await;
    let stack = account
        .create(&[
            "TaskDefinition: migrate",
            "Count: abc",
            "LaunchTyp: FARGATE",
        ])
        .await;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reason = stack.first_failure().unwrap().reason.clone().unwrap();
    for part in [
        "EcsTask.InvalidRequest",
        "Cluster is missing",
        "Count is \"abc\"",
        "did you mean LaunchType",
    ] {
        assert!(reason.contains(part), "{part:?} is not in {reason:?}");
    }
    assert_eq!(account.executions().await.len(), 0);
    assert_eq!(account.launched(), 0);
    assert_eq!(account.answers(1).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_is_followed_by_another_that_adopts_the_task() {
    // 60 s of heartbeat period become 3 s.
    let mut account = Account::start("adoption", 0.05).await;
    account
        .aws
        .stand_ins()
        .ecs()
        .script("migrate", Script::exits(0).running(Duration::from_secs(6)));
    let body = account.template(&with(&[]));
    let operation = account
        .stacks
        .create(
            STACK,
            &Template {
                body: &body,
                parameters: &[],
            },
        )
        .await
        .unwrap();
    timeout(
        PATIENCE,
        account.aws.stand_ins().calls().ended("RunTask", 1),
    )
    .await
    .unwrap();
    account.workers[0].kill().unwrap();
    account.start_worker();
    let stack = timeout(PATIENCE, operation.follow(|_| {}))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stack.status, "CREATE_COMPLETE");
    assert_eq!(account.launched(), 1);
    assert_eq!(account.answers(1).await, 1);
}
